# What a machine must have, and how to get it there. Sourced by tests/run.sh and deploy/demo.sh, which set `install`.

# The oldest Rust that builds this workspace, from Cargo.toml.
rust_wanted="$(sed -n 's/^rust-version = "\(.*\)"/\1/p' Cargo.toml)"

stop() {
  echo "$*" >&2
  exit 1
}

# Says what is about to be installed, or stops when nothing may be.
may_install() {
  [ "${install:-yes}" = yes ] || stop "missing: $*. Install it, or run without --no-install."
  echo "installing $*"
}

as_root() {
  if [ "$(id -u)" = 0 ]; then
    "$@"
  elif command -v sudo >/dev/null 2>&1; then
    sudo "$@"
  else
    stop "this needs root and there is no sudo; run as root: $*"
  fi
}

has_package() {
  [ "$(dpkg-query -W -f '${db:Status-Status}' "$1" 2>/dev/null)" = installed ]
}

need_packages() {
  command -v dpkg-query >/dev/null 2>&1 || stop "this script knows Debian and Ubuntu; elsewhere, install yourself: $*"
  local package missing=()
  for package in "$@"; do
    has_package "$package" || missing+=("$package")
  done
  [ ${#missing[@]} -gt 0 ] || return 0
  may_install "${missing[*]} (packages of this system)"
  as_root apt-get update -q
  as_root env DEBIAN_FRONTEND=noninteractive apt-get install -q -y --no-install-recommends "${missing[@]}"
}

# Chromium and its driver. Ubuntu's packages of that name are wrappers for snap, so what is on the path counts.
need_browser() {
  if ! command -v chromium >/dev/null 2>&1 || ! command -v chromedriver >/dev/null 2>&1; then
    need_packages chromium chromium-driver
  fi
}

# Node and npm, which run the browser's tests. Other packages of Node bring npm with them, so what is on the path counts.
need_node() {
  if ! command -v node >/dev/null 2>&1 || ! command -v npm >/dev/null 2>&1; then
    need_packages nodejs npm
  fi
}

rust_is_new_enough() {
  local found
  found="$(cargo --version 2>/dev/null | sed -n 's/^cargo \([0-9.]*\).*/\1/p')"
  [ -n "$found" ] && [ "$(printf '%s\n%s\n' "$rust_wanted" "$found" | sort -V | head -n 1)" = "$rust_wanted" ]
}

# Rust on the path, or the one rustup put into the home folder.
find_rust() {
  rust_is_new_enough && return 0
  local environment="${CARGO_HOME:-${HOME:-/nonexistent}/.cargo}/env"
  [ -r "$environment" ] && . "$environment" && rust_is_new_enough
}

# Rust that is there, or that rustup gets, or a clear word about what to do.
need_rust() {
  find_rust && return 0
  if command -v rustup >/dev/null 2>&1; then
    may_install "Rust $rust_wanted (with rustup)"
    rustup toolchain install "$rust_wanted" --profile minimal -c rustfmt -c clippy
    export RUSTUP_TOOLCHAIN="$rust_wanted"
    rust_is_new_enough && return 0
  fi
  no_rust
}

# For a demonstration: where there is no Rust, it gets one of its own in its own folder.
need_rust_in() {
  [ -x "$1/cargo/bin/cargo" ] && use_rust_in "$1"
  find_rust && return 0
  [ "${install:-yes}" = yes ] || no_rust
  echo "installing Rust $rust_wanted into $1 (from rustup.rs; it takes some 600 MB)"
  mkdir -p "$1"
  use_rust_in "$1"
  curl --proto '=https' --tlsv1.2 -sSf https://sh.rustup.rs |
    sh -s -- -q -y --no-modify-path --profile minimal --default-toolchain "$rust_wanted"
  rust_is_new_enough || no_rust
}

use_rust_in() {
  export RUSTUP_HOME="$1/rustup" CARGO_HOME="$1/cargo"
  export PATH="$1/cargo/bin:$PATH"
}

no_rust() {
  echo "Rust $rust_wanted or newer is needed; $(cargo --version 2>/dev/null || echo 'there is none here')." >&2
  stop "Install it with:  curl --proto '=https' --tlsv1.2 -sSf https://sh.rustup.rs | sh -s -- -y"
}
