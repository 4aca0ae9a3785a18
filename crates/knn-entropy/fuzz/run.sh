#!/usr/bin/env bash
# Fuzzes for a number of seconds, 60 by default: `bash crates/knn-entropy/fuzz/run.sh 600`. The stable Rust compiler is
# enough, but libFuzzer itself is C++. Inputs that cause a crash are saved in the folder `artifacts`. To reproduce a
# crash, pass the file as the argument.
set -euo pipefail
cd "$(dirname "$0")"
command -v c++ >/dev/null || { echo "libFuzzer needs a C++ compiler, and there is none; run .ci/setup to install it" >&2; exit 1; }
host=$(rustc -vV | sed -n 's/^host: //p')
# Coverage shows the fuzzer which inputs reach new code. Because a target is given, the flags do not apply to build
# scripts.
export RUSTFLAGS="--cfg fuzzing -Cpasses=sancov-module -Cllvm-args=-sanitizer-coverage-level=4 \
-Cllvm-args=-sanitizer-coverage-inline-8bit-counters -Cllvm-args=-sanitizer-coverage-pc-table -Ccodegen-units=1"
cargo build --release --locked --target "$host" --target-dir target
mkdir -p artifacts corpus
if [ -f "${1:-}" ]; then
    exec "target/$host/release/everything" "$1"
fi
exec "target/$host/release/everything" corpus -max_total_time="${1:-60}" -max_len=600 -timeout=20 -artifact_prefix=artifacts/ \
    -print_final_stats=1
