#!/usr/bin/env bash
# Plays with the explorer and with exported pages, and looks at reports, in headless Chromium: `run.sh EAE [FOLDER]`, with
# pictures of them in the folder. Takes Node and Chromium, which .ci/setup installs.
set -euo pipefail
eae=$(realpath "$1")
pictures=${2:+$(realpath "$2")}
here=$(dirname "$(realpath "$0")")
export CHROMIUM=${CHROMIUM:-$(command -v chromium)}

work=$(mktemp -d)
server=
trap '[ -z "$server" ] || kill "$server"; rm -rf "$work"' EXIT
cd "$work"
cp "$here"/*.mjs .
npm install --silent --no-audit --no-fund playwright-core@1.65.1
# Some of the embedded digits are enough, and quick: 600 to train on, 200 to hold out.
part() {
    gunzip -c "$here/../../../eae-data/data/t10k-$1-ubyte.gz" >all
    printf "$2" >"$3"
    dd if=all iflag=skip_bytes,count_bytes skip="$4" count="$5" status=none >>"$3"
}
for part in "train 600 0" "t10k 200 600"; do
    set -- $part
    count=$(printf '\\x%02x\\x%02x' $(($2 / 256)) $(($2 % 256)))
    part images-idx3 "\0\0\x08\x03\0\0$count\0\0\0\x1c\0\0\0\x1c" "$1-images-idx3-ubyte" $((16 + 784 * $3)) $((784 * $2))
    part labels-idx1 "\0\0\x08\x01\0\0$count" "$1-labels-idx1-ubyte" $((8 + $3)) "$2"
done
"$eae" train --data mnist:. --model mlp --objective bn-ae --epochs 10 --batch 100 --latent 40 --quiet --out run
# Three columns that two numbers say most of, and a class.
awk 'BEGIN {
    OFS = ","
    srand(1)
    print "height,weight,age,kind"
    for (i = 0; i < 400; i++) {
        u = rand() + rand() + rand() - 1.5
        print 170 + 20 * u, 70 + 15 * u + 4 * rand(), 20 + 40 * rand(), (u > 0 ? "tall" : "short")
    }
}' >people.csv
"$eae" train --data csv:people.csv --label kind --objective bn-ae --epochs 10 --latent 2 --quiet --out rows

# play RUN SCRIPT
play() {
    rm -f address
    "$eae" serve "$1" --port 0 >address 2>messages &
    server=$!
    for _ in $(seq 600); do
        [ -s address ] && break
        sleep 0.1
    done
    [ -s address ] || { cat messages; exit 1; }
    node "$2" "$(cat address)" $pictures
    kill -INT "$server"
    wait "$server" || { echo "the explorer ended with $?"; exit 1; }
    server=
}
play run explorer.mjs
play rows rows.mjs
node report.mjs "$pictures" run rows

# Pages: filters of the presets, and in color every layer that can be described, with codes and rows that are images.
"$eae" train --data mnist:. --model conv28 --objective bn-ae --epochs 1 --batch 100 --latent 8 --no-report --quiet --out conv
"$eae" sample run --n 80 --out digits/
cat >net.toml <<'END'
encoder = ["dense 32", "relu"]
decoder = [
    "unflatten 2 2 3", "conv-transpose 8 kernel=4 stride=3", "batch-norm", "affine", "softplus",
    "conv-transpose 4 kernel=4x5 stride=2 padding=1", "leaky-relu 0.2", "conv 4 kernel=3x6 padding=1x2", "tanh",
    "flatten", "unflatten 28 28 1", "conv 3 kernel=1", "sigmoid",
]
END
"$eae" train --data images:digits --channels rgb --model net.toml --epochs 20 --batch 20 --latent 12 --no-report --quiet --out own
for run in run rows conv own; do
    "$eae" export "$run" --html
    [ "$run" = rows ] && unrounded=--unrounded || unrounded=
    "$eae" sample "$run" --n 50 $unrounded --codes "$run/codes.npy" --out "$run/decoded.npy"
done
node page.mjs "$pictures" run rows conv own
