#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# gvisor-release.sh fetch ARCHITECTURE DIRECTORY: puts the pinned gVisor release for amd64 or arm64 into DIRECTORY as the node
#   installer expects it: the files, VERSION and SHA512SUMS. Nothing is used whose sha512 is not pinned.
# gvisor-release.sh pin VERSION: pins another version: takes the checksums from gVisor's release storage and writes the files
#   GVISOR_VERSION and images/gvisor.sha512. Review and commit them.
#
# A version is published either as two loose files, runsc and containerd-shim-runsc-v1 (until 20260817.0), or as an archive with further
# programs in gvisor-bin/ (since 20260721.0), compressed as gvisor.tar.zstd and as gvisor.tar.bz2. What is pinned decides; "pin" prefers
# them in this order: .zstd, .bz2, loose files.
#
# Called by hack/images.sh, by people, and by .github/workflows/gvisor.yaml.
#
#   GVISOR_VERSION     another version than the one in the file of this name
#   GVISOR_CHECKSUMS   another file of pinned checksums; its lines are "SHA512  VERSION/x86_64/FILE" or ".../aarch64/FILE"
#   GVISOR_DIRECTORY   a copy of the release storage, VERSION/x86_64/FILE and so on, instead of the download
#   GVISOR_URL         another release storage, such as a mirror
# shellcheck source=hack/common.sh
. "$(dirname "${BASH_SOURCE[0]}")/common.sh"

usage="usage: gvisor-release.sh fetch amd64|arm64 DIRECTORY, or gvisor-release.sh pin VERSION"
url=${GVISOR_URL:-https://storage.googleapis.com/gvisor/releases/release}
checksums=${GVISOR_CHECKSUMS:-$repository/images/gvisor.sha512}
archives=(gvisor.tar.zstd gvisor.tar.bz2)
loose=(runsc containerd-shim-runsc-v1)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

check_version() { [[ $1 =~ ^[0-9]{8}(\.[0-9]+)?$ ]] || fail "a version of gVisor is a date and a number such as 20260817.0, not '$1'"; }

# unreachable PATH REASON
unreachable() {
  fail "downloading $url/$1: $2. Where this storage cannot be reached, GVISOR_DIRECTORY names a copy of it and GVISOR_URL a mirror;" \
    "docs/operations/images.md has the steps"
}

# download PATH FILE: returns 4 when the storage answers that there is no such file; fails for any other reason.
download() {
  local status code=0
  "$repository/hack/debian-install.sh" curl ca-certificates
  status=$(curl -sSL --retry 2 --connect-timeout 20 -o "$2" -w '%{http_code}' "$url/$1" 2>"$work/error") || code=$?
  [ "$code" = 0 ] || unreachable "$1" "$(tail -n 1 "$work/error")"
  case $status in
    200) ;;
    404) return 4 ;;
    *) unreachable "$1" "the answer is HTTP $status" ;;
  esac
}

pinned() { awk -v path="$1" '$2 == path { print $1 }' "$checksums"; }

# fetch_file PATH TARGET: a file of the release storage, if it is what is pinned. A wrong download does not stay in the cache.
fetch_file() {
  local source=$cache/gvisor/$1 expected actual
  if [ -n "${GVISOR_DIRECTORY:-}" ]; then
    source=$GVISOR_DIRECTORY/$1
    [ -f "$source" ] || fail "GVISOR_DIRECTORY has no $source"
  elif [ ! -f "$source" ]; then
    mkdir -p "${source%/*}"
    say "download gVisor $1"
    download "$1" "$source.partial" || fail "gVisor's release storage has no $url/$1"
    mv "$source.partial" "$source"
  fi
  expected=$(pinned "$1")
  actual=$(sha512sum <"$source" | cut -d ' ' -f 1)
  if [ "$actual" != "$expected" ]; then
    say "$1 has $(stat -c %s "$source") bytes"
    [ -n "${GVISOR_DIRECTORY:-}" ] || rm -f "$source"
    fail "$1 is not what $checksums pins: its sha512 is ${actual:0:16}…, not ${expected:0:16}…"
  fi
  cp "$source" "$2"
}

# check_executable FILE ARCHITECTURE: the node installer refuses anything else, but only on the node.
check_executable() {
  local machine
  machine=$(od -An -tx1 -N20 "$1" | tr -d ' \n')
  case $2:${machine:0:10}:${machine:36:4} in
    amd64:7f454c4602:3e00 | arm64:7f454c4602:b700) ;;
    *) fail "${1#"$work"/} of gVisor $version is no executable for $2" ;;
  esac
}

# pinned_archive VERSION/MACHINE: the name of the archive that is pinned, if there is one.
pinned_archive() {
  local archive
  for archive in "${archives[@]}"; do
    [ -z "$(pinned "$1/$archive")" ] || { echo "$archive"; return; }
  done
}

