#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# publish-images.sh REGISTRY: pushes what "make images" made to REGISTRY/runtime-gvisor, REGISTRY/admission-runtime-gvisor,
# REGISTRY/runtime-gvisor-installation and REGISTRY/charts/… under the tag vVERSION, signs each digest, attests each image's SBOM, and
# prints what is published as lines REFERENCE@DIGEST. Called by people and by .github/workflows/release.yaml.
#
#   COSIGN_PRIVATE_KEY   the key to sign with, as "cosign generate-key-pair" writes it; COSIGN_PASSWORD opens it
#   SIGN=keyless         sign with the identity of the workflow that runs, through Sigstore
#   IMAGES_OUTPUT        where the archives are; default artifacts/images
# Without either of the first two nothing is signed, which is said.
# shellcheck source=hack/common.sh
. "$(dirname "${BASH_SOURCE[0]}")/common.sh"

[ $# = 1 ] || fail "usage: publish-images.sh REGISTRY"
registry=${1%/} archives=${IMAGES_OUTPUT:-$repository/artifacts/images}
tag=v$(tr -d '[:space:]' <"$repository/VERSION")
key=()
if [ -n "${COSIGN_PRIVATE_KEY:-}" ]; then
  key=(--key env://COSIGN_PRIVATE_KEY)
elif [ "${SIGN:-}" != keyless ]; then
  say "nothing is signed: neither COSIGN_PRIVATE_KEY nor SIGN=keyless is set"
fi
"$repository/hack/debian-install.sh" skopeo jq

# digest ARCHIVE [ARCHITECTURE]: of what the archive offers, or of the image for the architecture in its index.
digest() {
  local content
  content=$(tar -xOf "$1" index.json | jq -r '.manifests[0].digest')
  [ -z "${2:-}" ] || content=$(tar -xOf "$1" "blobs/${content/://}" |
    jq -r --arg architecture "$2" '.manifests[] | select(.platform.architecture == $architecture) | .digest')
  printf '%s\n' "$content"
}

signing() { [ -n "${COSIGN_PRIVATE_KEY:-}" ] || [ "${SIGN:-}" = keyless ]; }

# publish ARCHIVE_NAME REPOSITORY
publish() {
  local archive=$archives/$1.tar image=$registry/$2 sbom architecture
  [ -f "$archive" ] || fail "there is no $archive; 'make images' makes it"
  skopeo copy --quiet --all --preserve-digests "oci-archive:$archive" "docker://$image:$tag" >&2
  if signing; then
    cosign sign --yes --recursive "${key[@]}" "$image@$(digest "$archive")" >&2
    for sbom in "$archives/$1"-*.spdx.json; do
      [ -f "$sbom" ] || continue
      architecture=${sbom##*-}
      cosign attest --yes "${key[@]}" --type spdxjson --predicate "$sbom" "$image@$(digest "$archive" "${architecture%.spdx.json}")" >&2
    done
  fi
  printf '%s:%s@%s\n' "$image" "$tag" "$(digest "$archive")"
}

publish gardener-extension-runtime-gvisor runtime-gvisor
publish gardener-extension-admission-runtime-gvisor admission-runtime-gvisor
publish runtime-gvisor-installation runtime-gvisor-installation
publish chart charts/runtime-gvisor
publish admission-runtime-chart charts/admission-runtime-gvisor-runtime
publish admission-application-chart charts/admission-runtime-gvisor-application
