# make help lists the targets. CI runs .ci/run, which begins with `make test` and ends with `make vuln`.
SHELL := bash
.DEFAULT_GOAL := help
.NOTPARALLEL:

# Without cgo except for the race detector: one set of compiled packages serves
# the tests, the cross-builds' host and the collector that e2e builds.
export CGO_ENABLED := 0
# go.work is for `go run ./examples/otlp`; .ci/modules turns it on there.
export GOWORK := off

FUZZTIME ?= 30s
SOAKTIME ?= 30s
CHAOSTIME ?= 10m
CENSUSTIME ?= 10m
NEXTGO ?= go1.27.3
COUNT ?=
PROGRAM ?=
BENCHTIME ?=
SCENARIO ?= steady
stage := @.ci/stage

.PHONY: help
help: ## list the targets
	@awk -F ':.*## ' '/^[a-z0-9-]+:.*## / {printf "  %-15s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

# stages makes the targets, then lists how long each of their stages took.
define stages
	@export STAGES=$$(mktemp); start=$$SECONDS; status=0; \
	$(MAKE) --no-print-directory $(1) || status=$$?; \
	printf '\n'; cat $$STAGES; printf -- '--- in all %22d s\n' $$((SECONDS - start)); rm -f $$STAGES; exit $$status
endef

.PHONY: test
test: ## what CI runs first: the library's modules, the house rules, the real collector; about 10 minutes with nothing cached on 2 cores
	$(call stages,test-unit test-modules test-rules test-e2e)

.PHONY: test-builds
test-builds: ## the library in other builds: -race, portable, 32 bits, debug, other platforms; CI runs it too
	$(call stages,test-race test-portable test-debug test-cross)

.PHONY: test-more
test-more: ## adapters, shims, poollint, poolscope, others' tests on our pools, the labs in short, the page in a browser; CI runs it too
	$(call stages,test-other-modules test-lab test-upstream bench-check-short test-pressure test-browser)

.PHONY: test-unit
test-unit: ## the root module: unit tests and examples
	$(stage) unit go test ./...

.PHONY: test-next-unit
test-next-unit: export NEXTGO := $(NEXTGO)
test-next-unit: ## the same with the next version of Go, NEXTGO; CI runs it too
	$(stage) next .ci/next go test ./...

.PHONY: test-next
test-next: export NEXTGO := $(NEXTGO)
test-next: test-next-unit ## test-next-unit, and bench-check with the next version of Go; 10 minutes
	$(stage) next-bounds .ci/next $(MAKE) --no-print-directory bench-check

.PHONY: test-portable
test-portable: ## test-unit with the portable engine, and as a 32-bit program where those run
	$(stage) portable go test -short -tags otelpool_nolinkname ./...
	$(stage) 32-bit .ci/386

.PHONY: test-debug
test-debug: ## pools as debug builds have them: strict, and panicking at misuse
	$(stage) debug go test -short -tags otelpool_debug ./strategies/... ./pooltest

.PHONY: test-race
test-race: export CGO_ENABLED := 1
test-race: ## short tests under the race detector, but for programs of one goroutine; race-long has those too
	$(stage) race go test -short -race -vet=off $$(go list ./... | grep -vE '/(cmd/poolsim|internal/(benchcase|benchcase/loops|sim|trace))$$')

.PHONY: test-cross
test-cross: ## build and vet for every platform promised
	$(stage) cross .ci/cross

# linked has the nested modules that users link.
linked := examples/otlp poolconfig poolprof

.PHONY: test-modules
test-modules: export ONLY := $(linked)
test-modules: ## the tests of the nested modules that users link
	$(stage) modules .ci/modules go test ./...

.PHONY: test-other-modules
# Some modules pin tools and have no packages, and go test fails where there are none.
test-other-modules: export SKIP := $(linked) e2e e2e/apiserver e2e/compose e2e/prometheus e2e/thanos e2e/victoriametrics lab tools tools/vuln
test-other-modules: ## the other nested modules' tests, but for e2e's and lab's
	$(stage) other-modules .ci/modules go test ./...

.PHONY: test-rules
test-rules: ## the house rules, outside consumers
	@# They read files of other modules, which the go command's cache of results does not know of.
	$(stage) house-rules go test -C lab -count=1 ./houserules

