#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# e2e-broken.sh: tells the story with one thing broken on purpose at a time. It has to fail and to name the cause.
# Called by people; test/EndToEnd.Tests/Sabotage.cs has what it breaks.
# shellcheck source=hack/common.sh
. "$(dirname "${BASH_SOURCE[0]}")/common.sh"

log=$(mktemp)
trap 'rm -f "$log"' EXIT

# broken KIND CAUSE: what the message has to contain.
broken() {
  local started=$SECONDS
  if BREAK=$1 "$repository/hack/e2e.sh" -class EndToEnd.Tests.OnContainerd16 >"$log" 2>&1; then fail "BREAK=$1: the story succeeded"; fi
  if ! grep -qF -- "$2" "$log"; then
    cat "$log" >&2
    fail "BREAK=$1: the story failed, but did not say '$2'"
  fi
  say "BREAK=$1: failed after $((SECONDS - started)) s and said: $(grep -F -m 1 -- "$2" "$log" | cut -c 1-300)"
}

broken rbac 'cannot create resource "managedresources"'
broken handler 'RuntimeClass gvisor must name the handler'
broken shim 'containerd-shim-runsc-v1'
