#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# reproduce.sh: builds the commit again in a new directory, with packages that it restores anew, and compares the native executables byte
# for byte with those of this directory. Fails if one differs, or if files are changed since the commit.
# Called by make reproduce.
# shellcheck source=hack/common.sh
. "$(dirname "${BASH_SOURCE[0]}")/common.sh"
cd "$repository"

[ -z "$(git status --porcelain)" ] || fail "files are changed since the commit; commit them first, or look at them with 'git status'"
directory=$(mktemp -d)
trap 'rm -rf "$directory"' EXIT

mapfile -t programs < <(hack/publish.sh)
git clone -q "$repository" "$directory/elsewhere"
# Neither the programs of the cache nor the packages of this user: a path of theirs would not show.
mapfile -t others < <(XDG_CACHE_HOME=$directory/cache NUGET_PACKAGES=$directory/packages "$directory/elsewhere/hack/publish.sh")
if [ "${#programs[@]}" = 0 ] || [ "${#programs[@]}" != "${#others[@]}" ]; then
  fail "published ${#programs[@]} programs here and ${#others[@]} elsewhere"
fi

differences=0
for index in "${!programs[@]}"; do
  name=${programs[index]%%=*}
  if cmp "${programs[index]#*=}" "${others[index]#*=}" >&2; then
    printf '%s: the same bytes, sha256 %s\n' "$name" "$(sha256sum <"${programs[index]#*=}" | cut -d ' ' -f 1)"
  else
    differences=$((differences + 1))
  fi
done
[ "$differences" = 0 ] || fail "$differences of ${#programs[@]} programs differ"