.PHONY: test-lab
test-lab: ## the lab's own tests: what benchmarks report, verdicts, mishaps, histories, names at Prometheus; other libraries on our pools
	$(stage) lab go test -C lab ./bench/... ./chaos ./examples ./histories ./internal/... ./pressure ./programs ./promtest

.PHONY: test-upstream
test-upstream: ## Go's tests of sync.Pool and gRPC's of its buffers, on our pools
	$(stage) upstream go test -C lab/upstream -count=1 ./...

.PHONY: test-poollint
test-poollint: ## poollint on versions of other modules that had mistakes, which it downloads, and its time compared with go vet's
	$(stage) poollint env POOLLINT_AFFECTED=1 go test -C cmd/poollint -count=1 -timeout 30m -run BecameKnown ./poollint
	$(stage) lint-speed go test -C cmd/poollint -timeout 30m -run '^$$' -bench OnThisRepository -benchtime 2x ./poollint

.PHONY: poollint-survey
poollint-survey: ## poollint on the modules of cmd/poollint/survey.md, whose findings it has to have; downloads and compiles them
	$(stage) survey go test -C cmd/poollint -count=1 -timeout 60m -v -run Survey ./poollint -survey

.PHONY: test-poolscope
test-poolscope: ## poolscope in programs built every way, also with the next Go, as nobody, its cost and its advice measured, Go's own tests of sync on it
	$(stage) poolscope go test -C cmd/poolscope -count=1 -timeout 60m -run 'Own|Race|Sign|HoweverAProgram' . -long -next $(NEXTGO)

.PHONY: test-programs
test-programs: ## poolscope on a web server, a database and a collector of others, which it downloads and builds
	$(stage) programs go test -C cmd/poolscope -count=1 -timeout 60m -v -run ProgramsOfOthers . -long

# CGO_ENABLED=0, as above, spares VictoriaMetrics' and others' C code.
programs = go run -C lab ./programs $(if $(PROGRAM),-program $(PROGRAM))

.PHONY: real-programs
real-programs: ## programs of others on our pools, PROGRAM=fasthttp for one: their tests and benchmarks; docs/programs.md; 45 minutes
	$(stage) real-programs $(programs)

.PHONY: test-real-programs
test-real-programs: ## the same without figures: their tests come out the same, and each benchmark reaches a pool
	$(stage) real-programs $(programs) -short

.PHONY: test-pooled-collector
test-pooled-collector: ## test-e2e's figures, from a collector whose exporters and pdata have our pools; builds that for minutes each time
	@dir=$$(mktemp -d) && trap 'rm -rf "$$dir"' EXIT && .ci/stage pooled .ci/pooled-collector "$$dir/otelcol" && \
	OTELPOOL_E2E_COLLECTOR="$$dir/otelcol" .ci/stage e2e-pooled go test -C e2e -count=1 -timeout 20m -p 1 . ./internal/collector

.PHONY: test-e2e
test-e2e: ## the gateway against a real collector, built here the first time
	$(stage) e2e .ci/e2e

.PHONY: test-browser
test-browser: ## the live page in headless Chromium; skipped where that or node is missing
	$(stage) browser go test -C e2e/browser -count=1 -v ./...

.PHONY: screenshots
screenshots: ## the pictures of the live page, lab/img; takes 90 s
	@mkdir -p lab/img
	$(stage) screenshots go test -C e2e/browser -count=1 -run Screenshots ./... -screenshots $(CURDIR)/lab/img

.PHONY: test-deploy
test-deploy: ## every query and alert on a real Prometheus' engine, what deploy/ ships, make stack; builds for minutes the first time
	$(stage) queries go test -C e2e -timeout 30m -v -tags prometheus -run '^Test(Every(Panel|Query|Rule|Scenario|Value)|QueriesName|Pages|TheTable|Holding|Pressure)' .
	$(stage) deploy go test -C e2e -timeout 30m -v -p 1 ./deploy ./stack

.PHONY: test-docker
test-docker: ## docker-compose.yml, as shipped, on a real engine started for it; root and Debian's docker.io
	$(stage) docker go test -C e2e -count=1 -timeout 30m -v ./docker

