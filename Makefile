# `make demo` and `make test` set up everything that they need; nothing has to be installed before.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check
OUT ?= demo
# Git histories that the demo mines; by default this repository's own, where the checkout has one.
REPOS ?= $(shell git rev-parse --git-dir >/dev/null 2>&1 && echo .)

.PHONY: demo test lint bench authored clean

$(VENV)/.run: pyproject.toml constraints.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "Python 3.11 or later is needed: make PYTHON=/path/to/python3.11"; exit 2; }
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(PIP) install -q -c constraints.txt torch
	$(PIP) install -q -c constraints.txt -e '.[train]'
	touch $@

$(VENV)/.dev: $(VENV)/.run
	$(PIP) install -q -c constraints.txt -e '.[train,judge,serve,dev]'
	touch $@

# The main job on the embedded default: histories and functions -> pairs -> model -> benchmark -> score -> report.
demo: $(VENV)/.run
	$(BIN)/themis-rm run recipes/demo.yaml --out $(OUT) repositories="$(REPOS)"

test: $(VENV)/.dev
	@# One thread a process: two test processes with two threads each wait for one another.
	OMP_NUM_THREADS=1 $(BIN)/python -m pytest -n 2 --dist worksteal

lint: $(VENV)/.dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

# Side-by-side timings against peers; the ratio is the last line of each. REPO=path/to/a/clone
REPO ?= .
bench: $(VENV)/.dev
	$(PIP) install -q -c constraints.txt pydriller
	$(BIN)/python benchmarks/mining.py $(REPO)
	$(BIN)/python benchmarks/scoring.py --repos $(REPO)

# Rebuild the Parquet file of the authored benchmark from data/authored; commit the result.
authored: $(VENV)/.run
	$(BIN)/python data/build_authored.py

clean:
	rm -rf $(VENV) $(OUT) build dist .pytest_cache .ruff_cache .mypy_cache .hypothesis
