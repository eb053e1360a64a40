# migralab: every routine task in one place. `make` alone lists them. Works with GNU make 3.81 (macOS) and later.
# Each target but help and clean first sees to it that .venv stands; that is redone only when pins or packaging change.

VENV    := .venv
BIN     := $(VENV)/bin
READY   := $(VENV)/.ready
LOG     := $(VENV)/setup.log
WORKERS ?= 2
# Interpreters tried in turn. `make setup PYTHON=/path/to/python3.12` tries only that one.
PYTHON  ?= python3.11 python3.12 python3.13 python3.14 python3 python
# worksteal keeps neighbouring tests on one worker, so that a module's runs are made once, and still balances the end
PYTEST  := $(BIN)/python -m pytest -q -n $(WORKERS) --dist worksteal

MAKEFLAGS += --no-print-directory --no-builtin-rules
export PIP_DISABLE_PIP_VERSION_CHECK := 1
.DEFAULT_GOAL := help
.PHONY: help setup truth demo test claims lint bench docs full clean

help: ## show this list
	@echo "migralab: a virtual laboratory for migrasomes"
	@awk -F ':.*## ' '/^[a-z]+:.*## / {printf "  make %-9s %s\n", $$1, $$2}' Makefile

setup: $(READY) ## create .venv, install the pinned packages, compile the kernels once
	@echo "The environment stands: $(BIN)/migralab --help"

truth: $(READY) ## install the simulator that pathways are compared with in tests (138 MB)
	@$(BIN)/python -m pip install --quiet --group truth

demo: $(READY) ## run the migrasome formation assay; ends with the path of a report
	@$(BIN)/migralab demo

test: $(READY) ## run the tests, without the long statistical ones
	@$(PYTEST) -m "not slow"

claims: $(READY) ## judge every claim of the catalogue, of both tiers, and every way of signalling, against the record
	@$(PYTEST) tests/claims

lint: $(READY) ## check style, format, types, rooms and sizes
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy
	@$(BIN)/lint-imports
	@$(BIN)/python -m pytest -q tests/unit/test_sizes.py

bench: $(READY) ## time the hot paths against their plain twins
	@$(BIN)/python -m benchmarks.run

docs: $(READY) ## check the Markdown pages: every link leads somewhere, every page can be reached
	@$(BIN)/python -m pytest -q tests/e2e/test_documents.py

catalogue: $(READY) ## write the pages of docs/catalogue anew from the entries and docs/catalogue/results
	@$(BIN)/migralab catalogue docs/catalogue

full: lint docs ## lint, docs and every test, with the long statistical ones
	@$(PYTEST)

clean: ## remove caches and build leftovers; .venv, runs and reports stay
	@rm -rf build dist htmlcov .coverage .pytest_cache .mypy_cache .ruff_cache .import_linter_cache .hypothesis
	@find src tests benchmarks examples -name __pycache__ -type d -prune -exec rm -rf {} +

# pip is silent or a flood; what it collects is counted here, its full text goes to the log.
$(READY): pyproject.toml constraints.txt
	@python=""; for p in $(PYTHON); do \
	  if "$$p" -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 14))' >/dev/null 2>&1; then python="$$p"; break; fi; \
	done; \
	if [ -z "$$python" ]; then \
	  echo "migralab needs Python 3.11, 3.12, 3.13 or 3.14 (newer ones lack wheels of some pins); none of these is one: $(PYTHON)." >&2; \
	  echo "Install it (python.org, conda, or your system's packages), or name it: make setup PYTHON=/path/to/python3.12" >&2; exit 1; \
	fi; \
	if ! "$$python" -c 'import ensurepip, venv' >/dev/null 2>&1; then \
	  echo "$$python cannot make environments: its venv module is missing. On Debian or Ubuntu: apt install python3-venv" >&2; exit 1; \
	fi; \
	if ! $(BIN)/python -m pip --version >/dev/null 2>&1; then \
	  echo "[1/4] environment in $(VENV), with $$("$$python" --version)"; \
	  "$$python" -m venv --clear $(VENV); \
	else echo "[1/4] environment in $(VENV) is there"; fi
	@echo "[2/4] newest pip"
	@$(BIN)/python -m pip install --quiet --upgrade pip
	@echo "[3/4] packages of constraints.txt (1 GB on disk; about a minute)"
	@rm -f $(VENV)/.installed
	@{ $(BIN)/python -m pip install --progress-bar off -e . --group dev -c constraints.txt && : > $(VENV)/.installed; } 2>&1 \
	  | tee $(LOG) | { n=0; while IFS= read -r line; do case "$$line" in \
	      Collecting*) n=$$((n + 1)); if [ $$((n % 15)) -eq 0 ]; then echo "      $$n found"; fi ;; \
	      "Installing collected packages"*) echo "      $$n found, installing" ;; esac; done; }
	@if [ ! -e $(VENV)/.installed ]; then \
	  echo "pip could not install the packages. The end of $(LOG):" >&2; tail -n 15 $(LOG) >&2; exit 1; fi
	@echo "[4/4] compiling the kernels, once"
	@$(BIN)/python -m migralab.warm
	@touch $(READY)
