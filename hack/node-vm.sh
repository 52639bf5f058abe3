#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# node-vm.sh: a node with cgroup v2 and systemd in a virtual machine (QEMU's software emulation, no KVM), and on it the story of gVisor:
# installation, limits, upgrade beside a running pod, uninstallation. See docs/development/node-vm.md.
#
#   VM_CONTAINERD=1.6      another containerd than 1.7; the kubelet of Kubernetes 1.20 speaks to no newer one
#   VM_UNTIL=booted        ends when the node is Ready
#   CONTROLLER_EXECUTABLE, NODE_INSTALLER_EXECUTABLE   what hack/publish.sh made before; else they are made now
# shellcheck source=hack/common.sh
. "$(dirname "${BASH_SOURCE[0]}")/common.sh"
# shellcheck source=hack/node/debian-suite.sh
. "$repository/hack/node/debian-suite.sh"
cd "$repository"

[ $# = 0 ] || fail "usage: [VM_CONTAINERD=1.6|1.7] [VM_UNTIL=booted] node-vm.sh"
[ "$(id -u)" = 0 ] || fail "the virtual machine's disk needs root to be made"
[ "$(uname -m)" = x86_64 ] || fail "the virtual machine is an x86_64"
containerd=${VM_CONTAINERD:-1.7}
case $containerd in 1.6 | 1.7) ;; *) fail "unknown containerd '$containerd', want 1.6 or 1.7" ;; esac
old_version=20221219.0 new_version=20240729.0
began=$SECONDS
work=$(mktemp -d "${TMPDIR:-/tmp}/node-vm.XXXXXX")
chmod 755 "$work"
control_plane=$work/control-plane
unset KUBEBUILDER_ASSETS
# Steps keep their output for the case that they fail; what a reader wants to see of them comes here.
exec 3>&2
tell() { printf '    %s\n' "$*" >&3; }

clean_up() {
  local status=$?
  set +e
  if [ -e "$work/qemu.pid" ]; then
    [ "$status" = 0 ] || tail -n 30 "$work/console.log" >&2
    kill -KILL "$(cat "$work/qemu.pid")" 2>/dev/null
  fi
  "$repository/hack/control-plane.sh" down "$control_plane"
  [ ! -d "$work/node" ] || "$repository/hack/node-test-bed.sh" down "$work/node"
  [ ! -e "$work/network" ] || umount "$work/network"
  rm -rf "$work"
  if [ "$status" = 0 ]; then say "the story of the virtual machine succeeded after $((SECONDS - began)) s"
  else say "the story of the virtual machine FAILED after $((SECONDS - began)) s"; fi
}
trap clean_up EXIT
trap 'exit 130' INT TERM

in_network() { nsenter --net="$work/network" "$@"; }
kubectl() { in_network "$kubectl" --kubeconfig="$control_plane/admin.kubeconfig" "$@"; }
guest() {
  in_network ssh -q -i "$work/key" -o BatchMode=yes -o ConnectTimeout=5 -o StrictHostKeyChecking=no -o UserKnownHostsFile=/dev/null \
    -o ControlMaster=auto -o ControlPath="$work/ssh" -o ControlPersist=60 -p 2222 root@127.0.0.1 "$@" </dev/null
}

# wait_for COMMAND...: until it succeeds. The limit is generous: it matters only when something is wrong, and emulation is slow.
wait_for() {
  local deadline=$((SECONDS + 600))
  until "$@" >/dev/null 2>&1; do
    [ $SECONDS -lt $deadline ] || { say "still waiting for: $*"; return 1; }
    sleep 0.5
  done
}

# --- what it is made of -----------------------------------------------------------------------------------------------------------------

