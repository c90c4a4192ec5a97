# Every target sets up what it needs from nothing but Python >= 3.11.
.PHONY: demo test check bench docs clean
SHELL := /bin/sh

demo test check bench docs:
	@sh .ci/setup $@
	@sh .ci/$@

clean:
	rm -rf .venv .venv-* docs/_build dist build .mypy_cache .ruff_cache .pytest_cache .hypothesis
