.DEFAULT_GOAL := help
export GOWORK := off
GO      ?= go
RACE    ?= -race
SOAK    ?= 3m
FUZZTIME ?= 20s
MODULES := $(patsubst %/,%,$(dir $(shell git ls-files -co --exclude-standard '*go.mod')))
$(if $(MODULES),,$(error no go.mod found by git: run make in a git checkout))

# The modules whose tests take the longest, the longest first.
SLOW := internal/routers ratelimit/redisstore/goredisadapter ratelimit/redisstore/rueidisadapter

STATICCHECK := $(GO) run honnef.co/go/tools/cmd/staticcheck@v0.8.2
GOFUMPT     := $(GO) run mvdan.cc/gofumpt@v0.12.0
APIDIFF     := $(GO) run golang.org/x/exp/cmd/apidiff@v0.0.0-20260908205506-85c1c2202aba
BENCHSTAT   := $(GO) run golang.org/x/perf/cmd/benchstat@v0.0.0-20260908200009-22c9c6c9d4da

each = @for m in $(or $(2),$(MODULES)); do echo "== $$m"; (cd $$m && $(1)) || exit 1; done

help: ## list the targets
	@sed -n 's/^\([a-z]*\):.*## /\1\t/p' $(MAKEFILE_LIST)
test: ## prove it: every module, race detector, shuffled; then what is counted, which that would spoil
	$(call each,$(GO) test $(RACE) -shuffle=on ./...,$(filter-out internal/contract examples/pagetest $(SLOW),$(MODULES)))
	cd examples/pagetest && { $(GO) test -shuffle=on ./... || $(GO) test -shuffle=on ./...; } # a browser may stumble on a busy machine, once
	@printf '%s\n' $(SLOW) | xargs -P2 -I{} sh -c 'cd {} && $(GO) test $(RACE) -shuffle=on ./...' # these wait more than they work
	cd internal/contract && $(GO) test -shuffle=on ./... # which judges by the code of others
	cd middleware/ginadapter && $(GO) test $(RACE) -modfile=newest.mod -shuffle=on ./... # go.mod has the oldest gin
	$(call each,$(GO) test -run='(?i)alloc|small|size|costs' ./...,. middleware/ginadapter middleware/echoadapter internal/bench)
fuzz: ## each fuzz target for a while; FUZZTIME=10m for longer
	@grep -rlE --include='*_test.go' '^func Fuzz' . | xargs -n1 dirname | sort -u | xargs -I{} sh -c 'cd {} && $(GO) test -c -fuzz=Fuzz -o /dev/null .' # what they share, once
	@grep -rEo --include='*_test.go' '^func Fuzz[A-Za-z_]+' . | sed 's/:func /:/' | xargs -P9 -I{} .ci/fuzz {} $(FUZZTIME)
lint: ## formatting, vet, modernizers, staticcheck, tidiness
	@out=$$($(GOFUMPT) -l .) && test -z "$$out" || { echo "not gofumpt-ed: $$out"; exit 1; }
	$(call each,$(GO) mod tidy -diff && $(GO) vet ./... && $(GO) fix -diff ./... && $(STATICCHECK) -checks=all ./...)
bench: ## benchmarks, in the form that benchstat compares
	$(call each,$(GO) test -run='^$$$$' -bench=. -benchmem -count=6 ./...)
compare: ## our work beside the peers', in one table; BASE=../other measures another checkout as well
	cd internal/bench && $(GO) run . compare $(if $(BASE),-before $(abspath $(BASE)))
wire: ## CPU time of a request over a socket, beside the peers'; needs wrk
	cd internal/bench && $(GO) run . wire
soak: ## three minutes of panics and disconnects; SOAK=10m for longer
	cd internal/routers && BACKSTOP_SOAK=$(SOAK) $(GO) test $(RACE) -count=1 -timeout=0 -run='^TestSoak$$' -v .
cover: ## coverage of each module by all its tests
	$(call each,$(GO) test -coverpkg=./... -coverprofile=cover.out ./... && $(GO) tool cover -func=cover.out | tail -n 1)
.PHONY: help test fuzz lint bench compare wire soak cover
