# `make help` lists the targets. Every target sets up its tools; only Python 3.11+ must be installed.
PYTHON ?= python3
BIN := .venv/bin
STAMP := .venv/.installed

.DEFAULT_GOAL := help
.PHONY: help setup run test check format lock bench

help: ## list the targets
	@sed -n 's/^\([a-z-]*\):.*## /\1\t/p' $(MAKEFILE_LIST) | expand -t 10

setup: $(STAMP) ## create .venv with the locked versions, and install the explorer's files if npm is available

$(STAMP): requirements.lock pyproject.toml package-lock.json
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "MediaCanon needs Python 3.11 or newer")'
	@$(PYTHON) -c 'import ensurepip, venv' || { echo "Python lacks venv: on Debian, apt-get install python3-venv" >&2; exit 1; }
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements.lock
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
	@if command -v npm >/dev/null; then npm run --silent vendor || echo "npm failed: the explorer will load its files from a CDN"; fi
	@touch $(STAMP)

run: setup ## serve http://127.0.0.1:8080, with the demo catalogue in an empty database
	@$(BIN)/mediacanon serve --demo

test: setup ## run the whole test suite, in up to four processes
	$(BIN)/python -m pytest --numprocesses auto --maxprocesses 4 --dist loadfile

check: setup ## lint, format check, types, layers
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

format: setup ## format the code
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

lock: ## upgrade requirements.lock (needs uv) and package-lock.json (needs npm)
	uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --extra dev \
	  --no-emit-index-url --no-annotate --no-header --upgrade pyproject.toml --output-file requirements.lock
	npm install --package-lock-only --ignore-scripts

bench: setup ## run the benchmarks of the import and the server
	$(BIN)/python -m benchmarks.importing
	$(BIN)/python -m benchmarks.http
