#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# publish.sh [PROJECT...]: builds the programs as native executables for this machine, starts each once, and prints
# NAME=PATH lines. Beside each lies PATH.components.json, which says what it was made of. Without arguments: every project
# of the kind "Program".
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

version=$(tr -d '[:space:]' <VERSION)
for project; do
  name=$(basename "$project" .csproj)
  step "publish $name as a native executable" \
    dotnet publish "$project" -c Release -r "$runtime" -p:RestoreLockedMode=true --nologo
  program=$repository/artifacts/publish/$name/release_$runtime/$(dotnet msbuild "$project" -getProperty:AssemblyName)
  [ -x "$program" ] || fail "publishing $name left no executable $program"
  printed=$("$program" --version) || fail "$program --version ended with code $?"
  case $printed in
    *"$version"*) say "$(basename "$program") --version: $printed, $(($(stat -c %s "$program") / 1024)) KiB" ;;
    *) fail "$program --version printed '$printed', want the version $version" ;;
  esac
  "$repository/hack/native/components.sh" "$project" "$runtime" >"$program.components.json"
  printf '%s=%s\n' "$name" "$program"
done
