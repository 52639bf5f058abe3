#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# A whole Kubernetes cluster of one node: etcd, kube-apiserver, kube-controller-manager and kube-scheduler on this machine, and the
# node test bed with a kubelet. See docs/development/end-to-end.md.
# Called by hack/e2e.sh, hack/verify.sh and test/EndToEnd.Tests.
# shellcheck source=hack/common.sh
. "$(dirname "${BASH_SOURCE[0]}")/common.sh"

usage='usage: cluster.sh provide                    fills the cache
       cluster.sh up DIR [1.6|1.7]           starts a cluster whose node has this containerd (1.6)
       cluster.sh kubectl DIR ARGUMENT...    runs kubectl as cluster-admin
       cluster.sh reboot DIR                 pulls the plug of the node and boots it again
       cluster.sh down DIR                   ends it and removes DIR

DIR/node is a node test bed, DIR/control-plane a control plane; both share the network namespace DIR/node/network, out of which no
way leads. OWNER=PID takes the cluster down as soon as that process has ended.'

[ $# -gt 0 ] || fail "$usage"
verb=$1
[ "$verb" = provide ] || [ $# -gt 1 ] || fail "$usage"
directory=$(realpath -m "${2:-/}")
node=$directory/node
control_plane=$directory/control-plane
node_address=10.200.0.1
service_address=10.0.0.1

# Its programs have to fit the kubelet's version; others than our own have no kubelet beside them.
unset KUBEBUILDER_ASSETS

# All of these programs are Go's and share few processors: they collect garbage less often, there is memory enough.
export GOGC=400

in_network() { nsenter --net="$node/network" "$@"; }

kubectl() { in_network "$("$repository/hack/find-kubectl.sh")" --kubeconfig="$control_plane/admin.kubeconfig" "$@"; }

provide() {
  "$repository/hack/node-test-bed.sh" provide
  "$repository/hack/build-kubernetes.sh" kube-apiserver kube-controller-manager kube-scheduler kubelet
  "$repository/hack/debian-unpack.sh" etcd-server
  "$repository/hack/find-kubectl.sh"
}

start_kubelet() {
  local shared=$node/shared/kubelet root=$node/root
  mkdir -p "$shared"/sys/{kernel,vm}
  cp "$("$repository/hack/build-kubernetes.sh" kubelet)/kubelet" "$repository/hack/cluster/kubelet.yaml" "$shared/"
  sed "s#$control_plane/pki#/shared/kubelet#" "$control_plane/kubelet.kubeconfig" >"$shared/kubeconfig"
  cp "$control_plane/pki/ca.crt" "$shared/"
  sed -n 's#.*server: https://#APISERVER=#p' "$shared/kubeconfig" >"$shared/apiserver"
  printf '1\n' | tee "$shared/sys/vm/overcommit_memory" >"$shared/sys/kernel/panic_on_oops"
  printf '10\n' >"$shared/sys/kernel/panic"
  # The addresses of the node and of the API server's service; nothing outside of this network sees them.
  in_network ip address add "$node_address/32" dev nodenet
  in_network ip address add "$service_address/32" dev lo
  cp "$repository"/hack/cluster/*.{service,socket} "$root/etc/systemd/system/"
  "$repository/hack/node-test-bed.sh" into "$node" sh -c \
    'systemctl daemon-reload && systemctl enable --quiet kubelet.service apiserver.socket && systemctl start kubelet.service apiserver.socket'
}

wait_for_node() {
  local deadline=$((SECONDS + 120))
  # It fails at once as long as the kubelet has not made the node.
  until kubectl wait --for=condition=Ready --timeout=120s node/test-node; do
    [ $SECONDS -lt $deadline ] || break
    sleep 0.5
  done
  [ $SECONDS -ge $deadline ] || return 0
  "$repository/hack/node-test-bed.sh" into "$node" journalctl --no-pager -n 30 -u kubelet.service
  fail "the node is not Ready after two minutes"
}

up() {
  local version=${1:-1.6} started=$SECONDS
  case $version in 1.6 | 1.7) ;; *) fail "unknown containerd '$version', want 1.6 or 1.7: the kubelet of Kubernetes 1.20 speaks to no newer one" ;; esac
  [ ! -e "$directory" ] || [ -n "$(find "$directory" -maxdepth 0 -empty)" ] || fail "$directory is not empty"
  provide >/dev/null
  trap down EXIT
  mkdir -p "$directory"
  "$repository/hack/node-test-bed.sh" up "$node" "$version"
  OWNER='' in_network "$repository/hack/control-plane.sh" up "$control_plane" controllers
  step "kubelet" start_kubelet
  step "node is Ready" wait_for_node
  trap - EXIT
  with_owner "$repository/hack/cluster.sh" "$directory"
  say "cluster in $directory: up after $((SECONDS - started)) s"
}

down() {
  "$repository/hack/control-plane.sh" down "$control_plane"
  [ ! -d "$node" ] || "$repository/hack/node-test-bed.sh" down "$node"
  rm -rf "$directory"
}

case $verb in
  provide) provide >/dev/null ;;
  up) up "${3:-1.6}" ;;
  kubectl) shift 2; kubectl "$@" ;;
  reboot) "$repository/hack/node-test-bed.sh" reboot "$node" ;;
  down) down ;;
  *) fail "$usage" ;;
esac
