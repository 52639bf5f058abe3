#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# make-image.sh NAME DIRECTORY OUTPUT.tar [ENTRYPOINT_JSON]: an OCI image of one layer with the files of DIRECTORY, for
# `ctr images import`. The same files make the same bytes.
# shellcheck source=hack/common.sh
. "$(dirname "${BASH_SOURCE[0]}")/../common.sh"

[ $# = 3 ] || [ $# = 4 ] || fail "usage: make-image.sh NAME DIRECTORY OUTPUT.tar [ENTRYPOINT_JSON]"
name=$1 files=$2 output=$3 entrypoint=${4:-null}
layout=$(mktemp -d)
trap 'rm -rf "$layout"' EXIT
mkdir -p "$layout/blobs/sha256"

# add FILE: moves it among the blobs and prints its descriptor's digest and size.
add() {
  local digest
  digest=$(sha256sum "$1" | cut -d ' ' -f 1)
  printf '"digest":"sha256:%s","size":%s' "$digest" "$(stat -c %s "$1")"
  mv "$1" "$layout/blobs/sha256/$digest"
}

types=application/vnd.oci.image
tar --sort=name --mtime=@0 --owner=0 --group=0 --numeric-owner -C "$files" -cf "$layout/layer" .
diff_id=sha256:$(sha256sum "$layout/layer" | cut -d ' ' -f 1)
layer=$(add "$layout/layer")
printf '{"architecture":"amd64","os":"linux","config":{"Env":["PATH=/bin"],"Entrypoint":%s},"rootfs":{"type":"layers","diff_ids":["%s"]}}' \
  "$entrypoint" "$diff_id" >"$layout/config"
config=$(add "$layout/config")
printf '{"schemaVersion":2,"mediaType":"%s.manifest.v1+json","config":{"mediaType":"%s.config.v1+json",%s},"layers":[{"mediaType":"%s.layer.v1.tar",%s}]}' \
  $types $types "$config" $types "$layer" >"$layout/manifest"
manifest=$(add "$layout/manifest")
printf '{"imageLayoutVersion":"1.0.0"}' >"$layout/oci-layout"
printf '{"schemaVersion":2,"manifests":[{"mediaType":"%s.manifest.v1+json",%s,"platform":{"architecture":"amd64","os":"linux"},"annotations":{"io.containerd.image.name":"%s","org.opencontainers.image.ref.name":"%s"}}]}' \
  $types "$manifest" "$name" "${name##*:}" >"$layout/index.json"
tar --sort=name --mtime=@0 --owner=0 --group=0 --numeric-owner -C "$layout" -cf "$output" oci-layout index.json blobs
