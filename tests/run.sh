#!/usr/bin/env bash
# Everything that must pass. Installs what is missing and says so; stops at the first thing that fails and names it.
#
#   tests/run.sh              everything
#   tests/run.sh --no-install fail instead of installing what is missing
set -euo pipefail
cd -P "$(dirname "${BASH_SOURCE[0]}")/.."

install=yes
for argument in "$@"; do
  case "$argument" in
    --no-install) install=no ;;
    -h | --help) sed -n '2,5s/^# \{0,1\}//p' "${BASH_SOURCE[0]}"; exit 0 ;;
    *) echo "run.sh: unknown argument $argument (see --help)" >&2; exit 2 ;;
  esac
done

. deploy/parts/machine.sh

target="${CARGO_TARGET_DIR:-target}"
started=$SECONDS
current=""
trap '[ -z "$current" ] || echo "FAILED: $current (after $((SECONDS - started)) s)" >&2' EXIT

step() {
  current="$1"
  shift
  local began=$SECONDS
  echo "== $current"
  "$@"
  echo "== $current: passed in $((SECONDS - began)) s"
  current=""
}

machine() {
  # What the programs need to build and run, then what the stories drive them with.
  need_packages gcc libc6-dev curl ca-certificates \
    libx11-6 libx11-xcb1 libxcursor1 libxi6 libxkbcommon-x11-0 libfontconfig1 fonts-dejavu-core \
    mosquitto openssl poppler-utils strace espeak-ng xvfb xdotool openbox imagemagick cage xwayland procps python3 python3-venv \
    systemd init-system-helpers debconf fakeroot binutils xz-utils
  need_browser
  need_node
  if ! cmp -s tests/browser/package-lock.json tests/browser/node_modules/.installed; then
    may_install "the browser's tools (from npm, into tests/browser/node_modules)"
    (cd tests/browser && npm ci --silent --no-audit --no-fund && cp package-lock.json node_modules/.installed)
  fi
  need_rust
  if ! cargo nextest --version >/dev/null 2>&1; then
    may_install "cargo-nextest (a test runner, from crates.io)"
    cargo install cargo-nextest --locked
  fi
  if ! "$target/python/bin/python3" -c 'import paho.mqtt, cryptography' 2>/dev/null; then
    may_install "paho-mqtt and cryptography (from PyPI, into $target/python)"
    mkdir -p "$target"
    python3 -m venv "$target/python"
    "$target/python/bin/pip" install --quiet --disable-pip-version-check -r tests/stranger/requirements.txt
  fi
}

# Every screen in every language, size and palette as pictures, to be looked at.
screens() {
  "$target/debug/examples/screens" "$target/artefacts/screens"
}

faults() {
  local broker
  for broker in embedded mosquitto mosquitto-default; do
    cargo run --quiet --locked -p wardvoice-tests --bin faults -- \
      --kills 12 --responses 300 --seed 7 --broker "$broker" --json
  done
}

# A lock of its own, which falls behind unseen when a package of ours takes on another: tests/fuzz/run.sh would not build then.
locked_fuzz() {
  cargo metadata --locked --format-version 1 --manifest-path tests/fuzz/Cargo.toml >/dev/null
}

# One compiler for lints and programs: clippy's driver makes the same programs as rustc and says its lints on the way, so that nothing
# is compiled once to be looked at and once more to be run. It is for the workspace's own packages alone, as `cargo clippy` uses it too.
export RUSTC_WORKSPACE_WRAPPER=clippy-driver CLIPPY_ARGS=-D__CLIPPY_HACKERY__warnings__CLIPPY_HACKERY__
# Where nobody compiles again and again, notes for the next time only cost time.
[ -d "$target/debug/incremental" ] || export CARGO_INCREMENTAL=0

# A workspace of its own, whose program lies beside the others.
typesetter=(--manifest-path aggregator/report/Cargo.toml --target-dir "$target" --locked)

step "what this machine has" machine
step "formatting" cargo fmt --all --check
step "formatting of the typesetter" cargo fmt --all --check --manifest-path aggregator/report/Cargo.toml
step "lock file of the fuzz targets" locked_fuzz
step "build and lints" cargo build --workspace --all-targets --locked
step "build and lints of the typesetter" cargo build "${typesetter[@]}" --all-targets
step "tests" cargo nextest run --workspace --locked
step "tests of the typesetter" cargo nextest run "${typesetter[@]}"
step "pictures of every screen" screens
step "documentation examples" cargo test --workspace --doc --locked --quiet
step "faults, short" faults

echo "ALL PASSED in $((SECONDS - started)) s"
