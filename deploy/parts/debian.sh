# How a package is laid out and packed. Sourced by deploy/package.sh, which sets `programs`, `profile`, `version`, `work`, `out` and `linuxkms`, and
# says with `for_processor` for which processor it is.

maintainer="${WARDVOICE_MAINTAINER:-Wardvoice <packages@wardvoice.invalid>}"

# For which processor packages are, and what building for another than this machine's takes: its linker, its C library and the standard library of
# Rust for it, and an emulator, in which the programs write what they write themselves.
for_processor() {
  local here
  here="$(dpkg --print-architecture)"
  architecture="${1:-$here}" triple="" cross=() run=() strip=strip
  [ "$architecture" != "$here" ] || return 0
  local gnu emulator
  case "$architecture" in
    amd64) gnu=x86_64-linux-gnu triple=x86_64-unknown-linux-gnu emulator=qemu-x86_64-static ;;
    arm64) gnu=aarch64-linux-gnu triple=aarch64-unknown-linux-gnu emulator=qemu-aarch64-static ;;
    *) echo "package.sh: no processor $architecture: amd64 or arm64" >&2; exit 2 ;;
  esac
  need_packages "gcc-${gnu/_/-}" "libc6-dev-$architecture-cross" qemu-user-static
  if [ ! -d "$(rustc --print sysroot)/lib/rustlib/$triple" ]; then
    may_install "Rust's standard library for $triple (with rustup)"
    rustup target add "$triple"
  fi
  local variable="${triple//-/_}"
  export "CC_$variable=$gnu-gcc" "CARGO_TARGET_${variable^^}_LINKER=$gnu-gcc"
  cross=(--target "$triple") run=("$emulator" -L "/usr/$gnu") strip="$gnu-strip"
}

# What is built in that is not otherwise: `features` for cargo, and `libraries` that a kiosk with it needs.
with_features() {
  features=() libraries=""
  [ -n "$linuxkms" ] || return 0
  [ -z "$triple" ] || stop "package.sh: --linuxkms needs the libraries of the processor that is built for: run it on such a machine"
  need_packages pkg-config libinput-dev libudev-dev libxkbcommon-dev
  features=(--features wardvoice-kiosk/linuxkms) libraries=", libinput10, libudev1, libxkbcommon0"
}

# Man pages, completions and settings, as the programs themselves write them.
what_the_programs_write() {
  "${run[@]}" "$programs/wardvoice-aggregator" manual --out "$1/aggregator"
  "${run[@]}" "$programs/wardvoice-kiosk" manual --out "$1/kiosk"
  # Ports that stay, where the defaults take any that is free.
  "${run[@]}" "$programs/wardvoice-aggregator" config print | awk '
    NR == 1 { print "# Settings of the Wardvoice aggregator. Every line shows its default, but for the two ports."; next }
    /^\[/ { part = $0 }
    /^listen = / && part == "[broker]" { print "listen = \"127.0.0.1:1883\""; next }
    /^listen = / && part == "[web]" { print "listen = \"127.0.0.1:8080\""; next }
    { print }' >"$1/config.toml"
}

# What each package is besides its files: its unit, its data, what it writes for others beside that, whether an upgrade starts it again, and
# what must not start beside it.
about() {
  unit="" data="" beside="" restart=no masked="" program="$1" documents=""
  case "$1" in
    wardvoice-aggregator)
      unit=wardvoice-aggregator.service data=/var/lib/wardvoice beside=/var/lib/wardvoice-broker restart=yes
      documents="README.md CHANGELOG.md HAZARDS.md docs/*.md"
      ;;
    wardvoice-kiosk) data=/var/lib/wardvoice-kiosk documents="docs/accessibility.md docs/volunteers.md" ;;
    wardvoice-kiosk-session)
      unit=wardvoice-kiosk.service masked=ctrl-alt-del.target program="" documents="docs/operate.md"
      ;;
    wardvoice-report) documents="docs/reports.md" ;;
  esac
}

