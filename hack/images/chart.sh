#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# chart.sh DIRECTORY: prints a Helm chart as a gzipped archive, as "helm package" would make it; the same files make the same bytes.
# Called by hack/images.sh and hack/registration.sh.
# shellcheck source=hack/common.sh
. "$(dirname "${BASH_SOURCE[0]}")/../common.sh"
# shellcheck source=hack/images/oci.sh
. "$repository/hack/images/oci.sh"

[ $# = 1 ] || fail "usage: chart.sh DIRECTORY"
[ -f "$1/Chart.yaml" ] || fail "there is no chart in $1"
name=$(sed -n 's/^name: *//p' "$1/Chart.yaml")
deterministic_tar "$(dirname "$1")" --mode=u=rwX,go=rX --transform "s|^$(basename "$1")|$name|" "$(basename "$1")" | gzip -n
