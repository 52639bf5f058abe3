#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# helm-template.sh CHART RELEASE NAMESPACE [-f VALUES_FILE]... [-s TEMPLATE]...: prints the manifests of a chart, or of the named
# templates only. With a helm on the PATH it is "helm template"; without one, the program of hack/helm-template, which is built once
# from Debian packages and then taken from the cache.
# Called by hack/verify.sh, test/Chart.Tests and test/EndToEnd.Tests.
# shellcheck source=hack/common.sh
. "$(dirname "${BASH_SOURCE[0]}")/common.sh"

[ $# -ge 3 ] || fail "usage: helm-template.sh CHART RELEASE NAMESPACE [-f VALUES_FILE]... [-s TEMPLATE]..."
chart=$1 release=$2 namespace=$3
shift 3

source=$repository/hack/helm-template
libraries=(
  golang-github-masterminds-{sprig,goutils,semver}-dev golang-github-mitchellh-{copystructure,reflectwalk}-dev
  golang-github-xeipuuv-{gojsonpointer,gojsonreference,gojsonschema}-dev golang-gopkg-yaml.{v2,v3}-dev golang-k8s-sigs-yaml-dev
  golang-github-{gobwas-glob,google-uuid,huandu-xstrings,imdario-mergo,shopspring-decimal,spf13-cast}-dev golang-golang-x-crypto-dev
)

# With Go's standard library as Debian has compiled it already: that is most of the time.
compile() {
  cd "$source"
  go build -ldflags '-s -w' -o "$1" .
}

build() {
  local work library paths
  [ ! -x "$program" ] || return 0
  "$repository/hack/debian-install.sh" golang-1.19-go
  work=$(mktemp -d "${TMPDIR:-/tmp}/helm-template.XXXXXX")
  # shellcheck disable=SC2064 # the directory of this call
  trap "rm -rf '$work'" EXIT
  mkdir -p "$work/gopath/src"
  mapfile -t paths < <("$repository/hack/debian-unpack.sh" "${libraries[@]}")
  for library in "${paths[@]}"; do cp -r "$library/usr/share/gocode/src/." "$work/gopath/src/"; done
  export PATH=/usr/lib/go-1.19/bin:$PATH
  export GOPATH=$work/gopath GO111MODULE=off CGO_ENABLED=0 GOFLAGS='' GOCACHE=$work/gocache GOROOT=/usr/lib/go-1.19
  step "build the renderer of charts" compile "$work/helm-template"
  # Renamed into place, so that an interrupted copy is never taken for the program.
  mkdir -p "$(dirname "$program")"
  cp "$work/helm-template" "$program.$$"
  mv "$program.$$" "$program"
}

if command -v helm >/dev/null; then
  exec helm template "$release" "$chart" --namespace "$namespace" "$@"
fi
key=$(cat "$source"/*.go "${BASH_SOURCE[0]}" | sha256sum | cut -c 1-12)
program=$cache/helm-template/$key
[ -x "$program" ] || with_lock helm-template build
exec "$program" "$release" "$chart" --namespace "$namespace" "$@"
