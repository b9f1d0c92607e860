#!/usr/bin/env bash
# Fuzzes every reader of outside bytes for a while with libFuzzer, on the stable compiler, and ends by itself.
#
#   tests/fuzz/run.sh [--seconds N] [TARGET ...]     60 seconds for each of all targets
#   tests/fuzz/run.sh --minutes N [TARGET ...]       so many minutes altogether, shared out evenly
#   tests/fuzz/run.sh --jobs N ...                   so many targets side by side; 1 unless told otherwise
#   tests/fuzz/run.sh --build-only [TARGET ...]      only show that they compile
#
# Prints a line a target as it ends (how often it ran, what it covers, how many inputs it keeps, what it found) and a summary of all. A
# finding ends its target and no other. Exits 1 when there was one; the inputs that show it stay in target/fuzz/findings. Needs a C++
# compiler beside Rust (apt-get install g++).
set -euo pipefail
cd -P "$(dirname "${BASH_SOURCE[0]}")/../.."

number() {
  case "${2:-}" in '' | *[!0-9]* | 0*) echo "run.sh: $1 wants a number from 1 on" >&2; exit 2 ;; esac
}

seconds=60
minutes=""
jobs=1
targets=()
build_only=no
while [ $# -gt 0 ]; do
  case "$1" in
    --seconds) number "$@"; seconds="$2"; shift 2 ;;
    --minutes) number "$@"; minutes="$2"; shift 2 ;;
    --jobs) number "$@"; jobs="$2"; shift 2 ;;
    --build-only) build_only=yes; shift ;;
    -h | --help) sed -n '2,11s/^# \{0,1\}//p' "${BASH_SOURCE[0]}"; exit 0 ;;
    -*) echo "run.sh: unknown argument $1 (see --help)" >&2; exit 2 ;;
    *) targets+=("$1"); shift ;;
  esac
done
here=tests/fuzz
if [ ${#targets[@]} -eq 0 ]; then
  for file in "$here"/targets/*.rs; do targets+=("$(basename "$file" .rs)"); done
fi
for target in "${targets[@]}"; do
  [ -f "$here/targets/$target.rs" ] || { echo "run.sh: there is no target $target in $here/targets" >&2; exit 2; }
done
command -v c++ >/dev/null 2>&1 || { echo "missing: a C++ compiler. Install it: apt-get install g++" >&2; exit 1; }
if [ -n "$minutes" ]; then
  seconds=$((minutes * 60 * jobs / ${#targets[@]}))
  [ "$seconds" -gt 0 ] || { echo "run.sh: $minutes minutes are too few for ${#targets[@]} targets" >&2; exit 2; }
fi

# What libFuzzer needs from the compiler; none of it needs a nightly one.
export CARGO_TARGET_DIR="${CARGO_TARGET_DIR:-$PWD/target/fuzz}"
export RUSTFLAGS="--cfg fuzzing -Cpasses=sancov-module -Cllvm-args=-sanitizer-coverage-level=4 \
-Cllvm-args=-sanitizer-coverage-inline-8bit-counters -Cllvm-args=-sanitizer-coverage-pc-table \
-Cllvm-args=-sanitizer-coverage-trace-compares"
# With a target named, build scripts and macros are not instrumented: they would not link.
host="$(rustc -vV | sed -n 's/^host: //p')"
bins=()
for target in "${targets[@]}"; do bins+=(--bin "$target"); done
cargo build --release --locked --quiet --manifest-path "$here/Cargo.toml" --target "$host" "${bins[@]}"

[ "$build_only" = no ] || exit 0

work=target/fuzz
mkdir -p "$work/findings" "$work/logs" "$work/results"
for target in "${targets[@]}"; do rm -f "$work/results/$target" "$work/logs/$target.log"; done

# The last number of a kind in a log; 0 where there is none, as when the target was ended from outside.
last() {
  grep -oE "$1" "$2" | tail -n 1 | grep -oE '[0-9]+$' || echo 0
}

# What became of a target: a line for people, and one for the summary.
told() {
  local target="$1" ended="$2" log="$work/logs/$1.log" runs covers kept found=0 input
  runs="$(last 'stat::number_of_executed_units: *[0-9]+' "$log")"
  [ "$runs" != 0 ] || runs="$(last '^#[0-9]+' "$log")"
  covers="$(last 'cov: [0-9]+' "$log")"
  kept="$(find "$work/corpus/$target" -type f | wc -l)"
  if [ "$ended" != 0 ]; then
    found=1
    input="$(sed -n 's/^.*Test unit written to //p' "$log" | tail -n 1)"
    tail -n 40 "$log" >&2
    echo "FOUND: $target; the input is ${input:-not written (it ended with $ended)}, the whole log $log" >&2
  fi
  echo "$target: $runs runs, $covers edges, $kept inputs kept, $found findings"
  echo "$runs $found" >"$work/results/$target"
}

fuzz() {
  local target="$1" ended=0
  local seeds=(protocol/fixtures/v1 protocol/questionnaires aggregator/definitions "$here/seeds")
  mkdir -p "$work/corpus/$target"
  "$CARGO_TARGET_DIR/$host/release/$target" -max_total_time="$seconds" -max_len=65536 -timeout=10 -rss_limit_mb=2048 \
    -dict="$here/words.dict" -artifact_prefix="$work/findings/$target-" -print_final_stats=1 \
    "$work/corpus/$target" "${seeds[@]}" >"$work/logs/$target.log" 2>&1 </dev/null || ended=$?
  told "$target" "$ended"
}

began=$SECONDS
running=0
for target in "${targets[@]}"; do
  if [ "$running" -ge "$jobs" ]; then
    wait -n
    running=$((running - 1))
  fi
  fuzz "$target" &
  running=$((running + 1))
done
wait

runs=0
findings=0
silent=()
for target in "${targets[@]}"; do
  if [ ! -f "$work/results/$target" ]; then
    silent+=("$target")
    continue
  fi
  read -r of_target found <"$work/results/$target"
  [ "$of_target" != 0 ] || silent+=("$target")
  runs=$((runs + of_target))
  findings=$((findings + found))
done
echo "${#targets[@]} targets, $seconds s each, $((SECONDS - began)) s altogether: $runs runs, $findings findings"
# Nothing found by a target that did not run is nothing.
if [ ${#silent[@]} -gt 0 ]; then
  echo "run.sh: these did not run at all: ${silent[*]}" >&2
  exit 1
fi
[ "$findings" = 0 ]
