# Latchkey. `make help` lists what there is.
SHELL := /bin/bash
.DEFAULT_GOAL := help

VERSION  ?= $(shell git describe --tags --always --dirty 2>/dev/null || echo dev)
REVISION ?= $(shell git rev-parse HEAD 2>/dev/null || echo unknown)
BUILDFLAGS := $(shell cat .ci/build.flags) # docs/adr/0026
LDFLAGS  := -s -w -X main.version=$(VERSION) -X main.revision=$(REVISION)
ARTIFACTS ?= $(CURDIR)/artifacts
GOLANGCI_VERSION := v2.15.0
GOVULNCHECK_VERSION := v1.9.0
ROUNDS ?= 50

export CGO_ENABLED ?= 0

.PHONY: help
help: ## list the targets
	@awk -F ':.*## ' '/^[a-z][a-zA-Z0-9_-]*:.*## / {printf "  %-14s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

.PHONY: build
build: ## build bin/latchkey
	go build $(BUILDFLAGS) -ldflags '$(LDFLAGS)' -o bin/latchkey ./cmd/latchkey

.PHONY: run
run: build ## an issuer on http://localhost:8080, ready to sign up and in: no configuration asked
	./bin/latchkey serve --dev

.PHONY: test
test: deps vet unit e2e bench-test image-test chart ## everything that must pass; installs what it needs

.PHONY: deps
deps: ## install what the tests need: a browser and the relying parties' modules
	@./.ci/deps

.PHONY: vet
vet: ## go vet, gofmt
	@test -z "$$(gofmt -l $$(git ls-files '*.go'))" || { echo "not gofmt-clean:"; gofmt -l $$(git ls-files '*.go'); exit 1; }
	go vet ./...

.PHONY: unit
unit: ## unit tests, storage contract, flows in memory, command scripts and fuzz seeds, with the race detector
	CGO_ENABLED=1 go test -race -timeout 20m $$(go list ./... | grep -v /e2e)

.PHONY: e2e
e2e: ## the built binary with real relying parties, mail, browser, kills and key rotations
	ARTIFACTS=$(ARTIFACTS) go test -count=1 -timeout 50m -v ./e2e/... -rounds $(ROUNDS)

.PHONY: image
image: ## the container image for amd64 and arm64, without a container engine: artifacts/image; PUSH=<registry/repository:tag> pushes it
	cd .ci/image && go run . -out "$(ARTIFACTS)" -version "$(VERSION)" -revision "$(REVISION)" $(if $(PUSH),-push "$(PUSH)")

.PHONY: sbom
sbom: ## the bill of materials of the image, CycloneDX: artifacts/sbom.json
	cd .ci/image && go run . -sbom "$(ARTIFACTS)/sbom.json" -version "$(VERSION)" -revision "$(REVISION)"

.PHONY: image-test
image-test: ## what is in the image, that it runs, that it is the same twice, and that a registry takes it
	cd .ci/image && go vet ./... && go test -count=1 -timeout 15m ./...

.PHONY: chart
chart: ## the Helm chart: rendered with Helm's engine, judged by Kubernetes' schemas and Pod Security; no cluster, no helm
	cd charts/test && go vet ./... && go test -count=1 -timeout 30m ./... # not cached: the chart is outside of the module

.PHONY: chart-generate
chart-generate: ## make the chart's values.schema.json and README.md anew
	cd charts/test && go run ./generate

.PHONY: kube
kube: ## a real Kubernetes cluster on this machine, and Latchkey in it; needs root and half an hour to compile: KUBE_TOOLS=<folder to keep that in>
	@./e2e/kube/run $(ARGS)

.PHONY: kill
kill: ## only the kill rounds; ROUNDS=200 for more
	go test -count=1 -timeout 120m -v ./e2e/... -run 'TestKill' -rounds $(ROUNDS)

.PHONY: conformance
conformance: ## the OpenID Foundation's conformance suite against the built binary: SUITE=<its base URL>, ARGS for more flags
	@test -n "$(SUITE)" || { echo "SUITE=<base URL of a running conformance suite> is missing; see docs/conformance.md"; exit 2; }
	@./.ci/deps
	go run ./e2e/conformance -suite "$(SUITE)" $(ARGS)

# The benchmark is a module of its own that stands on this one: -mod=mod lets it follow what this one requires. .ci/drift tells what it forgot.
.PHONY: bench
bench: ## what the built binary costs beside bare handlers, as ratios: artifacts/bench; SECTION=operations,growth,… or all; SIZE=full; ARGS for more flags
	cd e2e/bench && go run -mod=mod . -section $(or $(SECTION),operations) -size $(or $(SIZE),small) -out "$(ARTIFACTS)/bench" $(ARGS)

.PHONY: bench-keep
bench-keep: ## keep what `make bench` measured: docs/bench, and the figures of docs/performance.md
	mkdir -p docs/bench && cp "$(ARTIFACTS)"/bench/*.json docs/bench/
	cd e2e/bench && go test -mod=mod -count=1 -run Documentation . -update

.PHONY: bench-profile
bench-profile: ## a processor profile of each hot path of the running binary, and the top of each: artifacts/bench/*.pprof
	cd e2e/bench && go run -mod=mod . -section profile -out "$(ARTIFACTS)/bench" $(ARGS)

.PHONY: soak
soak: ## load for an hour: memory, descriptors and goroutines stay flat
	cd e2e/bench && go run -mod=mod . -section soak -size full -out "$(ARTIFACTS)/soak" $(ARGS)

.PHONY: nightly
nightly: test soak ## what takes hours: everything that must pass, and the soak

.PHONY: bench-test
bench-test: ## that the benchmark itself is right; no figure is judged
	cd e2e/bench && go vet -mod=mod ./... && go test -mod=mod -count=1 -timeout 10m ./...

.PHONY: fuzz
fuzz: ## every fuzz target for FUZZTIME (10s unless set)
	@./.ci/fuzz $(or $(FUZZTIME),10s)

.PHONY: lint
lint: ## golangci-lint, installed where it is missing
	@command -v $$(go env GOPATH)/bin/golangci-lint >/dev/null || go install github.com/golangci/golangci-lint/v2/cmd/golangci-lint@$(GOLANGCI_VERSION)
	$$(go env GOPATH)/bin/golangci-lint run ./...

.PHONY: vuln
vuln: ## govulncheck (needs the vulnerability database)
	go run golang.org/x/vuln/cmd/govulncheck@$(GOVULNCHECK_VERSION) ./...

.PHONY: generate
generate: ## make the generated files anew: time zones, config.example.yaml, docs/spec-index.md, tables of docs/clients.md, golden files, packed words and static files
	go run ./cmd/latchkey config example > config.example.yaml.new && mv config.example.yaml.new config.example.yaml
	cd charts/test && go run ./generate # the chart's schema knows every key
	go test ./provider/zones -update
	go test ./provider ./provider/token ./provider/providertest/specindex -run "Golden|SpecIndex" -update
	go test -p 1 ./web ./web/words -run GoldenPack -update # what is embedded of words and static files
	go test -p 1 ./provider/client ./cmd/latchkey/config -run Golden -update # one after the other: they write into one page

.PHONY: spec
spec: ## the index clause → code → test, made anew and printed
	@go test ./provider/providertest/specindex -run SpecIndex -update >/dev/null
	@cat docs/spec-index.md

.PHONY: clean
clean: ## remove what was built (not ./data)
	rm -rf bin artifacts
