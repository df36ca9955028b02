# Each target does its own set-up. The requirements are Python 3.11 or later with venv, and make.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready

# Two more processes than cores, because tests often wait for servers, browsers or file system events. The tests of a
# module share slow fixtures, so they run in one process. Modules are not reordered by their number of tests: a module
# with a single long test would start last.
PROCESSES := $(shell expr $$(nproc) + 2)
TOGETHER := --numprocesses=$(PROCESSES) --dist=loadscope --no-loadscope-reorder

# Temporary files are in memory if 4 GB are free there, so that tests do not wait for the disk.
MEMORY := $(shell test -w /dev/shm && df -Pk /dev/shm | awk 'END { if ($$4 > 4000000) print "TMPDIR=/dev/shm" }')

# Bytecode is cached, regardless of the environment, because the tests start the command many times.
export PYTHONDONTWRITEBYTECODE :=

.PHONY: dev explorer check test prove bench bench-load bench-requests bench-loading bench-live bench-queries bench-limits bench-mixed bench-overload bench-postgres bench-scaling clean

$(READY): pyproject.toml constraints.txt
	@$(PYTHON) -c 'from gateway.cli import check_python; check_python()'
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --constraint constraints.txt --editable '.[dev]'
	touch $@

dev: $(READY) ## Serve the seeds on port 8000, with drafts.
	@$(MAKE) --no-print-directory --silent explorer || echo 'The explorer is loaded from its CDN instead.'
	$(BIN)/gateway dev seeds

explorer: $(READY) ## Install GraphiQL's files from npm.
	$(BIN)/python -m gateway.explorer.fetch_assets

check: $(READY) ## Check style, formatting and types.
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

test: $(READY) ## Run the tests with time limits.
	$(MEMORY) $(BIN)/python -m pytest $(TOGETHER)

prove: $(READY) ## Run the tests, with the long ones at full size.
	GATEWAY_TEST_FULL=1 $(BIN)/python -m pytest $(TOGETHER) --timeout=3600

bench: bench-load bench-requests bench-loading bench-live bench-queries bench-limits bench-mixed bench-overload bench-postgres bench-scaling ## Run all benchmarks.

bench-load: $(READY) ## Compare loading with other programs. DOCS=--write-docs writes docs/performance.md.
	$(BIN)/python -m benchmarks.load $(DOCS)
	$(BIN)/python -m benchmarks.load --shape bodies $(DOCS)
	$(BIN)/python -m benchmarks.load --unchanged $(DOCS)

bench-requests: $(READY) ## Compare requests with other servers. DOCS=--write-docs writes docs/performance.md.
	$(BIN)/python -m benchmarks.requests $(DOCS)

bench-loading: $(READY) ## Measure latency, time and memory while a server loads 5,000 files.
	$(BIN)/python -m benchmarks.loading

bench-live: $(READY) ## Measure the time from a save to its answer, and latency during a push of many files.
	$(BIN)/python -m benchmarks.live

bench-queries: $(READY) ## Compare query times over 1,000 and 100,000 articles.
	$(BIN)/python -m benchmarks.queries

bench-limits: $(READY) ## Measure the most expensive operations that the limits allow.
	$(BIN)/python -m benchmarks.limits

bench-mixed: $(READY) ## Measure cheap queries beside the most expensive ones, and how long those hold the event loop.
	$(BIN)/python -m benchmarks.mixed

bench-overload: $(READY) ## Measure goodput with 32 to 1,000 connections that send requests without a pause.
	$(BIN)/python -m benchmarks.overload

bench-postgres: $(READY) ## Compare the gateway on PostgreSQL with SQLite and with PostGraphile.
	$(BIN)/python -m benchmarks.postgres

bench-scaling: $(READY) ## Compute what 100,000 requests per second need. DOCS=--write-docs writes docs/scaling.md.
	$(BIN)/python -m benchmarks.scaling $(DOCS)

clean:
	rm -rf $(VENV) build dist gateway/explorer/assets .mypy_cache .ruff_cache .pytest_cache .hypothesis
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
