# Two commands do all set-up: `make demo` and `make test`. Each installs what it needs into .venv.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
RUN_STAMP := $(VENV)/.installed
DEV_STAMP := $(VENV)/.installed-dev
PAGE_STAMP := tests/pages/node_modules/.package-lock.json
PIP := $(BIN)/python -m pip --disable-pip-version-check --no-input

.PHONY: install demo run test faults mutants check pictures ci lock chromium clean

install: $(RUN_STAMP)

$(BIN)/python:
	$(PYTHON) -c 'import sys; sys.exit(0 if sys.version_info >= (3, 11) else "Python 3.11 or newer is needed; set PYTHON=…")'
	$(PYTHON) -m venv $(VENV)

$(RUN_STAMP): requirements.lock pyproject.toml | $(BIN)/python
	$(PIP) install -q --require-hashes -r requirements.lock
	$(PIP) install -q --no-deps --no-build-isolation -e .
	@touch $@

$(DEV_STAMP): requirements-dev.lock $(RUN_STAMP)
	$(PIP) install -q --require-hashes -r requirements-dev.lock
	@touch $@

# Node and npm come with the development lock; TypeScript checks the pages, axe-core tests them.
$(PAGE_STAMP): tests/pages/package-lock.json | $(DEV_STAMP)
	cd tests/pages && PATH="$(CURDIR)/$(BIN):$$PATH" $(CURDIR)/$(BIN)/npm ci --silent
	@touch $@

demo: $(RUN_STAMP)
	$(BIN)/arena demo

run: $(RUN_STAMP)
	@$(BIN)/arena token create --role admin --name console --hours 24 --link
	$(BIN)/arena serve

test: $(DEV_STAMP) $(PAGE_STAMP) chromium
	$(BIN)/node --test --test-reporter=dot tests/pages/*.test.mjs
	$(BIN)/pytest tests/domain -q --cov --cov-branch --cov-fail-under=100
	$(BIN)/pytest -q -n 2 --dist loadgroup --ignore=tests/domain --ignore=tests/browser
	$(BIN)/pytest -q -n 2 tests/browser

# Faults and attacks, some of which need root and a loop device (else they are left out).
# The figures go to docs/reliability.md, where the run was whole.
faults: $(DEV_STAMP)
	rm -rf $(VENV)/faults
	FAULTS=1 FAULTS_DIR=$(CURDIR)/$(VENV)/faults $(BIN)/pytest tests/faults -q -s
	$(BIN)/python -m tests.faults.table $(VENV)/faults docs/reliability.md

# Breaks each promise in a copy of the code; the test that docs/trust.md names for it must fail.
mutants: $(DEV_STAMP)
	$(BIN)/python -m tests.mutants

check: $(DEV_STAMP) $(PAGE_STAMP)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	tests/pages/node_modules/.bin/tsc -p tests/pages

# The pictures of the documentation, from a service of its own.
pictures: $(DEV_STAMP) chromium
	$(BIN)/python -m tests.browser.pictures

# The browser tests drive the system's Chromium. Where this is root on Debian it is installed; elsewhere say so.
chromium:
	@command -v chromium >/dev/null 2>&1 || { \
	  if [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null 2>&1; then \
	    apt-get update -qq && apt-get install -y -qq chromium fonts-noto-cjk >/dev/null; \
	  else echo "*** No Chromium found: the browser tests will be left out. Install the system's chromium. ***"; fi; }

ci: check
	ARENA_TEST_BROWSER=required $(MAKE) test

# Refreshes both locks from pyproject.toml. Needs uv.
lock:
	uv pip compile --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header --quiet --upgrade --group build pyproject.toml -o requirements.lock
	uv pip compile --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header --quiet --upgrade --group dev pyproject.toml -o requirements-dev.lock

clean:
	rm -rf $(VENV)
