# Each target does all its set-up: a machine needs only Python 3.11 or later (with venv) and make.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready

# Two processes more than cores: a test often waits, for a server to start, a browser or a folder to be noticed. The tests
# of a module stay together, since they share what is slow to make. Modules are taken in their order: by the number of
# their tests, those of a single long one would come last, and one process wait for it.
PROCESSES := $(shell expr $$(nproc) + 2)
TOGETHER := --numprocesses=$(PROCESSES) --dist=loadscope --no-loadscope-reorder

# What the bounded tests write is kept in memory where that has 4 GB to spare, so that they wait for no disk.
MEMORY := $(shell test -w /dev/shm && df -Pk /dev/shm | awk 'END { if ($$4 > 4000000) print "TMPDIR=/dev/shm" }')

# The command is started over and over by the tests: it is compiled once, whatever the environment says.
export PYTHONDONTWRITEBYTECODE :=

.PHONY: dev explorer check test prove bench bench-loading bench-live bench-queries bench-overload clean

$(READY): pyproject.toml constraints.txt
	@$(PYTHON) -c 'from gateway.cli import check_python; check_python()'
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --constraint constraints.txt --editable '.[dev]'
	touch $@

dev: $(READY) ## Serve the seeds on port 8000, drafts shown.
	@$(MAKE) --no-print-directory --silent explorer || echo 'The explorer comes from its CDN instead.'
	$(BIN)/gateway dev seeds

explorer: $(READY) ## GraphiQL's files, from npm.
	$(BIN)/python -m gateway.explorer.fetch_assets

check: $(READY) ## Lint, types, formatting.
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

test: $(READY) ## The tests, bounded in time.
	$(MEMORY) $(BIN)/python -m pytest $(TOGETHER)

prove: $(READY) ## The tests, those that take long in full.
	GATEWAY_TEST_FULL=1 $(BIN)/python -m pytest $(TOGETHER) --timeout=3600

bench: bench-loading bench-live bench-queries bench-overload ## All that is measured, one after the other.

bench-loading: $(READY) ## How a server answers while it loads 5,000 files, and what that takes.
	$(BIN)/python -m benchmarks.loading

bench-live: $(READY) ## How soon a save is seen, and what a push of many files costs those who ask meanwhile.
	$(BIN)/python -m benchmarks.live

bench-queries: $(READY) ## What queries take over 1,000 articles and over 100,000.
	$(BIN)/python -m benchmarks.queries

bench-overload: $(READY) ## Goodput with 32 to 1,000 connections that ask without a pause.
	$(BIN)/python -m benchmarks.overload

clean:
	rm -rf $(VENV) build dist gateway/explorer/assets .mypy_cache .ruff_cache .pytest_cache .hypothesis
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
