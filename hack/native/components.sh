#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# components.sh PROJECT RUNTIME: prints what a native executable was made of, as JSON, right after it was published: NuGet packages and
# the .NET runtime from what restore chose, Debian's static libraries from the linker's map. An SBOM is made of it.
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

# component NAME VERSION LICENCE PURL [SHA512]
component() {
  jq -nc --arg name "$1" --arg version "$2" --arg license "$3" --arg purl "$4" --arg sha512 "${5:-}" \
    '{name: $name, version: $version, license: $license, purl: $purl} + if $sha512 == "" then {} else {sha512: $sha512} end'
}

# Packages that bring code into the program, and of the packs that the SDK adds those that native programs are made of.
nuget_packages() {
  jq -r --arg target "net10.0/$runtime" --arg packs "^Microsoft\\.(AspNetCore\\.App\\.Runtime|NETCore\\.App\\.Runtime\\.NativeAOT)\\.$runtime\$" '
    (.targets[$target] | to_entries[]
      | select(.value.type == "package" and ((.value.runtime // {}) | keys | any(endswith("/_._") | not))) | .key),
    (.project.frameworks["net10.0"].downloadDependencies[] | select(.name | test($packs)) | "\(.name)/\(.version | split("[\\[, ]+"; "")[1])")
    ' "$assets"
}

nuget_component() {
  local package=${1%/*} version=${1#*/} directory license sum
  directory=$packages${package,,}/${version,,}
  license=$(sed -n 's/.*<license type="expression">\(.*\)<\/license>.*/\1/p' "$directory/${package,,}.nuspec")
  sum=$(base64 -d "$directory/${package,,}.${version,,}.nupkg.sha512" | od -An -v -tx1 | tr -d ' \n')
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

debian_component() {
  local package=$1 version=$2 source=$3 architecture=$4 license
  case $source in
    glibc | cross-toolchain-base) license=LGPL-2.1-or-later ;;
    gcc-*) license="GPL-3.0-or-later WITH GCC-exception-3.1" ;;
    openssl) license=Apache-2.0 ;;
    zlib) license=Zlib ;;
    *) fail "$package is part of the program: its licence has to be named in ${BASH_SOURCE[0]}" ;;
  esac
  component "$package" "$version" "$license" "pkg:deb/debian/$package@${version//+/%2B}?arch=$architecture&upstream=$source"
}

{
  for package in $(nuget_packages); do nuget_component "$package"; done
  for library in $(static_libraries); do debian_package "$library"; done | sort -u | while read -r line; do
    read -ra fields <<<"$line"
    debian_component "${fields[@]}"
  done
} | jq -s 'sort_by(.purl)'
