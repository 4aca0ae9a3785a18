#!/usr/bin/env bash
# Plays with the explorer in headless Chromium: `run.sh EAE [FOLDER]`, with pictures of the page in the folder. Takes Node, and
# installs Chromium where there is none.
set -euo pipefail
eae=$(realpath "$1")
pictures=${2:+$(realpath "$2")}
here=$(dirname "$(realpath "$0")")
command -v chromium >/dev/null || { apt-get update -q && apt-get install -qy --no-install-recommends chromium; }
command -v npm >/dev/null || { apt-get update -q && apt-get install -qy --no-install-recommends npm; }

work=$(mktemp -d)
server=
trap '[ -z "$server" ] || kill "$server"; rm -rf "$work"' EXIT
cd "$work"
cp "$here/explorer.mjs" .
npm install --silent --no-audit --no-fund playwright-core@1.65.1
"$eae" train --model mlp --epochs 2 --objective bn-ae --latent 40 --quiet --out run
"$eae" serve run --port 0 >address 2>messages &
server=$!
for _ in $(seq 600); do
    [ -s address ] && break
    sleep 0.1
done
[ -s address ] || { cat messages; exit 1; }
CHROMIUM=$(command -v chromium) node explorer.mjs "$(cat address)" $pictures
kill -INT "$server"
wait "$server" || { echo "the explorer ended with $?"; exit 1; }
server=
