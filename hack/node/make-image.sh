#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# make-image.sh NAME DIRECTORY OUTPUT.tar [ENTRYPOINT_JSON]: an OCI image of one layer with the files of DIRECTORY, for
# `ctr images import` on a test node. The same files make the same bytes.
# Called by hack/node/provide.sh and test/NodeTestBed.
# shellcheck source=hack/common.sh
. "$(dirname "${BASH_SOURCE[0]}")/../common.sh"
# shellcheck source=hack/images/oci.sh
. "$repository/hack/images/oci.sh"

[ $# = 3 ] || [ $# = 4 ] || fail "usage: make-image.sh NAME DIRECTORY OUTPUT.tar [ENTRYPOINT_JSON]"
name=$1 files=$2 output=$3 entrypoint=${4:-null}
"$repository/hack/debian-install.sh" jq
layout=$(mktemp -d)
trap 'rm -rf "$layout"' EXIT
new_layout "$layout"
config=$(jq -nc --argjson entrypoint "$entrypoint" \
  '{architecture: "amd64", os: "linux", config: {Env: ["PATH=/bin"], Entrypoint: $entrypoint}}')
write_archive "$layout" "$name" "$(add_image "$layout" "$config" "$files")" "$output"
