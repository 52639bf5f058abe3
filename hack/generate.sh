#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# generate.sh [check]: writes the files that are made of others, in this order; with "check" it only says which are not current.
# Called by make generate, hack/verify.sh and hack/release.sh.
# shellcheck source=hack/common.sh
. "$(dirname "${BASH_SOURCE[0]}")/common.sh"
cd "$repository"

# FILE COMMAND...: the command prints the file.
generators() {
  cat <<'LIST'
charts/gardener-extension-runtime-gvisor/Chart.yaml hack/release.sh print-chart-version gardener-extension-runtime-gvisor
example/extension.yaml hack/registration.sh extension
example/extension/base/extension.yaml hack/registration.sh extension
example/extension/admission/extension.yaml hack/registration.sh admission
.ocm/component-constructor.yaml hack/registration.sh component
example/controller-registration.yaml hack/registration.sh controller-registration
docs/operations/configure.md hack/configuration-page.sh
charts/gardener-extension-admission-runtime-gvisor/runtime/Chart.yaml hack/release.sh print-chart-version gardener-extension-admission-runtime-gvisor/runtime
charts/gardener-extension-admission-runtime-gvisor/application/Chart.yaml hack/release.sh print-chart-version gardener-extension-admission-runtime-gvisor/application
LIST
}

[ $# = 0 ] || [ "$*" = check ] || fail "usage: generate.sh [check]"
new=$(mktemp)
trap 'rm -f "$new"' EXIT
outdated=()
while read -r file command; do
  # shellcheck disable=SC2086 # a command with arguments
  $command </dev/null >"$new" || fail "$command failed: $file was not made"
  if cmp -s "$new" "$file" 2>/dev/null; then continue; fi
  outdated+=("$file")
  if [ "${1:-}" = check ]; then diff -u "$file" "$new" | cut -c 1-200 >&2 || true; else mkdir -p "${file%/*}"; cp "$new" "$file"; say "wrote $file"; fi
done < <(generators)
[ "${1:-}" != check ] || [ ${#outdated[@]} = 0 ] || fail "not current, 'make generate' writes them: ${outdated[*]}"
