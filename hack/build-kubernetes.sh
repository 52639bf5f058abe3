#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# build-kubernetes.sh PROGRAM...: builds programs of Kubernetes (kube-apiserver, kube-controller-manager, kube-scheduler,
# kubelet) from Debian's source package and prints the directory that holds them. Built once, then taken from the cache.
# Called by hack/control-plane.sh and hack/cluster.sh.
# shellcheck source=hack/common.sh
. "$(dirname "${BASH_SOURCE[0]}")/common.sh"

[ $# -gt 0 ] || fail "usage: build-kubernetes.sh PROGRAM..."
for program; do
  case $program in
    kube-apiserver | kube-controller-manager | kube-scheduler | kubelet) ;;
    *) fail "unknown program '$program', want kube-apiserver, kube-controller-manager, kube-scheduler or kubelet" ;;
  esac
done

version=1.20.2
# Debian 12's source package; the checksum is part of the cache's key.
source_suite=bookworm
source_sha256=b83c0780efb182d928dc63d46488a847f161f04e40a94b96bf5247dd671ecdfc
bin=$cache/kubernetes-$version-${source_sha256:0:12}
tarball=$cache/sources/$source_sha256.tar.gz

present() {
  local program
  for program; do [ -x "$bin/$program" ] || return 1; done
}

# Downloads only the upstream tarball of the source package, with a source list of our own made from the machine's mirror.
download() {
  local work=$1 uri file sum sources=/etc/apt/sources.list.d/debian.sources
  [ ! -f "$tarball" ] || return 0
  mkdir -p "$work/lists/partial" "$work/download" "$cache/sources"
  if [ -f "$sources" ]; then
    {
      echo 'Types: deb-src'
      grep -m 1 '^URIs:' "$sources"
      echo "Suites: $source_suite"
      echo 'Components: main'
      grep -m 1 '^Signed-By:' "$sources" || true
    } >"$work/debian.sources"
  else
    local mirror
    mirror=$(awk '$1 == "deb" { for (i = 2; i <= NF; i++) if ($i ~ /:\/\//) { print $i; exit } }' /etc/apt/sources.list 2>/dev/null) || true
    [ -n "$mirror" ] || fail "no Debian mirror in $sources or /etc/apt/sources.list"
    printf 'Types: deb-src\nURIs: %s\nSuites: %s\nComponents: main\nSigned-By: /usr/share/keyrings/debian-archive-keyring.gpg\n' \
      "$mirror" "$source_suite" >"$work/debian.sources"
  fi
  local options=(-qq -o "Dir::Etc::sourcelist=$work/debian.sources" -o Dir::Etc::sourceparts=/dev/null
    -o "Dir::State::lists=$work/lists" -o APT::Sandbox::User=root)
  apt-get "${options[@]}" update
  read -r uri file sum < <(apt-get "${options[@]}" source --print-uris kubernetes | tr -d "'" | awk '$2 ~ /orig\.tar/ { print $1, $2, $4 }')
  [ -n "$uri" ] || fail "Debian $source_suite has no source package kubernetes"
  /usr/lib/apt/apt-helper -o APT::Sandbox::User=root download-file "$uri" "$work/download/$file" "$sum"
  echo "$source_sha256  $work/download/$file" | sha256sum -c - ||
    fail "the source $file of Debian $source_suite is not the one this script was written for"
  mv "$work/download/$file" "$tarball"
}

unpack() {
  local reflect2=vendor/github.com/modern-go/reflect2 debian_reflect2=$1
  mkdir -p "$tree"
  tar xzf "$tarball" -C "$tree" --strip-components=1
  # The vendored reflect2 1.0.1 crashes in programs that Go 1.18 and later build.
  rm -rf "${tree:?}/$reflect2"
  mkdir "$tree/$reflect2"
  cp "$debian_reflect2"/usr/share/gocode/src/github.com/modern-go/reflect2/*.{go,s} "$tree/$reflect2/"
  rm -f "$tree/$reflect2"/*_test.go
}

# The OpenAPI definitions are generated at build time upstream, so the tarball lacks them.
generate_openapi() {
  local work=$1 packages
  cd "$tree"
  go build -o "$work/openapi-gen" ./vendor/k8s.io/kube-openapi/cmd/openapi-gen
  packages=$(
    {
      grep -rl --include='*.go' --exclude='*_test.go' '+k8s:openapi-gen=' pkg vendor/k8s.io/*/ staging/src/k8s.io |
        grep -vE 'code-generator|sample-apiserver|gengo|kube-openapi/(cmd|pkg/generators)' |
        sed 's#^staging/src/#vendor/#' | xargs -n 1 dirname
      printf '%s\n' vendor/k8s.io/apimachinery/pkg/{apis/meta/v1,runtime,version,api/resource,util/intstr}
    } | sort -u | sed 's#^#k8s.io/kubernetes/#' | paste -sd,
  )
  # Its exit code counts API rule violations; what matters is the file.
  "$work/openapi-gen" --logtostderr -h hack/boilerplate/boilerplate.generatego.txt -i "$packages" \
    -p k8s.io/kubernetes/pkg/generated/openapi -O zz_generated.openapi -r "$work/violations" || true
  [ -s pkg/generated/openapi/zz_generated.openapi.go ]
}

build() {
  local work=$1 program=$2 package flags='-s -w'
  cd "$tree"
  # One is printed by --version, the other served at /version.
  for package in component-base/version client-go/pkg/version; do
    package=k8s.io/kubernetes/vendor/k8s.io/$package
    flags+=" -X $package.gitVersion=v$version -X $package.gitMajor=1 -X $package.gitMinor=20"
  done
  # Without the libraries of cloud providers and of Docker, which nothing here uses: half of what there is to compile.
  go build -trimpath -tags providerless,dockerless -o "$work/bin/$program" -ldflags "$flags" "./cmd/$program"
}

build_missing() {
  ! present "$@" || return 0
  local work reflect2 program
  say "building Kubernetes $version ($*) from Debian's source: about 3 minutes for kube-apiserver on 2 cores, once"
  "$repository/hack/debian-install.sh" golang-1.19-go
  reflect2=$("$repository/hack/debian-unpack.sh" golang-github-modern-go-reflect2-dev)
  work=$(mktemp -d "${TMPDIR:-/tmp}/build-kubernetes.XXXXXX")
  # shellcheck disable=SC2064 # the directory of this call
  trap "rm -rf '$work'" EXIT
  chmod 755 "$work"
  tree=$work/gopath/src/k8s.io/kubernetes
  export PATH=/usr/lib/go-1.19/bin:$PATH
  export GOPATH=$work/gopath GO111MODULE=off CGO_ENABLED=0 GOFLAGS='' GOCACHE=$work/gocache GOROOT=/usr/lib/go-1.19
  step "source of Kubernetes $version" download "$work"
  step "unpack" unpack "$reflect2"
  step "generate OpenAPI definitions" generate_openapi "$work"
  mkdir -p "$work/bin"
  for program; do
    [ ! -x "$bin/$program" ] || continue
    step "build $program" build "$work" "$program"
    # Renamed into place on the cache's own file system, so that an interrupted copy is never taken for a program.
    mkdir -p "$bin"
    cp "$work/bin/$program" "$bin/.$program.$$"
    mv "$bin/.$program.$$" "$bin/$program"
  done
}

present "$@" || with_lock kubernetes build_missing "$@"
printf '%s\n' "$bin"
