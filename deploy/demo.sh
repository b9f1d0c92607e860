#!/usr/bin/env bash
# From nothing to a first live score: builds Wardvoice, starts an aggregator with its own broker on free ports, a generated
# trust, a small fleet of simulated kiosks and, where there is a display, a kiosk window. Ctrl-C ends all of it.
#
#   deploy/demo.sh                everything, with a kiosk window where there is a display
#   deploy/demo.sh --headless     no window
#   deploy/demo.sh --dir DIR      keep the data in DIR instead of demo-data/ in the checkout
#   deploy/demo.sh --no-install   fail instead of installing what is missing
#
# Everything it writes is in that one folder (and what cargo builds in target/). Two can run side by side.
set -euo pipefail

here="$PWD"
cd -P "$(dirname "${BASH_SOURCE[0]}")/.."
dir="$PWD/demo-data"
headless=no
install=yes
while [ $# -gt 0 ]; do
  case "$1" in
    --headless) headless=yes ;;
    --no-install) install=no ;;
    --dir)
      [ $# -ge 2 ] || { echo "demo.sh: --dir wants a folder" >&2; exit 2; }
      shift
      case "$1" in /*) dir="$1" ;; *) dir="$here/$1" ;; esac
      ;;
    -h | --help) sed -n '2,11s/^# \{0,1\}//p' "${BASH_SOURCE[0]}"; exit 0 ;;
    *) echo "demo.sh: unknown argument $1 (see --help)" >&2; exit 2 ;;
  esac
  shift
done
[ -n "${DISPLAY:-}" ] || headless=yes

. deploy/parts/machine.sh

packages=(gcc libc6-dev curl ca-certificates procps)
[ "$headless" = yes ] ||
  packages+=(libx11-6 libx11-xcb1 libxcursor1 libxi6 libxkbcommon-x11-0 libfontconfig1 fonts-dejavu-core
    espeak-ng)
need_packages "${packages[@]}"
mkdir -p "$dir"
need_rust_in "$dir/rust"

# The folder may hold one demonstration at a time; a second one in the same folder would fight over its log.
exec 9>"$dir/lock"
if ! flock -n 9; then
  base="$dir"
  number=2
  until mkdir -p "$base-$number" && exec 9>"$base-$number/lock" && flock -n 9; do
    number=$((number + 1))
  done
  dir="$base-$number"
  echo "another demonstration runs in $base; this one uses $dir"
fi

echo "building (the first time takes some minutes)"
# The whole workspace, as tests/run.sh builds it: a part of it has other features and would be built twice.
cargo build --quiet --locked --workspace --bins
target="${CARGO_TARGET_DIR:-target}"
cargo build --quiet --locked --manifest-path aggregator/report/Cargo.toml --target-dir "$target"
bin="$target/debug"

children=()
end() {
  # A second Ctrl-C, or one that also reaches a command in here, must not leave half of them running.
  trap '' INT TERM HUP
  trap - EXIT
  set +e
  local child
  # The window and the fleet first, so that the last records still find the aggregator; then the aggregator.
  for ((at = ${#children[@]} - 1; at >= 0; at--)); do
    child="${children[at]}"
    kill -TERM "$child" 2>/dev/null || continue
    for _ in $(seq 100); do
      kill -0 "$child" 2>/dev/null || break
      sleep 0.1
    done
    kill -KILL "$child" 2>/dev/null || true
  done
  wait 2>/dev/null || true
  echo "ended; the data stay in $dir"
}
trap 'end; exit 1' EXIT
trap 'end; exit 0' INT TERM HUP

start() {
  local log="$dir/$1.log"
  shift
  # Not in our process group's foreground: Ctrl-C reaches this script, which ends them in order.
  setsid "$@" >"$log" 2>&1 9>&- </dev/null &
  children+=($!)
}

# Waits until a line of a log holds an address of a kind, and prints the address.
address() {
  local log="$dir/$1.log" found
  for _ in $(seq 1200); do
    found="$(grep -o "$2[^ \"]*" "$log" 2>/dev/null | head -n 1 || true)"
    if [ -n "$found" ]; then
      echo "${found%/}"
      return
    fi
    kill -0 "${children[0]}" 2>/dev/null || break
    sleep 0.1
  done
  echo "the aggregator did not start:" >&2
  tail -n 20 "$log" >&2
  return 1
}

aggregator="$bin/wardvoice-aggregator"
kiosk="$bin/wardvoice-kiosk"

start aggregator "$aggregator" --data "$dir/aggregator" demo
web="$(address aggregator 'http://')"
broker="$(address aggregator 'mqtt://')"
ward="$(grep -o '"id" *: *"[Ww][0-9][0-9]*"' "$dir/aggregator/directory.json" | head -n 1 | grep -o '[Ww][0-9][0-9]*')"
start fleet "$kiosk" simulate --data "$dir/fleet" --broker "$broker" --kiosks 26 --responses 1000000 --rate 0.5

if [ "$headless" = no ]; then
  key="$("$kiosk" key --data "$dir/kiosk")"
  "$aggregator" --data "$dir/aggregator" kiosk add --id k-demo --ward "$ward" --signing-key "$key" >"$dir/kiosk.json"
  start kiosk "$kiosk" run --data "$dir/kiosk" --settings "$dir/kiosk.json"
fi

cat <<END

Wardvoice is running. Everything in it is generated.

  a ward's page   $web/ward/$ward
  its display     $web/display/$ward
  everything      $web/
  kiosks connect  $broker
  volunteers      hold the ward's name on the kiosk (or Ctrl+Shift+V): volunteer PIN 2580, manager PIN 13579
  signing in      office, board, ward-w07, consultant-c07, appraiser …: names and passwords in $dir/aggregator.log
  data and logs   $dir

Ctrl-C ends it.
END

wait -n "${children[@]}" || true
echo "something ended by itself; the logs in $dir say why" >&2
exit 1
