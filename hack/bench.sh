#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# bench.sh [ARGUMENT...]: runs the scale benchmark on the native controller and writes docs/development/performance.md.
# Arguments go to the benchmark; "hack/bench.sh --help" lists them.
# shellcheck source=hack/common.sh
. "$(dirname "${BASH_SOURCE[0]}")/common.sh"
cd "$repository"

controller=$(hack/publish.sh src/RuntimeGVisor.Controller/RuntimeGVisor.Controller.csproj | sed 's/^[^=]*=//')
step "build the benchmark and the stand-in resource manager" dotnet build bench/Scale -c Release --nologo -v quiet
exec artifacts/bin/Scale/release/Scale --controller "$controller" --report docs/development/performance.md "$@"
