#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# e2e.sh [ARGUMENT...]: the whole story of gVisor in a shoot, with real Kubernetes on real nodes, as a log to read. Arguments go to the test
# program, such as -class EndToEnd.Tests.OnContainerd16. DEMO=1 tells it slowly and on one node. See docs/development/end-to-end.md.
# Called by make e2e, make demo and hack/e2e-broken.sh.
# shellcheck source=hack/common.sh
. "$(dirname "${BASH_SOURCE[0]}")/common.sh"
cd "$repository"

started=$SECONDS
command -v dotnet >/dev/null || fail "the .NET SDK is missing; global.json names the version"
"$repository/hack/cluster.sh" provide
programs=$("$repository/hack/publish.sh")
CONTROLLER_EXECUTABLE=$(sed -n 's/^RuntimeGVisor.Controller=//p' <<<"$programs")
NODE_INSTALLER_EXECUTABLE=$(sed -n 's/^RuntimeGVisor.NodeInstaller=//p' <<<"$programs")
export CONTROLLER_EXECUTABLE NODE_INSTALLER_EXECUTABLE
step "build" dotnet build test/EndToEnd.Tests -c Release --nologo -v quiet
say "everything is built after $((SECONDS - started)) s"

[ "${DEMO:-0}" = 0 ] || set -- -class EndToEnd.Tests.OnContainerd16 "$@"
"$repository/artifacts/bin/EndToEnd.Tests/release/EndToEnd.Tests" -noLogo -noColor "$@"
say "the end after $((SECONDS - started)) s"
