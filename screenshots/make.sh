#!/bin/sh
# Makes the pictures of this folder with the real program; needs no display. Name some to make only those:
#   screenshots/make.sh [opened stopped faulted nodebug light]
# With STEPWELL set, that binary draws them, and nothing is built.
set -eu
cd "$(dirname "$0")/.."
stepwell=${STEPWELL:-}
if [ -z "$stepwell" ]; then
    cargo build --release
    stepwell=${CARGO_TARGET_DIR:-target}/release/stepwell
fi
guests=assets/guests

for picture in ${*:-opened stopped faulted nodebug light}; do
    set -- --out "screenshots/$picture.png" --scale 1.5 --size 1920x1200
    case $picture in
    opened) "$stepwell" shot "$@" $guests/list/list.wasm ;;
    stopped) "$stepwell" shot "$@" --script screenshots/stopped.dbg $guests/list/list.wasm ;;
    faulted) "$stepwell" shot "$@" --script screenshots/faulted.dbg $guests/list/list.wasm -- fault ;;
    nodebug) "$stepwell" shot "$@" --script screenshots/nodebug.dbg $guests/nodebug/stripped.wasm ;;
    light) "$stepwell" shot "$@" --theme light --script screenshots/stopped.dbg $guests/list/list.wasm ;;
    *) echo "no picture is called $picture" >&2; exit 2 ;;
    esac
    echo "screenshots/$picture.png"
done
