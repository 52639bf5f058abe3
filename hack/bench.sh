#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# bench.sh              runs the scale benchmark on the native controller and writes docs/development/performance.md
# bench.sh ARGUMENT...  runs it with these arguments, --help lists them; a short run: bench.sh --runs 1 --namespaces 20
# shellcheck source=hack/common.sh
. "$(dirname "${BASH_SOURCE[0]}")/common.sh"
cd "$repository"

CONTROLLER_EXECUTABLE=$(hack/publish.sh src/RuntimeGVisor.Controller/RuntimeGVisor.Controller.csproj | sed 's/^[^=]*=//')
export CONTROLLER_EXECUTABLE
step "build the benchmark and the stand-in resource manager" dotnet build bench/Scale -c Release --nologo -v quiet
[ $# -gt 0 ] || set -- --report docs/development/performance.md
exec artifacts/bin/Scale/release/Scale "$@"
