#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# test.sh [NAME...]: builds and runs the test projects (all, or those named), each as its own process, and ends with one
# line that sums them up. Whatever a test needs and does not find is a failure, as is a project in which no test ran.
# TEST_TIMEOUT (seconds, default 2400) ends a project that hangs.
# shellcheck source=hack/common.sh
. "$(dirname "${BASH_SOURCE[0]}")/common.sh"
cd "$repository"

if [ $# = 0 ]; then
  mapfile -t names < <(grep -l '<ProjectType>Test</ProjectType>' test/*/*.csproj | xargs -n 1 basename -s .csproj)
  set -- "${names[@]}"
fi
[ "${BUILT:-0}" = 1 ] || step "build" dotnet build -c Release --nologo -v quiet

results=$repository/artifacts/test-results
rm -rf "$results"
mkdir -p "$results"
passed=0 failed=0 skipped=0

# count ATTRIBUTE REPORT: the number in the report's <assembly> element.
count() { sed -n "s/.*<assembly [^>]*\b$1=\"\([0-9]*\)\".*/\1/p" "$2" | head -n 1; }

# A program that crashes may leave no report: it counts as one failure.
run() {
  local name=$1 report=$results/$1.xml log=$results/$1.log status=0 started=$SECONDS p=0 f=0 s=0
  timeout --kill-after=30 "${TEST_TIMEOUT:-2400}" "$repository/artifacts/bin/$name/release/$name" -noColor -noLogo -result-xml "$report" >"$log" 2>&1 || status=$?
  if [ -s "$report" ]; then
    p=$(count passed "$report")
    s=$(count skipped "$report")
    f=$(($(count failed "$report") + $(count errors "$report")))
  fi
  if [ $((p + f)) = 0 ]; then
    say "FAILED $name: no test ran (exit code $status)"
    f=1
  elif [ "$status" != 0 ] && [ "$f" = 0 ]; then
    say "FAILED $name: exit code $status though no test failed"
    f=1
  fi
  # What a test project wants known of a good run as well, such as which containerd it ran on.
  if [ "$f" != 0 ]; then cat "$log" >&2; else sed -n 's/^note: /  /p' "$log" >&2; fi
  passed=$((passed + p)) failed=$((failed + f)) skipped=$((skipped + s))
  say "$name: $p passed, $f failed, $s skipped, $((SECONDS - started)) s"
}

for name; do run "$name"; done
echo "$passed passed, $failed failed, $skipped skipped"
[ "$failed" = 0 ]
