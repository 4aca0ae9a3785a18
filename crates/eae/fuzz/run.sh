#!/usr/bin/env bash
# Fuzzes the readers of files. `bash crates/eae/fuzz/run.sh 600` fuzzes each format for 600 seconds
# (default 10), and `run.sh 600 npy` fuzzes one format. Fuzzing starts from the corpus of the tests
# (corpus.py). Inputs that crash are saved in the folder `artifacts`. To repeat a crash, pass the format
# and the file: `run.sh npy artifacts/npy-...`.
set -euo pipefail
cd "$(dirname "$0")"
command -v c++ >/dev/null || { echo "libFuzzer needs a C++ compiler, and none was found; .ci/setup installs one" >&2; exit 1; }
host=$(rustc -vV | sed -n 's/^host: //p')
# Use the flags and the target folder of crates/knn-entropy/fuzz/run.sh, to compile shared dependencies once.
export RUSTFLAGS="--cfg fuzzing -Cpasses=sancov-module -Cllvm-args=-sanitizer-coverage-level=4 \
-Cllvm-args=-sanitizer-coverage-inline-8bit-counters -Cllvm-args=-sanitizer-coverage-pc-table -Ccodegen-units=1"
target=../../knn-entropy/fuzz/target
cargo build --release --locked --target "$host" --target-dir "$target"
bin=$target/$host/release
# Fuzzing writes and reads many files. Keep them in memory if possible.
shm=/dev/shm; [ -w "$shm" ] || shm=/tmp
TMPDIR=$(mktemp -d -p "$shm")
export TMPDIR RAYON_NUM_THREADS=1
trap 'rm -rf "$TMPDIR"' EXIT
if [ -f "${2:-}" ]; then
    "$bin/$1" "$2"
    exit
fi
for format in ${2:-safetensors checkpoint npy idx table image network}; do
    echo "fuzzing $format"
    mkdir -p artifacts "corpus/$format"
    seeds=../tests/corpus/$format; [ -d "$seeds" ] || seeds=../../eae-data/tests/corpus/$format
    # A file this short must not need more memory than a photograph.
    "$bin/$format" "corpus/$format" "$seeds" -max_total_time="${1:-10}" -max_len=4096 -timeout=20 -rss_limit_mb=512 \
        -artifact_prefix="artifacts/$format-" -print_final_stats=1 -verbosity=0
done
