# SPDX-License-Identifier: Apache-2.0
# Everything is done by the scripts in hack/; "make help" lists what there is.

.DEFAULT_GOAL := help
.PHONY: help start verify build test fuzz coverage e2e node-vm demo format generate pack images reproduce release bench clean

help: ## lists these targets
	@sed -n 's/^\([a-z0-9-]*\):.*## \(.*\)$$/  make \1\t\2/p' $(MAKEFILE_LIST) | expand -t 18

start: ## runs the controller: in the cluster of dev/kubeconfig, else in a local control plane (ONCE=1: until the example is done)
	@hack/start.sh

verify: ## checks everything: scripts, build, format, native programs, all tests; FULL=1: node tests on every containerd
	@hack/verify.sh

build: ## compiles everything; warnings are errors
	@dotnet build -c Release

test: ## runs the unit tests: no root, no Debian, no network; TESTS="NAME..." runs other projects, "all" every one
	@hack/test.sh $(or $(TESTS),unit)

fuzz: ## feeds mutations of test/corpus to the validation for SECONDS, default 600; SEED=n begins elsewhere
	@FUZZ_SECONDS=$(or $(SECONDS),600) FUZZ_SEED=$(SEED) hack/fuzz.sh

e2e: ## tells the whole story on a real cluster: from the chart to the uninstalled node
	@hack/e2e.sh

node-vm: ## gVisor on a node with cgroup v2: a virtual machine, emulated, so it takes minutes
	@hack/node-vm.sh

demo: ## the same story slowly, for a person who watches
	@DEMO=1 hack/e2e.sh

coverage: ## runs the unit tests with a collector and prints the share of lines that they run, by library and program
	@hack/coverage.sh

format: ## formats the code
	@dotnet format --exclude artifacts/

generate: ## writes the files that are made of others: the chart's version, the registration in example/
	@hack/generate.sh

pack: ## makes the packages of the libraries that other extensions can use
	@hack/pack.sh

images: ## makes the images for amd64 and arm64, or for ARCHITECTURES
	@hack/images.sh

reproduce: ## builds the commit again elsewhere and compares the native programs byte for byte
	@hack/reproduce.sh

release: ## makes this tree the release VERSION=x.y.z; RELEASE_COMMIT=1 commits and tags it
	@hack/release.sh "$(VERSION)"

bench: ## measures controller and node installer and writes docs/development/performance.md and performance-node.md
	@hack/bench.sh

clean: ## removes what was built; what scripts downloaded stays in the user's cache
	@rm -rf artifacts