# make_root DIRECTORY: Debian's smallest system with systemd, and a kernel that has file system and disk built in, so it needs no initrd.
make_root() {
  local root=$1 mirror kernel package
  # shellcheck disable=SC2155 # mktemp's failure shows at once
  export DEBIAN_SUITES=$(mktemp -d)
  mirror=$(awk '/^URIs:/ { print $2; exit }' /etc/apt/sources.list.d/debian.sources)
  [ -n "$mirror" ] || fail "no Debian package source in /etc/apt/sources.list.d/debian.sources"
  debootstrap --variant=minbase --include=systemd,systemd-sysv,dbus,udev,iproute2,procps,kmod,dropbear-bin bookworm "$root" "$mirror"
  (cd "$DEBIAN_SUITES" && debian_suite bookworm download linux-image-cloud-amd64)
  package=$(dpkg-deb -f "$DEBIAN_SUITES"/linux-image-cloud-amd64_*.deb Depends | sed 's/[ (,].*//')
  unpack_packages bookworm "$DEBIAN_SUITES/kernel" "$package"
  kernel=$(basename "$DEBIAN_SUITES"/kernel/usr/lib/modules/*)
  cp -a "$DEBIAN_SUITES/kernel/usr/lib/modules" "$root/usr/lib/"
  cp "$DEBIAN_SUITES/kernel/boot/vmlinuz-$kernel" "$root/boot/vmlinuz"
  chroot "$root" depmod "$kernel"
  rm -rf "$DEBIAN_SUITES" "$root"/var/cache/apt/archives/*.deb "$root"/var/lib/apt/lists/* "$root"/usr/share/{doc,man,locale}
}

provide_root() {
  [ ! -d "$cache/node-vm/root" ] || return 0
  rm -rf "$cache/node-vm"
  mkdir -p "$cache/node-vm"
  step "Debian with its kernel" make_root "$cache/node-vm/root.partial"
  mv "$cache/node-vm/root.partial" "$cache/node-vm/root"
}

provide() {
  "$repository/hack/debian-install.sh" qemu-system-x86 debootstrap e2fsprogs openssh-client iproute2 jq
  with_lock node-vm provide_root
  parts=$("$repository/hack/node-test-bed.sh" provide)
  [ -d "$parts/layers/containerd-$containerd" ] || fail "containerd $containerd is not available on this machine"
  kubernetes=$("$repository/hack/build-kubernetes.sh" kube-apiserver kube-controller-manager kube-scheduler kubelet)
  kubectl=$("$repository/hack/find-kubectl.sh")
  if [ -z "${NODE_INSTALLER_EXECUTABLE:-}" ]; then
    NODE_INSTALLER_EXECUTABLE=$(hack/publish.sh src/RuntimeGVisor.NodeInstaller/RuntimeGVisor.NodeInstaller.csproj)
    NODE_INSTALLER_EXECUTABLE=${NODE_INSTALLER_EXECUTABLE#RuntimeGVisor.NodeInstaller=}
    export NODE_INSTALLER_EXECUTABLE
  fi
  controller=${CONTROLLER_EXECUTABLE:-}
  if [ -z "$controller" ]; then
    step "controller" dotnet build src/RuntimeGVisor.Controller -c Release --nologo -v quiet
    controller=artifacts/bin/RuntimeGVisor.Controller/release/gardener-extension-runtime-gvisor
  fi
}

# make_installer VERSION: the installer's image with Debian's runsc as Debian has it; the test nodes of this machine have a patched one.
make_installer() {
  local version=$1 directory=$work/gvisor-$1 runsc=$work/gvisor-$1/$1/x86_64/runsc variables
  mapfile -t variables < <(hack/node/gvisor-mirror.sh "$directory" "$version")
  LC_ALL=C sed -i 's#/proc/sys/net/ipv4/conf/nodenet#/proc/sys/net/core/rmem_default#g' "$runsc"
  grep -q /proc/sys/net/core/rmem_default "$runsc"
  (cd "$directory" && sha512sum "$version"/*/*) >"$directory/gvisor.sha512"
  env "${variables[@]}" ARCHITECTURES=amd64 IMAGE_PREFIX="localhost/$version" IMAGES_OUTPUT="$work/images-$version" \
    hack/images.sh runtime-gvisor-installation >"$work/image-$version"
}

installer_image() { sed -n 's/^[^ ]* \([^@]*\)@.*/\1/p' "$work/image-$1" | head -n 1; }

# A test node of this machine imports the images: emulated, that would take minutes.
import_images() {
  local version
  hack/node-test-bed.sh up "$work/node" "$containerd"
  for version in $old_version $new_version; do
    hack/node-test-bed.sh into "$work/node" ctr -n k8s.io images import - <"$work/images-$version/runtime-gvisor-installation-amd64.tar"
  done
  hack/node-test-bed.sh into "$work/node" systemctl stop containerd
  cp -a "$work/node/containerd" "$work/containerd"
  cp "$work/node/root/etc/containerd/config.toml" "$work/"
  hack/node-test-bed.sh down "$work/node"
}

