# Every target sets up what it needs from nothing but Python >= 3.11 with pip, in a fresh clone too.
.PHONY: demo test oracle check lint types imports docs examples bench wheel clean
SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c

VENV ?= .venv
BIN := $(VENV)/bin
# The first interpreter that runs and is new enough; `make PYTHON=python3.12 test` chooses another.
PYTHON ?= $(shell for p in python3 python3.13 python3.12 python3.11 python; do \
	$$p -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && echo $$p && break; done)

demo: $(VENV)/.installed-run
	@$(BIN)/reflector demo

test: $(VENV)/.installed-test
	@$(BIN)/python -m pytest

# Our algebra against the package clifford, whose compilation takes minutes.
oracle: $(VENV)/.installed-test
	@$(BIN)/python -m pytest -q tests/clifford/oracle/agreement.py

check: lint types imports docs examples wheel

lint: $(VENV)/.installed-dev
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .

types: $(VENV)/.installed-dev
	@$(BIN)/mypy
	@$(BIN)/mypy --strict tests/typing/api.py

imports: $(VENV)/.installed-dev
	@$(BIN)/lint-imports

docs: $(VENV)/.installed-dev
	@$(BIN)/python -m sphinx -q -W --keep-going -b html docs docs/_build/html
	@echo "docs/_build/html/index.html"

examples: $(VENV)/.installed-dev
	@$(BIN)/python -m pytest -q tests/test_examples.py tests/test_documentation.py tests/test_docstrings.py

bench: $(VENV)/.installed-dev
	@for file in tests/benchmarks/bench_*.py; do echo "== $$file"; $(BIN)/python $$file; done

# Build the wheel, install it in a clean environment and import it there.
wheel: $(VENV)/.installed-dev
	@rm -rf dist $(VENV)-wheel
	@$(BIN)/python -m build --installer uv --wheel -o dist . >/dev/null
	@$(BIN)/python -m venv $(VENV)-wheel
	@$(BIN)/uv pip install -q --python $(VENV)-wheel/bin/python dist/*.whl || \
		$(VENV)-wheel/bin/python -m pip install -q dist/*.whl
	@cd $(VENV)-wheel && bin/python -c "import reflector as rf; print('wheel imports, version', rf.__version__)"
	@cd $(VENV)-wheel && bin/reflector demo --json >/dev/null && echo "the command runs"
	@rm -rf $(VENV)-wheel

clean:
	rm -rf .venv .venv-* docs/_build dist build .mypy_cache .ruff_cache .import_linter_cache .pytest_cache .hypothesis

# --- environments -------------------------------------------------------------------------------------------

$(BIN)/python:
	@test -n "$(PYTHON)" || { echo "Python 3.11 or newer is needed; none was found on the PATH."; exit 2; }
	@echo "setting up $(VENV) with $$($(PYTHON) --version)"
	@$(PYTHON) -m venv $(VENV)
	@# uv installs about four times faster than pip; without it, pip does the same.
	@command -v uv >/dev/null && ln -sf "$$(command -v uv)" $(BIN)/uv || $(BIN)/python -m pip install -q uv || true

$(VENV)/.installed-%: pyproject.toml | $(BIN)/python
	@group=""; [ $* = run ] || group="--group $*"; \
	$(BIN)/uv pip install -q --python $(BIN)/python -e . $$group 2>/dev/null || { \
		$(BIN)/python -m pip install -q --upgrade "pip>=25.1" && $(BIN)/python -m pip install -q -e . $$group; }
	@touch $@
