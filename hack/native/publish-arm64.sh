#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# publish-arm64.sh [PROJECT...]: builds programs as native executables for linux-arm64 on an x86-64 Debian machine and prints
# NAME=PATH lines, with PATH.components.json beside each. Without arguments: every project of the kind "Program".
# Called by hack/images.sh.
# shellcheck source=hack/common.sh
. "$(dirname "${BASH_SOURCE[0]}")/../common.sh"
cd "$repository"

if [ $# = 0 ]; then
  mapfile -t projects < <(grep -l '<ProjectType>Program</ProjectType>' src/*/*.csproj)
  set -- "${projects[@]}"
fi
openssl=$cache/openssl-arm64

# OpenSSL for arm64, unpacked and not installed: the machine stays of one architecture.
provide_openssl() {
  [ ! -d "$openssl" ] || return 0
  local work options
  work=$(mktemp -d)
  mkdir "$work/lists" "$work/debs"
  options=(-qq -o APT::Architectures::=amd64 -o APT::Architectures::=arm64 -o "Dir::State::lists=$work/lists" -o APT::Sandbox::User=root)
  apt-get "${options[@]}" update
  (cd "$work/debs" && apt-get "${options[@]}" download libssl-dev:arm64)
  rm -rf "$openssl.partial"
  dpkg -x "$work"/debs/*.deb "$openssl.partial"
  # shellcheck disable=SC2016 # dpkg's own variables
  dpkg-deb -W --showformat '${Package} ${Version} ${source:Package} ${Architecture}\n' "$work"/debs/*.deb >"$openssl.partial/package"
  mv "$openssl.partial" "$openssl"
  rm -rf "$work"
}

"$repository/hack/debian-install.sh" gcc-aarch64-linux-gnu libc6-dev-arm64-cross cmake make
step "OpenSSL for arm64" with_lock openssl-arm64 provide_openssl
export AARCH64_OPENSSL=$openssl

compile_without_directories

for project; do
  name=$(basename "$project" .csproj)
  step "publish $name for linux-arm64" dotnet publish "$project" -c Release -r linux-arm64 -p:RestoreLockedMode=true --nologo \
    -p:CppCompilerAndLinker="$repository/hack/native/aarch64-gcc.sh" -p:ObjCopyName=aarch64-linux-gnu-objcopy
  program=$repository/artifacts/publish/$name/release_linux-arm64/$(dotnet msbuild "$project" -getProperty:AssemblyName)
  case $(od -An -tu2 -j18 -N2 "$program") in *183) ;; *) fail "$program is no executable for arm64" ;; esac
  say "$(basename "$program"): $(($(stat -c %s "$program") / 1024)) KiB"
  "$repository/hack/native/components.sh" "$project" linux-arm64 >"$program.components.json"
  printf '%s=%s\n' "$name" "$program"
done
