#!/usr/bin/env bash
# Fuzzes for so many seconds, 60 unless told: `bash crates/knn-entropy/fuzz/run.sh 600`. The stable compiler will do; libFuzzer
# itself is C++. What makes a crash is left in the folder `artifacts`, and runs again with it as the argument.
set -euo pipefail
cd "$(dirname "$0")"
command -v c++ >/dev/null || { echo "libFuzzer is C++ and there is no compiler for it; .ci/setup installs one" >&2; exit 1; }
host=$(rustc -vV | sed -n 's/^host: //p')
# Coverage, so that the fuzzer sees which inputs reach something new. With a target, build scripts are left alone.
export RUSTFLAGS="--cfg fuzzing -Cpasses=sancov-module -Cllvm-args=-sanitizer-coverage-level=4 \
-Cllvm-args=-sanitizer-coverage-inline-8bit-counters -Cllvm-args=-sanitizer-coverage-pc-table -Ccodegen-units=1"
cargo build --release --locked --target "$host" --target-dir target
mkdir -p artifacts corpus
if [ -f "${1:-}" ]; then
    exec "target/$host/release/everything" "$1"
fi
exec "target/$host/release/everything" corpus -max_total_time="${1:-60}" -max_len=600 -timeout=20 -artifact_prefix=artifacts/ \
    -print_final_stats=1