# unpack ARCHIVE: into $work/release.
unpack() {
  case $1 in
    *.zstd) "$repository/hack/debian-install.sh" zstd; tar -xf "$1" --zstd --no-same-owner -C "$work/release" ;;
    *.bz2) "$repository/hack/debian-install.sh" bzip2; tar -xf "$1" --bzip2 --no-same-owner -C "$work/release" ;;
  esac
}

fetch() {
  local architecture=$1 directory=$2 machine path file archive
  case $architecture in
    amd64) machine=x86_64 ;;
    arm64) machine=aarch64 ;;
    *) fail "gVisor is released for amd64 and arm64, not for '$architecture'" ;;
  esac
  version=${GVISOR_VERSION:-$(tr -d '[:space:]' <"$repository/GVISOR_VERSION")}
  check_version "$version"
  [ -f "$checksums" ] || fail "there is no file $checksums"
  path=$version/$machine
  mkdir "$work/release"
  archive=$(pinned_archive "$path")
  if [ -n "$archive" ]; then
    fetch_file "$path/$archive" "$work/$archive"
    unpack "$work/$archive"
  else
    for file in "${loose[@]}"; do
      [ -n "$(pinned "$path/$file")" ] || fail "$checksums has no checksum of gVisor $version for $architecture;" \
        "'hack/gvisor-release.sh pin $version' gets it from gVisor's release storage"
    done
    for file in "${loose[@]}"; do fetch_file "$path/$file" "$work/release/$file"; done
  fi
  write_release "$architecture" "$directory"
}

# write_release ARCHITECTURE DIRECTORY
write_release() {
  local file files
  mapfile -t files < <(cd "$work/release" && find . ! -type d -printf '%P\n' | LC_ALL=C sort)
  for file in "${loose[@]}"; do [ -f "$work/release/$file" ] || fail "gVisor $version for $1 has no $file"; done
  # From this version on runsc starts no sandbox without the programs of its own release beside it.
  [ "${version%%.*}" -lt 20260824 ] || [ -f "$work/release/gvisor-bin/gvisor_sentry" ] ||
    fail "gVisor $version for $1 has no gvisor-bin/gvisor_sentry: its runsc would start no sandbox"
  for file in "${files[@]}"; do
    [[ -f $work/release/$file && ! -L $work/release/$file && $file =~ ^(gvisor-bin/)?[A-Za-z0-9][A-Za-z0-9._-]*$ ]] ||
      fail "gVisor $version for $1 has a file that the node installer does not know: $file"
    check_executable "$work/release/$file" "$1"
  done
  for file in "${files[@]}"; do install -D -m 755 "$work/release/$file" "$2/$file"; done
  printf '%s\n' "$version" >"$2/VERSION"
  (cd "$2" && sha512sum -- "${files[@]}" >SHA512SUMS)
  find "$2" -type d -exec chmod 755 {} +
  chmod 644 "$2/VERSION" "$2/SHA512SUMS"
}

# published PATH: the line "SHA512  PATH" from the checksum file that gVisor publishes beside each file; returns 4 when there is none.
published() {
  local file=$work/sum sum
  if [ -n "${GVISOR_DIRECTORY:-}" ]; then
    [ -f "$GVISOR_DIRECTORY/$1.sha512" ] || return 4
    file=$GVISOR_DIRECTORY/$1.sha512
  else
    download "$1.sha512" "$file" || return 4
  fi
  sum=$(sed -n "s/^\([0-9a-f]\{128\}\) [ *]\(\.\/\)\{0,1\}${1##*/}\$/\1/p" "$file")
  [ -n "$sum" ] || fail "$1.sha512 is not a checksum of ${1##*/}; it begins with: $(head -c 60 "$file" | tr -d '\n')"
  printf '%s  %s\n' "$sum" "$1"
}

# published_archive VERSION/MACHINE: the line of the archive that "pin" prefers; returns 4 when there is none.
published_archive() {
  local archive code
  for archive in "${archives[@]}"; do
    code=0
    published "$1/$archive" || code=$?
    [ "$code" = 4 ] || return "$code"
  done
  return 4
}

pin() {
  local path file line
  check_version "$1"
  {
    echo "# SPDX-License-Identifier: Apache-2.0"
    echo "# Checksums of gVisor's releases as their publisher gives them; written by hack/gvisor-release.sh pin."
  } >"$work/pinned"
  for path in "$1/x86_64" "$1/aarch64"; do
    if line=$(published_archive "$path"); then
      printf '%s\n' "$line" >>"$work/pinned"
    else
      [ $? = 4 ] || exit 1
      for file in "${loose[@]}"; do
        published "$path/$file" >>"$work/pinned" || fail "gVisor's release storage has no checksum of $path/$file"
      done
    fi
  done
  cp "$work/pinned" "$checksums"
  printf '%s\n' "$1" >"$repository/GVISOR_VERSION"
  say "pinned gVisor $1:"
  grep -v '^#' "$checksums" | cut -c 1-16,129- >&2
}

case ${1:-}:$# in
  fetch:3) fetch "$2" "$3" ;;
  pin:2) pin "$2" ;;
  *) fail "$usage" ;;
esac
