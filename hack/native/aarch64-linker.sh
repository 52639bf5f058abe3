#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# The linker for linux-arm64 on another machine: Debian's cross gcc, which takes no --target as the SDK's clang would, and finds
# OpenSSL's libraries for arm64 where AARCH64_LIBRARIES says.
for argument; do
  shift
  case $argument in --target=*) ;; *) set -- "$@" "$argument" ;; esac
done
exec aarch64-linux-gnu-gcc "$@" -L"${AARCH64_LIBRARIES:?}"
