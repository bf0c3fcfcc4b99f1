# Two commands matter: `make demo` and `make test`. Everything is installed into .venv; nothing outside
# this directory is changed, except by `make services`, which installs system packages (needs root).

PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin
PANELS := labextension/package.json $(shell find labextension/src labextension/schema labextension/style -type f)

.PHONY: demo test lint unit integration notebooks docs services bench lowest clean help

help:            ## Show this.
	@grep -E '^[a-z]+: .*##' $(MAKEFILE_LIST) | sed -E 's/:[^#]*## /\t/' | expand -t 14

demo: $(VENV)/installed-demo  ## Try ESAP: an archive, a Rucio and JupyterLab, on this machine. CHECK=1: no browser.
	@$(BIN)/esap demo $(if $(CHECK),--check,--lab --notebooks notebooks)

test: $(VENV)/installed-dev  ## Run every test that this machine can run; CI=true installs what is missing.
	@$(BIN)/python -m tests

lint: $(VENV)/installed-dev  ## Style, types, and the directions of import.
	@$(BIN)/python -m tests lint

unit: $(VENV)/installed-dev  ## The fast tests.
	@$(BIN)/python -m tests unit

integration: $(VENV)/installed-dev  ## The tests against real services.
	@$(BIN)/python -m tests integration

notebooks: $(VENV)/installed-dev  ## Execute the tutorials on the demo.
	@$(BIN)/python -m tests notebooks

docs: $(VENV)/installed-dev  ## Build the manual: docs/_build/html/index.html
	@$(BIN)/python -m tests docs

services: $(VENV)/installed-dev  ## Install DaCHS, Rucio, XRootD and Slurm for the tests (system packages: needs root).
	@$(BIN)/python -m tests.services install

bench: $(VENV)/installed-dev  ## Figures, side by side with what one would use instead. ONLY=name: one of them.
	@$(BIN)/python -m benchmarks $(if $(ONLY),--only $(ONLY))

lowest: $(VENV)/installed-dev  ## The unit tests on the oldest supported libraries.
	@$(BIN)/python -m tests lowest

clean:           ## Remove the environment and what the tests left.
	rm -rf $(VENV) .venv-lowest .venv-wheel .services .pytest_cache .mypy_cache .ruff_cache .import_linter_cache docs/_build docs/tutorial/notebooks

$(VENV)/installed-demo: pyproject.toml $(PANELS)
	@test -d $(VENV) || $(PYTHON) -m venv $(VENV)
	@echo "Installing into $(VENV) ..."
	@$(BIN)/pip install --quiet --disable-pip-version-check --editable ".[lab,demo]"
	@touch $@

$(VENV)/installed-dev: pyproject.toml $(PANELS)
	@test -d $(VENV) || $(PYTHON) -m venv $(VENV)
	@echo "Installing into $(VENV) ..."
	@$(BIN)/pip install --quiet --disable-pip-version-check --editable ".[dev]"
	@touch $@ $(VENV)/installed-demo
