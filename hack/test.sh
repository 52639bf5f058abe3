#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# test.sh [NAME...]: builds and runs the test projects (all, or those named), each as its own process, and ends with one
# line that sums them up. Whatever a test needs and does not find is a failure, as is a project in which no test ran.
# What failed is run once more by itself, and the log says so: some tests wait for real programs, and a machine can be too busy for them.
# Of the story end to end that is all of it, because its steps build on each other.
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

# again NAME REPORT: runs the failed tests of a report, if they are few, once more, nothing beside them; succeeds if all of them pass now.
again() {
  local name=$1 filters=() method
  while read -r method; do filters+=(-method "$method"); done < <(
    grep -o "<test [^>]*>" "$2" | grep ' result="Fail" ' | sed -n 's/.* type="\([^"]*\)" method="\([^"]*\)".*/\1.\2/p' | sort -u
  )
  if [ "$name" = EndToEnd.Tests ]; then
    filters=()
    say "$name: the whole story once more"
  else
    [ ${#filters[@]} -gt 0 ] && [ ${#filters[@]} -le 10 ] || return 1
    say "$name: once more by themselves: ${filters[*]}"
  fi
  timeout --kill-after=30 "${TEST_TIMEOUT:-2400}" "$repository/artifacts/bin/$name/release/$name" -noColor -noLogo "${filters[@]}" \
    -result-xml "$2.again" >"$2.again.log" 2>&1 || { cat "$2.again.log" >&2; return 1; }
  [ "$(count passed "$2.again")" -gt 0 ] && [ "$(count failed "$2.again")" = 0 ]
}

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
  if [ -s "$report" ] && [ "$f" != 0 ] && [ "$(count errors "$report")" = 0 ]; then
    cat "$log" >&2
    if again "$name" "$report"; then
      say "note: $name: $f failed at first and passed by themselves"
      p=$((p + f)) f=0
      : >"$log"
    fi
  fi
  # What a test project wants known of a good run as well, such as which containerd it ran on.
  if [ "$f" != 0 ]; then cat "$log" >&2; else sed -n 's/^note: /  /p' "$log" >&2; fi
  passed=$((passed + p)) failed=$((failed + f)) skipped=$((skipped + s))
  say "$name: $p passed, $f failed, $s skipped, $((SECONDS - started)) s"
}

for name; do run "$name"; done
echo "$passed passed, $failed failed, $skipped skipped"
[ "$failed" = 0 ]
