#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# A systemd node with containerd and a network of its own, in half a second: an overlay of this machine's root file system,
# booted by systemd-nspawn. See docs/development/node-test-bed.md.
# Called by hack/cluster.sh and test/NodeTestBed.
# shellcheck source=hack/common.sh
. "$(dirname "${BASH_SOURCE[0]}")/common.sh"

usage='usage: node-test-bed.sh provide               fills the cache and prints its directory
       node-test-bed.sh up DIR [1.6|1.7|2]    boots a node with this containerd (1.6); DIR/shared is its /shared
       node-test-bed.sh into DIR [COMMAND...] runs a command (a shell) in the node
       node-test-bed.sh leader DIR            prints the process ID of its init as seen from here
       node-test-bed.sh reboot DIR            pulls its plug and boots it again, with its disk as it was
       node-test-bed.sh down DIR              ends it and removes DIR

DIR/network is its network namespace, which outlives a reboot: nsenter --net=DIR/network COMMAND...'

[ $# -gt 0 ] || fail "$usage"
verb=$1
[ "$verb" = provide ] || [ $# -gt 1 ] || fail "$usage"
directory=$(realpath -m "${2:-/}")

leader() {
  local nspawn child
  nspawn=$(cat "$directory/nspawn.pid" 2>/dev/null) || return 1
  # shellcheck disable=SC2013 # words, not lines
  for child in $(cat /proc/"$nspawn"/task/*/children 2>/dev/null); do
    if [ "$(cat "/proc/$child/comm" 2>/dev/null)" = systemd ]; then
      printf '%s\n' "$child"
      return
    fi
  done
  return 1
}

into() { nsenter --all --target "$(leader)" env -i PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin TERM="${TERM:-dumb}" HOME=/root "$@"; }

# containerd's data cannot lie on an overlay, so DIR is on a real file system and the overlay's upper layer in memory.
lay_out_root() {
  local layers=$1 version=$2 root=$directory/root unit configuration
  mkdir -p "$root" "$directory/overlay" "$directory/containerd" "$directory/kubelet" "$directory/shared"
  mount -t tmpfs -o mode=755 node-test-bed "$directory/overlay"
  mkdir "$directory/overlay/upper" "$directory/overlay/work"
  mount -t overlay -o "lowerdir=/,upperdir=$directory/overlay/upper,workdir=$directory/overlay/work" node-test-bed "$root"

  cp -a --remove-destination "$layers/node/." "$layers/containerd-$version/." "$root/"

  : >"$root/etc/fstab"
  printf 'test-node\n' >"$root/etc/hostname"
  # systemd would take the virtual machine's own, the same for each node.
  rm -f "$root/etc/machine-id"
  tr -d - </proc/sys/kernel/random/uuid >"$root/etc/machine-id"
  # A target of its own: whatever else this machine has enabled stays off.
  cat >"$root/etc/systemd/system/node.target" <<'UNIT'
[Unit]
Requires=basic.target
Wants=dbus.service containerd.service
After=basic.target dbus.service containerd.service
AllowIsolate=yes
UNIT
  for unit in timers.target systemd-timesyncd.service systemd-networkd.service systemd-resolved.service systemd-remount-fs.service systemd-journal-flush.service e2scrub_reap.service; do
    ln -sf /dev/null "$root/etc/systemd/system/$unit"
  done

  # What gardener-node-agent sets up before an installer runs.
  mkdir -p "$root/etc/containerd/conf.d" "$root/etc/containerd/certs.d" "$root/var/bin/containerruntimes" \
    "$root/etc/systemd/system/containerd.service.d" "$root/var/lib/containerd" "$root/var/lib/kubelet" "$root/var/log/pods"
  printf '[Service]\nEnvironment="PATH=/var/bin/containerruntimes:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin"\n' \
    >"$root/etc/systemd/system/containerd.service.d/30-env_config.conf"
  case $version in 1.*) configuration=2 ;; *) configuration=3 ;; esac
  install -m 644 "$repository/hack/node/config/version-$configuration.toml" "$root/etc/containerd/config.toml"
  mkdir -p "$root/opt/cni"
  ln -sfn /usr/lib/cni "$root/opt/cni/bin"
  rm -rf "$root/etc/cni/net.d"
  install -D -m 644 "$repository/hack/node/config/cni.conflist" "$root/etc/cni/net.d/10-pods.conflist"
}

# No way leads out of it, so a node can listen where it likes.
create_network() {
  : >"$directory/network"
  unshare --net="$directory/network" ip link set lo up
  # The mark of the node's own network namespace for runsc (see provide.sh).
  nsenter --net="$directory/network" ip link add nodenet type bridge
  nsenter --net="$directory/network" sysctl -q net.ipv4.ip_forward=1
}

# A group for the node in each of the machine's hierarchies: the node sees it as the root, so two nodes never meet in kubepods.slice.
create_groups() {
  local controllers path mount_point file
  : >"$directory/groups"
  while IFS=: read -r _ controllers path; do
    case $controllers in
      '') mount_point=$(awk '$3 == "cgroup2" { print $2; exit }' /proc/mounts) ;;
      *) mount_point=$(awk -v names="$controllers" '$3 == "cgroup" && index("," $4 ",", "," names ",") { print $2; exit }' /proc/mounts) ;;
    esac
    [ -n "$mount_point" ] || continue
    path=${mount_point}${path%/}
    mkdir "$path/node-$machine"
    printf '%s\n' "$path/node-$machine" >>"$directory/groups"
    # Version 1 lets no process into a group that has no processors yet.
    for file in cpuset.cpus cpuset.mems; do
      [ ! -e "$path/node-$machine/$file" ] || cat "$path/$file" >"$path/node-$machine/$file"
    done
  done </proc/self/cgroup
}

# The processes in them end with the node's init, but not in the same moment.
remove_groups() {
  local group
  [ -e "$directory/groups" ] || return 0
  while read -r group; do
    for _ in $(seq 50); do
      [ -d "$group" ] || break
      find "$group" -depth -type d -exec rmdir {} + 2>/dev/null || sleep 0.1
    done
    [ ! -d "$group" ] || say "$group is still in use"
  done <"$directory/groups"
  rm -f "$directory/groups"
}

boot() {
  local nspawn=$1 machine state='' attempt
  machine=$(cat "$directory/root/etc/machine-id")
  create_groups
  # nspawn's filter of system calls refuses what runsc needs.
  # shellcheck disable=SC2016 # the inner shell expands its own arguments
  SYSTEMD_SECCOMP=0 setsid nohup bash -ec 'while read -r group; do echo $$ >"$group/cgroup.procs"; done <"$1"; shift; exec "$@"' _ \
    "$directory/groups" "$nspawn" --boot --directory="$directory/root" --network-namespace-path="$directory/network" \
    --register=no --keep-unit --machine=test-node --capability=all --resolv-conf=off --timezone=off --link-journal=no \
    --bind="$directory/containerd:/var/lib/containerd" --bind="$directory/kubelet:/var/lib/kubelet" \
    --bind="$directory/shared:/shared" systemd.unit=node.target \
    >>"$directory/console.log" 2>&1 </dev/null &
  printf '%s\n' $! >"$directory/nspawn.pid"
  for attempt in $(seq 300); do
    kill -0 "$(cat "$directory/nspawn.pid")" 2>/dev/null || { cat "$directory/console.log"; say "systemd-nspawn ended"; return 1; }
    state=$(into systemctl is-system-running 2>/dev/null || true)
    case $state in running | degraded) break ;; esac
    sleep 0.1
  done
  # Nodes that boot beside each other make some unit of the early boot fail now and then; what counts are the two that are worked with.
  [ "$state" = running ] || into systemctl --failed --no-pager || true
  if ! into systemctl is-active --quiet dbus.service || ! into systemctl is-active --quiet containerd.service; then
    say "the node is '$state' after $attempt tries, without dbus or containerd"
    return 1
  fi
}

# What the node's own tools need beyond what nspawn sets up.
set_up() {
  local controller
  # The runtimes make groups in the version 1 hierarchies, which nspawn mounts read-only.
  for controller in $(into sh -c 'ls -d /sys/fs/cgroup/*/'); do
    case $controller in */systemd/ | */unified/) ;; *) into mount -o remount,bind,rw "${controller%/}" ;; esac
  done
  into sh -c '[ -e /dev/kmsg ] || mknod /dev/kmsg c 1 11'
  for _ in $(seq 100); do into ctr version >/dev/null 2>&1 && break; sleep 0.1; done
}

import_images() {
  local image
  for image in "$1"/*.tar; do into ctr -n k8s.io images import - <"$image"; done
}

up() {
  local version=${1:-1.6} parts
  [ "$(id -u)" = 0 ] || fail "a node needs root"
  case $version in 1.6 | 1.7 | 2) ;; *) fail "unknown containerd '$version', want 1.6, 1.7 or 2" ;; esac
  [ ! -e "$directory/nspawn.pid" ] || fail "$directory holds a node already: node-test-bed.sh down $directory"
  parts=$(provide)
  [ -d "$parts/layers/containerd-$version" ] || fail "containerd $version is not available on this machine"
  mkdir -p "$directory"
  trap down EXIT
  step "node with containerd $version in $directory" bring_up "$parts" "$version"
  trap - EXIT
}

bring_up() {
  lay_out_root "$1/layers" "$2"
  create_network
  boot "$1/nspawn/usr/bin/systemd-nspawn"
  set_up
  import_images "$1/images"
}

reboot() {
  local parts
  leader >/dev/null || fail "no node runs in $directory"
  parts=$(provide)
  pull_plug
  boot "$parts/nspawn/usr/bin/systemd-nspawn"
  set_up
}

provide() {
  "$repository/hack/debian-install.sh" systemd systemd-sysv dbus iproute2 procps strace
  "$repository/hack/node/provide.sh"
}

# Pods may take their time to stop; the end of the node's init is the end of every process in it.
pull_plug() {
  local init nspawn
  init=$(leader || true)
  nspawn=$(cat "$directory/nspawn.pid" 2>/dev/null || true)
  [ -z "$init" ] || kill -KILL "$init" 2>/dev/null || true
  [ -z "$nspawn" ] || for _ in $(seq 50); do alive "$nspawn" || break; sleep 0.1; done
  [ -z "$nspawn" ] || kill -KILL "$nspawn" 2>/dev/null || true
  remove_groups
}

down() {
  local mount_point
  pull_plug
  awk -v prefix="$directory/" 'index($2, prefix) == 1 { print $2 }' /proc/mounts | sort -r | while read -r mount_point; do
    umount -l "$mount_point" || true
  done
  rm -rf "$directory"
}

case $verb in
  provide) provide ;;
  up) up "${3:-1.6}" ;;
  into) shift 2; [ $# -gt 0 ] || set -- bash -l; into "$@" ;;
  leader) leader || fail "no node runs in $directory" ;;
  reboot) step "reboot of the node in $directory" reboot ;;
  down) step "end of the node in $directory" down ;;
  *) fail "$usage" ;;
esac
