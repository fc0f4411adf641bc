# Two commands for a newcomer: `make demo` and `make test`. `make help` lists the rest.
.DEFAULT_GOAL := help
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
CODE := smart_app sandbox tests bench interop docs/tools gunicorn.conf.py

.PHONY: help setup browser demo test soak check bench interop docs lock

help: ## what each target does
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 12

$(VENV)/.ready: requirements/app.txt requirements/dev.txt pyproject.toml
	$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Aftercare needs Python 3.11 or newer")'
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes --only-binary :all: -r requirements/app.txt -r requirements/dev.txt
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
	touch $@

setup: $(VENV)/.ready ## virtual environment with the locked dependencies

browser: # Chromium for the browser tests: by apt-get when root, else said plainly
	@command -v chromium >/dev/null || command -v chromium-browser >/dev/null || { \
	  if [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null; then \
	    echo "installing Chromium for the browser tests"; \
	    apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends chromium >/dev/null; \
	  else echo "no Chromium: the browser tests will be named as not run (install the package chromium)"; fi; }

demo: setup ## sandbox EHR on 127.0.0.1:9000 and the app on 127.0.0.1:8000
	@$(BIN)/python -m sandbox.demo

test: setup browser ## the whole suite (heavy tests at a tenth of their size)
	$(BIN)/pytest -n 2 --dist loadgroup

soak: setup browser ## the whole suite, heavy tests at full size
	AFTERCARE_SOAK=1 $(BIN)/pytest -n 2 --dist loadgroup

check: setup ## format, lint, types, import floors, content, Dockerfile
	$(BIN)/ruff format --check $(wildcard $(CODE))
	$(BIN)/ruff check $(wildcard $(CODE))
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/aftercare check-content
	$(BIN)/hadolint Dockerfile

bench: setup ## the benchmark: ratios, side by side in one run
	$(BIN)/python -m bench

interop: setup ## the product against software that nobody here wrote (Java 17, Maven, Node 20)
	$(BIN)/python -m interop

docs: setup ## regenerate docs/rules.md from the rule files
	$(BIN)/python -m docs.tools.rules_manual

lock: setup ## resolve the dependencies anew (needs uv on the PATH)
	uv pip compile --quiet --generate-hashes --no-emit-index-url --no-header --universal --python-version 3.11 pyproject.toml -o requirements/app.txt
	uv pip compile --quiet --generate-hashes --no-emit-index-url --no-header --universal --python-version 3.11 requirements/dev.in -o requirements/dev.txt
	uv pip compile --quiet --generate-hashes --no-emit-index-url --no-header --universal --python-version 3.11 requirements/build.in -o requirements/build.txt
