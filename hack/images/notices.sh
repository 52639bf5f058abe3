#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# notices.sh PROGRAM [gvisor]: prints the licences of everything in an image that is not ours, from the PROGRAM.components.json that
# publishing left; with "gvisor" also gVisor's. Called by hack/images.sh.
# shellcheck source=hack/common.sh
. "$(dirname "${BASH_SOURCE[0]}")/../common.sh"
shopt -s inherit_errexit

[ $# = 1 ] || [ $# = 2 ] || fail "usage: notices.sh PROGRAM [gvisor]"
components=$1.components.json
[ -f "$components" ] || fail "there is no $components; hack/publish.sh makes it together with the program"

rule() { printf '\n%s\n%s\n\n' "$(printf '=%.0s' {1..100})" "$1"; }

cat <<TEXT
$(basename "$1") is under the Apache License, Version 2.0, which is in the file LICENSE. It contains the following components under the
licences that stand with each. The SBOM of this image names their exact origin.
TEXT
notices=$(jq -r '.[] | "\n" + "=" * 100 + "\n\(.name) \(.version), \(.license)\n\n\(.notice)"' "$components")
printf '%s\n' "$notices"
if [ "${2:-}" = gvisor ]; then
  rule "gVisor, Apache-2.0"
  echo "Copyright The gVisor Authors. The programs in /gvisor are those that gVisor publishes; the licence is the one in the file LICENSE."
  echo "The Go modules in them, which gVisor's releases do not list, are named in go.mod at the release's tag in github.com/google/gvisor."
fi
# Debian's copyright files name these instead of repeating them.
{ grep -o '/usr/share/common-licenses/[A-Za-z0-9.-]*[A-Za-z0-9]' <<<"$notices" || true; } | sort -u | while read -r license; do
  rule "$license"
  cat "$license"
done
