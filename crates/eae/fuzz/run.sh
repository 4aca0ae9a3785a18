#!/usr/bin/env bash
# Fuzzes the readers of files, each format for so many seconds, 10 unless told: `bash crates/eae/fuzz/run.sh 600`, or one of them,
# `run.sh 600 npy`. It begins with the files of the tests (corpus.py). What makes a crash is left in the folder
# `artifacts`, and runs again with it as the argument after the format: `run.sh npy artifacts/npy-...`.
set -euo pipefail
cd "$(dirname "$0")"
command -v c++ >/dev/null || { echo "libFuzzer is C++ and there is no compiler for it; .ci/setup installs one" >&2; exit 1; }
host=$(rustc -vV | sed -n 's/^host: //p')
# As in crates/knn-entropy/fuzz/run.sh, and into the same folder: what both need is compiled once.
export RUSTFLAGS="--cfg fuzzing -Cpasses=sancov-module -Cllvm-args=-sanitizer-coverage-level=4 \
-Cllvm-args=-sanitizer-coverage-inline-8bit-counters -Cllvm-args=-sanitizer-coverage-pc-table -Ccodegen-units=1"
target=../../knn-entropy/fuzz/target
cargo build --release --locked --target "$host" --target-dir "$target"
bin=$target/$host/release
# Files are written and read all the time: into memory, where there is some for it.
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
    # No file that is so short may cost more memory than a photograph takes.
    "$bin/$format" "corpus/$format" "$seeds" -max_total_time="${1:-10}" -max_len=4096 -timeout=20 -rss_limit_mb=512 \
        -artifact_prefix="artifacts/$format-" -print_final_stats=1 -verbosity=0
done
