#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# debian-install.sh PACKAGE...: installs those of the named Debian packages that are missing.
# Called by whatever needs a package.
# shellcheck source=hack/common.sh
. "$(dirname "${BASH_SOURCE[0]}")/common.sh"

[ $# -gt 0 ] || fail "usage: debian-install.sh PACKAGE..."

missing() {
  local name
  for name; do
    dpkg-query -W -f '${db:Status-Status}\n' "$name" 2>/dev/null | grep -qx installed || printf '%s\n' "$name"
  done
}

install_missing() {
  local names
  mapfile -t names < <(missing "$@")
  [ ${#names[@]} -gt 0 ] || return 0
  refresh_package_lists
  step "install ${names[*]}" as_root env DEBIAN_FRONTEND=noninteractive \
    apt-get -qq -o DPkg::Lock::Timeout=300 install --no-install-recommends -y "${names[@]}"
}

if [ -n "$(missing "$@")" ]; then
  with_lock debian-install install_missing "$@"
fi
