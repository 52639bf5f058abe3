#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# gvisor-mirror.sh DIRECTORY [VERSION]: lays out Debian's gVisor (20240729.0, or 20221219.0) in DIRECTORY as gVisor's release storage
# does, with checksums, and prints the variables that make hack/images.sh take it from there. For tests.
#
#   ARCHITECTURES   default amd64; "amd64 arm64" adds the programs for arm64, of 20240729.0 only, which are not cached
#
# Called by test/EndToEnd.Tests and people who try the images.
# shellcheck source=hack/common.sh
. "$(dirname "${BASH_SOURCE[0]}")/../common.sh"
# shellcheck source=hack/node/debian-suite.sh
. "$repository/hack/node/debian-suite.sh"

[ $# = 1 ] || [ $# = 2 ] || fail "usage: gvisor-mirror.sh DIRECTORY [VERSION]"
directory=$(realpath -m "$1") version=${2:-20240729.0}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

amd64() {
  local parts
  parts=$("$repository/hack/node/provide.sh")
  [ -d "$parts/gvisor/$version" ] || fail "Debian has no gVisor $version; there are: $(ls "$parts/gvisor")"
  cp "$parts/gvisor/$version"/* "$1"
}

arm64() {
  [ "$version" = 20240729.0 ] || fail "gVisor $version is not laid out for arm64, only 20240729.0"
  DEBIAN_SUITES=$work/suites DEBIAN_ARCHITECTURE=arm64 unpack_packages bookworm-backports "$work/package" runsc
  GOARCH=arm64 "$repository/hack/node/build-shim.sh" "$work/shim" "$version"
  cp "$work/package/usr/bin/runsc" "$work/shim/$version/containerd-shim-runsc-v1" "$1"
}

for architecture in ${ARCHITECTURES:-amd64}; do
  case $architecture in
    amd64) machine=x86_64 ;;
    arm64) machine=aarch64 ;;
    *) fail "ARCHITECTURES may have amd64 and arm64, not '$architecture'" ;;
  esac
  mkdir -p "$directory/$version/$machine"
  "$architecture" "$directory/$version/$machine"
done
(cd "$directory" && sha512sum "$version"/*/*) >"$directory/gvisor.sha512"
printf '%s\n' "GVISOR_VERSION=$version" "GVISOR_DIRECTORY=$directory" "GVISOR_CHECKSUMS=$directory/gvisor.sha512"
