#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# debian-unpack.sh PACKAGE...: unpacks Debian packages into the cache without installing them (no daemon starts, no file of
# the machine changes) and prints for each the directory that holds its files.
# Called by the rigs and test/ControlPlane.
# shellcheck source=hack/common.sh
. "$(dirname "${BASH_SOURCE[0]}")/common.sh"

[ $# -gt 0 ] || fail "usage: debian-unpack.sh PACKAGE..."
packages=$cache/packages

missing() {
  local name
  for name; do [ -d "$packages/$name" ] || printf '%s\n' "$name"; done
}

unpack_missing() {
  local work names name archives
  mapfile -t names < <(missing "$@")
  [ ${#names[@]} -gt 0 ] || return 0
  mkdir -p "$packages"
  work=$(mktemp -d "$packages/.unpack.XXXXXX")
  # shellcheck disable=SC2064 # the directory of this call
  trap "rm -rf '$work'" EXIT
  chmod 755 "$work"
  refresh_package_lists
  (cd "$work" && step "download ${names[*]}" apt-get -qq -o APT::Sandbox::User=root download "${names[@]}")
  for name in "${names[@]}"; do
    archives=("$work/$name"_*.deb)
    dpkg-deb -x "${archives[0]}" "$work/$name"
    mv "$work/$name" "$packages/$name"
  done
}

[ -z "$(missing "$@")" ] || with_lock debian-unpack unpack_missing "$@"
for name; do printf '%s\n' "$packages/$name"; done
