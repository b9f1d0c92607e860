#!/usr/bin/env bash
# The components of a program as CycloneDX (JSON, version 1.5), from the lock file: every library with version, licence and hash, and who needs
# whom. Libraries that only build the program, and are no part of it, have the scope "excluded".
#
#   deploy/sbom.sh wardvoice-aggregator > wardvoice-aggregator.cdx.json
#   deploy/sbom.sh wardvoice-kiosk > wardvoice-kiosk.cdx.json
#   deploy/sbom.sh wardvoice-report > wardvoice-report.cdx.json
#   deploy/sbom.sh wardvoice-kiosk aarch64-unknown-linux-gnu      for another processor than this machine's
#   deploy/sbom.sh wardvoice-kiosk "" wardvoice-kiosk/linuxkms    with a feature that is not on otherwise
#
# Needs cargo and Python, and no network once the program is built.
set -euo pipefail
cd -P "$(dirname "${BASH_SOURCE[0]}")/.."

case "${1:-}" in
  wardvoice-aggregator | wardvoice-kiosk) manifest=Cargo.toml lock=Cargo.lock ;;
  wardvoice-report) manifest=aggregator/report/Cargo.toml lock=aggregator/report/Cargo.lock ;;
  -h | --help) sed -n '2,11s/^# \{0,1\}//p' "${BASH_SOURCE[0]}"; exit 0 ;;
  *) echo "sbom.sh: name a program: wardvoice-aggregator, wardvoice-kiosk or wardvoice-report" >&2; exit 2 ;;
esac

machine="${2:-$(rustc -vV | sed -n 's/^host: //p')}"
epoch="${SOURCE_DATE_EPOCH:-$(git log -1 --format=%ct 2>/dev/null || echo 1767225600)}"
features=()
# The typesetter's workspace has no features of ours.
[ -z "${3:-}" ] || [ "$manifest" != Cargo.toml ] || features=(--features "$3")
cargo metadata --locked --format-version 1 --filter-platform "$machine" --manifest-path "$manifest" "${features[@]}" |
  python3 deploy/parts/sbom.py "$1" "$lock" "$epoch"
