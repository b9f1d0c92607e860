#!/usr/bin/env bash
# Installs the packages into a fresh Debian made by debootstrap, with everything they depend on, starts the server there without systemd, upgrades
# and removes them, and says what lintian says. Takes minutes, needs root and a network; tests/tests/packages.rs does the quick part in
# every run of the tests.
#
#   deploy/try-packages.sh                         optimised packages, Debian bookworm
#   deploy/try-packages.sh --profile dev           packages of what the tests build
#   deploy/try-packages.sh --suite trixie          another Debian
#   deploy/try-packages.sh --keep                  leave the tree where it is, and say where
#   deploy/try-packages.sh --no-build | --no-install
set -euo pipefail
cd -P "$(dirname "${BASH_SOURCE[0]}")/.."

profile=dist suite=bookworm keep=no install=yes
mirror="${WARDVOICE_MIRROR:-http://deb.debian.org/debian}"
pass=()
while [ $# -gt 0 ]; do
  case "$1" in
    --profile | --suite)
      [ $# -ge 2 ] || { echo "try-packages.sh: $1 wants a value" >&2; exit 2; }
      [ "$1" = --suite ] && suite="$2" || profile="$2"
      shift
      ;;
    --keep) keep=yes ;;
    --no-build) pass+=("$1") ;;
    --no-install) install=no pass+=("$1") ;;
    -h | --help) sed -n '2,10s/^# \{0,1\}//p' "${BASH_SOURCE[0]}"; exit 0 ;;
    *) echo "try-packages.sh: unknown argument $1 (see --help)" >&2; exit 2 ;;
  esac
  shift
done
[ "$(id -u)" = 0 ] || { echo "try-packages.sh: run it as root" >&2; exit 1; }

. deploy/parts/machine.sh
need_packages debootstrap lintian curl ca-certificates

work="$(mktemp -d)"
tree="$work/tree"
server=""
end() {
  [ -z "$server" ] || kill -TERM "$server" 2>/dev/null || true
  umount -l "$tree/proc" 2>/dev/null || true
  [ "$keep" = yes ] && echo "the tree is left in $tree" || rm -rf "$work"
}
trap end EXIT

step() { echo "== $*"; }
inside() { chroot "$tree" /usr/bin/env DEBIAN_FRONTEND=noninteractive LC_ALL=C PATH=/usr/sbin:/usr/bin:/sbin:/bin "$@"; }
must() { "$@" || { echo "FAILED: $*" >&2; exit 1; }; }
must_not() { ! "$@" || { echo "FAILED: not expected: $*" >&2; exit 1; }; }

step "packages, and the same once more with a later version"
deploy/package.sh --profile "$profile" --out "$work/first" "${pass[@]}"
version="$(sed -n '/^\[workspace.package\]/,/^$/s/^version = "\(.*\)"/\1/p' Cargo.toml)"
deploy/package.sh --profile "$profile" --out "$work/second" --version "$version+later" --no-build

step "the same bytes twice"
deploy/package.sh --profile "$profile" --out "$work/again" --no-build >/dev/null
for file in "$work/first"/*.deb; do
  must cmp "$file" "$work/again/${file##*/}"
done