# QEMU and the control plane share a network out of which no way leads. What comes from 127.0.0.1 reaches the guest as from 10.0.2.2; from
# its own address it would not.
create_network() {
  : >"$work/network"
  unshare --net="$work/network" ip link set lo up
  in_network ip route add local 10.0.2.15 dev lo src 127.0.0.1
}

make_disk() {
  local root=$work/root port
  cp -a "$cache/node-vm/root" "$root"
  cp -a "$parts/layers/node/." "$parts/layers/containerd-$containerd/." "$root/"
  mkdir -p "$root"/etc/{cni/net.d,containerd/conf.d,containerd/certs.d,dropbear,systemd/system/containerd.service.d} \
    "$root"/{opt/cni,root/.ssh,shared/kubelet,var/bin/containerruntimes,var/lib/containerd}
  # This machine has CAP_SYS_RESOURCE; the rest is what the test nodes have, too.
  sed 's/restrict_oom_score_adj = true/restrict_oom_score_adj = false/' "$work/config.toml" >"$root/etc/containerd/config.toml"
  printf '[Service]\nEnvironment="PATH=/var/bin/containerruntimes:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin"\n' \
    >"$root/etc/systemd/system/containerd.service.d/30-env_config.conf"
  ln -s /usr/lib/cni "$root/opt/cni/bin"
  cp hack/node/config/cni.conflist "$root/etc/cni/net.d/10-pods.conflist"
  cp -a "$work/containerd/." "$root/var/lib/containerd/"

  printf 'test-node\n' >"$root/etc/hostname"
  printf 'overlay\nbridge\nveth\n' >"$root/etc/modules-load.d/node.conf"
  printf 'net.ipv4.ip_forward = 1\n' >"$root/etc/sysctl.d/node.conf"
  ssh-keygen -q -t ed25519 -N '' -f "$work/key"
  install -m 600 "$work/key.pub" "$root/root/.ssh/authorized_keys"
  chmod 700 "$root/root" "$root/root/.ssh"
  chroot "$root" dropbearkey -t ed25519 -f /etc/dropbear/host_key

  port=$(sed -n 's#.*server: https://127.0.0.1:##p' "$control_plane/kubelet.kubeconfig")
  printf 'APISERVER=10.0.2.2:%s\n' "$port" >"$root/shared/kubelet/apiserver"
  sed "s#$control_plane/pki#/shared/kubelet#; s#https://127.0.0.1:$port#https://10.0.0.1#" "$control_plane/kubelet.kubeconfig" \
    >"$root/shared/kubelet/kubeconfig"
  sed 's/^address: .*/address: 10.0.2.15/' hack/cluster/kubelet.yaml >"$root/shared/kubelet/kubelet.yaml"
  cp "$kubernetes/kubelet" "$control_plane/pki/ca.crt" "$root/shared/kubelet/"
  cp hack/vm/*.service hack/cluster/apiserver.service hack/cluster/apiserver.socket "$root/etc/systemd/system/"
  chroot "$root" systemctl enable network.service ssh.service kubelet.service containerd.service
  chroot "$root" systemctl mask timers.target getty.target serial-getty@ttyS0.service
  ln -sf /lib/systemd/system/multi-user.target "$root/etc/systemd/system/default.target"

  cp "$root/boot/vmlinuz" "$work/vmlinuz"
  mke2fs -q -t ext4 -d "$root" "$work/disk.img" 8G
  rm -rf "$root" "$work/containerd"
}

boot() {
  in_network setsid qemu-system-x86_64 -daemonize -pidfile "$work/qemu.pid" \
    -M q35,hpet=off -accel tcg,thread=multi,tb-size=512 -cpu max,la57=off -smp 2 -m 4G -nodefaults -display none \
    -kernel "$work/vmlinuz" -no-reboot \
    -append "root=/dev/nvme0n1 rw console=ttyS0 quiet mitigations=off panic=-1 audit=0 net.ifnames=0" \
    -drive "file=$work/disk.img,format=raw,if=none,id=disk,cache=unsafe" -device nvme,drive=disk,serial=disk \
    -netdev user,id=net,hostfwd=tcp:127.0.0.1:2222-:22,hostfwd=tcp:10.0.2.15:10250-:10250 \
    -device virtio-net-pci,netdev=net,romfile= \
    -device virtio-rng-pci -serial "file:$work/console.log"
  wait_for guest true
}

# --- the story --------------------------------------------------------------------------------------------------------------------------

node_is_ready() {
  wait_for kubectl get node test-node
  kubectl wait --for=condition=Ready --timeout=600s node/test-node
  tell "$(guest 'uname -r; cat /sys/fs/cgroup/cgroup.controllers; systemctl --version | head -n 1; containerd --version' | paste -sd '|')"
  [ "$(guest stat -f -c %T /sys/fs/cgroup)" = cgroup2fs ]
  wait_for guest systemctl is-active --quiet kubepods.slice
  guest sha256sum /etc/containerd/config.toml >"$work/first-configuration"
}

# render VERSION STATE: what the controller would keep in the shoot.
render() {
  "$controller" render -f hack/vm/containerruntime.yaml |
    sed -e "s#^\( *image: \).*#\1$(installer_image "$1")#" -e "s#\"desiredState\": \"Installed\"#\"desiredState\": \"$2\"#"
}

installer() { kubectl -n kube-system "$@" -l origin=gardener-extension-runtime-gvisor; }

installer_log() { installer logs --tail=40; }

# For the reader of a failed step.
show_installer() {
  installer describe pods | sed -n '/^Events:/,$p'
  installer_log
  guest 'systemctl status containerd --no-pager | head -n 10; find /var/bin/containerruntimes'
}

# The roll-out is also done when no node was found yet.
installer_is_ready() {
  kubectl -n kube-system get daemonset containerd-gvisor-sandboxed -o json | jq -e '.metadata.generation as $generation | .status |
    .observedGeneration == $generation and .desiredNumberScheduled == 1 and .updatedNumberScheduled == 1 and .numberReady == 1'
}

installer_becomes_ready() {
  wait_for installer_is_ready || { show_installer; return 1; }
  installer_log | jq -Rr '. as $line | "    installer: " + (try (fromjson | "\(.ts[11:19]) \(.msg)") catch $line)' >&3
}

installed() {
  render $old_version Installed | kubectl apply --validate=false -f -
  installer_becomes_ready
}

# pod NAME CPU MEMORY COMMAND: one container with limits, in gVisor.
pod() {
  kubectl apply --validate=false -f - <<POD
apiVersion: v1
kind: Pod
metadata: {name: $1}
spec:
  runtimeClassName: gvisor
  terminationGracePeriodSeconds: 0
  automountServiceAccountToken: false
  restartPolicy: Never
  containers:
    - name: main
      image: localhost/busybox:test
      imagePullPolicy: Never
      command: [sh, -c, "$4"]
      resources: {limits: {cpu: $2, memory: $3}}
POD
}

# field POD PATH
field() { kubectl get pod "$1" -o "jsonpath={$2}"; }

runs_in_gvisor() {
  local messages
  pod "$1" 300m 256Mi 'sleep 100000'
  kubectl wait --for=condition=Ready --timeout=600s "pod/$1" || { kubectl describe "pod/$1"; return 1; }
  messages=$(kubectl exec "$1" -- dmesg)
  [[ $messages = *'Starting gVisor'* ]]
  tell "dmesg: $(head -n 1 <<<"$messages"); runs $(sandbox_release "$1")"
}

# The release that a pod's sandbox runs: its directory in the path of the program.
sandbox_release() {
  local slice
  slice=$(pod_slice "$1")
  guest "for process in \$(cat $slice/*.scope/cgroup.procs); do readlink /proc/\$process/exe; done" |
    sed -n 's#.*/gvisor/\([^/]*\)/.*#\1#p' | head -n 1
}

