#!/usr/bin/env bash
# Builds eae-mpi with the MPI of this machine and tests it on 1 to 4 ranks: estimates must be equal to
# the last digit and trainings to the last bit, and if a rank fails, all must end soon with a message. Debian needs the packages
# libopenmpi-dev, openmpi-bin and libclang-dev. The variable MPIRUN names another launcher.
set -euo pipefail
cd "$(dirname "$0")"
export CARGO_TERM_COLOR=never RAYON_NUM_THREADS=1
# More ranks than cores are fine, and so is the root user of a container. MPICH ignores these.
export OMPI_ALLOW_RUN_AS_ROOT=1 OMPI_ALLOW_RUN_AS_ROOT_CONFIRM=1
export OMPI_MCA_rmaps_base_oversubscribe=1 OMPI_MCA_hwloc_base_binding_policy=none OMPI_MCA_mpi_yield_when_idle=1
mpirun=${MPIRUN:-mpirun}

cargo fmt --check
cargo clippy --release --all-targets --locked -- -D warnings
cargo build --release --locked
cargo test --release --locked --quiet
program=${CARGO_TARGET_DIR:-$PWD/target}/release/eae-mpi
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
fail() { echo "failed: $*"; exit 1; }
ranks() { local n=$1; shift; timeout 120 "$mpirun" -n "$n" "$program" "$@"; }

python3 - "$work" <<'PYTHON'
import random, struct, sys

def write(name, rows):
    header = "{'descr': '<f8', 'fortran_order': False, 'shape': (%d, %d), }" % (len(rows), len(rows[0]))
    header = header.ljust(117) + "\n"
    with open(f"{sys.argv[1]}/{name}.npy", "wb") as file:
        file.write(b"\x93NUMPY\x01\x00" + struct.pack("<H", len(header)) + header.encode())
        for row in rows:
            file.write(struct.pack(f"<{len(row)}d", *row))

random.seed(1)
normal = lambda n, d: [[random.gauss(0, 1) for _ in range(d)] for _ in range(n)]
x = normal(20000, 3)
write("x", x)
write("y", [[row[0] + random.gauss(0, 1)] for row in x])
write("p", normal(4000, 5))
write("q", normal(3001, 5))
write("three", normal(3, 2))
write("rounded", [[round(2 * v) / 2 for v in row] for row in normal(2000, 2)])
write("nan", [[float(i), float("nan") if i == 777 else 0.5 * i * i] for i in range(1000)])
PYTHON

echo "== messages"
for n in 1 2 3 4; do
    ranks "$n" check --ranks "$n" | tail -n 1 | grep -q "all arrive" || fail "check on $n ranks"
done

echo "== estimates on 1 to 4 ranks"
# A report without the numbers that depend on the ranks.
common() { sed -E 's/"(questions|ranks|rounds)":[0-9]+,?//g'; }
for estimate in "entropy x" "entropy x --k 7 --metric linf" "mi x y" "mi y x y --k 5" "divergence p q" "entropy three --k 2" \
    "mi rounded rounded"; do
    command=$(sed -E "s#\b(x|y|p|q|three|rounded)\b#$work/\1.npy#g" <<<"$estimate")
    "$program" $command --json | common >"$work/1.json"
    for n in 1 2 3 4; do
        ranks "$n" $command --json | common >"$work/$n.ranks.json"
        cmp "$work/1.json" "$work/$n.ranks.json" || fail "$estimate on $n ranks"
    done
    echo "$estimate: $(md5sum <"$work/1.json" | cut -c 1-12)"
done

echo "== faults"
# Runs a command that must fail within 20 s with a message that contains a text.
fails() {
    local n=$1 text=$2 start=$SECONDS code=0; shift 2
    timeout 20 "$mpirun" -n "$n" "$program" "$@" >"$work/out" 2>&1 || code=$?
    [ "$code" != 0 ] && [ "$code" != 124 ] || { cat "$work/out"; fail "$* ended with code $code"; }
    grep -q "$text" "$work/out" || { cat "$work/out"; fail "$*: no message with \"$text\""; }
    echo "$*: code $code after $((SECONDS - start)) s"
}
fails 3 "a panic on the main thread" fail panic --at 1
fails 3 "a panic on a thread" fail thread --at 2
fails 3 "rank 1: an error of one rank" fail error --at 1
fails 3 "rank 2: an error that the other ranks do not know" fail alone --at 2
fails 4 "" fail exit --at 3
fails 2 "row 777, column 1 is NaN" entropy "$work/nan.npy"
fails 3 "cannot read" entropy "$work/missing.npy"
fails 4 "k is 3 but\|k is 3, but" entropy "$work/three.npy" --k 3
fails 2 "there are 2 ranks instead of 5" check --ranks 5
for signal in KILL TERM; do
    for at in 0 1 2; do
        start=$SECONDS code=0
        timeout 30 "$mpirun" -n 3 "$program" fail wait --at 0 >"$work/out" 2>&1 &
        job=$!
        # The launcher may pass a number and the end of its line on separately.
        until [ "$(grep -c '^[0-9][0-9]*$' "$work/out")" = 3 ]; do
            [ $((SECONDS - start)) -lt 20 ] || fail "the ranks did not start"
            sleep 0.1
        done
        kill -"$signal" "$(grep '^[0-9][0-9]*$' "$work/out" | sed -n "$((at + 1))p")"
        wait "$job" || code=$?
        [ "$code" != 0 ] && [ "$code" != 124 ] || fail "SIG$signal to rank $at: code $code"
        echo "SIG$signal to a rank: code $code after $((SECONDS - start)) s"
    done
