#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# control-plane.sh up DIRECTORY               starts etcd and kube-apiserver on 127.0.0.1 with everything they keep in DIRECTORY
# control-plane.sh up DIRECTORY controllers   the same with kube-controller-manager and kube-scheduler
# control-plane.sh down DIRECTORY             stops them and removes DIRECTORY
#
# After "up" the directory holds:
#   admin.kubeconfig             cluster-admin
#   resource-manager.kubeconfig  cluster-admin under its own name, for the stand-in resource manager
#   kubelet.kubeconfig           cluster-admin under the kubelet's name
#   controller.kubeconfig        the controller's ServiceAccount with the rights that the chart gives it and a token in a file
#   rights.yaml                  that ServiceAccount and its rights
#   pki/ca.crt                   signed the server's certificate, which is valid for 127.0.0.1 only
#   audit.log                    one line for each request; not with controllers
#   etcd.log, kube-apiserver.log, kube-controller-manager.log, kube-scheduler.log
#
# OWNER=PID takes the control plane down as soon as that process has ended, however it ended.
# KUBEBUILDER_ASSETS=DIR uses the programs of that directory; without it they come from Debian.
# Called by hack/start.sh, hack/cluster.sh and test/ControlPlane.
# shellcheck source=hack/common.sh
. "$(dirname "${BASH_SOURCE[0]}")/common.sh"

usage='usage: control-plane.sh up DIRECTORY [controllers] | down DIRECTORY'
case "${1:-} $# ${3:-controllers}" in
  'up '[23]' controllers' | 'down 2 controllers') ;;
  *) fail "$usage" ;;
