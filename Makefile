# Two commands do all set-up: `make demo` and `make test`. Each installs what it needs into .venv.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
RUN_STAMP := $(VENV)/.installed
DEV_STAMP := $(VENV)/.installed-dev
PAGE_STAMP := tests/pages/node_modules/.package-lock.json
PIP := $(BIN)/python -m pip --disable-pip-version-check --no-input

# Compiled modules are kept, whatever the machine says: else each of the tests' processes compiles all of it again.
export PYTHONDONTWRITEBYTECODE =

.PHONY: install demo run cluster test test-slow faults mutants bench bench-full check pictures ci lock chromium nginx clean

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

# nginx, four processes, PostgreSQL and Redis on free ports of this machine; Ctrl-C ends and removes them.
cluster: $(DEV_STAMP) nginx
	@$(BIN)/python -m deploy.cluster

STORED := tests/storage tests/services tests/routers

test: $(DEV_STAMP) $(PAGE_STAMP) chromium
	$(BIN)/node --test --test-reporter=dot tests/pages/*.test.mjs
	$(BIN)/pytest tests/domain -q -n 2 --cov --cov-branch --cov-fail-under=100
	$(BIN)/pytest -q -n 3 --dist loadfile -m "not slow" --ignore=tests/domain --ignore=tests/browser
	ARENA_TEST_DATABASE=postgresql $(BIN)/pytest -q -n 3 --dist loadfile -m "not slow and not edge" $(STORED)
	ARENA_TEST_DATABASE=postgresql ARENA_TEST_REDIS=1 $(BIN)/pytest -q -n 3 --dist loadfile -m "not slow" tests/live
	$(BIN)/pytest -q -n 3 -m "not slow" tests/browser

# What `make test` leaves out: processes that are killed, frozen and renewed, long plays, HTTP once more on PostgreSQL.
test-slow: $(DEV_STAMP) $(PAGE_STAMP) chromium
	$(BIN)/pytest -q -n 3 --dist loadfile -m slow --ignore=tests/browser
	$(BIN)/pytest -q -n 2 --dist loadfile -m slow tests/browser
	ARENA_TEST_DATABASE=postgresql $(BIN)/pytest -q -n 3 --dist loadfile -m "slow or edge" $(STORED)

# Faults and attacks, some of which need root and a loop device (else they are left out).
# The figures go to docs/reliability.md, where the run was whole.
faults: $(DEV_STAMP)
	rm -rf $(VENV)/faults
	FAULTS=1 FAULTS_DIR=$(CURDIR)/$(VENV)/faults $(BIN)/pytest tests/faults -q -s
	$(BIN)/python -m tests.faults.table $(VENV)/faults docs/reliability.md

# Breaks each promise in a copy of the code; the test that docs/trust.md names for it must fail.
mutants: $(DEV_STAMP)
	$(BIN)/python -m tests.mutants

# The service beside its peers and the floor; the figures go to benchmarks/RESULTS.md, docs/performance.md and docs/plots/.
# Under ten minutes, on two cores that have nothing else to do. Peers that cannot be installed are left out.
BENCH_STAMP := .venv-bench/.installed
$(BENCH_STAMP): benchmarks/requirements.lock benchmarks/package-lock.json | $(DEV_STAMP)
	$(PYTHON) -m venv .venv-bench
	echo '*' > .venv-bench/.gitignore
	.venv-bench/bin/python -m pip --disable-pip-version-check --no-input install -q --require-hashes -r benchmarks/requirements.lock
	cd benchmarks && PATH="$(CURDIR)/$(BIN):$$PATH" $(CURDIR)/$(BIN)/npm ci --silent
	@touch $@

bench: $(BENCH_STAMP)
	$(BIN)/python -m benchmarks all

# About forty minutes.
bench-full: $(BENCH_STAMP) nginx
	$(BIN)/python -m benchmarks all --full

check: $(DEV_STAMP) $(PAGE_STAMP)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/mypy --config-file benchmarks/mypy.ini benchmarks
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

# Where this is root on Debian nginx is installed; elsewhere what needs it leaves it out.
nginx:
	@command -v nginx >/dev/null 2>&1 || { [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null 2>&1 \
	  && apt-get update -qq && apt-get install -y -qq nginx-light >/dev/null; } || echo "nginx is left out."

# A test that fails here runs once more, and the summary names it: the machine may stand still at any moment, and one
# such moment must not refuse a sound change. A test that is named so is to be mended all the same.
ci: check nginx
	ARENA_TEST_BROWSER=required PYTEST_ADDOPTS="--reruns 1 -rR" $(MAKE) test
	ARENA_TEST_BROWSER=required PYTEST_ADDOPTS="--reruns 1 -rR" $(MAKE) test-slow

# Refreshes both locks from pyproject.toml. Needs uv. Extras stay named: else pip takes the newest release for `coverage[toml]`,
# whatever is pinned for `coverage`, and then refuses it for want of a hash.
lock:
	uv pip compile --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header --no-strip-extras --quiet --upgrade --group build pyproject.toml -o requirements.lock
	uv pip compile --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header --no-strip-extras --quiet --upgrade --group dev pyproject.toml -o requirements-dev.lock

clean:
	rm -rf $(VENV)
