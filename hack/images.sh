#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# images.sh [NAME...]: makes the images, from scratch and without a container daemon. NAME is gardener-extension-runtime-gvisor (the
# controller), gardener-extension-admission-runtime-gvisor (the admission), runtime-gvisor-installation (the node installer with gVisor),
# or a Helm chart as registries keep it: chart (the controller's), admission-runtime-chart or admission-application-chart. Without
# arguments all.
#
# In artifacts/images:
#   NAME-ARCHITECTURE.tar         OCI archive of one image: `ctr -n k8s.io images import`, `skopeo copy oci-archive:...`
#   NAME-ARCHITECTURE.spdx.json   its SBOM (SPDX 2.3)
#   NAME.tar                      OCI archive of the index with the images of all architectures that were made, or of a chart
# and for each archive a line on stdout: PATH REFERENCE@DIGEST. The same commit makes the same digests.
#
#   ARCHITECTURES                 default "amd64 arm64"
#   CONTROLLER_EXECUTABLE, ADMISSION_EXECUTABLE, NODE_INSTALLER_EXECUTABLE   what hack/publish.sh made before, for this machine's
#                                 architecture; else they are published now
#   GVISOR_VERSION, GVISOR_DIRECTORY, GVISOR_CHECKSUMS, GVISOR_URL   see hack/gvisor-release.sh. For tests, hack/node/gvisor-mirror.sh
#                                 makes a directory of Debian's gVisor and prints these variables
#   IMAGES_OUTPUT                 another directory than artifacts/images
#   IMAGE_PREFIX                  default: where the charts and the image vector expect the images. REFERENCE is PREFIX/REPOSITORY:vVERSION,
#                                 where REPOSITORY is runtime-gvisor, admission-runtime-gvisor or runtime-gvisor-installation, and for charts
#                                 charts/runtime-gvisor, charts/admission-runtime-gvisor-runtime or charts/admission-runtime-gvisor-application
#
# Called by make images, .github/workflows/release.yaml and the tests of the images.
# shellcheck source=hack/common.sh
. "$(dirname "${BASH_SOURCE[0]}")/common.sh"
# shellcheck source=hack/images/oci.sh
. "$repository/hack/images/oci.sh"
cd "$repository"
shopt -s inherit_errexit

controller=gardener-extension-runtime-gvisor
admission=gardener-extension-admission-runtime-gvisor
node_installer=runtime-gvisor-installation
declare -A projects=([$controller]=RuntimeGVisor.Controller [$admission]=RuntimeGVisor.Admission [$node_installer]=RuntimeGVisor.NodeInstaller)
declare -A published=(
  [$controller]=${CONTROLLER_EXECUTABLE:-} [$admission]=${ADMISSION_EXECUTABLE:-} [$node_installer]=${NODE_INSTALLER_EXECUTABLE:-})
declare -A titles=(
  [$controller]="Gardener extension for gVisor: controller"
  [$admission]="Gardener extension for gVisor: admission"
  [$node_installer]="Gardener extension for gVisor: node installer")
declare -A charts=([chart]=$controller [admission-runtime-chart]=$admission/runtime [admission-application-chart]=$admission/application)
declare -A repositories=(
  [$controller]=runtime-gvisor
  [$admission]=admission-runtime-gvisor
  [$node_installer]=runtime-gvisor-installation
  [chart]=charts/runtime-gvisor
  [admission-runtime-chart]=charts/admission-runtime-gvisor-runtime
  [admission-application-chart]=charts/admission-runtime-gvisor-application)
names=("$controller" "$admission" "$node_installer" chart admission-runtime-chart admission-application-chart)

[ $# -gt 0 ] || set -- "${names[@]}"
for name; do [ -n "${repositories[$name]:-}" ] || fail "there is no image '$name'; there are: ${names[*]}"; done
read -ra architectures <<<"${ARCHITECTURES:-amd64 arm64}"
for architecture in "${architectures[@]}"; do
  case $architecture in amd64 | arm64) ;; *) fail "ARCHITECTURES may have amd64 and arm64, not '$architecture'" ;; esac
done
case $(uname -m) in x86_64) native=amd64 ;; aarch64) native=arm64 ;; *) fail "no images are made on $(uname -m)" ;; esac

