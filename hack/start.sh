#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# start.sh: runs the controller with an example shoot and shows what it does.
#
# With dev/kubeconfig it uses that cluster; without it a control plane of its own in dev/control-plane.
# It runs until Ctrl-C and then removes what it created.
# ONCE=1 ends by itself: 0 when the example has succeeded, non-zero with the reason after START_TIMEOUT seconds (120).
# shellcheck source=hack/common.sh
. "$(dirname "${BASH_SOURCE[0]}")/common.sh"
cd "$repository"

namespace=shoot--local--example
example=gvisor-sandboxed
control_plane=$repository/dev/control-plane
timeout=${START_TIMEOUT:-120}
mkdir -p dev
command -v dotnet >/dev/null || fail "the .NET SDK is missing; global.json names the version"

heading() {
  if [ -t 1 ]; then printf '\n\033[1m%s\033[0m\n' "$*"; else printf '\n%s\n' "$*"; fi
}

build() {
  dotnet build src/RuntimeGVisor.Controller -c Release --nologo -v quiet
  dotnet build test/ResourceManager -c Release --nologo -v quiet
}

kubectl=$(hack/find-kubectl.sh)
kubectl() { KUBECONFIG=$kubeconfig "$kubectl" "$@"; }

use_cluster() {
  if [ -f dev/kubeconfig ]; then
    own=0
    kubeconfig=$repository/dev/kubeconfig
    controller_kubeconfig=$kubeconfig
    resource_manager_kubeconfig=$kubeconfig
    extension_namespace=$namespace
    say "using the cluster of dev/kubeconfig: $(kubectl config view --minify -o 'jsonpath={.clusters[0].cluster.server}')"
    local file
    for file in example/crds/*.yaml; do
      kubectl get -f "$file" >/dev/null 2>&1 || step "create $(basename "$file" .yaml)" kubectl create --validate=false -f "$file"
    done
  else
    own=1
    kubeconfig=$control_plane/admin.kubeconfig
    controller_kubeconfig=$control_plane/controller.kubeconfig
    resource_manager_kubeconfig=$control_plane/resource-manager.kubeconfig
    extension_namespace=extension-runtime-gvisor
    OWNER=$$ hack/control-plane.sh up "$control_plane"
  fi
}

create_example() {
  local file
  for file in namespace cluster containerruntime; do kubectl apply -f "example/$file.yaml"; done
}

# Ends the process gently, after ten seconds for good.
stop() {
  local pid=${1:-} attempt
  [ -n "$pid" ] || return 0
  kill "$pid" 2>/dev/null || true
  for ((attempt = 0; attempt < 100; attempt++)); do
    alive "$pid" || return 0
    sleep 0.1
  done
  kill -KILL "$pid" 2>/dev/null || true
}

clean_up() {
  trap '' INT TERM
  say ""
  if [ "${own:-}" = 0 ]; then
    # In somebody's cluster nothing may stay behind; the controller still runs and takes its finalizer away.
    for file in containerruntime cluster namespace; do
      kubectl delete --ignore-not-found --wait --timeout=30s -f "example/$file.yaml" >&2 || say "could not delete example/$file.yaml"
    done
  fi
  stop "${controller:-}"
  stop "${resource_manager:-}"
  if [ "${own:-}" = 1 ]; then hack/control-plane.sh down "$control_plane"; fi
  say "cleaned up; logs: dev/controller.log, dev/resource-manager.log"
}

start_programs() {
  dotnet artifacts/bin/ResourceManager/release/ResourceManager.dll --kubeconfig "$resource_manager_kubeconfig" --namespace "$namespace" \
    >dev/resource-manager.log 2>&1 &
  resource_manager=$!
  LEADER_ELECTION_NAMESPACE=$extension_namespace \
    dotnet artifacts/bin/RuntimeGVisor.Controller/release/gardener-extension-runtime-gvisor.dll --kubeconfig "$controller_kubeconfig" \
    --leader-election=false --ignore-operation-annotation=false --log-format=text \
    --metrics-bind-address=127.0.0.1:0 --health-bind-address=127.0.0.1:0 >dev/controller.log 2>&1 &
  controller=$!
}

status() { kubectl get containerruntime -n "$namespace" "$example" -o "jsonpath={.status.$1}" 2>/dev/null || true; }

# Whether there are ManagedResources and all of them have been applied.
applied() {
  local states
  states=$(kubectl get managedresources -n "$namespace" \
    -o 'jsonpath={range .items[*]}{.status.conditions[?(@.type=="ResourcesApplied")].status}{"\n"}{end}')
  [ -n "$states" ] && ! grep -qvx True <<<"$states"
}

# Succeeded, and every ManagedResource applied by the stand-in resource manager.
wait_for_example() {
  local deadline=$((SECONDS + timeout)) program
  until [ "$(status lastOperation.state)" = Succeeded ] && applied; do
    for program in controller resource_manager; do
      if ! kill -0 "${!program}" 2>/dev/null; then
        tail -n 30 "dev/${program/_/-}.log" >&2
        fail "the ${program/_/ } has ended; its last log lines are above"
      fi
    done
    if [ $SECONDS -ge $deadline ]; then
      tail -n 30 dev/controller.log >&2
      kubectl get managedresources -n "$namespace" >&2 || true
      fail "the example has not succeeded within $timeout s: state '$(status lastOperation.state)', $(status lastOperation.description)"
    fi
    sleep 0.2
  done
}

show() {
  local name secret
  heading "ContainerRuntime $namespace/$example"
  kubectl get containerruntime -n "$namespace" "$example"
  kubectl get containerruntime -n "$namespace" "$example" -o yaml | sed -n '/^status:/,$p'
  heading "ManagedResources in $namespace"
  kubectl get managedresources -n "$namespace"
  for name in $(kubectl get managedresources -n "$namespace" -o 'jsonpath={.items[*].metadata.name}'); do
    secret=$(kubectl get managedresource -n "$namespace" "$name" -o 'jsonpath={.spec.secretRefs[0].name}')
    heading "What $name brings to the shoot (secret $secret)"
    kubectl get secret -n "$namespace" "$secret" -o 'jsonpath={.data.config\.yaml}' | base64 -d
    echo
  done
}

trap clean_up EXIT
trap 'exit 130' INT TERM
started=$SECONDS
step "build" build
use_cluster
step "example shoot" create_example
start_programs
wait_for_example
show
heading "The example ContainerRuntime has succeeded, $((SECONDS - started)) s after the start."
[ "${ONCE:-0}" != 1 ] || exit 0
cat <<NEXT
Running. In another terminal:
  export KUBECONFIG=$kubeconfig
  kubectl get containerruntimes,managedresources -A
  tail -f dev/controller.log
Ctrl-C ends it and cleans up.
NEXT
# Woken by Ctrl-C, or by the end of one of the programs, which is an error here.
wait -n "$controller" "$resource_manager" || true
tail -n 30 dev/controller.log >&2
fail "one of the programs has ended by itself; see dev/controller.log and dev/resource-manager.log"
