# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
# Sourced by the scripts that make images, after hack/common.sh: writes OCI images without a container daemon. The same files make the
# same bytes, and so the same digest.
#
# A layout is a directory in which blobs are collected. What the functions print are OCI descriptors: JSON with media type, digest, size.

oci_types=application/vnd.oci.image

# new_layout DIRECTORY
new_layout() {
  mkdir -p "$1/blobs/sha256"
  printf '{"imageLayoutVersion":"1.0.0"}' >"$1/oci-layout"
}

# deterministic_tar DIRECTORY [OPTION] NAME...: an archive of these names on stdout; of the files only names, modes and contents count.
deterministic_tar() {
  local directory=$1
  shift
  tar --format=gnu --sort=name --mtime=@0 --owner=0 --group=0 --numeric-owner -C "$directory" -cf - "$@"
}

# add_blob LAYOUT MEDIA_TYPE FILE: moves the file into the layout.
add_blob() {
  local digest size
  digest=$(sha256sum <"$3" | cut -d ' ' -f 1)
  size=$(stat -c %s "$3")
  mv "$3" "$1/blobs/sha256/$digest"
  jq -nc --arg type "$2" --arg digest "sha256:$digest" --argjson size "$size" '{mediaType: $type, digest: $digest, size: $size}'
}

# add_image LAYOUT CONFIG DIRECTORY...: an image with one layer for each directory. CONFIG is the image's configuration as JSON without
# "rootfs"; its labels become annotations of the manifest too.
add_image() {
  local layout=$1 config=$2 directory layers='[]' differences='[]' work=$1/work
  shift 2
  for directory; do
    deterministic_tar "$directory" . >"$work"
    differences=$(jq -c --arg digest "sha256:$(sha256sum <"$work" | cut -d ' ' -f 1)" '. + [$digest]' <<<"$differences")
    gzip -n <"$work" >"$work.gz"
    layers=$(jq -c --argjson layer "$(add_blob "$layout" $oci_types.layer.v1.tar+gzip "$work.gz")" '. + [$layer]' <<<"$layers")
  done
  jq -cj --argjson differences "$differences" '. + {rootfs: {type: "layers", diff_ids: $differences}}' <<<"$config" >"$work"
  jq -ncj --argjson config "$config" --argjson configuration "$(add_blob "$layout" $oci_types.config.v1+json "$work")" \
    --argjson layers "$layers" --arg type $oci_types.manifest.v1+json '
      {schemaVersion: 2, mediaType: $type, config: $configuration, layers: $layers}
      + ($config.config.Labels | if . then {annotations: .} else {} end)' >"$work.manifest"
  rm -f "$work"
  add_blob "$layout" $oci_types.manifest.v1+json "$work.manifest" |
    jq -c --argjson config "$config" '. + {platform: {architecture: $config.architecture, os: $config.os}}'
}

# add_index LAYOUT ANNOTATIONS DESCRIPTOR...: one name for the images of several architectures.
add_index() {
  local layout=$1 annotations=$2
  shift 2
  printf '%s\n' "$@" | jq -scj --argjson annotations "$annotations" --arg type $oci_types.index.v1+json \
    '{schemaVersion: 2, mediaType: $type, manifests: ., annotations: $annotations}' >"$layout/work"
  add_blob "$layout" $oci_types.index.v1+json "$layout/work"
}

# write_archive LAYOUT REFERENCE DESCRIPTOR OUTPUT.tar: the image or index with all that it refers to, under the name by which containerd
# imports it and skopeo finds it.
write_archive() {
  local layout=$1 reference=$2 descriptor=$3 output=$4 blobs
  jq -cj --arg reference "$reference" '{schemaVersion: 2, manifests: [. + {annotations: {
    "io.containerd.image.name": $reference, "org.opencontainers.image.ref.name": ($reference | sub(".*:"; ""))}}]}' \
    <<<"$descriptor" >"$layout/index.json"
  mapfile -t blobs < <(blobs_of "$layout" "$(jq -r .digest <<<"$descriptor")" | sort -u)
  deterministic_tar "$layout" --mode=u=rwX,go=rX oci-layout index.json "${blobs[@]}" >"$output.partial"
  mv "$output.partial" "$output"
}

# blobs_of LAYOUT DIGEST: paths of a manifest or index and of everything below it.
blobs_of() {
  local path=blobs/sha256/${2#sha256:} digest
  printf '%s\n' "$path"
  for digest in $(jq -r '.manifests[]?.digest' "$1/$path"); do blobs_of "$1" "$digest"; done
  jq -r '(.config, .layers[]?) | select(.) | .digest | sub("sha256:"; "blobs/sha256/")' "$1/$path"
}