pod_slice() { printf '/sys/fs/cgroup/kubepods.slice/kubepods-pod%s.slice' "$(field "$1" .metadata.uid | tr - _)"; }

limits_bind() {
  local slice before after
  slice=$(pod_slice limited)
  tell "$(guest "cd $slice && echo cpu.max \$(cat cpu.max), memory.max \$(cat memory.max), scopes: \$(ls -d *.scope)")"
  [ "$(guest cat "$slice/cpu.max")" = '30000 100000' ]
  [ "$(guest cat "$slice/memory.max")" = 268435456 ]
  before=$(guest "sed -n 's/nr_throttled //p' $slice/cpu.stat")
  kubectl exec limited -- timeout 10 sh -c 'while :; do :; done' || true
  after=$(guest "sed -n 's/nr_throttled //p' $slice/cpu.stat")
  tell "throttled in $((after - before)) periods of 10 s of a busy loop"
  [ $((after - before)) -gt 20 ]
}

has_failed() { [ "$(field "$1" .status.phase)" = Failed ]; }

# The kernel's word counts: whether the reason is OOMKilled or Error is up to gVisor's shim.
memory_binds() {
  pod hungry 2 64Mi 'dd if=/dev/zero of=/dev/null bs=256M count=1'
  wait_for has_failed hungry
  guest dmesg | grep 'Memory cgroup out of memory'
  tell "256 MB in a container of 64 Mi: ended by the kernel, reason $(field hungry '.status.containerStatuses[0].state.terminated.reason')"
  kubectl delete pod hungry
}

