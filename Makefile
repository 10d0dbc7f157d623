# Every target sets .venv up when it is missing or stale. PYTHON may name another interpreter.
PYTHON ?= python3
BIN := .venv/bin
WORKERS ?= 2

.PHONY: help setup demo test check lint types docs cover bench bench-check lock clean

help:
	@echo "make demo    see it work          make test    run the tests"
	@echo "make check   linters and types    make docs    build docs/_build/index.html"
	@echo "make cover   tests with coverage  make lock    rewrite requirements/dev.lock"
	@echo "make bench   speed, beside others make bench-check  slower than at the last release?"

setup:
	@$(PYTHON) scripts/setup.py

demo: setup
	@$(BIN)/tradectl plugin list
	@$(BIN)/tradectl backtest support-resistance SPX.SAMPLE --fresh

# TEST holds options of pytest. A worker takes whole files, whose tests share what is made for them.
test: setup
	@$(BIN)/python -m pytest -n $(WORKERS) --dist loadfile --no-loadscope-reorder $(TEST)

check: lint types

lint: setup
	@$(BIN)/ruff format --check .
	@$(BIN)/ruff check .

types: setup
	@$(BIN)/mypy

docs: setup
	@$(BIN)/sphinx-build -q -n -W --keep-going docs docs/_build

cover: setup
	@$(BIN)/coverage erase
	@$(BIN)/coverage run -m pytest
	@$(BIN)/coverage combine -q
	@$(BIN)/coverage report

# BENCH holds options, such as BENCH="--quick" or BENCH="--workloads A --engines tradectl,limit"
bench: setup
	@$(BIN)/python -m benchmarks $(BENCH)

bench-check: setup
	@$(BIN)/python -m benchmarks.check $(BENCH)

lock:
	@scripts/lock.sh

clean:
	rm -rf .venv docs/_build .mypy_cache .ruff_cache .pytest_cache .hypothesis
