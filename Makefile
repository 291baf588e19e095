# make demo | test | check | bench | results | validate | schema | reference | docs | clean
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.PHONY: help demo test check bench results validate schema reference vega docs clean

PYTHON ?= python3.11 python3
BIN := .venv/bin
CORE := .venv/.core-installed
DEV := .venv/.dev-installed
PINNED := pyproject.toml constraints.txt

help:
	@echo "make demo       simulate card payments, decide on them, and write a report"
	@echo "make test       run the whole test suite"
	@echo "make check      format, lint, types, layers, documents, schema"
	@echo "make bench      speed and memory beside hand-written SQL and peers"
	@echo "make results    figures on real logs beside the published ones: docs/results.md"
	@echo "make validate   stress tests on many simulated logs beside the truth: docs/validation.md"
	@echo "make schema     write schema/framing.schema.json"
	@echo "make reference  write the pages that follow from the code"
	@echo "make vega       write the chart library into the package"
	@echo "make docs       check the documents"
	@echo "make clean      remove what make made, but not .venv"

# The first interpreter that runs and is new enough; PYTHON=/path/to/python chooses another.
$(BIN)/python:
	@for python in $(PYTHON); do \
	  if $$python -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then \
	    echo "making .venv with $$($$python --version)"; exec $$python -m venv .venv; \
	  fi; \
	done; \
	echo "Python: expected 3.11 or newer as one of '$(PYTHON)', found none." >&2; \
	echo "  Fix: install Python 3.11, or name one: make PYTHON=/path/to/python3.11 ..." >&2; exit 1

$(CORE): $(PINNED) | $(BIN)/python
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e .
	@touch $@

$(DEV): $(PINNED) | $(BIN)/python
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e '.[dev]'
	@touch $(CORE) $@

demo: $(CORE)
	$(BIN)/truenorth demo demo

# Two workers: more of them would each start a Spark of their own.
test: $(DEV)
	$(BIN)/pytest -n 2 --dist loadgroup --doctest-modules src/truenorth tests

check: $(DEV)
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports --no-cache
	$(BIN)/python scripts/check_docs.py
	@mkdir -p build && $(BIN)/truenorth schema > build/framing.schema.json
	@diff -u schema/framing.schema.json build/framing.schema.json || { echo "  Fix: make schema" >&2; exit 1; }

bench: $(DEV)
	$(BIN)/python bench/run.py --peers --docs
	$(BIN)/python bench/audit.py --data
	$(BIN)/python bench/stress.py

results: $(DEV)
	$(BIN)/python -m scripts.results

validate: $(DEV)
	$(BIN)/python scripts/validation/stress_tests.py --docs
	$(BIN)/python scripts/validation/feed_runs.py --docs

reference: $(DEV)
	$(BIN)/python scripts/write_reference.py

vega: $(DEV)
	$(BIN)/python scripts/vega_bundle.py

schema: $(DEV)
	@mkdir -p build schema
	$(BIN)/truenorth schema > build/framing.schema.json
	mv build/framing.schema.json schema/framing.schema.json

docs: $(DEV)
	$(BIN)/python scripts/check_docs.py

clean:
	rm -rf build demo dist .hypothesis .import_linter_cache .mypy_cache .pytest_cache .ruff_cache
	find src tests scripts bench -name __pycache__ -prune -exec rm -rf {} +
