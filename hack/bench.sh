#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# bench.sh                         measures both native programs and writes docs/development/performance.md and performance-node.md
# bench.sh scale|node ARGUMENT...  measures one of them with these arguments, --help lists them; a short run:
#                                  bench.sh scale --runs 1 --namespaces 20
#
# Called by make bench.
# shellcheck source=hack/common.sh
. "$(dirname "${BASH_SOURCE[0]}")/common.sh"
cd "$repository"

publish() { hack/publish.sh "src/$1/$1.csproj" | sed 's/^[^=]*=//'; }

# The controller on a control plane, with the stand-in resource manager.
scale() {
  CONTROLLER_EXECUTABLE=$(publish RuntimeGVisor.Controller)
  export CONTROLLER_EXECUTABLE
  step "build the scale benchmark" dotnet build bench/Scale -c Release --nologo -v quiet
  artifacts/bin/Scale/release/Scale "$@"
}

# The node installer on a node.
node() {
  NODE_INSTALLER_EXECUTABLE=$(publish RuntimeGVisor.NodeInstaller)
  export NODE_INSTALLER_EXECUTABLE
  step "build the node installer's benchmark" dotnet build bench/NodeInstaller -c Release --nologo -v quiet
  artifacts/bin/NodeInstaller/release/NodeInstaller "$@"
}

case ${1:-} in
  '')
    scale --report docs/development/performance.md
    node --report docs/development/performance-node.md
    ;;
  scale | node) "$@" ;;
  *) fail "'$1' is no benchmark: scale or node" ;;
esac