output=$(realpath -m "${IMAGES_OUTPUT:-artifacts/images}")
vector=$(sed -n 's/^ *repository: *//p' src/RuntimeGVisor/Images/images.yaml)
prefix=${IMAGE_PREFIX:-${vector%/*}}
version=$(tr -d '[:space:]' <VERSION)
"$repository/hack/debian-install.sh" jq
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# executable NAME ARCHITECTURE: prints the path of the program, published before or now.
executable() {
  local project=${projects[$1]} program=${published[$1]}
  if [ "$2" = "$native" ]; then
    [ -n "$program" ] || program=$(hack/publish.sh "src/$project/$project.csproj")
  elif [ "$2" = arm64 ]; then
    program=$(hack/native/publish-arm64.sh "src/$project/$project.csproj")
  else
    fail "on $(uname -m) no executables are made for $2"
  fi
  printf '%s\n' "${program#"$project="}"
}

# commit_of EXECUTABLE ARCHITECTURE: the commit that a program says it was built from.
commit_of() {
  local printed
  if [ "$2" != "$native" ]; then
    git rev-parse HEAD
    return
  fi
  printed=$("$1" --version) || fail "$1 --version ended with code $?"
  case $printed in
    *"$version"*) ;;
    *) fail "$1 --version printed '$printed', want the version $version" ;;
  esac
  sed -n 's/.*\([0-9a-f]\{40\}\).*/\1/p' <<<"$printed"
}

# configuration NAME ARCHITECTURE COMMIT PROGRAM_FILE: the image's configuration. What is not in the commit must not be in the image,
# so its time is the commit's.
configuration() {
  local user="" created
  # The node installer has to be root: systemd and containerd take orders from root only.
  [ "$1" = "$node_installer" ] || user=65532:65532
  created=$(TZ=UTC0 git show -s --date=format-local:%Y-%m-%dT%H:%M:%SZ --format=%cd "$3")
  jq -nc --arg architecture "$2" --arg created "$created" --arg user "$user" --arg entrypoint "/$4" --arg title "${titles[$1]}" \
    --arg version "$version" --arg commit "$3" --arg source "https://$(sed -n 's/^ *sourceRepository: *//p' src/RuntimeGVisor/Images/images.yaml)" '
    {architecture: $architecture, os: "linux", created: $created, config: {
      Entrypoint: [$entrypoint],
      WorkingDir: "/",
      Labels: {
        "org.opencontainers.image.title": $title,
        "org.opencontainers.image.version": $version,
        "org.opencontainers.image.revision": $commit,
        "org.opencontainers.image.created": $created,
        "org.opencontainers.image.source": $source,
        "org.opencontainers.image.licenses": "Apache-2.0"}}}
    | if $user == "" then . else .config.User = $user end'
}

# add_licenses PROGRAM DIRECTORY [gvisor]
add_licenses() {
  install -D -m 644 LICENSE "$2/LICENSE"
  [ ! -f "$1.components.json" ] || hack/images/notices.sh "$1" "${@:3}" >"$2/THIRD-PARTY-NOTICES.txt"
  chmod 755 "$2"
  chmod 644 "$2"/*
}

# make_image NAME ARCHITECTURE LAYOUT REFERENCE: adds the image to the layout, writes its archive and SBOM, and leaves its descriptor in
# LAYOUT.ARCHITECTURE.
make_image() {
  local name=$1 architecture=$2 layout=$3 reference=$4 program commit configuration gvisor="" layers=()
  program=$(executable "$name" "$architecture")
  [ -x "$program" ] || fail "there is no executable $program; hack/publish.sh makes it"
  commit=$(commit_of "$program" "$architecture")
  [ -n "$commit" ] || fail "$program does not say which commit it was built from"
  # gVisor has a layer of its own: a node that has it takes only the other when a new version of the installer comes.
  if [ "$name" = "$node_installer" ]; then
    layers+=("$layout.files/$architecture/gvisor")
    gvisor=${layers[0]}/gvisor
    hack/gvisor-release.sh fetch "$architecture" "$gvisor"
  fi
  layers+=("$layout.files/$architecture/program")
  install -D -m 755 "$program" "$layout.files/$architecture/program/$(basename "$program")"
  add_licenses "$program" "$layout.files/$architecture/program/licenses" ${gvisor:+gvisor}
  chmod 755 "${layers[@]}"
  configuration=$(configuration "$name" "$architecture" "$commit" "$(basename "$program")")
  add_image "$layout" "$configuration" "${layers[@]}" >"$layout.$architecture"
  if [ -f "$program.components.json" ]; then
    printf '%s\n' "$configuration" >"$layout.configuration"
    hack/images/sbom.sh "$layout.configuration" "$layout.$architecture" "$reference" "$program" "$gvisor" >"$output/$name-$architecture.spdx.json"
  else
    rm -f "$output/$name-$architecture.spdx.json"
  fi
  write_archive "$layout" "$reference" "$(<"$layout.$architecture")" "$output/$name-$architecture.tar"
}

# report NAME DESCRIPTOR_FILE
report() { printf '%s %s@%s\n' "$output/$1.tar" "$reference" "$(jq -r .digest <"$2")"; }

# make_chart NAME LAYOUT: as "helm push" would; the configuration is Chart.yaml.
make_chart() {
  local layout=$2 chart=charts/${charts[$1]} type=application/vnd.cncf.helm configuration content
  jq -Rncj '[inputs | capture("^(?<key>[A-Za-z]+): *(?<value>.+)$")] | from_entries' "$chart/Chart.yaml" >"$layout/work"
  configuration=$(add_blob "$layout" $type.config.v1+json "$layout/work")
  hack/images/chart.sh "$chart" >"$layout/work"
  content=$(add_blob "$layout" $type.chart.content.v1.tar+gzip "$layout/work")
  jq -ncj --argjson config "$configuration" --argjson layer "$content" --arg type $oci_types.manifest.v1+json \
    '{schemaVersion: 2, mediaType: $type, config: $config, layers: [$layer]}' >"$layout/work"
  add_blob "$layout" $oci_types.manifest.v1+json "$layout/work" >"$layout.chart"
  write_archive "$layout" "$reference" "$(<"$layout.chart")" "$output/$1.tar"
}

mkdir -p "$output"
for name; do
  layout=$work/$name descriptors=() reference=$prefix/${repositories[$name]}:v$version
  new_layout "$layout"
  if [ -n "${charts[$name]:-}" ]; then
    step "$name" make_chart "$name" "$layout"
    report "$name" "$layout.chart"
    continue
  fi
  for architecture in "${architectures[@]}"; do
    step "image $name for $architecture" make_image "$name" "$architecture" "$layout" "$reference"
    [ -f "$output/$name-$architecture.spdx.json" ] ||
      say "no SBOM and no third parties' licences of $name for $architecture: its executable was given without the .components.json that hack/publish.sh writes beside it"
    report "$name-$architecture" "$layout.$architecture"
    descriptors+=("$(<"$layout.$architecture")")
  done
  add_index "$layout" '{}' "${descriptors[@]}" >"$layout.index"
  write_archive "$layout" "$reference" "$(<"$layout.index")" "$output/$name.tar"
  report "$name" "$layout.index"
done
