#!/usr/bin/env bash
# Opens the real window on a virtual display, steps a few times, and closes it: the picture must show something,
# must change when the guest is stepped, and the program must end by itself with code 0.
#
#   .ci/window.sh [BINARY]      default: builds and takes target/release/stepwell
set -euo pipefail
cd "$(dirname "$0")/.."

packages=(
    xvfb xdotool x11-apps xauth
    libx11-6 libx11-xcb1 libxcursor1 libxi6 libxkbcommon-x11-0 libegl1 libgl1 libgl1-mesa-dri
)
needed=()
for package in "${packages[@]}"; do
    dpkg-query -W -f='${Status}' "$package" 2>/dev/null | grep -q 'ok installed' || needed+=("$package")
done
if [ ${#needed[@]} -gt 0 ]; then
    sudo=()
    [ "$(id -u)" -eq 0 ] || sudo=(sudo)
    "${sudo[@]}" apt-get update -qq
    DEBIAN_FRONTEND=noninteractive "${sudo[@]}" apt-get install -y --no-install-recommends "${needed[@]}"
fi

binary=${1:-}
if [ -z "$binary" ]; then
    cargo build --release --locked
    binary=${CARGO_TARGET_DIR:-target}/release/stepwell
fi

home=$(mktemp -d)
display_pid=
window_pid=
finish() {
    [ -z "$window_pid" ] || kill "$window_pid" 2>/dev/null || true
    [ -z "$display_pid" ] || kill "$display_pid" 2>/dev/null || true
    rm -rf "$home"
}
trap finish EXIT

fail() {
    echo "window: $*" >&2
    [ ! -s "$home/log" ] || sed 's/^/window: /' "$home/log" >&2
    exit 1
}

# A display of its own, with a number that the server finds free.
exec 3<>"$home/number"
Xvfb -displayfd 3 -screen 0 1280x800x24 -nolisten tcp >"$home/xvfb" 2>&1 &
display_pid=$!
for _ in $(seq 100); do
    [ ! -s "$home/number" ] || break
    sleep 0.1
done
[ -s "$home/number" ] || fail "no display: $(cat "$home/xvfb")"
DISPLAY=:$(head -n 1 "$home/number")
export DISPLAY
unset WAYLAND_DISPLAY WAYLAND_SOCKET

# No settings of a person, and software rendering.
env HOME="$home" XDG_DATA_HOME="$home" XDG_CONFIG_HOME="$home" LIBGL_ALWAYS_SOFTWARE=1 \
    "$binary" >"$home/log" 2>&1 &
window_pid=$!

window=
for _ in $(seq 300); do
    kill -0 "$window_pid" 2>/dev/null || fail "it ended before it opened"
    window=$(xdotool search --onlyvisible --name Stepwell 2>/dev/null | head -n 1) || true
    [ -z "$window" ] || break
    sleep 0.1
done
[ -n "$window" ] || fail "no window came up"

picture() { xwd -silent -root | tail -c +4096; }
sum() { picture | cksum; }
# Until two pictures in a row are equal.
settle() {
    local last='' now
    for _ in $(seq 60); do
        now=$(sum)
        [ "$now" != "$last" ] || return 0
        last=$now
        sleep 0.5
    done
    fail "the window does not come to rest"
}

# There is no window manager to give it the keyboard.
xdotool windowfocus --sync "$window" || fail "it does not take the keyboard"
settle
bytes=$(picture | gzip -9 | wc -c)
[ "$bytes" -gt 20000 ] || fail "it is blank: $bytes bytes packed"

before=$(sum)
for _ in 1 2 3 4; do
    xdotool key F10
    sleep 1
done
settle
kill -0 "$window_pid" 2>/dev/null || fail "it ended while stepping"
[ "$(sum)" != "$before" ] || fail "stepping changes nothing"

xdotool key ctrl+q
for _ in $(seq 100); do
    kill -0 "$window_pid" 2>/dev/null || break
    sleep 0.1
done
kill -0 "$window_pid" 2>/dev/null && fail "it does not close"
code=0
wait "$window_pid" || code=$?
window_pid=
[ "$code" -eq 0 ] || fail "it ended with code $code"
echo "window: opened, stepped, closed ($bytes bytes packed)"
