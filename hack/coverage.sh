#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# coverage.sh [PROJECT...]: runs unit tests with a collector, in a build apart from the ordinary one, and prints the share of lines that they run,
# by library and program. Called by make coverage.
# shellcheck source=hack/common.sh
. "$(dirname "${BASH_SOURCE[0]}")/common.sh"
cd "$repository"

results=$repository/artifacts/coverage/results
rm -rf "$results"
if [ $# = 0 ]; then
  mapfile -t names < <(grep -l "<ProjectType>Test</ProjectType>" test/*/*.csproj | xargs -n 1 basename -s .csproj)
  set -- "${names[@]}"
fi
for name; do
  dotnet test --project "test/$name" -c Release -p:Coverage=true --results-directory "$results" --coverlet --coverlet-output-format cobertura >&2
done
# Several projects run the same library: the one that runs most of it counts.
grep -ho '<package name="[^"]*" line-rate="[^"]*"' "$results"/*.xml | awk -F '"' '
  $4 + 0 >= rate[$2] + 0 { rate[$2] = $4 }
  END { for (name in rate) printf "%5.1f %%  %s\n", 100 * rate[name], name }' | sort -k 3
