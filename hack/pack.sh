#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# pack.sh [DIRECTORY]: makes the packages of the libraries that others can use; default artifacts/packages. Symbols are inside of the
# libraries, with XML documentation beside them. Called by make pack and SecondExtensionTests.
# shellcheck source=hack/common.sh
. "$(dirname "${BASH_SOURCE[0]}")/common.sh"
cd "$repository"

output=${1:-$repository/artifacts/packages}
for library in Hosting Kubernetes.Controllers Gardener.Extensions; do
  dotnet pack "src/$library" -c Release --nologo -v quiet -p:Packing=true -o "$output" >&2
done
ls "$output"/*.nupkg
