# The outbound bridge: every chore is a target. `make help` lists them.
#
# All that a target needs beyond Python 3.11 (or newer) and make is installed into .local/ from
# hashed locks, once.

SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
MAKEFLAGS += --no-print-directory

PYTHON ?= python3
LOCAL := $(CURDIR)/.local
VENV := $(LOCAL)/venv/bin
SAM := $(LOCAL)/sam/bin/sam
ENVIRONMENTS := venv ministack sam lambda

# What is built and deployed: the template's defaults. Docker on a PC wants ARCHITECTURE=x86_64.
STAGE ?= dev
RUNTIME ?= python3.13
ARCHITECTURE ?= arm64

# The stack of `make deploy`, and parameters of its template; one that is not named keeps its value.
# Blanks in a value stand in double quotes.
STACK ?= outbound-bridge
PARAMETERS ?=

# Arguments for the program behind a target: make test ARGS="-k token -x"
ARGS ?=

# Bytecode stays out of the folders that are packed for Lambda; pip compiles the environments anyway.
export PYTHONDONTWRITEBYTECODE := 1
export SAM_CLI_TELEMETRY := 0
export PYTHONPATH := tests:layers/outbound/python

.PHONY: run
run: environments ## the whole bridge against the sandbox, with progress and a summary
	@$(VENV)/python -m scenario $(ARGS)

.PHONY: up
up: environments ## a stack with a sandbox tenant, until Ctrl-C (ARGS='NAME="value"')
	@exec $(VENV)/python -m local up $(ARGS)

.PHONY: webhook
webhook: environments ## send a signed change of consent to the stack of `make up` (ARGS=revoked)
	@$(VENV)/python -m local webhook $(ARGS)

.PHONY: unit
unit: environments ## tests that need no stack and take less than half a second each
	$(VENV)/python -m pytest tests/unit tests/conformance tests/template -m "not slow and not stack" -n auto $(ARGS)

# Tests on the deployed stack mostly wait for it, so there is a worker more than cores.
WORKERS = $(shell $(PYTHON) -c 'import os; print((os.cpu_count() or 1) + 1)')

.PHONY: test
test: environments ## all tests at reduced sizes, on all cores
	$(VENV)/python -m pytest tests -n $(WORKERS) $(ARGS)

.PHONY: coverage
coverage: environments ## the branches that tests without a stack cover, line by line
	$(VENV)/python -m pytest tests/unit tests/conformance -m "not stack" -n auto --cov=outbound --cov-branch \
	  --cov-report=term-missing:skip-covered $(ARGS)

# The image that sam runs functions in is chosen for PCs; both variables reach `build` and the tests.
.PHONY: test-sam-local
test-sam-local: export ARCHITECTURE = x86_64
test-sam-local: export RUNTIME = python3.13
test-sam-local: environments ## every function under `sam local invoke` (needs Docker)
	@$(MAKE) build ARGS=
	OUTBOUND_SAM_LOCAL=1 $(VENV)/python -m pytest tests/sam_local $(ARGS)

# What is timed has the machine to itself; of what only counts, all cores take some.
# 5 is pytest's word for "nothing to run": ARGS may choose from one of the three alone. A part that fails does
# not keep the others from being run.
LOAD := OUTBOUND_LOAD=1 $(VENV)/python -m pytest -m load --timeout 3600

.PHONY: load
load: environments ## the tests at full sizes
	@failed=0; \
	$(LOAD) tests/load $(ARGS) || [ $$? = 5 ] || failed=1; \
	$(LOAD) tests/conformance -n auto $(ARGS) || [ $$? = 5 ] || failed=1; \
	$(LOAD) tests --ignore=tests/load --ignore=tests/conformance -n auto $(ARGS) || [ $$? = 5 ] || failed=1; \
	exit $$failed

.PHONY: bench
bench: environments ## measure the figures of the design and print them beside their targets
	@$(VENV)/python -m bench $(ARGS)

