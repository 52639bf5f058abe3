#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# start.sh: runs the controller from this tree until Ctrl-C. Called by make start.
#
# With dev/kubeconfig it runs in that cluster, on the objects that are there, and writes nothing of its own: what the controller writes is all.
# Without it, it brings up a control plane in dev/control-plane with an example shoot and a stand-in for gardener-resource-manager, shows
# what the controller does with it, and removes all of it in the end.
#
#   EXAMPLE=1             also in the cluster of dev/kubeconfig: CRDs that are missing, the example shoot, the stand-in
#   ONCE=1                ends by itself: 0 when the example has succeeded, non-zero with the reason after START_TIMEOUT seconds (120)
#   EXTENSION_NAMESPACE   where the controller keeps its heartbeat in the cluster of dev/kubeconfig; default garden, as for Go extensions
# shellcheck source=hack/common.sh
. "$(dirname "${BASH_SOURCE[0]}")/common.sh"
cd "$repository"

namespace=shoot--local--example
example=gvisor-sandboxed
control_plane=$repository/dev/control-plane
timeout=${START_TIMEOUT:-120}
created=()
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
    own=0 example_wanted=${EXAMPLE:-0}
    kubeconfig=$repository/dev/kubeconfig
    controller_kubeconfig=$kubeconfig
    resource_manager_kubeconfig=$kubeconfig
    extension_namespace=${EXTENSION_NAMESPACE:-garden}
    [ "$example_wanted" = 0 ] || extension_namespace=$namespace
    say "using the cluster of dev/kubeconfig: $(kubectl config view --minify -o 'jsonpath={.clusters[0].cluster.server}')"
    prepare_crds
  else
    own=1 example_wanted=1
    kubeconfig=$control_plane/admin.kubeconfig
    controller_kubeconfig=$control_plane/controller.kubeconfig
    resource_manager_kubeconfig=$control_plane/resource-manager.kubeconfig
    extension_namespace=extension-runtime-gvisor
    OWNER=$$ hack/control-plane.sh up "$control_plane"
  fi
}

# What the controller watches must be there; only with EXAMPLE=1 it is created.
prepare_crds() {
  local file
  for file in example/crds/*.yaml; do
    if kubectl get -f "$file" >/dev/null 2>&1; then continue; fi
    [ "$example_wanted" = 1 ] ||
      fail "the cluster of dev/kubeconfig is no seed: it has no CRD $(basename "$file" .yaml); EXAMPLE=1 creates it, with an example shoot"
    step "create $(basename "$file" .yaml)" kubectl create --validate=false -f "$file"
    created+=("$file")
  done
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
  if [ "${own:-}" = 0 ] && [ "${example_created:-0}" = 1 ]; then
    # In somebody's cluster nothing may stay behind; the controller still runs and takes its finalizer away.
    for file in example/{containerruntime,cluster,namespace}.yaml "${created[@]}"; do
      kubectl delete --ignore-not-found --wait --timeout=120s -f "$file" >&2 || say "could not delete $file"
    done
  fi
  stop "${controller:-}"
  stop "${resource_manager:-}"
  if [ "${own:-}" = 1 ]; then hack/control-plane.sh down "$control_plane"; fi
  say "cleaned up; the logs are in dev/"
}

start_resource_manager() {
  dotnet artifacts/bin/ResourceManager/release/ResourceManager.dll --kubeconfig "$resource_manager_kubeconfig" --namespace "$namespace" \
    >dev/resource-manager.log 2>&1 &
  resource_manager=$!
}

start_controller() {
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
    if [ "$SECONDS" -ge "$deadline" ]; then
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
if [ "$example_wanted" = 1 ]; then
  example_created=1
  step "example shoot" create_example
  start_resource_manager
  start_controller
  step "the example succeeds" wait_for_example
  show
  heading "The example ContainerRuntime has succeeded, $((SECONDS - started)) s after the start."
  [ "${ONCE:-0}" != 1 ] || exit 0
else
  say "ContainerRuntimes of type gvisor in this cluster, which the controller now reconciles when Gardener asks for it:"
  kubectl get containerruntimes -A
  say "what it reads from now on, and writes, is in dev/controller.log; its heartbeat is a Lease in the namespace $extension_namespace"
  start_controller
fi
cat <<NEXT
Running. In another terminal:
  export KUBECONFIG=$kubeconfig
  kubectl get containerruntimes,managedresources -A
  tail -f dev/controller.log
Ctrl-C ends it and cleans up.
NEXT
# Woken by Ctrl-C, or by the end of one of the programs, which is an error here.
wait -n "$controller" ${resource_manager:+"$resource_manager"} || true
tail -n 30 dev/controller.log >&2
fail "one of the programs has ended by itself; see the logs in dev/"
