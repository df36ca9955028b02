# Each target does all its set-up: a machine needs Python 3.11 (with venv) and make alone.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready

.PHONY: dev check test prove bench-loading clean

$(READY): pyproject.toml constraints.txt
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --constraint constraints.txt --editable '.[dev]'
	touch $@

dev: $(READY) ## Serve the seeds on port 8000, drafts shown.
	$(BIN)/gateway dev seeds

check: $(READY) ## Lint, types, formatting.
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

test: $(READY) ## The tests, bounded in time.
	$(BIN)/python -m pytest

prove: $(READY) ## The tests, those that take long in full.
	GATEWAY_TEST_FULL=1 $(BIN)/python -m pytest --timeout=3600

bench-loading: $(READY) ## How a server answers while it loads 5,000 files, and what that takes.
	$(BIN)/python -m benchmarks.loading

clean:
	rm -rf $(VENV) build dist .mypy_cache .ruff_cache .pytest_cache .hypothesis
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
