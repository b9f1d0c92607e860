#!/usr/bin/env bash
# Debian packages of everything: wardvoice-aggregator, wardvoice-report, wardvoice-kiosk and wardvoice-kiosk-session, each with its
# list of components. Needs no network beyond what building needs. The same checkout gives the same bytes.
#
#   deploy/package.sh                          optimised (profile dist), into target/packages
#   deploy/package.sh --profile dev            what the tests build: quick, for looking at the packages themselves
#   deploy/package.sh --out DIR --version V    another folder, another version than Cargo.toml says
#   deploy/package.sh --no-build               package the programs that are there
#   deploy/package.sh --only PACKAGE           that one alone
#   deploy/package.sh --arch arm64             for another processor than this machine's: amd64 or arm64
#   deploy/package.sh --linuxkms               with a kiosk that can draw without a compositor (docs/operate.md)
#   deploy/package.sh --no-install             fail instead of installing what is missing
#
# WARDVOICE_MAINTAINER="Name <address>" says who answers for them; SOURCE_DATE_EPOCH their date, otherwise that of the last commit.
set -euo pipefail

here="$PWD"
cd -P "$(dirname "${BASH_SOURCE[0]}")/.."
profile=dist
out=""
version=""
only=""
architecture=""
linuxkms=""
build=yes
install=yes
while [ $# -gt 0 ]; do
  case "$1" in
    --profile | --out | --version | --only | --arch)
      [ $# -ge 2 ] || { echo "package.sh: $1 wants a value" >&2; exit 2; }
      case "$1" in
        --profile) profile="$2" ;;
        --version) version="$2" ;;
        --only) only="$2" ;;
        --arch) architecture="$2" ;;
        --out) case "$2" in /*) out="$2" ;; *) out="$here/$2" ;; esac ;;
      esac
      shift
      ;;
    --linuxkms) linuxkms=yes ;;
    --no-build) build=no ;;
    --no-install) install=no ;;
    -h | --help) sed -n '2,15s/^# \{0,1\}//p' "${BASH_SOURCE[0]}"; exit 0 ;;
    *) echo "package.sh: unknown argument $1 (see --help)" >&2; exit 2 ;;
  esac
  shift
done
case "$profile" in
  dev) folder=debug ;;
  release | dist) folder="$profile" ;;
  *) echo "package.sh: no profile $profile: dev, release or dist" >&2; exit 2 ;;
esac

. deploy/parts/machine.sh
. deploy/parts/debian.sh

need_packages gcc libc6-dev binutils dpkg python3 gzip xz-utils
need_rust
for_processor "$architecture"
with_features

target="${CARGO_TARGET_DIR:-target}"
out="${out:-$target/packages}"
[ -n "$version" ] || version="$(sed -n '/^\[workspace.package\]/,/^$/s/^version = "\(.*\)"/\1/p' Cargo.toml)"
[ "$profile" = dist ] || case "$version" in *~*) ;; *) version="$version~$profile" ;; esac
export SOURCE_DATE_EPOCH="${SOURCE_DATE_EPOCH:-$(git log -1 --format=%ct 2>/dev/null || echo 1767225600)}"
export LC_ALL=C TZ=UTC
umask 022

if [ "$build" = yes ]; then
  cargo build --quiet --locked --workspace --bins --profile "$profile" "${cross[@]}" "${features[@]}"
  cargo build --quiet --locked --manifest-path aggregator/report/Cargo.toml --target-dir "$target" --profile "$profile" "${cross[@]}"
fi
programs="$target/${triple:+$triple/}$folder"
for program in wardvoice-aggregator wardvoice-kiosk wardvoice-report; do
  [ -x "$programs/$program" ] || stop "there is no $programs/$program: leave out --no-build"
done

work="$(mktemp -d)"
trap 'rm -rf "$work"' EXIT
mkdir -p "$out"
what_the_programs_write "$work/made"
for package in wardvoice-aggregator wardvoice-report wardvoice-kiosk wardvoice-kiosk-session; do
  [ -z "$only" ] || [ "$only" = "$package" ] || continue
  lay_out "$package" "$work/$package"
  pack "$package" "$work/$package"
done
