#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# find-kubectl.sh: prints a kubectl: that of KUBEBUILDER_ASSETS, the one on the PATH, or Debian's, unpacked in the cache.
# Called by hack/start.sh, the rigs and test/EndToEnd.Tests.
# shellcheck source=hack/common.sh
. "$(dirname "${BASH_SOURCE[0]}")/common.sh"

if [ -x "${KUBEBUILDER_ASSETS:-}/kubectl" ]; then
  printf '%s\n' "$KUBEBUILDER_ASSETS/kubectl"
elif ! command -v kubectl; then
  printf '%s\n' "$("$repository/hack/debian-unpack.sh" kubernetes-client)/usr/bin/kubectl"
fi