.PHONY: lint
lint: environments ## style, types, direction of imports, the template
	$(VENV)/ruff check .
	$(VENV)/ruff format --check .
	$(VENV)/mypy layers/outbound/python
	for app in functions/*/app.py; do $(VENV)/mypy "$$app"; done
	$(VENV)/lint-imports --config pyproject.toml
	$(SAM) validate --lint

.PHONY: format
format: environments ## put the code into shape
	$(VENV)/ruff check --fix .
	$(VENV)/ruff format .

.PHONY: docs
docs: environments ## write docs/settings.md, docs/events.md and the schemas anew from the models
	@mkdir -p docs
	@$(VENV)/python -m outbound.cli.settings_reference > docs/settings.md
	@$(VENV)/python -m outbound.cli.events_reference docs

.PHONY: build
build: environments ## build for AWS (RUNTIME=python3.13 ARCHITECTURE=arm64 to choose)
	PYTHON=$(VENV)/python LAMBDA_RUNTIME=$(RUNTIME) LAMBDA_ARCHITECTURE=$(ARCHITECTURE) $(SAM) build \
	  --parameter-overrides Runtime=$(RUNTIME) Architecture=$(ARCHITECTURE) $(ARGS)

.PHONY: deploy
deploy: stack-name parameters build ## build and deploy to AWS (STAGE=dev or prod, STACK=name, PARAMETERS='Name=value ...')
	$(SAM) deploy --config-env $(STAGE) --stack-name '$(STACK)' --parameter-overrides \
	  'Stage=$(STAGE) Runtime=$(RUNTIME) Architecture=$(ARCHITECTURE) $(PARAMETERS)' $(ARGS)

# A function's name begins with the stack's, and has 64 characters at most.
LONGEST_STACK_NAME := 41

.PHONY: stack-name
stack-name:
	@name='$(STACK)'; test $${#name} -le $(LONGEST_STACK_NAME) || { \
	  echo "The stack's name $$name has $${#name} characters; it may have $(LONGEST_STACK_NAME), because the names" \
	    "of its functions begin with it. Give it a shorter one: make deploy STACK=..." >&2; exit 1; }

.PHONY: parameters
parameters: environments
	@$(VENV)/python -m local.parameters '$(PARAMETERS)'

.PHONY: tables
tables: environments ## make the table of area codes anew from phonenumbers, with its corrections
	@$(VENV)/python -m tables

.PHONY: lock
lock: environments ## lock the requirements anew (ARGS=--upgrade for the newest versions)
	@for name in layers/dependencies/requirements tests/requirements/{dev,ministack,sam,lambda}; do \
	  echo "locking $$name.txt"; cp $$name.txt $(LOCAL)/lock.txt; \
	  $(VENV)/uv pip compile --quiet $(ARGS) --universal --python-version 3.11 --generate-hashes \
	    --no-header --no-annotate --no-emit-index-url --no-emit-find-links $$name.in -o $(LOCAL)/lock.txt; \
	  cmp -s $(LOCAL)/lock.txt $$name.txt || cp $(LOCAL)/lock.txt $$name.txt; \
	done

.PHONY: clean
clean: ## remove builds, caches and the state of stacks; keep the environments
	rm -rf .aws-sam .mypy_cache .pytest_cache .ruff_cache .hypothesis .import_linter_cache
	rm -rf $(LOCAL)/build $(LOCAL)/stacks $(LOCAL)/up $(LOCAL)/env.json

.PHONY: help
help: ## this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  %-16s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

# --- virtual environments -------------------------------------------------------------------
# Several, because the emulator and the SAM CLI each pin botocore exactly, and functions are to see
# what Lambda gives them and no more. They install side by side.

.PHONY: environments
environments:
	@$(MAKE) -s -j4 $(ENVIRONMENTS:%=$(LOCAL)/%/.installed)
	@$(MAKE) -s $(LOCAL)/venv/.command

$(LOCAL)/venv/.installed: tests/requirements/dev.txt
$(LOCAL)/ministack/.installed: tests/requirements/ministack.txt
$(LOCAL)/sam/.installed: tests/requirements/sam.txt
$(LOCAL)/lambda/.installed: tests/requirements/lambda.txt

$(ENVIRONMENTS:%=$(LOCAL)/%/.installed):
	@$(PYTHON) -c 'import sys; sys.exit("Python 3.11 or newer is needed; PYTHON=... names one" if sys.version_info < (3, 11) else 0)'
	@echo "installing .local/$(notdir $(@D)) from $<"
	@rm -rf $(@D)
	@$(PYTHON) -m venv $(@D)
	@$(@D)/bin/python -m pip install -qq --disable-pip-version-check --require-hashes --no-deps -r $<
	@touch $@

# The command `outbound`, which stands in pyproject.toml.
$(LOCAL)/venv/.command: pyproject.toml $(LOCAL)/venv/.installed
	@$(VENV)/python -m pip install -qq --no-index --no-deps --no-build-isolation -e .
	@touch $@