# Everything of a package below a folder.
lay_out() {
  local package="$1" root="$2" from to mode page document
  about "$package"
  if [ -n "$program" ]; then
    install -D -m 755 "$programs/$program" "$root/usr/bin/$program"
    "$strip" --strip-unneeded --remove-section=.comment --remove-section=.note "$root/usr/bin/$program"
  fi
  while read -r from to mode; do
    case "$from" in '#'* | "") continue ;; esac
    install -D -m "$mode" "${from/#@BUILD@/$work/made}" "$root/$to"
  done <"deploy/debian/$package/install"
  for page in "$work/made/${package#wardvoice-}/man"/*.1 "deploy/debian/$package"/*.[18]; do
    [ -e "$page" ] || continue
    mkdir -p "$root/usr/share/man/man${page##*.}"
    gzip -9n <"$page" >"$root/usr/share/man/man${page##*.}/${page##*/}.gz"
  done
  local share="$root/usr/share/doc/$package"
  mkdir -p "$share"
  for document in $documents; do
    install -m 644 "$document" "$share/${document##*/}"
  done
  copyright >"$share/copyright"
  changes "$package" | gzip -9n >"$share/changelog.gz"
  if [ -e "deploy/debian/$package/templates" ]; then
    mkdir -p "$root/usr/share/lintian/overrides"
    printf '# A purge asks, and nothing else does.\n%s: no-debconf-config\n' "$package" >"$root/usr/share/lintian/overrides/$package"
  fi
  if [ -n "$program" ]; then
    deploy/sbom.sh "$program" "$triple" "${features[@]:1}" | gzip -9n >"$share/$program.cdx.json.gz"
  fi
}

# Its control files, and the package itself.
pack() {
  local package="$1" root="$2" control="$2/DEBIAN" runs_on="$architecture" size libc="" script
  about "$package"
  mkdir -p "$control"
  if [ -n "$program" ]; then
    libc="$(libc_of "$root/usr/bin/$program")"
  else
    runs_on=all
  fi
  size="$(du -k -s --apparent-size --exclude=DEBIAN "$root" | cut -f 1)"
  sed -e "s|@VERSION@|$version|; s|@ARCHITECTURE@|$runs_on|; s|@MAINTAINER@|$maintainer|" \
    -e "s|@SIZE@|$size|; s|@LIBC@|$libc|; s|@LIBRARIES@|$libraries|" "deploy/debian/$package/control" >"$control/control"
  if [ -n "$unit$data" ]; then
    for script in postinst prerm postrm; do
      sed -e "s|@PACKAGE@|$package|; s|@UNIT@|$unit|; s|@DATA@|$data|; s|@BESIDE@|$beside|; s|@RESTART@|$restart|; s|@MASKED@|$masked|" \
        "deploy/debian/parts/$script" >"$control/$script"
      chmod 755 "$control/$script"
    done
  fi
  [ ! -e "deploy/debian/$package/templates" ] || install -m 644 "deploy/debian/$package/templates" "$control/templates"
  (
    cd "$root"
    [ ! -d etc ] || find etc -type f -printf '/%p\n' | sort >DEBIAN/conffiles
    find . -path ./DEBIAN -prune -o -path ./etc -prune -o -type f -printf '%P\0' | sort -z | xargs -0 md5sum >DEBIAN/md5sums
  )
  find "$root" -exec touch -h -d "@$SOURCE_DATE_EPOCH" {} +
  local file="$out/${package}_${version}_$runs_on.deb" compression=(-Zxz)
  # Nobody installs these but tests, which are in a hurry.
  [ "$profile" != dev ] || compression=(-Znone)
  dpkg-deb --root-owner-group "${compression[@]}" --build "$root" "$file" >/dev/null
  echo "$file"
}

# The newest version of the C library's symbols that a program asks for.
libc_of() {
  local newest
  newest="$(grep -ao 'GLIBC_2\.[0-9][0-9]*' "$1" | sed 's/GLIBC_//' | sort -uV | tail -n 1)"
  [ -n "$newest" ] || stop "failed to find which C library $1 needs"
  echo "$newest"
}

copyright() {
  cat <<END
Format: https://www.debian.org/doc/packaging-manuals/copyright-format/1.0/
Upstream-Name: Wardvoice

Files: *
Copyright: 2026 the authors of Wardvoice
License: GPL-3.0+
 This program is free software: you can redistribute it and/or modify it under
 the terms of the GNU General Public License as published by the Free Software
 Foundation, either version 3 of the License, or (at your option) any later
 version.
 .
 On Debian systems, the whole text of version 3 is in
 /usr/share/common-licenses/GPL-3.
Comment: the libraries that are compiled in, with their licences, are listed in
 the file that ends in .cdx.json.gz in this folder.
END
}

changes() {
  cat <<END
$1 ($version) unstable; urgency=medium

  * See CHANGELOG.md among the documents of wardvoice-aggregator.

 -- $maintainer  $(date -u -R -d "@$SOURCE_DATE_EPOCH")
END
}
