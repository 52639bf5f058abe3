#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# components.sh PROJECT RUNTIME: prints what a native executable was made of, as JSON, right after it was published: NuGet packages and
# the .NET runtime from what restore chose, Debian's static libraries from the linker's map; each with its licence, as text in "notice".
# SBOM and notices of an image are made of it. Called by hack/publish.sh and hack/native/publish-arm64.sh.
# shellcheck source=hack/common.sh
. "$(dirname "${BASH_SOURCE[0]}")/../common.sh"
shopt -s inherit_errexit

[ $# = 2 ] || fail "usage: components.sh PROJECT RUNTIME"
name=$(basename "$1" .csproj) runtime=$2
intermediate=$repository/artifacts/obj/$name
assets=$intermediate/project.assets.json
map=$(find "$intermediate/release_$runtime/native" -name '*.map')
[ -f "$map" ] || fail "the linker left no map in $intermediate/release_$runtime/native; after an older build, 'make clean' first"
"$repository/hack/debian-install.sh" jq
# With a slash at its end, as NuGet writes it unless NUGET_PACKAGES names the folder without one.
packages=$(jq -r '.packageFolders | keys[0] | rtrimstr("/") + "/"' "$assets")

notice=$(mktemp)
trap 'rm -f "$notice"' EXIT

# component NAME VERSION LICENCE PURL [SHA512]: the text of the licence is in the file $notice.
component() {
  jq -nc --arg name "$1" --arg version "$2" --arg license "$3" --arg purl "$4" --arg sha512 "${5:-}" --rawfile notice "$notice" \
    '{name: $name, version: $version, license: $license, purl: $purl, notice: $notice} + if $sha512 == "" then {} else {sha512: $sha512} end'
}

# Packages that bring code into the program, and of the packs that the SDK adds those that native programs are made of.
nuget_packages() {
  jq -r --arg target "net10.0/$runtime" --arg packs "^Microsoft\\.(AspNetCore\\.App\\.Runtime|NETCore\\.App\\.Runtime\\.NativeAOT)\\.$runtime\$" '
    (.targets[$target] | to_entries[]
      | select(.value.type == "package" and ((.value.runtime // {}) | keys | any(endswith("/_._") | not))) | .key),
    (.project.frameworks["net10.0"].downloadDependencies[] | select(.name | test($packs)) | "\(.name)/\(.version | split("[\\[, ]+"; "")[1])")
    ' "$assets"
}

# nuget_notice DIRECTORY LICENCE: the texts that the package brings, else its copyright with the text of its licence.
nuget_notice() {
  local texts copyright
  texts=$(find "$1" -maxdepth 1 -type f \( -iname 'license*' -o -iname 'third-party-notices*' \) | LC_ALL=C sort)
  if [ -n "$texts" ]; then
    xargs -d '\n' cat <<<"$texts"
    return
  fi
  copyright=$(sed -n 's/.*<copyright>\(.*\)<\/copyright>.*/\1/p' "$1"/*.nuspec)
  [[ $copyright =~ [Cc]opyright|© ]] || copyright="Copyright $copyright"
  printf '%s\n\n' "$copyright"
  if [ "$2" = Apache-2.0 ]; then
    echo "The licence is the one in the file LICENSE."
  else
    cat "$repository/images/licenses/$2.txt" || fail "$1: images/licenses needs the text of its licence, '$2'"
  fi
}

nuget_component() {
  local package=${1%/*} version=${1#*/} directory license sum
  directory=$packages${package,,}/${version,,}
  license=$(sed -n 's/.*<license type="expression">\(.*\)<\/license>.*/\1/p' "$directory/${package,,}.nuspec")
  sum=$(base64 -d "$directory/${package,,}.${version,,}.nupkg.sha512" | od -An -v -tx1 | tr -d ' \n')
  nuget_notice "$directory" "$license" >"$notice"
  component "$package" "$version" "${license:-NOASSERTION}" "pkg:nuget/$package@$version" "$sum"
}

static_libraries() { sed -n 's/^\(\/.*\.a\)(.*)$/\1/p' "$map" | xargs realpath -m | sort -u; }

# debian_package LIBRARY: its package, version, source and architecture; nothing for a library that is no file of Debian. Packages that were
# only unpacked have a file "package" at their root.
debian_package() {
  local owner
  case $1 in
    "$packages"* | "$repository"/*) ;;
    "$cache"/*/usr/*) cat "${1%%/usr/*}/package" ;;
    *)
      owner=$(dpkg -S "$1") || fail "$1 is part of the program, but of no Debian package"
      # shellcheck disable=SC2016 # dpkg's own variables
      dpkg-query -W -f '${Package} ${Version} ${source:Package} ${Architecture}\n' "${owner%%: *}"
      ;;
  esac
}

# debian_notice PACKAGE: the package's copyright file, wherever the package is.
debian_notice() {
  cat "/usr/share/doc/$1/copyright" 2>/dev/null || cat "$cache"/*/usr/share/doc/"$1"/copyright 2>/dev/null ||
    fail "$1 is part of the program, but its copyright file is not on this machine"
}

debian_component() {
  local package=$1 version=$2 source=$3 architecture=$4 license
  case $source in
    glibc | cross-toolchain-base) license=LGPL-2.1-or-later ;;
    gcc-*) license="GPL-3.0-or-later WITH GCC-exception-3.1" ;;
    openssl) license=Apache-2.0 ;;
    zlib) license=Zlib ;;
    *) fail "$package is part of the program: its licence has to be named in ${BASH_SOURCE[0]}" ;;
  esac
  debian_notice "$package" >"$notice"
  component "$package" "$version" "$license" "pkg:deb/debian/$package@${version//+/%2B}?arch=$architecture&upstream=$source"
}

{
  for package in $(nuget_packages); do nuget_component "$package"; done
  for library in $(static_libraries); do debian_package "$library"; done | sort -u | while read -r line; do
    read -ra fields <<<"$line"
    debian_component "${fields[@]}"
  done
} | jq -s 'sort_by(.purl)'