installer_was_left_alone() {
  local restarts
  restarts=$(installer get pods -o 'jsonpath={.items[0].status.containerStatuses[0].restartCount}')
  tell "restarts of the installer's container: $restarts"
  [ "$restarts" = 0 ]
}

upgraded() {
  local container invocation
  container=$(field limited '.status.containerStatuses[0].containerID')
  invocation=$(guest systemctl show --value -p InvocationID containerd)
  render $new_version Installed | kubectl apply --validate=false -f -
  installer_becomes_ready
  [ "$(guest systemctl show --value -p InvocationID containerd)" != "$invocation" ] || tell "containerd was not restarted"
  [ "$(field limited '.status.containerStatuses[0].containerID')" = "$container" ]
  [ "$(kubectl exec limited -- echo alive)" = alive ]
  tell "the pod before: same container, runs $(sandbox_release limited)"
  runs_in_gvisor young
  [[ $(sandbox_release limited) = $old_version* ]]
  [[ $(sandbox_release young) = $new_version* ]]
}

uninstalled() {
  kubectl -n kube-system delete daemonset containerd-gvisor-sandboxed --wait
  kubectl -n kube-system delete configmap -l app.kubernetes.io/name=containerd-gvisor
  render $new_version Uninstalled | kubectl apply --validate=false -f -
  wait_for guest '! grep -q runsc /etc/containerd/config.toml'
  [ "$(kubectl exec limited -- echo alive)" = alive ]
  tell "the handler is gone, the pod before still answers"
  kubectl delete pod limited young
  wait_for guest '! find /var/bin/containerruntimes -type f | grep -q .' || { show_installer; return 1; }
  [ "$(guest sha256sum /etc/containerd/config.toml)" = "$(cat "$work/first-configuration")" ]
  tell "config.toml is what it was, byte for byte; left of the rest: $(guest find /var/lib/gvisor-node-installer -type f | paste -sd ' ')"
}

provide
step "images of the installer with gVisor $old_version" make_installer $old_version
step "images of the installer with gVisor $new_version" make_installer $new_version
step "images for containerd $containerd" import_images
step "network" create_network
OWNER='' in_network hack/control-plane.sh up "$control_plane" controllers
step "disk" make_disk
say "everything is made after $((SECONDS - began)) s"
step "the machine boots" boot
step "the node is Ready" node_is_ready
[ "${VM_UNTIL:-}" != booted ] || exit 0
step "the installer puts gVisor $old_version on the node and is ready" installed
step "a pod runs in gVisor" runs_in_gvisor limited
step "its processor limit binds" limits_bind
step "the memory limit binds" memory_binds
step "the kubelet leaves the installer alone" installer_was_left_alone
step "an upgrade to gVisor $new_version beside the running pod" upgraded
step "the kubelet leaves the new installer alone" installer_was_left_alone
step "an uninstallation that waits for the running pods" uninstalled
