#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# sbom.sh CONFIG.json DESCRIPTOR.json REFERENCE PROGRAM GVISOR_DIRECTORY: prints the SBOM of an image as SPDX 2.3, the same for the same
# image. PROGRAM.components.json, which publishing left, says what the program was made of; GVISOR_DIRECTORY is empty for an image without.
# Called by hack/images.sh.
# shellcheck source=hack/common.sh
. "$(dirname "${BASH_SOURCE[0]}")/../common.sh"
shopt -s inherit_errexit

[ $# = 5 ] || fail "usage: sbom.sh CONFIG.json DESCRIPTOR.json REFERENCE PROGRAM GVISOR_DIRECTORY"
config=$1 descriptor=$2 reference=$3 program=$4 gvisor=$5
[ -f "$program.components.json" ] || fail "there is no $program.components.json; hack/publish.sh makes it together with the program"

# The files of gVisor as [{name, sha512}].
gvisor_files='[]' gvisor_version=""
if [ -n "$gvisor" ]; then
  gvisor_version=$(<"$gvisor/VERSION")
  gvisor_files=$(jq -Rn '[inputs | {sha512: .[:128], name: .[130:]}]' "$gvisor/SHA512SUMS")
fi

jq -n --slurpfile configs "$config" --slurpfile descriptors "$descriptor" --slurpfile components "$program.components.json" \
  --arg reference "$reference" --arg program "$(basename "$program")" --arg sha256 "$(sha256sum <"$program" | cut -d ' ' -f 1)" \
  --arg gvisor "$gvisor_version" --argjson files "$gvisor_files" '
  $configs[0] as $config | $descriptors[0] as $descriptor | $config.config.Labels as $labels
  | ($reference | sub(":[^:/]*$"; "")) as $repository | ($repository | sub(".*/"; "")) as $name
  | $labels["org.opencontainers.image.version"] as $version
  | $labels["org.opencontainers.image.source"] as $source

  # Identifiers may have letters, digits, dots and hyphens.
  | def identifier: "SPDXRef-" + gsub("[^A-Za-z0-9.-]+"; "-");
    def package($id; $name; $version; $license): {
      SPDXID: ($id | identifier), name: $name, versionInfo: $version, downloadLocation: "NOASSERTION", filesAnalyzed: false,
      licenseConcluded: "NOASSERTION", licenseDeclared: $license, copyrightText: "NOASSERTION"};
    def sum($algorithm; $value): {checksums: [{algorithm: $algorithm, checksumValue: $value}]};
    def purl($locator): {externalRefs: [{referenceCategory: "PACKAGE-MANAGER", referenceType: "purl", referenceLocator: $locator}]};
    def related($from; $kind; $to): {spdxElementId: ($from | identifier), relationshipType: $kind, relatedSpdxElement: ($to | identifier)};

  ($descriptor.digest | sub("sha256:"; "")) as $digest
  | {
    spdxVersion: "SPDX-2.3",
    dataLicense: "CC0-1.0",
    SPDXID: "SPDXRef-DOCUMENT",
    name: "\($name)-\($version)-\($config.architecture)",
    documentNamespace: "\($source)/sbom/\($name)/\($config.architecture)/\($digest)",
    creationInfo: {created: $config.created, creators: ["Tool: hack/images/sbom.sh-\($version)"]},
    packages: ([
        package("image"; $name; $version; "NOASSERTION") + sum("SHA256"; $digest) + {primaryPackagePurpose: "CONTAINER"}
          + purl("pkg:oci/\($name)@sha256%3A\($digest)?arch=\($config.architecture)&repository_url=\($repository)&tag=v\($version)"),
        package("program"; $program; $version; "Apache-2.0") + sum("SHA256"; $sha256) + {primaryPackagePurpose: "APPLICATION"}
          + {sourceInfo: "built from commit \($labels["org.opencontainers.image.revision"])"}
      ] + ($components[0] | map(package("component-" + .purl; .name; .version; .license) + {primaryPackagePurpose: "LIBRARY"}
          + purl(.purl) + (if .sha512 then sum("SHA512"; .sha512) else {} end)))
      + if $gvisor == "" then [] else
        [package("gvisor"; "gvisor"; $gvisor; "Apache-2.0") + {primaryPackagePurpose: "APPLICATION"}
          + purl("pkg:github/google/gvisor@release-\($gvisor)")]
        + ($files | map(package("gvisor-" + .name; .name; $gvisor; "Apache-2.0") + sum("SHA512"; .sha512) + {primaryPackagePurpose: "FILE"}))
        end),
    relationships: ([related("DOCUMENT"; "DESCRIBES"; "image"), related("image"; "CONTAINS"; "program")]
      + ($components[0] | map(related("program"; "STATIC_LINK"; "component-" + .purl)))
      + if $gvisor == "" then [] else
        [related("image"; "CONTAINS"; "gvisor")] + ($files | map(related("gvisor"; "CONTAINS"; "gvisor-" + .name)))
        end)
  }'
