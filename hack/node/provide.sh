#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# provide.sh: makes what a test node is built from and prints the directory that holds it. Made once, then taken from the
# cache; remove that directory to take newer packages.
#
#   nspawn/            systemd-nspawn, unpacked: installing it would upgrade the machine's systemd
#   layers/node        what a node has beside systemd and containerd: runc, CNI plugins, busybox
#   layers/containerd-1.6, -1.7, -2   containerd of bookworm, trixie and forky; the two latter only where they can be had
#   gvisor/VERSION     runsc and containerd-shim-runsc-v1, two versions
#   images/            pause and busybox, to import
#
# Called by hack/node-test-bed.sh and hack/node/gvisor-mirror.sh.
# shellcheck source=hack/common.sh
. "$(dirname "${BASH_SOURCE[0]}")/../common.sh"
# shellcheck source=hack/node/debian-suite.sh
. "$repository/hack/node/debian-suite.sh"

parts=$cache/node

# provide PART TEXT COMMAND...: runs the command with a new directory, which becomes the part if the command succeeds.
provide() {
  local part=$parts/$1 text=$2 status=0
  shift 2
  [ ! -e "$part" ] || return 0
  rm -rf "$part.partial"
  mkdir -p "$part.partial"
  step "$text" "$@" "$part.partial" || status=$?
  [ "$status" = 0 ] || { rm -rf "$part.partial"; return "$status"; }
  chmod 755 "$part.partial"
  mv "$part.partial" "$part"
}

nspawn() { unpack_packages bookworm "$1" systemd-container; }

node() {
  unpack_packages bookworm "$1" runc containernetworking-plugins busybox-static
  rm -rf "${1:?}/usr/share"
}

# containerd SUITE DIRECTORY: without the package's configuration, which the node gets from node/config.
containerd() {
  unpack_packages "$1" "$2" containerd
  rm -rf "${2:?}"/usr/share "${2:?}"/etc "${2:?}"/usr/bin/{containerd-stress,containerd-shim,containerd-shim-runc-v1}
  "$2/usr/bin/containerd" --version
}

# The versions of runsc that Debian has, each with a shim.
gvisor() {
  local directory=$1 version suite
  for version in 20221219.0:bookworm 20240729.0:bookworm-backports; do
    suite=${version#*:} version=${version%:*}
    unpack_packages "$suite" "$directory/package" runsc
    mkdir "$directory/$version"
    # These versions take this file for the sign of the machine's own network namespace, and refuse to run there. Newer
    # kernels show it in every namespace. So ask for an interface instead that only the node's namespace has (node-test-bed.sh).
    LC_ALL=C sed 's#/proc/sys/net/core/rmem_default#/proc/sys/net/ipv4/conf/nodenet#g' "$directory/package/usr/bin/runsc" >"$directory/$version/runsc"
    ! cmp -s "$directory/package/usr/bin/runsc" "$directory/$version/runsc" || { say "runsc $version does not hold the text to replace"; return 1; }
    rm -rf "$directory/package"
  done
  "$repository/hack/node/build-shim.sh" "$directory" 20221219.0 20240729.0
  chmod 755 "$directory"/* "$directory"/*/*
}

images() {
  local root
  root=$(mktemp -d)
  mkdir -p "$root/bin" "$root/tmp" "$root/proc" "$root/sys" "$root/dev" "$root/etc"
  chmod 1777 "$root/tmp"
  cp "$parts/layers/node/usr/bin/busybox" "$root/bin/"
  local applet
  for applet in $("$root/bin/busybox" --list); do [ "$applet" = busybox ] || ln -s busybox "$root/bin/$applet"; done
  "$repository/hack/node/make-image.sh" localhost/busybox:test "$root" "$1/busybox.tar"
  "$repository/hack/node/make-image.sh" localhost/pause:test "$root" "$1/pause.tar" '["/bin/sleep","infinity"]'
  rm -rf "$root"
}

provide_all() {
  # shellcheck disable=SC2155 # mktemp's failure shows at once
  export DEBIAN_SUITES=$(mktemp -d)
  # shellcheck disable=SC2064 # the directory of this call
  trap "rm -rf '$DEBIAN_SUITES'" EXIT
  local newer
  mkdir -p "$parts/layers"
  provide nspawn "download systemd-nspawn" nspawn
  provide layers/node "download runc, CNI plugins, busybox" node
  provide layers/containerd-1.6 "download containerd 1.6 (bookworm)" containerd bookworm
  for newer in 1.7:trixie 2:forky; do
    provide "layers/containerd-${newer%:*}" "download containerd ${newer%:*} (${newer#*:})" containerd "${newer#*:}" ||
      say "containerd ${newer%:*} is not available: no node with it"
  done
  provide gvisor "download runsc 20221219.0 and 20240729.0, build their shims" gvisor
  provide images "images" images
}

with_lock node provide_all
printf '%s\n' "$parts"
