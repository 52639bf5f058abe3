#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# verify.sh [PART...]: checks what a change has to pass. PART is "static" (scripts, build, generated files, format), "unit", "native" (the
# native programs), "rig" (tests on control planes and nodes, with the native programs); without one, all of them. The last line counts
# the tests. Called by make verify, .ci/run and, part by part, .github/workflows/verify.yaml.
#
#   FULL=1   node tests run on every containerd, not the core set on all but one
#   RIGS     the test projects of the part "rig"; default: all
# shellcheck source=hack/common.sh
. "$(dirname "${BASH_SOURCE[0]}")/common.sh"
cd "$repository"

started=$SECONDS
[ $# -gt 0 ] || set -- static unit native rig
for part; do
  case $part in static | unit | native | rig) ;; *) fail "there is no part '$part'; there are: static unit native rig" ;; esac
done
parts=" $* "
has() { [[ $parts == *" $1 "* ]]; }

command -v dotnet >/dev/null || fail "the .NET SDK is missing; global.json names the version"
dotnet --version >/dev/null || fail "the .NET SDK that global.json names is missing"

check_scripts() { find hack .ci -type f \( -name '*.sh' -o -path '.ci/*' \) -exec shellcheck -x {} +; }

# The build itself enforces the style, and a test the order of usings: what is left is white space, for which nothing has to be loaded.
check_format() { dotnet format whitespace --folder . --verify-no-changes --exclude artifacts/ --exclude dev/; }

step "restore with the committed lock files" dotnet restore --locked-mode --nologo
step "build; warnings are errors" dotnet build -c Release --no-restore --nologo -v quiet

work=$(mktemp -d)
native="" status=0
clean_up() {
  rm -rf "$work"
  [ -z "$native" ] || kill "$native" 2>/dev/null || true
}
trap clean_up EXIT

# The native compiler works for minutes and is single-threaded for most of them: the checks and the unit tests run beside it.
if has native || has rig; then
  "$repository/hack/publish.sh" >"$work/programs" 2>"$work/native.log" &
  native=$!
fi

if has static; then
  "$repository/hack/debian-install.sh" shellcheck
  step "shell scripts" check_scripts
  step "generated files" env BUILT=1 "$repository/hack/generate.sh" check
  step "format" check_format
fi
if has unit; then BUILT=1 "$repository/hack/test.sh" unit >"$work/unit" || status=1; fi

if [ -n "$native" ]; then
  native_status=0
  wait "$native" || native_status=$?
  native=""
  cat "$work/native.log" >&2
  [ "$native_status" = 0 ] || fail "the native programs were not built"
  # Tests that start a program take the native one.
  CONTROLLER_EXECUTABLE=$(sed -n 's/^RuntimeGVisor.Controller=//p' "$work/programs")
  NODE_INSTALLER_EXECUTABLE=$(sed -n 's/^RuntimeGVisor.NodeInstaller=//p' "$work/programs")
  ADMISSION_EXECUTABLE=$(sed -n 's/^RuntimeGVisor.Admission=//p' "$work/programs")
  export CONTROLLER_EXECUTABLE NODE_INSTALLER_EXECUTABLE ADMISSION_EXECUTABLE
fi

if has rig; then
  # Built once here and not by the first test that needs it, so that the time shows.
  "$repository/hack/helm-template.sh" "$repository/charts/gardener-extension-runtime-gvisor" runtime-gvisor extension-runtime-gvisor \
    -f "$repository/test/Chart.Tests/Rendering/repository.yaml" >/dev/null
  "$repository/hack/cluster.sh" provide
  # shellcheck disable=SC2086 # names
  BUILT=1 "$repository/hack/test.sh" ${RIGS:-rig} >"$work/rig" || status=1
fi

say "verified:$parts in $((SECONDS - started)) s"
if has unit || has rig; then
  cat "$work"/unit "$work"/rig 2>/dev/null | awk '{ p += $1; f += $3; s += $5 } END { print p " passed, " f " failed, " s " skipped" }'
fi
exit "$status"
