#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# test.sh [GROUP|NAME...]: builds and runs test projects, each as its own process, and ends with one line that sums them up.
# GROUP is "unit" (the default: needs neither root nor Debian nor a network), "rig" (control planes, nodes, images) or "all"; NAME is a
# project of test/. Whatever a test needs and does not find is a failure, as is a project in which no test ran.
# Called by make test, hack/verify.sh and .github/workflows/verify.yaml.
#
#   BUILT=1        the projects are built already
#   LANES          how many projects run at once; default 1, and 2 from four processors on. A report comes when a project has ended
#   TEST_TIMEOUT   seconds after which a project that hangs is ended; default 2400
# shellcheck source=hack/common.sh
. "$(dirname "${BASH_SOURCE[0]}")/common.sh"
cd "$repository"

# of_type TYPE: the names of the projects of this type.
of_type() { grep -l "<ProjectType>$1</ProjectType>" test/*/*.csproj | xargs -n 1 basename -s .csproj; }

[ $# -gt 0 ] || set -- unit
names=()
for name; do
  case $name in
    unit) mapfile -t -O ${#names[@]} names < <(of_type Test) ;;
    rig) mapfile -t -O ${#names[@]} names < <(of_type RigTest) ;;
    all) mapfile -t -O ${#names[@]} names < <(of_type Test; of_type RigTest) ;;
    *)
      [ -f "test/$name/$name.csproj" ] || fail "there is no test project '$name'; there are: unit, rig, all, $(of_type '.*Test' | tr '\n' ' ')"
      names+=("$name")
      ;;
  esac
done

build() {
  local name
  # One call for what everybody runs; single projects are built alone, which is quicker than to look at the whole solution.
  if [ ${#names[@]} -gt 2 ]; then
    dotnet build -c Release --nologo -v quiet
  else
    for name in "${names[@]}"; do dotnet build "test/$name" -c Release --nologo -v quiet; done
  fi
}
[ "${BUILT:-0}" = 1 ] || step "build" build

results=$repository/artifacts/test-results
mkdir -p "$results"
for name in "${names[@]}"; do rm -f "$results/$name".*; done
lanes=${LANES:-$(($(nproc) >= 4 ? 2 : 1))}
passed=0 failed=0 skipped=0

# count ATTRIBUTE REPORT: the number in the report's <assembly> element.
count() { sed -n "s/.*<assembly [^>]*\b$1=\"\([0-9]*\)\".*/\1/p" "$2" | head -n 1; }

# run NAME: runs a project and leaves its log, its report and the line "EXIT_CODE SECONDS".
run() {
  local name=$1 status=0 started=$SECONDS
  timeout --kill-after=30 "${TEST_TIMEOUT:-2400}" "$repository/artifacts/bin/$name/release/$name" -noColor -noLogo \
    -result-xml "$results/$name.xml" >"$results/$name.log" 2>&1 || status=$?
  echo "$status $((SECONDS - started))" >"$results/$name.exit"
}

# report NAME: adds up. A program that crashes may leave no report: it counts as one failure.
report() {
  local name=$1 report=$results/$1.xml log=$results/$1.log status=255 seconds=0 p=0 f=0 s=0
  read -r status seconds <"$results/$name.exit" || true
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
  say "$name: $p passed, $f failed, $s skipped, $seconds s"
}

# Bash says which job has ended only with its process id.
declare -A running=()
reap() {
  local pid
  wait -n -p pid "${!running[@]}" || true
  report "${running[$pid]}"
  unset "running[$pid]"
}

for name in "${names[@]}"; do
  [ ${#running[@]} -lt "$lanes" ] || reap
  run "$name" &
  running[$!]=$name
done
while [ ${#running[@]} -gt 0 ]; do reap; done
echo "$passed passed, $failed failed, $skipped skipped"
[ "$failed" = 0 ]