.PHONY: test-kubernetes
test-kubernetes: ## deploy/kubernetes, judged by a real API server; builds that for ten minutes the first time
	$(stage) kubernetes-tidy go mod -C e2e/apiserver tidy -diff
	$(stage) kubernetes go test -C e2e -count=1 -timeout 60m -v ./kubernetes

.PHONY: vuln
vuln: ## known vulnerabilities that our code can reach, without asking anybody
	$(stage) vuln .ci/vuln

.PHONY: release-check
release-check: ## a release of what is committed, but for the push: tags, consumers from outside, SBOM
	@dir=$$(mktemp -d) && trap 'rm -rf "$$dir"' EXIT && .ci/stage release .ci/release v0.0.1-check.1 "$$dir"

.PHONY: fleet
fleet: ## a few instances played into a collector and Prometheus; go run ./fleet in e2e plays up to 2,000
	$(stage) fleet go test -C e2e -timeout 30m -v ./fleet

.PHONY: fleet-distributed
fleet-distributed: ## 1,000 of them on three Thanos Receives and two collectors, of which one each is killed; apt-get install haproxy; 15 minutes
	$(stage) distributed go test -C e2e -count=1 -timeout 60m -v -run DistributedStore ./fleet -instances 1000 -interval 30s

.PHONY: stack
stack: ## the gateway, a collector and a store with a UI, here and without Docker; SCENARIO=leak, ARGS=-free-ports
	@# Not go run, which calls Ctrl-C an error; the shell waits for what it has started.
	@dir=$$(mktemp -d) && trap 'rm -rf "$$dir"' EXIT && trap : INT && cd e2e && \
	go build -o "$$dir/stack" ./stack && "$$dir/stack" -scenario $(SCENARIO) $(ARGS)

pressure = go run -C lab ./pressure

.PHONY: test-pressure
test-pressure: ## the same as pressure, once and shorter; a minute
	$(stage) pressure $(pressure) -short

.PHONY: pressure
pressure: ## pools in a process that runs short of memory: who survives, and at what cost; 20 minutes
	$(stage) pressure $(pressure)

.PHONY: pressure-full
pressure-full: ## all scenarios, ten runs of each; hours, and goes on where it was interrupted
	$(stage) pressure-full $(pressure) -full -results pressure/results.jsonl

.PHONY: test-kernel
test-kernel: ## adaptive's and cgroup's tests and part of pressure on a real kernel with cgroup v2, under QEMU; 9 minutes
	$(stage) kernel go run -C lab ./kernel

.PHONY: test-kernel-tests
test-kernel-tests: ## the tests of test-kernel alone; 2 minutes
	$(stage) kernel go run -C lab ./kernel -tests

.PHONY: test-all
test-all: test test-builds test-more test-deploy test-docker test-kubernetes test-poollint poollint-survey test-poolscope test-programs test-real-programs test-pooled-collector vuln release-check fleet pressure test-kernel models histories soak census chaos detection race-long upstream-long yardstick fuzz ## test, and what takes its time: pressure, soak, chaos, long race, fuzz

.PHONY: models
models: ## spin sees every order of steps in models of Fixed, the barrier and sealing; Debian's spin
	$(stage) models go test -C lab -count=1 -v ./models

.PHONY: histories
histories: ## porcupine on what users of Fixed and of the depot got, and of copies with planted bugs; a minute
	$(stage) histories go test -C lab -count=1 -timeout 30m -v ./histories -rounds 2000 -copies

.PHONY: soak
soak: ## storms of SOAKTIME each
	$(stage) soak go test -count=1 -timeout 60m ./internal/magazine -storm $(SOAKTIME)
	$(stage) soak-frozen go test -C lab -count=1 ./chaos -run AFrozenProcess -freezes 20
	$(stage) soak-dropped go test -count=1 ./strategies -run DroppedPools -drops 100000
	$(stage) soak-census go test -count=1 -timeout 60m ./syncpools -run Storm -storm $(CENSUSTIME)
	$(stage) soak-portable go test -count=1 -timeout 60m -tags otelpool_nolinkname ./internal/magazine -storm $(SOAKTIME)

