# Two commands matter: `make demo` and `make test`. Each sets itself up in .venv first.
.DEFAULT_GOAL := help
PYTHON ?= python3
BIN := .venv/bin
PARALLEL := -n auto --maxprocesses 4 --dist worksteal
PIP := $(BIN)/python -m pip --disable-pip-version-check --quiet

.PHONY: help demo test lint format slow crash bench clean

help:
	@echo "make demo    run the real pipeline on three invented days (needs Python 3.11+ and nothing else)"
	@echo "make test    lint, types, import contract and all quick tests"
	@echo "make slow    the longer checks that .ci/run adds: crashes by the hundred, bulk, benchmarks"
	@echo "make crash   only the crashes; UMBRAGE_ALL_POINTS=1 takes every single point, which is most of an hour"
	@echo "make bench   the benchmarks with their figures"
	@echo "make format  let ruff format the code"
	@echo "make clean   remove .venv and caches"

demo: .venv/.demo
	@$(BIN)/umbrage demo

test: .venv/.test lint
	@$(BIN)/python -m pytest $(PARALLEL) -m "not slow and not live" tests

lint: .venv/.test
	@$(BIN)/ruff check . && $(BIN)/ruff format --check --quiet . && $(BIN)/mypy && $(BIN)/lint-imports --no-cache

slow: .venv/.test
	@$(BIN)/python -m pytest $(PARALLEL) -m slow tests

crash: .venv/.test
	@$(BIN)/python -m pytest -s -m slow tests/crash

bench: .venv/.test
	@$(BIN)/python -m tests.benchmarks

format: .venv/.test
	@$(BIN)/ruff check --fix --quiet . ; $(BIN)/ruff format --quiet .

clean:
	rm -rf .venv .cache build dist *.egg-info .pytest_cache .mypy_cache .ruff_cache .hypothesis

.venv/bin/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
		{ echo "Umbrage needs Python 3.11 or newer; name one with: make PYTHON=python3.12 demo"; exit 1; }
	@$(PYTHON) -m venv .venv

.venv/.demo: .venv/bin/python pyproject.toml constraints.txt
	@echo "setting up .venv (once, about a minute) …"
	@$(PIP) install -c constraints.txt -e .
	@touch $@

# torch goes first and by its exact version: any other would pull gigabytes of GPU libraries.
.venv/.test: .venv/bin/python pyproject.toml constraints.txt
	@echo "setting up .venv for the tests (once, a few minutes) …"
	@$(PIP) install -c constraints.txt torch==2.13.0
	@$(PIP) install -c constraints.txt -e '.[test]'
	@touch .venv/.demo $@
