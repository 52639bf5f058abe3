#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
# Compiler and linker for linux-arm64 on another machine: Debian's cross gcc, which takes no --target as the SDK's clang would, and finds
# OpenSSL for arm64 below AARCH64_OPENSSL.
# Called by the native compiler, by hack/native/publish-arm64.sh.
root=${AARCH64_OPENSSL:?}/usr
for argument; do
  shift
  case $argument in --target=*) ;; *) set -- "$@" "$argument" ;; esac
done
exec aarch64-linux-gnu-gcc -I"$root/include" -I"$root/include/aarch64-linux-gnu" "$@" -L"$root/lib/aarch64-linux-gnu"
