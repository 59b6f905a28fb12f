# Five verbs, the same for you and for CI. Each installs what it needs the first time.
.PHONY: help install setup demo check test bench lock clean
.DEFAULT_GOAL := help

# pytest's workers: two fit a small machine; PYTEST_WORKERS=0 runs everything in one process (for a debugger)
PYTEST_WORKERS ?= 2
# more arguments for pytest: make test TEST="tests/oidc -k refresh"
TEST ?=

help: ## this list
	@grep -hE '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 10

install: ## install what runs the hub, and nothing of the tests
	@scripts/setup run

setup: ## install everything that the other verbs need
	@scripts/setup test

demo: ## run the hub, two department directories, two applications and the console
	@scripts/setup demo
	@exec .venv/bin/sso demo

check: ## style, types, import contracts, architecture
	@scripts/setup check
	@scripts/check
	@.venv/bin/pytest -q tests/architecture tests/documentation/test_reference.py

test: ## check, then the whole suite: fast tests first
	@scripts/setup test
	@scripts/test "$(PYTEST_WORKERS)" $(TEST)

bench: ## measure the hub beside another provider, reading a directory, and the audit log, on this machine
	@scripts/setup bench
	@.venv/bin/python -m bench
	@.venv/bin/python -m bench.directory_sync
	@.venv/bin/python -m bench.audit_log
	@.venv/bin/python -m bench.month_drop

lock: ## make the lock files again (UPGRADE=1 takes the newest)
	@scripts/setup check
	@scripts/lock $(if $(UPGRADE),--upgrade)

clean: ## remove what was built here; installed Debian packages stay
	rm -rf .venv build dist frontend/node_modules tests/node/node_modules sso/web/static/govuk admin/static/govuk
	rm -rf .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache .setup.lock .setup.log .demo
