#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# gvisor-mirror.sh DIRECTORY [VERSION]: lays out Debian's gVisor (20240729.0, or 20221219.0; amd64 only) in DIRECTORY as gVisor's release
# storage does, with checksums, and prints the variables that make hack/images.sh take it from there. For tests.
# shellcheck source=hack/common.sh
. "$(dirname "${BASH_SOURCE[0]}")/../common.sh"

[ $# = 1 ] || [ $# = 2 ] || fail "usage: gvisor-mirror.sh DIRECTORY [VERSION]"
directory=$(realpath -m "$1") version=${2:-20240729.0}
parts=$("$repository/hack/node/provide.sh")
[ -d "$parts/gvisor/$version" ] || fail "Debian has no gVisor $version; there are: $(ls "$parts/gvisor")"
mkdir -p "$directory/$version/x86_64"
cp "$parts/gvisor/$version"/* "$directory/$version/x86_64/"
(cd "$directory" && sha512sum "$version"/x86_64/*) >"$directory/gvisor.sha512"
printf '%s\n' "GVISOR_VERSION=$version" "GVISOR_DIRECTORY=$directory" "GVISOR_CHECKSUMS=$directory/gvisor.sha512"
