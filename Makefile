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
	@awk -F ':.*## +' '/^[a-z0-9-]+:.*## /{printf "%-19s%s\n", $$1, $$2}' $(MAKEFILE_LIST) | sort

setup: $(READY)  ## Make .venv with what requirements.txt pins

$(READY): requirements.txt pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 10))' || { echo "unmagic needs Python 3.10 or newer: make PYTHON=python3.11 ..."; exit 2; }
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check -r requirements.txt
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --editable .
	@touch $(READY)

trace: $(READY)  ## Record every scenario and write the report
	@$(BIN)/unmagic trace
	@$(BIN)/unmagic truth traces
	@$(BIN)/unmagic pages --traces traces

check: $(READY)  ## Make the report and the notebooks again and compare them with what is committed
	@$(BIN)/unmagic pages --check
	@$(BIN)/python -m notebooks --check

.PHONY: notebooks lab
notebooks: $(READY)  ## Run the course's notebooks and write them, and the versions for students
	@$(BIN)/python -m notebooks

.PHONY: book
book: $(READY)  ## Make the course's site in build/book, to be read without a network, and check its links
	@$(BIN)/python -m notebooks.book

lab: $(READY)  ## Open the course in JupyterLab
	@$(BIN)/jupyter lab --ServerApp.root_dir=. notebooks/student/01_socket.ipynb

lint: $(READY)  ## Look at the code with Ruff and mypy
	@$(BIN)/ruff check . && $(BIN)/ruff format --check --quiet . && $(BIN)/mypy

npm:  ## Get what the tests want from the npm registry into build/
	@test -n "$(UNMAGIC_WITHOUT_TOOLS)" || command -v npm >/dev/null || { echo "there is no npm on PATH: install it, or set UNMAGIC_WITHOUT_TOOLS=1 to skip the tests that want it"; exit 2; }
	@for name in $(NPM); do test -d build/node_modules/$$name || test -n "$(UNMAGIC_WITHOUT_TOOLS)" || npm install --no-audit --no-fund --loglevel error --prefix build $$name >/dev/null || { echo "npm could not get $$name"; exit 2; }; done

test: $(READY) lint npm  ## Run everything that CI runs
	@$(BIN)/python -m pytest $(ALL_CORES)
	@$(BIN)/python tests/other_pythons.py

thorough: $(READY) npm  ## Run every test there is, those too that `make test` leaves out because they take long
	@$(BIN)/python -m pytest $(ALL_CORES) -m ""

.PHONY: thorough
repeat: $(READY)  ## Record everything 20 times and compare the pages each time
	@$(BIN)/python tests/repeat.py 20

.PHONY: upstream-tests upstream-traced bench bench-peers bench-recording bench-journeys
upstream-tests: $(READY)  ## Run the original libraries' own tests against reference_impl
	@$(BIN)/python tests/upstream/run.py

upstream-traced: $(READY)  ## Run the original libraries' own tests recorded and not, with each engine, and compare
	@$(BIN)/python tests/upstream/traced.py

bench: $(READY)  ## Measure reference_impl beside the real stack, as ratios
	@$(BIN)/python -m benchmarks

bench-peers: $(READY)  ## Measure what recording costs beside other recorders, and write docs/benchmarks.md
	@$(BIN)/python -m benchmarks.peers

bench-recording: $(READY)  ## Measure what recording costs the traced program, with values and without
	@$(BIN)/python -m benchmarks.recording

.PHONY: killed fuzzed scale
killed: $(READY)  ## Kill a recorded server at 50 random moments with each engine, and look at what is in its trace
	@$(BIN)/python tests/campaigns/killed.py

fuzzed: $(READY)  ## Record 1,000 generated programs with each engine, and compare with the untraced ones
	@$(BIN)/python tests/campaigns/fuzzed.py

scale: $(READY)  ## Record 10 million calls and 200 threads with each engine: time, memory, disk, opening
	@$(BIN)/python tests/campaigns/scale.py

.PHONY: doctor verdicts class-500 reports-500
doctor: $(READY)  ## Say which sandbox this machine has for the grader, and why not a better one
	@$(BIN)/unmagic doctor

verdicts: $(READY)  ## Grade the same hand-ins 100 times under load: the verdicts have to be the same
	@$(BIN)/python tests/campaigns/verdicts.py

reports-500: $(READY)  ## Check 500 reports: counts and seconds
	@$(BIN)/python tests/campaigns/reports_500.py

class-500: $(READY)  ## Grade a class of 500: counts and hand-ins a second
	@$(BIN)/python tests/campaigns/class_500.py

.PHONY: wheel
wheel: $(READY)  ## Install a wheel in a fresh environment, and hand out, try, grade and pack the coursework from it
	@$(BIN)/python tests/campaigns/wheel.py

.PHONY: mutants mutants-generated
mutants: $(READY)  ## Grade every written mutant of reference_impl: is it caught in its stage, does its hint name the fault
	@$(BIN)/python tests/campaigns/mutants.py

mutants-generated: $(READY)  ## Grade mutants that cosmic-ray generates in all that students write, and list survivors
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check -r tests/campaigns/requirements-mutants.txt
	@$(BIN)/python tests/campaigns/mutants_generated.py

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
