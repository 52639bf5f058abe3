#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# debian-unpack.sh PACKAGE: unpacks a Debian package into the cache without installing it (no daemon starts, no file of
# the machine changes) and prints the directory that holds its files.
# shellcheck source=hack/common.sh
. "$(dirname "${BASH_SOURCE[0]}")/common.sh"

[ $# = 1 ] || fail "usage: debian-unpack.sh PACKAGE"
package=$1
target=$cache/packages/$package

unpack() {
  [ ! -d "$target" ] || return 0
  local work
  mkdir -p "$cache/packages"
  work=$(mktemp -d "$cache/packages/.$package.XXXXXX")
  # shellcheck disable=SC2064 # the directory of this call
  trap "rm -rf '$work'" EXIT
  chmod 755 "$work"
  refresh_package_lists
  (cd "$work" && step "download $package" apt-get -qq -o APT::Sandbox::User=root download "$package")
  dpkg-deb -x "$work"/*.deb "$work/files"
  mv "$work/files" "$target"
}

with_lock "package-$package" unpack
printf '%s\n' "$target"
