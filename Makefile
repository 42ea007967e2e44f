# The whole interface of a developer. Everything lands in .venv; nothing needs root or a running server.

VENV := .venv
BIN := $(VENV)/bin
DECLARED := pyproject.toml constraints.txt deploy/setup.sh
ARGS ?=
TESTS ?= tests
ONLY ?=
SEEDS ?= 1000
MINUTES ?= 10
SECONDS ?= 60

.PHONY: help run test setup check bench ci soak fuzz
.DEFAULT_GOAL := help

help: ## list these commands
	@awk -F ':.*## ' '/^[a-z]+:.*## / {printf "make %-6s %s\n", $$1, $$2}' Makefile

run: $(VENV)/run.stamp ## install into .venv, then `tradigrade up` (ARGS='--config FILE')
	@exec $(BIN)/tradigrade up $(ARGS)

test: setup ## the same set-up, then the whole test suite (TESTS=tests/kernel)
	@sh deploy/suite.sh $(TESTS)

setup: $(VENV)/dev.stamp ## only the set-up, with everything the tests need

check: setup ## lint, types, import layers, packages listed, unused dependencies
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/python deploy/link_types.py
	@MYPYPATH=.types $(BIN)/mypy -p tradigrade -p benchmarks -p deploy
	@PYTHONPATH=.types $(BIN)/lint-imports --no-logo
	@$(BIN)/deptry .
	@$(BIN)/python -m pytest -q tests/architecture/test_layout.py

ci: check ## the longer run before a change lands: more seeds, more kills
	@SEEDS=1000 KILLS=20 SEQUENCES=100000 ORDERS=10000 HYPOTHESIS_PROFILE=search sh deploy/suite.sh $(TESTS)

soak: setup ## much longer: KILLS=200 nodes killed under trading, chaos for MINUTES=10, SEEDS=1000 simulated; 0 leaves one out
	@$(BIN)/python -m tests.soak --kills $(or $(KILLS),200) --minutes $(MINUTES) --seeds $(SEEDS)

fuzz: setup ## hostile input at every door, SECONDS=60 in all, a million frames at each market decoder (ONLY=door,door)
	@$(BIN)/python -m tests.fuzz --seconds $(SECONDS) --only '$(ONLY)'

bench: setup ## one JSON object a line on standard output (ONLY=prefix,prefix)
	@$(BIN)/python -m benchmarks $(ONLY)

# A stamp is older than what declares the dependencies: only then is anything installed again.
$(VENV)/run.stamp: $(DECLARED)
	@sh deploy/setup.sh run
	@touch $@

$(VENV)/dev.stamp: $(VENV)/run.stamp
	@sh deploy/setup.sh dev
	@touch $@
