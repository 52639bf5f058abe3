#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# configuration-page.sh: prints docs/operations/configure.md, made of the chart's values and the controller's --help.
# BUILT=1 takes what the build has left instead of building.
# Called by hack/generate.sh.
# shellcheck source=hack/common.sh
. "$(dirname "${BASH_SOURCE[0]}")/common.sh"
cd "$repository"

programs=(src/RuntimeGVisor.Controller hack/ConfigurationPage)
build() { for program; do dotnet build "$program" -c Release --nologo -v quiet; done; }

[ "${BUILT:-0}" = 1 ] || step "build ${programs[*]}" build "${programs[@]}"
dotnet artifacts/bin/RuntimeGVisor.Controller/release/gardener-extension-runtime-gvisor.dll --help |
  dotnet artifacts/bin/ConfigurationPage/release/ConfigurationPage.dll charts/gardener-extension-runtime-gvisor
