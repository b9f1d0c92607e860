#!/usr/bin/env bash
# Fuzzes every reader of outside bytes for a while with libFuzzer, on the stable compiler.
#
#   tests/fuzz/run.sh [--seconds N] [TARGET ...]     60 seconds for each of all targets
#   tests/fuzz/run.sh --build-only [TARGET ...]      only show that they compile
#
# Prints a line a target: how often it ran, what it covers, how many inputs it keeps. Exits 1 at the first finding and says
# which input shows it; the input stays in target/fuzz/findings. Needs a C++ compiler beside Rust (apt-get install g++).
set -euo pipefail
cd -P "$(dirname "${BASH_SOURCE[0]}")/../.."

seconds=60
targets=()
build_only=no
while [ $# -gt 0 ]; do
  case "$1" in
    --seconds) seconds="$2"; shift 2 ;;
    --build-only) build_only=yes; shift ;;
    -h | --help) sed -n '2,8s/^# \{0,1\}//p' "${BASH_SOURCE[0]}"; exit 0 ;;
    -*) echo "run.sh: unknown argument $1 (see --help)" >&2; exit 2 ;;
    *) targets+=("$1"); shift ;;
  esac
done
here=tests/fuzz
if [ ${#targets[@]} -eq 0 ]; then
  for file in "$here"/targets/*.rs; do targets+=("$(basename "$file" .rs)"); done
fi
command -v c++ >/dev/null 2>&1 || { echo "missing: a C++ compiler. Install it: apt-get install g++" >&2; exit 1; }

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
mkdir -p "$work/findings" "$work/logs"
for target in "${targets[@]}"; do
  seeds=(protocol/fixtures/v1 protocol/questionnaires aggregator/definitions "$here/seeds")
  mkdir -p "$work/corpus/$target"
  log="$work/logs/$target.log"
  if ! "$CARGO_TARGET_DIR/$host/release/$target" -max_total_time="$seconds" -max_len=65536 -timeout=10 -rss_limit_mb=2048 \
    -dict="$here/words.dict" -artifact_prefix="$work/findings/$target-" -print_final_stats=1 \
    "$work/corpus/$target" "${seeds[@]}" >"$log" 2>&1; then
    tail -n 40 "$log" >&2
    echo "FOUND: $target; the input is in $work/findings, the whole log in $log" >&2
    exit 1
  fi
  runs="$(sed -n 's/^stat::number_of_executed_units: *//p' "$log")"
  covers="$(grep -oE 'cov: [0-9]+' "$log" | tail -n 1)"
  kept="$(find "$work/corpus/$target" -type f | wc -l)"
  echo "$target: $runs runs in $seconds s, ${covers/cov:/covers} edges, $kept inputs kept"
done
