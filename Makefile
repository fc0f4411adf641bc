# Two commands for a newcomer: `make demo` and `make test`. `make help` lists the rest.
.DEFAULT_GOAL := help
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
# A registry that fails once is asked again.
PIP := $(BIN)/python -m pip --quiet --disable-pip-version-check --retries 6
APT_AGAIN := -o Acquire::Retries=4
CODE := smart_app sandbox tests bench interop docs/tools gunicorn.conf.py

.PHONY: help setup browser programs demo test soak check bench interop docs lock

help: ## what each target does
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 12

$(VENV)/.ready: requirements/app.txt requirements/dev.txt pyproject.toml
	$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Aftercare needs Python 3.11 or newer")'
	$(PYTHON) -m venv $(VENV)
	$(PIP) install --require-hashes --only-binary :all: -r requirements/app.txt -r requirements/dev.txt || \
	  { echo "PyPI gave an error: once more in 20 s"; sleep 20; \
	    $(PIP) install --require-hashes --only-binary :all: -r requirements/app.txt -r requirements/dev.txt; } || \
	  { echo "make setup: the locked dependencies could not be had from PyPI (unreachable, or a file is gone)"; exit 1; }
	$(PIP) install --no-deps --no-build-isolation --editable .
	touch $@

setup: $(VENV)/.ready ## virtual environment with the locked dependencies

browser: # Chromium for the browser tests: by apt-get when root, else said plainly
	@command -v chromium >/dev/null || command -v chromium-browser >/dev/null || { \
	  if [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null; then \
	    echo "installing Chromium for the browser tests"; \
	    apt-get update -qq $(APT_AGAIN) && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends $(APT_AGAIN) chromium >/dev/null; \
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

programs: # Java, Maven and Node for the interoperability run: by apt-get when root; what is missing then, the run says
	@set -e; wanted=""; \
	command -v java >/dev/null || wanted="$$wanted default-jdk-headless"; \
	command -v mvn >/dev/null || wanted="$$wanted maven"; \
	command -v node >/dev/null || wanted="$$wanted nodejs"; \
	command -v npm >/dev/null || wanted="$$wanted npm"; \
	if [ -n "$$wanted" ] && [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null; then \
	  echo "installing$$wanted for the interoperability run"; \
	  apt-get update -qq $(APT_AGAIN) || true; \
	  DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends $(APT_AGAIN) $$wanted >/dev/null || echo "Debian's packages could not be had:$$wanted"; fi

interop: setup programs ## the product against software that nobody here wrote (Java 17, Maven, Node 20)
	$(BIN)/python -m interop

docs: setup ## regenerate docs/rules.md from the rule files
	$(BIN)/python -m docs.tools.rules_manual

lock: setup ## resolve the dependencies anew (needs uv on the PATH)
	uv pip compile --quiet --generate-hashes --no-emit-index-url --no-header --universal --python-version 3.11 pyproject.toml -o requirements/app.txt
	uv pip compile --quiet --generate-hashes --no-emit-index-url --no-header --universal --python-version 3.11 requirements/dev.in -o requirements/dev.txt
	uv pip compile --quiet --generate-hashes --no-emit-index-url --no-header --universal --python-version 3.11 requirements/build.in -o requirements/build.txt