done

echo "== training on 1 to 4 ranks"
# Every term of the default objective, on a table. Twelve shards are the same number for 1 to 4 ranks.
settings="--data npy:$work/q.npy --model mlp --latent 3 --batch 150 --shards 12 --bank 300 --quiet --no-report"
# Prints the weights of a finished training, and its reports without times.
outcome() {
    cat "$1/model.safetensors"
    grep -o '"epoch":[0-9]*,"epochs".*"learning_rate":[^,]*' "$1/metrics.jsonl"
}
"$program" train $settings --epochs 2 --out "$work/alone" >/dev/null
outcome "$work/alone" >"$work/expected"
for n in 1 2 3 4; do
    ranks "$n" train $settings --epochs 2 --out "$work/trained$n" >/dev/null
    outcome "$work/trained$n" | cmp "$work/expected" - || fail "training on $n ranks"
done
echo "training: $(md5sum <"$work/expected" | cut -c 1-12)"
ranks 2 bench train --batch 24 --repeats 1 | grep -q "by the formulas" || fail "bench train"
fails 3 "there are 3 ranks, but --shards is 2" train --data "npy:$work/q.npy" --shards 2 --out "$work/few"
fails 2 "cannot read\|No such file" train --data "npy:$work/missing.npy" --shards 4 --out "$work/few"

echo "== trainings that end early"
# Waits until the training in a folder has made some epochs, which takes long with more ranks than
# cores if ranks do not yield.
under_way() {
    for _ in $(seq 900); do
        if [ -f "$1/metrics.jsonl" ] && [ "$(grep -c '"epochs"' "$1/metrics.jsonl")" -ge 2 ]; then return; fi
        sleep 0.1
    done
    cat "$work/out"
    fail "the training did not start"
}
long="$settings --epochs 5"
"$program" train $long --out "$work/undisturbed" >/dev/null
for case in "KILL rank" "TERM rank" "INT launcher" "TERM launcher"; do
    read -r signal victim <<<"$case"
    rm -rf "$work/run"
    # A shell ignores SIGINT in what it starts in the background.
    env --default-signal=INT timeout 100 "$mpirun" -n 3 "$program" train $long --keep-every 0.01 --out "$work/run" >"$work/out" 2>&1 &
    job=$!
    under_way "$work/run"
    start=$SECONDS code=0
    case $victim in
        # The last process is not rank 0, which writes the files.
        rank) process=$(pgrep -x -f "$program train $long .*" | tail -n 1) ;;
        launcher) process=$(pgrep -P "$job") ;;
    esac
    kill -"$signal" "$process"
    wait "$job" || code=$?
    # MPICH passes Ctrl-C on, and its launcher succeeds after the ranks have said how to resume.
    if [ "$case" = "INT launcher" ] && grep -q "Sending Ctrl-C" "$work/out"; then
        [ "$code" != 124 ] && grep -q "interrupted after" "$work/out" || { cat "$work/out"; fail "no message"; }
    elif [ "$code" = 0 ] || [ "$code" = 124 ]; then
        cat "$work/out"
        fail "SIG$signal to a $victim: code $code"
    fi
    [ $((SECONDS - start)) -lt 20 ] || fail "SIG$signal to a $victim: the ranks end too late"
    [ "$case" != "TERM rank" ] || grep -q "interrupted after" "$work/out" || { cat "$work/out"; fail "no message"; }
    echo "SIG$signal to a $victim in a training: code $code after $((SECONDS - start)) s"
    # The launcher has ended before its ranks at times.
    for _ in $(seq 100); do pgrep -f "$program train $long" >/dev/null || break; sleep 0.1; done
    ranks 4 train --resume "$work/run" --quiet --no-report >/dev/null
    cmp "$work/undisturbed/model.safetensors" "$work/run/model.safetensors" || fail "a resumed training"
done
# One rank has its own copy of the images, which becomes unreadable.
mkdir "$work/images"
python3 - "$work/images" <<'PYTHON'
import random, struct, sys, zlib

def chunk(kind, data):
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

random.seed(2)
for i in range(90):
    rows = b"".join(b"\0" + bytes(random.randrange(256) for _ in range(12)) for _ in range(12))
    header = struct.pack(">IIBBBBB", 12, 12, 8, 0, 0, 0, 0)
    with open(f"{sys.argv[1]}/{i}.png", "wb") as file:
        file.write(b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b""))
PYTHON
train="$program train --data images:$work/images --batch 30 --shards 6 --epochs 500 --quiet --no-report --out $work/unread"
code=0
timeout 60 "$mpirun" -n 2 env EAE_CACHE="$work/first" $train : -n 1 env EAE_CACHE="$work/second" $train >"$work/out" 2>&1 &
job=$!
under_way "$work/unread"
for file in "$work"/second/*; do : >"$file"; done
wait "$job" || code=$?
[ "$code" != 0 ] && [ "$code" != 124 ] || { cat "$work/out"; fail "an unreadable image: code $code"; }
grep -q "rank 2: " "$work/out" || { cat "$work/out"; fail "an unreadable image: no message"; }
[ -f "$work/unread/checkpoint.safetensors" ] || fail "an unreadable image: no checkpoint"
echo "an image that one rank cannot read: code $code"

# The launcher of another MPI starts processes that do not know each other.
if [ -z "${MPIRUN:-}" ] && command -v mpirun.mpich >/dev/null && "$program" check | grep -q "Open MPI"; then
    mpirun=mpirun.mpich fails 2 "the launcher started 2 processes" check
fi
echo "all tests of eae-mpi pass"
