#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# verify.sh: checks everything that a change has to pass. The last line counts the tests.
# shellcheck source=hack/common.sh
. "$(dirname "${BASH_SOURCE[0]}")/common.sh"
cd "$repository"

started=$SECONDS
command -v dotnet >/dev/null || fail "the .NET SDK is missing; global.json names the version"
dotnet --version >/dev/null || fail "the .NET SDK that global.json names is missing"

check_scripts() { find hack .ci -type f \( -name '*.sh' -o -path '.ci/*' \) -exec shellcheck -x {} +; }

"$repository/hack/debian-install.sh" shellcheck
step "shell scripts" check_scripts
step "restore with the committed lock files" dotnet restore --locked-mode --nologo
step "build; warnings are errors" dotnet build -c Release --no-restore --nologo -v quiet
step "generated files" env BUILT=1 "$repository/hack/generate.sh" check
step "format" dotnet format --verify-no-changes --no-restore
programs=$("$repository/hack/publish.sh")

# Tests that start a program take the native one.
CONTROLLER_EXECUTABLE=$(sed -n 's/^RuntimeGVisor.Controller=//p' <<<"$programs")
NODE_INSTALLER_EXECUTABLE=$(sed -n 's/^RuntimeGVisor.NodeInstaller=//p' <<<"$programs")
export CONTROLLER_EXECUTABLE NODE_INSTALLER_EXECUTABLE

# Built once here and not by the first test that needs it, so that the time shows.
"$repository/hack/helm-template.sh" "$repository/charts/gardener-extension-runtime-gvisor" runtime-gvisor extension-runtime-gvisor >/dev/null
"$repository/hack/cluster.sh" provide
status=0
summary=$(BUILT=1 "$repository/hack/test.sh") || status=$?
say "verified in $((SECONDS - started)) s"
echo "$summary"
exit "$status"
