# make run   build elbo, install the ONNX Runtime library if it can be had, serve the built-in model
# make test  run every test
# make help  the rest

GO   ?= go
ADDR ?= 127.0.0.1:8080
BIN  := bin/elbo

# Without a C compiler everything runs on the native engine.
export CGO_ENABLED ?= $(shell command -v $${CC:-cc} >/dev/null 2>&1 && echo 1 || echo 0)

.PHONY: reproduce-quick run test build ort long fuzz bench bench-quick bench-python microbench conformance lint native arm64 race pictures generate clean help

run: build ort ## build, set up and serve the built-in model; Ctrl-C stops it
	@exec $(BIN) serve builtin:mnist --addr $(ADDR)

build: ## build bin/elbo
	$(GO) build -o $(BIN) ./cmd/elbo

ort: build ## install the ONNX Runtime library, if it can be had
	@if [ "$(CGO_ENABLED)" = 1 ]; then $(BIN) ort install --quiet || echo "elbo runs on its native engine."; fi

test: ort ## every test
	$(GO) test ./...

long: ort ## every test with the long ones: 200 kills, the numbers on MNIST
	$(GO) test -count=1 -timeout 90m $$($(GO) list ./... | grep -v -e /conformance$$ -e /ldm$$ -e /train$$)
	$(GO) test -count=1 -timeout 90m ./conformance ./conformance/ldm ./train -args -long

native: ## the tests without cgo, and without assembly
	CGO_ENABLED=0 $(GO) test ./...
	CGO_ENABLED=0 $(GO) test -tags noasm ./runtime/... ./train/fused ./models

arm64: ## the products' NEON kernels and their like, under qemu-user
	@command -v qemu-aarch64 >/dev/null || { echo "left out: no qemu-aarch64 here (Debian's qemu-user)"; exit 0; }; \
	  GOARCH=arm64 CGO_ENABLED=0 $(GO) test -exec qemu-aarch64 ./runtime ./runtime/native/gemm ./runtime/native/tile ./train/fused

race: ## the race detector over the packages with concurrency
	CGO_ENABLED=1 $(GO) test -race ./runtime/... ./train/... ./models/... ./serve/...

reproduce-quick: build ## the thesis's experiments, each in under three minutes: what must hold, holds
	@for name in $$($(BIN) reproduce --json | grep -o '"Name":"[^"]*"' | cut -d'"' -f4); do \
	  $(BIN) reproduce $$name --quick --quiet --out runs/$$name-quick || exit 1; done

lint: ## gofmt, vet, staticcheck
	@u=$$(gofmt -l .); [ -z "$$u" ] || { echo "gofmt would change:"; echo "$$u"; exit 1; }
	$(GO) vet ./...
	$(GO) tool staticcheck ./...

FUZZTIME ?= 30s
fuzz: ## every fuzz target for FUZZTIME each
	@grep -rlE '^func Fuzz' --include=*_test.go . | while read f; do \
	  grep -oE '^func Fuzz[A-Za-z0-9]+' $$f | while read _ t; do \
	    $(GO) test ./$$(dirname $$f) -run '^$$' -fuzz "^$$t$$" -fuzztime $(FUZZTIME) || exit 1; done || exit 1; done

bench: ort bench-python ## beside PyTorch, OpenBLAS, JAX, GoMLX, ONNX Runtime: bench/RESULTS.md, bench/results.json
	cd bench && ELBO_BENCH_COMMAND="make bench" $(GO) run .

bench-quick: ort ## the same in under two minutes: the table, bench/quick.json
	cd bench && ELBO_BENCH_COMMAND="make bench-quick" $(GO) run . -quick

# Current versions of the peers in Python, by pip, in a folder of the project. What pip cannot bring is left out of the
# comparison. ELBO_BENCH_PYTHON names an interpreter to use instead.
bench-python:
	@[ -n "$(ELBO_BENCH_PYTHON)" ] || [ -e bench/.venv/complete ] || { \
	  python3 -m venv bench/.venv && all=1 && \
	  while read p; do bench/.venv/bin/python -m pip install -q $$p || { echo "without $$p"; all=; }; done < bench/requirements.txt && \
	  [ -z "$$all" ] || touch bench/.venv/complete; } || echo "without a Python of its own"

conformance: ort ## ONNX's backend tests (ELBO_ONNX_DATA) on both engines, optimised and not: a table
	$(GO) run ./conformance/cmd/onnxsuite -table $${ELBO_ONNX_DATA:-../shared/onnx-backend}

microbench: ## the benchmarks of each package
	$(GO) test -run '^$$' -bench . -benchmem ./runtime/... ./train/... ./models/...

pictures: build ## draw the pictures of the README again
	$(BIN) sample builtin:mnist -n 64 --seed 7 --engine native --force --out docs/img/samples.png

generate: ## regenerate the assembly and docs/operators.md
	$(GO) generate ./...

clean: ## remove what was built
	rm -rf bin

help: ## this list
	@grep -E '^[a-z0-9-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 12
