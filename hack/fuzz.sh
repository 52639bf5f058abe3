#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# fuzz.sh: runs every fuzz test for FUZZ_SECONDS instead of as short as "make test" does. What fails is printed with its input, which belongs
# into test/corpus under a name that says what it is. Called by make fuzz.
# shellcheck source=hack/common.sh
. "$(dirname "${BASH_SOURCE[0]}")/common.sh"
cd "$repository"

mapfile -t projects < <(grep -l 'Testing.Fuzzing' test/*.Tests/*.cs test/*.Tests/*/*.cs | cut -d / -f 2 | sort -u)
for project in "${projects[@]}"; do
  dotnet build "test/$project" -c Release --nologo -v quiet
  "artifacts/bin/$project/release/$project" -noColor -noLogo -class '*FuzzTests'
done
