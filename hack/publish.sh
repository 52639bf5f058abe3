#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# publish.sh [PROJECT...]: builds the programs as native executables for this machine, starts each once, and prints
# NAME=PATH lines. Beside each lies PATH.components.json, which says what it was made of. Without arguments: every project
# of the kind "Program". Where nothing is changed since the commit, what was published for it before is taken from the cache.
# Called by hack/verify.sh, hack/images.sh, hack/e2e.sh and hack/bench.sh.
# shellcheck source=hack/common.sh
. "$(dirname "${BASH_SOURCE[0]}")/common.sh"
cd "$repository"

case $(uname -m) in
  x86_64) runtime=linux-x64 ;;
  aarch64) runtime=linux-arm64 ;;
  *) fail "no native executables for $(uname -m)" ;;
esac

if [ $# = 0 ]; then
  mapfile -t projects < <(grep -l '<ProjectType>Program</ProjectType>' src/*/*.csproj)
  set -- "${projects[@]}"
fi

# The linker and the static libraries of the C runtime, of compression and of TLS.
"$repository/hack/debian-install.sh" gcc libc6-dev zlib1g-dev libssl-dev cmake make

compile_without_directories

# key: what a program depends on besides the commit: the SDK, and Debian's compiler and libraries that are linked in. Nothing if files are changed.
key() {
  local changes
  changes=$(git status --porcelain 2>/dev/null) && [ -z "$changes" ] || return 0
  {
    git rev-parse HEAD
    dotnet --version
    printf '%s\n' "$runtime" "${CI:-}"
    dpkg-query -W gcc libc6-dev zlib1g-dev libssl-dev
  } | sha256sum | cut -c 1-32
}

publish() {
  local project=$1 program=$2
  dotnet publish "$project" -c Release -r "$runtime" -p:RestoreLockedMode=true --nologo
  [ -x "$program" ] || fail "publishing $project left no executable $program"
  "$repository/hack/native/components.sh" "$project" "$runtime" >"$program.components.json"
}

# store PROGRAM ENTRY: two runs may do it at once; the last five commits stay.
store() {
  local program=$1 entry=$2
  mkdir -p "$entry"
  cp "$program.components.json" "$entry/.$$.components.json"
  cp "$program" "$entry/.$$"
  mv "$entry/.$$.components.json" "$entry/$(basename "$program").components.json"
  mv "$entry/.$$" "$entry/$(basename "$program")"
  find "$(dirname "$entry")" -mindepth 1 -maxdepth 1 -type d -printf '%T@ %p\n' | sort -rn | tail -n +6 | cut -d ' ' -f 2- | xargs -r -d '\n' rm -rf
}

key=$(key)
version=$(tr -d '[:space:]' <VERSION)
for project; do
  name=$(basename "$project" .csproj)
  program=$repository/artifacts/publish/$name/release_$runtime/$(sed -n 's/.*<AssemblyName>\(.*\)<\/AssemblyName>.*/\1/p' "$project")
  entry=$cache/programs/$key
  if [ -n "$key" ] && [ -x "$entry/$(basename "$program")" ]; then
    mkdir -p "$(dirname "$program")"
    cp --remove-destination "$entry/$(basename "$program")" "$entry/$(basename "$program").components.json" "$(dirname "$program")/"
    say "$name: published before for this commit"
  else
    step "publish $name as a native executable" publish "$project" "$program"
    [ -z "$key" ] || store "$program" "$entry"
  fi
  printed=$("$program" --version) || fail "$program --version ended with code $?"
  case $printed in
    *"$version"*) say "$(basename "$program") --version: $printed, $(($(stat -c %s "$program") / 1024)) KiB" ;;
    *) fail "$program --version printed '$printed', want the version $version" ;;
  esac
  printf '%s=%s\n' "$name" "$program"
done
