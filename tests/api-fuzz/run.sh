#!/usr/bin/env bash
# Asks every operation of the API, as its own OpenAPI page describes it, what nobody expects, and holds the answers against that page.
#
#   tests/api-fuzz/run.sh                    50 questions for each operation besides those that the page itself suggests
#   tests/api-fuzz/run.sh --examples N       so many
#   tests/api-fuzz/run.sh --seed N           other questions
#   tests/api-fuzz/run.sh --no-install       fail instead of installing what is missing
#
# Builds Wardvoice, starts a demonstration of two fortnights on free ports in a folder of its own, asks as the office, and ends both. Prints how
# many operations were asked how much. Exits 1 when an answer is an error of the server, or has a status, a type or a shape that is not on
# the page. What it asked stays in target/api-fuzz. Needs Python 3 with venv; the fuzzer comes from PyPI.
set -euo pipefail
cd -P "$(dirname "${BASH_SOURCE[0]}")/../.."

examples=50
seed=20261126
install=yes
while [ $# -gt 0 ]; do
  case "$1" in
    --examples | --seed)
      [ $# -ge 2 ] || { echo "run.sh: $1 wants a number" >&2; exit 2; }
      case "$2" in '' | *[!0-9]*) echo "run.sh: $1 wants a number" >&2; exit 2 ;; esac
      [ "$1" = --seed ] && seed="$2" || examples="$2"
      shift
      ;;
    --no-install) install=no ;;
    -h | --help) sed -n '2,11s/^# \{0,1\}//p' "${BASH_SOURCE[0]}"; exit 0 ;;
    *) echo "run.sh: unknown argument $1 (see --help)" >&2; exit 2 ;;
  esac
  shift
done

. deploy/parts/machine.sh

target="${CARGO_TARGET_DIR:-$PWD/target}"
work="$target/api-fuzz"
python="$work/python"
mkdir -p "$work"
need_packages gcc libc6-dev ca-certificates python3 python3-venv
need_rust
if ! cmp -s tests/api-fuzz/requirements.txt "$python/.installed"; then
  may_install "schemathesis (from PyPI, into $python)"
  python3 -m venv --clear "$python"
  "$python/bin/pip" install --quiet --disable-pip-version-check -r tests/api-fuzz/requirements.txt
  cp tests/api-fuzz/requirements.txt "$python/.installed"
fi
# The whole workspace, as tests/run.sh builds it: a part of it has other features and would be built twice.
cargo build --quiet --locked --workspace --bins

folder="$(mktemp -d "$work/run-XXXXXX")"
aggregator=""
end() {
  trap - EXIT INT TERM
  set +e
  if [ -n "$aggregator" ]; then
    kill -TERM "$aggregator" 2>/dev/null
    for _ in $(seq 100); do
      kill -0 "$aggregator" 2>/dev/null || break
      sleep 0.1
    done
    kill -KILL "$aggregator" 2>/dev/null
    wait "$aggregator" 2>/dev/null
  fi
  # The log and the report are what is worth keeping.
  rm -rf "$folder/data"
}
trap 'end; exit 1' EXIT INT TERM

"$target/debug/wardvoice-aggregator" --data "$folder/data" demo --fortnights 2 --listen 127.0.0.1:0 \
  --broker-listen 127.0.0.1:0 >"$folder/aggregator.log" 2>&1 </dev/null &
aggregator=$!
web=""
for _ in $(seq 1200); do
  web="$(grep -o 'http://127[^ "]*' "$folder/aggregator.log" | head -n 1 || true)"
  [ -z "$web" ] || break
  kill -0 "$aggregator" 2>/dev/null || break
  sleep 0.1
done
if [ -z "$web" ]; then
  echo "the aggregator did not start:" >&2
  tail -n 20 "$folder/aggregator.log" >&2
  exit 1
fi
web="${web%/}"
password="$(sed -n 's/^ *office  *\([^ ]*\) .*/\1/p' "$folder/aggregator.log" | head -n 1)"
[ -n "$password" ] || { echo "the demonstration did not say how the office signs in" >&2; exit 1; }

# Left out: whether wrong passwords are refused, because guessing would slow down everything that is asked afterwards (the pages' own tests ask
# every route as every role and as nobody); and whether everything that fits the page's types is taken, because a day that has not come
# and a ward that there is not fit them too.
# It leaves notes of its own where it is started, so that is the run's folder.
failed=0
(cd "$folder" && exec "$python/bin/schemathesis" run "$web/api/v1/openapi.json" --auth "office:$password" --seed "$seed" \
  --generation-database none --max-examples "$examples" --workers 1 --phases examples,coverage,fuzzing \
  --exclude-checks ignored_auth,positive_data_acceptance --generation-with-security-parameters false \
  --request-timeout 60 --continue-on-failure --no-color \
  --report json --report-json-path "$folder/report.json") >"$folder/said.txt" 2>&1 </dev/null || failed=$?
cat "$folder/said.txt"

"$python/bin/python3" - "$folder/report.json" "$web" <<'END' || failed=1
import json
import sys
import urllib.request

report = json.load(open(sys.argv[1], encoding="utf-8"))
operations, cases = report["operations"], report["test_cases"]
accepted = sum(phase["accepted"] for phases in report["valid_rates"].values() for phase in phases.values())
print(
    f"{operations['tested']} of {operations['total']} operations asked {cases['generated']} times in "
    f"{report['running_time']:.0f} s with seed {report['seed']}: {accepted} answered what was asked rightly, "
    f"{cases['unique_failures']} different failures, {cases['errored']} errors"
)
alive = urllib.request.urlopen(sys.argv[2] + "/healthz", timeout=20).status
if alive != 200:
    sys.exit(f"afterwards the aggregator says {alive}")
if not report["complete"] or operations["tested"] != operations["total"] or not cases["generated"]:
    sys.exit("not everything was asked")
if cases["errored"] or report["errors"]:
    sys.exit("some questions could not be asked")
END
end
if [ "$failed" != 0 ]; then
  echo "FOUND: something is not as the OpenAPI page says; the whole of it is in $folder" >&2
  exit 1
fi
