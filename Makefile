# `make demo` shows the product, `make test` proves it; both install what is missing first.
SHELL := /bin/bash
.DEFAULT_GOAL := help
CARGO ?= cargo
SPEED ?= 20
ROUNDS ?= 30
SEEDS ?= 20000
FROM ?= 0
N ?= 100000
# Queries are checked against .sqlx; a DATABASE_URL in the environment is the program's, not the build's.
export SQLX_OFFLINE = true

.PHONY: help deps demo demo-clean test attack isolation sabotage crash simulate check bench bench-full generate

help: ## Say what can be made
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 14

deps: ## Install what building, testing and the demo need
	@.ci/deps.sh check

demo: ## Start everything, seed a school, replay a morning (SPEED=20), say where the board is
	@.ci/deps.sh demo
	$(CARGO) run --quiet --locked --bin attendance -- demo --speed $(SPEED)

demo-clean: ## Forget the demo's data
	if [ -L .attendance/demo/postgres ]; then rm -rf "$$(readlink .attendance/demo/postgres)"; fi
	rm -rf .attendance/demo

test: ## Run every test
	@.ci/deps.sh test
	$(CARGO) test --workspace --locked --no-fail-fast

isolation: ## Ask N=100000 things by chance as everybody: nothing crosses from school to school (SEED=…)
	@.ci/deps.sh test
	ISOLATION_REQUESTS="$(N)" ISOLATION_SEED="$(SEED)" $(CARGO) test --locked --package e2e --package workspace-features --lib -- isolation:: --nocapture

# One after the other: here the times count.
attack: ## The attacks of `make test` at full size, with their times
	@.ci/deps.sh test
	ulimit -n "$$(ulimit -Hn)" && ATTACK=1 $(CARGO) test --workspace --locked --no-fail-fast -- --test-threads=1 --nocapture --include-ignored attack:: trials:: p10_

sabotage: ## Leave conditions out of statements, one after the other: the test that is to miss each turns red (ONLY=…)
	@.ci/deps.sh test
	ONLY="$(ONLY)" $(CARGO) test --locked --package e2e --package workspace-features --lib -- sabotage:: --include-ignored --nocapture

crash: ## Kill server, Postgres and NATS under load ROUNDS=30 times each (or ROUNDS="200 100 50", SEED=…)
	@.ci/deps.sh test
	$(CARGO) test --locked --package web --package e2e --package workspace-features --test program --no-run
	CRASH_ROUNDS="$(ROUNDS)" CRASH_SEED="$(SEED)" $(CARGO) test --locked --package e2e --package workspace-features --lib -- crash::killed --nocapture

check: ## Formatting, lints, dependencies, and that generated files are fresh
	@.ci/deps.sh check
	$(CARGO) fmt --all --check
	$(CARGO) clippy --workspace --all-targets --locked -- -D warnings
	PATH="$$PWD/.attendance/tools/bin:$$PATH" $(CARGO) deny --locked --log-level error check licenses bans sources
	$(CARGO) test --locked --package e2e --package workspace-features --lib -- structure::
	.ci/fresh.sh
	.ci/compose-config.sh

# Thousands of boards are as many sockets.
BENCH = ulimit -n "$$(ulimit -Hn)" && $(CARGO) run --release --locked --package bench --

bench: ## What it does on this machine, beside what it is compared with (five minutes)
	@.ci/deps.sh demo
	$(BENCH)

bench-full: ## The same with the figures that take long
	@.ci/deps.sh demo
	$(BENCH) --full

simulate: ## Try the whole line's promises on other seeds (SEEDS=20000 FROM=0)
	@.ci/deps.sh check
	SIM_SEEDS=$(SEEDS) SIM_FROM=$(FROM) $(CARGO) test --locked --package e2e --package workspace-features --lib -- --nocapture simulation::whatever

generate: deps ## Write the generated files anew: docs/events.md, docs/openapi.json, .sqlx
	.ci/fresh.sh --write