step "lintian"
# A maintainer with a real address is whoever publishes them; the language of the texts is English without a translation.
meant=bogus-mail-host,bogus-mail-host-in-debian-changelog,not-using-po-debconf
# Packages for tests are in a hurry.
[ "$profile" != dev ] || meant="$meant,uses-no-compression-for-control-tarball,uses-no-compression-for-data-tarball"
must lintian --fail-on error,warning --suppress-tags "$meant" "$work/first"/*.deb

step "a fresh $suite"
debootstrap --variant=minbase --include=ca-certificates,curl "$suite" "$tree" "$mirror" >"$work/debootstrap.log" ||
  { tail -n 20 "$work/debootstrap.log" >&2; exit 1; }
# Nothing is started in there but by us.
printf '#!/bin/sh\nexit 101\n' >"$tree/usr/sbin/policy-rc.d"
chmod 755 "$tree/usr/sbin/policy-rc.d"
mount -t proc proc "$tree/proc"
mkdir "$tree/packages" && cp -r "$work/first" "$work/second" "$tree/packages/"
inside apt-get update -q >/dev/null

step "installation, with all they depend on"
inside sh -c 'apt-get install -q -y --no-install-recommends /packages/first/*.deb' >"$work/install.log" 2>&1 ||
  { tail -n 30 "$work/install.log" >&2; exit 1; }
must inside getent passwd wardvoice wardvoice-kiosk
must test "$(inside stat -c '%U %a' /var/lib/wardvoice)" = "wardvoice 700"
must inside systemctl is-enabled wardvoice-aggregator.service wardvoice-kiosk.service
must inside systemd-analyze verify --man=no /usr/lib/systemd/system/wardvoice-aggregator.service
must inside systemd-analyze verify --man=no /usr/lib/systemd/system/wardvoice-kiosk.service
must inside systemd-analyze security --offline=yes --threshold=20 wardvoice-aggregator.service >/dev/null
must inside wardvoice --version
must inside wardvoice-report --version
must inside wardvoice-kiosk --version

step "a server in there"
must inside sh -c 'wardvoice-aggregator directory example >/tmp/d && install -o wardvoice -g wardvoice -m 600 /tmp/d /var/lib/wardvoice/directory.json'
# Ports that nobody holds on this machine.
inside sed -i 's/127.0.0.1:1883/127.0.0.1:0/; s/127.0.0.1:8080/127.0.0.1:0/' /etc/wardvoice/config.toml
must inside wardvoice config check
start() {
  rm -f "$tree/var/lib/wardvoice/addresses.json"
  # A function would put a shell between, which takes the signal.
  chroot "$tree" /usr/sbin/wardvoice serve >"$work/server.log" 2>&1 &
  server=$!
  for _ in $(seq 300); do
    web="$(sed -n 's/.*"http": "\([^"]*\)".*/\1/p' "$tree/var/lib/wardvoice/addresses.json" 2>/dev/null || true)"
    [ -n "$web" ] && curl -sf "$web/readyz" >/dev/null && return
    kill -0 "$server" 2>/dev/null || break
    sleep 0.1
  done
  tail -n 20 "$work/server.log" >&2
  exit 1
}
stop_server() {
  kill -TERM "$server"
  must wait "$server"
  server=""
}
start
broker="$(sed -n 's/.*"mqtt": "\([^"]*\)".*/\1/p' "$tree/var/lib/wardvoice/addresses.json")"
key="$(inside runuser -u wardvoice-kiosk -- wardvoice-kiosk key --data /var/lib/wardvoice-kiosk)"
must inside wardvoice kiosk add --id k-0001 --ward W1 --signing-key "$key" >"$work/settings.json"
must grep -q "$broker" "$work/settings.json"
must inside wardvoice verify >/dev/null
stop_server

step "upgrade, downgrade"
inside sh -c 'apt-get install -q -y -o Dpkg::Options::=--force-confold /packages/second/*.deb' >"$work/upgrade.log" 2>&1 ||
  { tail -n 30 "$work/upgrade.log" >&2; exit 1; }
start
must inside wardvoice kiosk list
stop_server
inside sh -c 'apt-get install -q -y --allow-downgrades -o Dpkg::Options::=--force-confold /packages/first/*.deb' >"$work/downgrade.log" 2>&1 ||
  { tail -n 30 "$work/downgrade.log" >&2; exit 1; }
start
must inside wardvoice kiosk list
stop_server

step "removal keeps, a purge asks"
inside apt-get remove -q -y 'wardvoice-*' >/dev/null
must test -e "$tree/var/lib/wardvoice/log"
inside apt-get purge -q -y 'wardvoice-*' >/dev/null
must test -e "$tree/var/lib/wardvoice/log"
inside sh -c 'apt-get install -q -y --no-install-recommends /packages/first/wardvoice-aggregator_*.deb' >/dev/null 2>&1
echo 'wardvoice-aggregator wardvoice-aggregator/delete-data boolean true' | inside debconf-set-selections
inside apt-get purge -q -y wardvoice-aggregator >/dev/null 2>&1
must_not test -e "$tree/var/lib/wardvoice"

echo "ALL PASSED"