esac
action=$1
directory=$(realpath -m "$2")
programs=(kube-apiserver)
[ $# = 2 ] || programs+=(kube-controller-manager kube-scheduler)
# The first address of the service range, where pods find the API server.
service_address=10.0.0.1

find_programs() {
  if [ -n "${KUBEBUILDER_ASSETS:-}" ]; then
    local program
    for program in etcd "${programs[@]}"; do
      [ -x "$KUBEBUILDER_ASSETS/$program" ] || fail "KUBEBUILDER_ASSETS is set, but there is no program $KUBEBUILDER_ASSETS/$program"
    done
    etcd=$KUBEBUILDER_ASSETS/etcd
    kubernetes=$KUBEBUILDER_ASSETS
  else
    etcd=$("$repository/hack/debian-unpack.sh" etcd-server)/usr/bin/etcd
    kubernetes=$("$repository/hack/build-kubernetes.sh" "${programs[@]}")
  fi
}

# Certificates are real ones, so that clients prove what they check: 127.0.0.1 is in the certificate, localhost is not.
create_pki() {
  mkdir -p "$directory/pki"
  cd "$directory/pki"
  local key=(-newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes)
  openssl req -x509 "${key[@]}" -days 30 -subj /CN=control-plane-ca -keyout ca.key -out ca.crt \
    -addext keyUsage=critical,keyCertSign
  openssl req "${key[@]}" -subj /CN=kube-apiserver -keyout apiserver.key -out apiserver.csr
  printf '%s\n' "subjectAltName=IP:127.0.0.1,IP:$service_address,DNS:kubernetes.default.svc" extendedKeyUsage=serverAuth >apiserver.ext
  openssl x509 -req -in apiserver.csr -CA ca.crt -CAkey ca.key -CAcreateserial -days 30 -extfile apiserver.ext -out apiserver.crt
  openssl ecparam -name prime256v1 -genkey -noout -out service-account.key
}

# kubeconfig NAME CREDENTIAL: writes NAME.kubeconfig; the credential is a line of a kubeconfig user.
kubeconfig() {
  cat >"$directory/$1.kubeconfig" <<KUBECONFIG
apiVersion: v1
kind: Config
clusters:
  - name: local
    cluster:
      server: https://127.0.0.1:$port
      certificate-authority: $directory/pki/ca.crt
users:
  - name: $1
    user:
      $2
contexts:
  - name: local
    context:
      cluster: local
      user: $1
current-context: local
KUBECONFIG
}

write_configuration() {
  local name token
  cat >"$directory/audit-policy.yaml" <<'POLICY'
apiVersion: audit.k8s.io/v1
kind: Policy
omitStages: [RequestReceived]
rules:
  - level: Metadata
POLICY
  : >"$directory/tokens.csv"
  for name in admin resource-manager kubelet "${programs[@]:1}"; do
    token=$(openssl rand -hex 16)
    echo "$token,$name,$name,system:masters" >>"$directory/tokens.csv"
    kubeconfig "$name" "token: $token"
  done
  kubeconfig controller "tokenFile: $directory/controller.token"
}

# Outside of the range that the kernel gives to outgoing connections.
free_port() {
  local candidate
  while :; do
    candidate=$((10000 + RANDOM % 20000))
    (exec 3<>"/dev/tcp/127.0.0.1/$candidate") 2>/dev/null || break
  done
  echo "$candidate"
}

# daemon NAME COMMAND...: a session of its own, so that Ctrl-C in the terminal does not reach it before "down" does.
daemon() {
  local name=$1
  shift
  setsid "$@" >"$directory/$name.log" 2>&1 </dev/null &
  echo $! >"$directory/$name.pid"
}

# The number in the file may belong to another program by now. The kernel keeps 15 characters of a name.
running() {
  local process
  process=$(cat "$directory/$1.pid" 2>/dev/null) && [ "$(cat "/proc/$process/comm" 2>/dev/null)" = "${1:0:15}" ] && alive "$process"
}

start_servers() {
  local etcd_port port attempt lean=()
  # A whole cluster shares few processors with its node, and nobody counts its requests.
  [ ${#programs[@]} = 1 ] || lean=(--enable-priority-and-fairness=false --audit-log-path='')
  etcd_port=$(free_port)
  port=$(free_port)
  write_configuration
  daemon etcd "$etcd" --data-dir="$directory/etcd" --unsafe-no-fsync --log-level=warn \
    --listen-client-urls="http://127.0.0.1:$etcd_port" --advertise-client-urls="http://127.0.0.1:$etcd_port" \
    --listen-peer-urls=http://127.0.0.1:0
  daemon kube-apiserver "$kubernetes/kube-apiserver" \
    --etcd-servers="http://127.0.0.1:$etcd_port" --bind-address=127.0.0.1 --advertise-address=127.0.0.1 --secure-port="$port" --cert-dir="$directory/pki" \
    --tls-cert-file="$directory/pki/apiserver.crt" --tls-private-key-file="$directory/pki/apiserver.key" \
    --token-auth-file="$directory/tokens.csv" --authorization-mode=RBAC --endpoint-reconciler-type=none \
    --allow-privileged=true --kubelet-preferred-address-types=InternalIP \
    --service-cluster-ip-range=10.0.0.0/24 --service-account-issuer=https://kubernetes.default.svc \
    --service-account-key-file="$directory/pki/service-account.key" \
    --service-account-signing-key-file="$directory/pki/service-account.key" \
    --audit-policy-file="$directory/audit-policy.yaml" --audit-log-path="$directory/audit.log" --audit-log-maxsize=10000 \
    "${lean[@]}"
  for ((attempt = 0; attempt < 300; attempt++)); do
    kill -0 "$(cat "$directory/etcd.pid")" || { tail -n 20 "$directory/etcd.log" >&2; return 1; }
    kill -0 "$(cat "$directory/kube-apiserver.pid")" || { tail -n 20 "$directory/kube-apiserver.log" >&2; return 1; }
    # Only a server that listens is worth a kubectl, which would take the server's processor away from it.
    if (exec 3<>"/dev/tcp/127.0.0.1/$port") 2>/dev/null && [ "$(kubectl get --raw /readyz 2>/dev/null)" = ok ]; then return; fi
    sleep 0.2
  done
  tail -n 20 "$directory/kube-apiserver.log" >&2
  fail "kube-apiserver is not ready after a minute"
}

# A port may be taken between the moment it was found free and the start of the server: then all of it starts anew.
start_servers_on_free_ports() {
  local attempt
  for attempt in 1 2 3; do
    if (start_servers); then return 0; fi
    grep -qs 'address already in use' "$directory/etcd.log" "$directory/kube-apiserver.log" || break
    say "a port was taken meanwhile, attempt $attempt"
    stop_servers
    rm -rf "$directory/etcd"
  done
  fail "the control plane did not start"
}

start_controllers() {
  # All but those for which nothing here has an object: each keeps copies of what it might need.
  local controllers='*,-attachdetach,-cloud-node-lifecycle,-cronjob,-csrapproving,-csrcleaner,-csrsigning,-disruption,-endpointslicemirroring'
  controllers+=',-horizontalpodautoscaling,-job,-nodeipam,-persistentvolume-binder,-persistentvolume-expander,-pv-protection,-pvc-protection'
  controllers+=',-replicationcontroller,-resourcequota,-route,-service,-statefulset'
  daemon kube-controller-manager "$kubernetes/kube-controller-manager" --kubeconfig="$directory/kube-controller-manager.kubeconfig" \
    --port=0 --bind-address=127.0.0.1 --cert-dir="$directory/pki" --leader-elect=false --root-ca-file="$directory/pki/ca.crt" \
    --controllers="$controllers" \
    --service-account-private-key-file="$directory/pki/service-account.key"
  daemon kube-scheduler "$kubernetes/kube-scheduler" --kubeconfig="$directory/kube-scheduler.kubeconfig" \
    --port=0 --bind-address=127.0.0.1 --leader-elect=false
}

# Of the extension's chart, what the API server has to know: the controller's account and its rights.
render_rights() {
  "$repository/hack/helm-template.sh" "$repository/charts/gardener-extension-runtime-gvisor" runtime-gvisor extension-runtime-gvisor \
    -f "$repository/test/Chart.Tests/Rendering/repository.yaml" --show-only templates/serviceaccount.yaml --show-only templates/rbac.yaml >"$directory/rights.yaml"
}

install_resources() {
  kubectl create --validate=false -f "$repository/example/crds"
  kubectl create namespace extension-runtime-gvisor
  kubectl create -f "$directory/rights.yaml"
  kubectl wait --for=condition=Established --timeout=60s -f "$repository/example/crds"
}

# The controller's own identity, as the kubelet would mount it.
create_controller_token() {
  local answer
  answer=$(echo '{"apiVersion":"authentication.k8s.io/v1","kind":"TokenRequest","spec":{"expirationSeconds":86400}}' |
    kubectl create --raw /api/v1/namespaces/extension-runtime-gvisor/serviceaccounts/gardener-extension-runtime-gvisor/token -f -)
  printf '%s' "$answer" | sed -n 's/.*"token":"\([^"]*\)".*/\1/p' >"$directory/controller.token"
  [ -s "$directory/controller.token" ]
}

stop_servers() {
  local name attempt
  # The API server first: without etcd it would wait for it. Nothing here outlives the run, so it gets no minute of grace.
  for name in kube-scheduler kube-controller-manager kube-apiserver etcd; do
    for ((attempt = 0; attempt < 100; attempt++)); do
      running "$name" || break
      kill -KILL "$(cat "$directory/$name.pid")" 2>/dev/null || true
      sleep 0.05
    done
    rm -f "$directory/$name.pid"
  done
}

up() {
  if [ -d "$directory" ]; then
    [ -n "$(find "$directory" -maxdepth 0 -empty)" ] || [ -e "$directory/control-plane" ] ||
      fail "$directory is not empty and holds no control plane"
    ! running kube-apiserver || fail "a control plane runs in $directory already; take it down first"
    # What an interrupted run left.
    down
  fi
  local started=$SECONDS
  find_programs
  command -v openssl >/dev/null || "$repository/hack/debian-install.sh" openssl
  mkdir -p "$directory"
  chmod 700 "$directory"
  touch "$directory/control-plane"
  render_rights
  step "certificates" create_pki
  trap 'stop_servers' ERR
  step "etcd and kube-apiserver" start_servers_on_free_ports
  step "CustomResourceDefinitions and rights of the controller" install_resources
  create_controller_token
  [ ${#programs[@]} = 1 ] || start_controllers
  with_owner "$repository/hack/control-plane.sh" "$directory"
  say "control plane in $directory: up after $((SECONDS - started)) s"
}

down() {
  # The mark keeps a mistyped directory from being removed.
  [ -e "$directory/control-plane" ] || return 0
  stop_servers
  rm -rf "$directory"
}

kubectl=$("$repository/hack/find-kubectl.sh")
kubectl() { KUBECONFIG=$directory/admin.kubeconfig "$kubectl" "$@"; }

"$action"
