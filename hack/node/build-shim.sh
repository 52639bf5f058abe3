#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# build-shim.sh DIRECTORY BUILD_ID...: DIRECTORY/BUILD_ID/containerd-shim-runsc-v1, gVisor's shim from Debian's sources;
# a build ID changes nothing but the bytes, which is enough to be another version. GOARCH: for another processor.
#
# Debian packages runsc but not its shim. The shim of the 20240729 source drives either runsc and runs under containerd
# 1.6, 1.7 and 2.x. It was written against containerd 1.4's libraries; bookworm has those of 1.6, hence the few edits.
# Called by hack/node/provide.sh and hack/node/gvisor-mirror.sh.
# shellcheck source=hack/common.sh
. "$(dirname "${BASH_SOURCE[0]}")/../common.sh"
# shellcheck source=hack/node/debian-suite.sh
. "$repository/hack/node/debian-suite.sh"

[ $# -ge 2 ] || fail "usage: build-shim.sh DIRECTORY BUILD_ID..."
output=$(realpath -m "$1")
shift
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
export DEBIAN_SUITES=${DEBIAN_SUITES:-$work/suites}

libraries=(golang-dbus-dev golang-github-burntsushi-toml-dev golang-github-cilium-ebpf-dev golang-github-containerd-cgroups-dev
  golang-github-containerd-console-dev golang-github-containerd-containerd-dev golang-github-containerd-fifo-dev
  golang-github-containerd-go-runc-dev golang-github-containerd-ttrpc-dev golang-github-containerd-typeurl-dev
  golang-github-coreos-go-systemd-dev golang-github-docker-go-events-dev golang-github-docker-go-units-dev
  golang-github-gogo-protobuf-dev golang-github-golang-protobuf-1-3-dev golang-github-hashicorp-errwrap-dev
  golang-github-hashicorp-go-multierror-dev golang-github-moby-sys-dev golang-github-opencontainers-go-digest-dev
  golang-github-opencontainers-image-spec-dev golang-github-opencontainers-specs-dev golang-github-pkg-errors-dev
  golang-github-sirupsen-logrus-dev golang-golang-x-sync-dev golang-golang-x-sys-dev golang-golang-x-time-dev
  golang-google-genproto-dev golang-google-grpc-dev)

"$repository/hack/debian-install.sh" golang-1.19-go
unpack_packages bookworm "$work/libraries" "${libraries[@]}"

# Only the upstream tarball: a mirror may lack the files that Debian adds to it.
read -r uri file checksum < <(debian_suite bookworm-backports source --print-uris golang-gvisor-gvisor |
  tr -d "'" | awk '$2 ~ /\.orig\.tar/ { print $1, $2, $4 }') || fail "no source package golang-gvisor-gvisor"
/usr/lib/apt/apt-helper -o APT::Sandbox::User=root -o Acquire::Retries=3 download-file "$uri" "$work/$file" "$checksum" >/dev/null
mkdir "$work/source"
tar -xf "$work/$file" -C "$work/source" --strip-components=1

package="$work/go/src/gvisor.dev/gvisor"
mkdir -p "$package/runsc/specutils"
cp -r "$work/source/pkg" "$work/source/shim" "$package/"
# Of runsc/specutils the shim needs the container type and one function; the rest would pull in the whole sentry.
cp "$work/source/runsc/specutils/cri.go" "$package/runsc/specutils/"
{
  printf 'package specutils\n\nimport specs "github.com/opencontainers/runtime-spec/specs-go"\n\n'
  sed -n '/^func ChangeMountType(/,/^}/p' "$work/source/runsc/specutils/specutils.go"
} >"$package/runsc/specutils/mount.go"

cd "$package/pkg/shim"
# AdjustOOMScore never goes below the parent's score, which a machine without CAP_SYS_RESOURCE refuses.
sed -i -e 's/StartShim(ctx context.Context, id, containerdBinary, containerdAddress, containerdTTRPCAddress string) (string, error) {/StartShim(ctx context.Context, opts shim.StartOpts) (string, error) {\n\tid, containerdBinary, containerdAddress := opts.ID, opts.ContainerdBinary, opts.Address/' \
  -e 's/shim\.SetScore(/shim.AdjustOOMScore(/' service.go
sed -i 's/Platform\.CopyConsole(ctx, console, e\.stdio/Platform.CopyConsole(ctx, console, e.id, e.stdio/' proc/exec.go
sed -i 's/Platform\.CopyConsole(ctx, console, r\.Stdin/Platform.CopyConsole(ctx, console, r.ID, r.Stdin/' proc/init.go
sed -i 's/CopyConsole(ctx context.Context, console console.Console, stdin,/CopyConsole(ctx context.Context, console console.Console, id, stdin,/' runsc/service_linux.go

cd "$work"
export GOROOT=/usr/lib/go-1.19 GO111MODULE=off GOFLAGS='' CGO_ENABLED=0 GOCACHE="$work/go-cache"
export GOPATH="$work/go:$work/libraries/usr/share/gocode"
for build_id; do
  "$GOROOT/bin/go" build -trimpath -ldflags "-s -w -buildid=$build_id" -o "$output/$build_id/containerd-shim-runsc-v1" gvisor.dev/gvisor/shim
done
