# Everything a newcomer needs is `make run` and `make test`. `make help` lists the rest.
.DEFAULT_GOAL := help
.PHONY: help run test test-browser test-pages test-lighthouse test-concurrency test-chaos test-all screenshots screenshots-desk check format install dev lock translations
SHELL := /bin/sh
PYTHON ?= python3
PY := .venv/bin/python
WITH_SERVERS := $(PY) -m shelter.running with
DJHTML := $(PY) -m djhtml --tabwidth 2
PYTEST := $(PY) -m pytest -q
WORKERS ?= 2
# Each process has a database and a Redis database of its own; who has nothing left to do takes over from the others.
SIDE_BY_SIDE := -n $(WORKERS) --dist worksteal

help: ## Show this list
	@grep -E '^[a-z-]+:.*## ' Makefile | sed -E 's/^([a-z-]+):.*## /\1|/' | awk -F'|' '{printf "  make %-18s %s\n", $$1, $$2}'

run: install ## Run the whole service here: database, Redis, web, worker, placer and beat
	@$(PY) -m shelter.running up

test: dev ## Run the unit and integration tests
	@$(WITH_SERVERS) $(PYTEST) $(SIDE_BY_SIDE) tests/unit tests/integration $(ARGS)

test-browser: test-pages test-lighthouse ## Walk the pages in a real Chromium, then measure them

test-pages: dev ## Walk the pages in a real Chromium
	@$(WITH_SERVERS) $(PYTEST) $(SIDE_BY_SIDE) tests/browser --ignore=tests/browser/test_lighthouse.py $(ARGS)

# Alone, for it measures; 5: what ARGS choose is none of it.
test-lighthouse: dev ## Measure the main pages with Lighthouse
	@$(WITH_SERVERS) $(PYTEST) tests/browser/test_lighthouse.py $(ARGS) || [ $$? = 5 ]

screenshots: dev ## Take the pictures of the main pages for docs/pages.md anew
	@$(WITH_SERVERS) $(PYTEST) tests/browser/take_screenshots.py

screenshots-desk: dev ## Take the pictures of the coordinators' desk for the documents anew
	@$(WITH_SERVERS) $(PY) -m tests.browser.take_desk_screenshots $(ARGS)

test-concurrency: dev ## Race for the last bed, with the guards on and off
	@$(WITH_SERVERS) $(PYTEST) $(SIDE_BY_SIDE) tests/concurrency $(ARGS)

test-chaos: dev ## Kill workers, stop Redis, restart PostgreSQL, fail providers
	@$(WITH_SERVERS) $(PYTEST) $(SIDE_BY_SIDE) tests/chaos $(ARGS)

test-all: test test-browser test-concurrency test-chaos ## Run every test

check: dev ## Check format, lint, types, import contracts, migrations, deployment and translations
	$(PY) -m ruff format --check .
	$(PY) -m ruff check .
	$(DJHTML) --check templates
	DEBUG=yes $(PY) -m mypy shelter matching accounts notifications places privacy deployment
	.venv/bin/python .venv/bin/lint-imports
	DEBUG=yes $(PY) manage.py translations check
	$(WITH_SERVERS) sh -c '$(PY) manage.py makemigrations --check --dry-run && \
		SHELTER_HTTPS=yes DEBUG=no SECRET_KEY=$$($(PY) -c "import secrets; print(secrets.token_urlsafe(64))") \
		SHELTER_INDEX_KEY=only-for-this-check SHELTER_FIELD_KEYS=only-for-this-check ALLOWED_HOSTS=example.org \
		SHELTER_CHANNELS=email \
		$(PY) manage.py check --deploy --fail-level WARNING'

format: dev ## Format the code and the templates
	$(PY) -m ruff format .
	$(PY) -m ruff check --fix .
	$(DJHTML) templates

translations: dev ## Gather new strings into the catalogs of every language
	@DEBUG=yes $(PY) manage.py translations gather

install: .venv/compiled .venv/translated ## Install what the service needs into .venv

dev: .venv/installed-dev .venv/compiled .venv/translated ## Install what tests and checks need as well

lock: dev ## Pin the libraries anew after a change of requirements*.in
	$(PY) -m uv pip compile requirements.in -o requirements.txt --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-emit-find-links --custom-compile-command "make lock" --quiet
	$(PY) -m uv pip compile requirements-dev.in -o requirements-dev.txt --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-emit-find-links --custom-compile-command "make lock" --quiet

.venv/bin/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "Shanyrak needs Python 3.11 or later; set PYTHON=/path/to/python3.11"; exit 1; }
	@echo "     * | making the environment in .venv"
	@$(PYTHON) -m venv .venv || { rm -rf .venv; echo "Python's venv module is missing; on Debian: apt-get install python3-venv"; exit 1; }

.venv/installed: requirements.txt | .venv/bin/python
	@echo "     * | installing the libraries (a minute on the first run)"
	@$(PY) -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements.txt
	@touch .venv/installed

.venv/compiled: .venv/installed $(wildcard matching/engine/compiled/*.py)
	@echo "     * | compiling the engine"
	@$(PY) -m matching.engine.compiled
	@touch .venv/compiled

.venv/translated: .venv/installed $(wildcard locale/*/LC_MESSAGES/*.po locale/libraries/*/LC_MESSAGES/*.po)
	@DEBUG=yes $(PY) manage.py translations compile
	@touch .venv/translated

.venv/installed-dev: requirements-dev.txt requirements.txt | .venv/bin/python
	@echo "     * | installing the libraries for tests and checks"
	@$(PY) -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements-dev.txt
	@touch .venv/installed-dev .venv/installed
