# Two commands to know: `make trace` and `make test`. Each target is a line or two; the work is in Python.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready

# Programs that nobody here wrote, for tests: a WebSocket client, and what reads exports back.
NPM := ws mermaid speedscope axe-core

# A process for each core; a file of tests stays in one of them, the dear ones first (tests/conftest.py has the order).
ALL_CORES := --numprocesses auto --maxprocesses 4 --dist loadfile --no-loadscope-reorder

.PHONY: help setup trace check test lint repeat clean npm

help:  ## Show the targets
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed 's/:.*##/\t/' | sort

setup: $(READY)  ## Make .venv with what requirements.txt pins

$(READY): requirements.txt pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 10))' || { echo "unmagic needs Python 3.10 or newer: make PYTHON=python3.11 ..."; exit 2; }
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check -r requirements.txt
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --editable .
	@touch $(READY)

trace: $(READY)  ## Record every scenario and write the report
	@$(BIN)/unmagic trace
	@$(BIN)/unmagic pages --traces traces

check: $(READY)  ## Make the report again and compare it with what is committed
	@$(BIN)/unmagic pages --check

lint: $(READY)
	@$(BIN)/ruff check . && $(BIN)/ruff format --check --quiet . && $(BIN)/mypy

npm:  ## Get what the tests want from the npm registry into build/
	@test -n "$(UNMAGIC_WITHOUT_TOOLS)" || command -v npm >/dev/null || { echo "there is no npm on PATH: install it, or set UNMAGIC_WITHOUT_TOOLS=1 to skip the tests that want it"; exit 2; }
	@for name in $(NPM); do test -d build/node_modules/$$name || test -n "$(UNMAGIC_WITHOUT_TOOLS)" || npm install --no-audit --no-fund --loglevel error --prefix build $$name >/dev/null || { echo "npm could not get $$name"; exit 2; }; done

test: $(READY) lint npm  ## Run everything that CI runs
	@$(BIN)/python -m pytest $(ALL_CORES)
	@$(BIN)/python tests/other_pythons.py $(ALL_CORES)

repeat: $(READY)  ## Record everything 20 times and compare the pages each time
	@$(BIN)/python tests/repeat.py 20

.PHONY: upstream-tests bench bench-recording bench-journeys
upstream-tests: $(READY)  ## Run the original libraries' own tests against reference_impl
	@$(BIN)/python tests/upstream/run.py

bench: $(READY)  ## Measure reference_impl beside the real stack, as ratios
	@$(BIN)/python -m benchmarks

bench-recording: $(READY)  ## Measure what recording costs the traced program, with values and without
	@$(BIN)/python -m benchmarks.recording

.PHONY: screenshots bench-explorer
screenshots: $(READY)  ## Take pictures of the explorer page and of a terminal, for docs/screenshots
	@$(BIN)/python tests/screenshots.py

bench-journeys: $(READY)  ## Measure how long the journeys of 100 to 10,000 round trips take
	@$(BIN)/python -m benchmarks journeys

bench-explorer: $(READY)  ## Measure first paint, a step and size of the explorer page, and of one with 100,000 calls
	@$(BIN)/python -m benchmarks.explorer

clean:  ## Remove what was made, but not the committed report
	rm -rf $(VENV) .venv-* traces build *.egg-info .pytest_cache .mypy_cache .ruff_cache .hypothesis
	find . -name __pycache__ -prune -exec rm -rf {} +