.PHONY: census
census: ## the census in programs built every way and in a collector, then with the next Go version, NEXTGO, and under the race detector
	$(stage) census go test -count=1 -timeout 60m ./syncpools/... -builds
	$(stage) census-next env GOTOOLCHAIN=$(NEXTGO) go test -count=1 -timeout 60m ./syncpools/... -builds
	$(stage) census-next-race env GOTOOLCHAIN=$(NEXTGO) CGO_ENABLED=1 go test -count=1 -timeout 60m -race -short ./syncpools/...
	$(stage) census-collector go test -C e2e -count=1 -timeout 30m -run SyncPoolsOfTheCollector ./internal/collector -census
	$(stage) census-race env CGO_ENABLED=1 go test -count=1 -race -timeout 60m ./syncpools -run Storm -storm 1m

.PHONY: chaos
chaos: ## the gateway while everything goes wrong at once, for CHAOSTIME; in test-modules for 10 s
	$(stage) chaos env GOWORK= go test -C examples/otlp -count=1 -timeout 120m -v -run 'Witness|EverythingGoesWrong' . -chaos $(CHAOSTIME)

.PHONY: detection
detection: ## the tables in docs/safety.md: what sampling finds, by rate, size and kind; 10 minutes
	$(stage) detection go test -count=1 -timeout 60m -v -run DetectionTable ./strategies -detection

.PHONY: race-long
race-long: export CGO_ENABLED := 1
race-long: ## all tests under the race detector, concurrent ones 100 times
	$(stage) race-long go test -count=1 -race -timeout 60m ./...
	$(stage) race-100 go test -count=100 -race -timeout 60m -run ConcurrentSafe ./...
	$(stage) race-grpcpool go test -C adapters/grpcpool -count=1 -race ./...
	$(stage) race-otlp env GOWORK= go test -C examples/otlp -count=1 -race -timeout 60m ./...
	$(stage) race-chaos env GOWORK= go test -C examples/otlp -count=1 -race -timeout 60m -run EverythingGoesWrong . -chaos 1m
	$(stage) race-soak go test -count=1 -race -timeout 60m ./internal/magazine -storm $(SOAKTIME)

.PHONY: upstream-long
upstream-long: ## the same and fasthttp's and Arrow's, with every buffer poisoned and its owner checked, and under the race detector
	$(stage) upstream-long go test -C lab/upstream -count=1 -timeout 60m . -long

.PHONY: yardstick
yardstick: ## the policy's promises for every break-even time and budget; test-unit has one of each
	$(stage) yardstick go test -count=1 -timeout 30m ./internal/sim -yardstick

.PHONY: fuzz
fuzz: ## every fuzz target for FUZZTIME
	$(stage) fuzz .ci/fuzz $(FUZZTIME)

# COUNT and BENCHTIME empty leave it to the suite; COUNT=2 BENCHTIME=20ms is a
# quick and rough run. All but bench-check write into BENCHMARKS.md and docs.
report = cd lab/bench && go run ./report $(if $(COUNT),-count $(COUNT)) $(if $(BENCHTIME),-benchtime $(BENCHTIME))

.PHONY: bench
bench: ## our pools and other libraries' side by side: BENCHMARKS.md; 15 minutes
	$(report) compare

.PHONY: bench-processor
bench-processor: ## our ratios to sync.Pool on this processor and Go, beside those on others: BENCHMARKS.md; 5 minutes
	$(report) processor

.PHONY: bench-check
bench-check: ## fail if a bound of lab/bench/bounds.yaml is broken; 10 minutes
	$(report) check

.PHONY: bench-check-short
bench-check-short: ## the same for CI: loose bounds, half a minute
	$(stage) bench-check .ci/bench-check

.PHONY: worth
worth: ## what pooling gains a service: BENCHMARKS.md; 4 minutes
	$(report) worth

.PHONY: growth
growth: ## how cost grows with pools, classes, Ps, goroutines: BENCHMARKS.md; 2 minutes
	$(report) growth

.PHONY: bench-render
bench-render: ## the tables and charts anew from what was measured last
	$(report) render

.PHONY: lint
lint: ## gofmt, go vet, go fix, go mod tidy and golangci-lint, all as checks
	$(stage) lint .ci/lint

.PHONY: tidy-check
tidy-check: ## fail if go mod tidy would change a module
	$(stage) tidy .ci/tidy
