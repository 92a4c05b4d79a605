# Everything a fresh machine needs: Python 3.11 or newer, and make.
PYTHON ?= python3
BIN := .venv/bin
# One line, also for a Python that is too old to read anything newer: it ends well from 3.11 on, and says what it is.
IS_NEW := import sys; print(".".join(map(str, sys.version_info[:3]))); sys.exit(sys.version_info < (3, 11))
ARGS ?=
# Tests mostly wait for processes, so two cores serve eight of them: one test at a time each, or a group that shares what
# takes long to make; the long ones first.
WORKERS ?= 8
# Compiled files are kept whatever the environment says: each worker would compile every test anew.
PYTEST := PYTHONDONTWRITEBYTECODE= $(BIN)/python -m pytest --dist loadgroup

.PHONY: demo run test test-quick check bench format requirements clean

demo: .venv/ready  ## try the bot on local stand-ins, in the browser (ARGS=--once: without one)
	@$(BIN)/python -m sandbox $(ARGS)

run: .venv/ready  ## serve Slack through Socket Mode, with the settings of .env
	@MALLOC_ARENA_MAX=2 $(BIN)/python -m bot run

test: .venv/ready  ## every test
	$(PYTEST) -n $(WORKERS) $(ARGS)

test-quick: .venv/ready  ## unit and integration tests on SQLite, without the long ones: while you change something
	$(PYTEST) -n 3 -m "not postgresql and not long" tests/unit tests/integration $(ARGS)

check: .venv/ready  ## what CI runs: format, lint, types, layers, tests
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(PYTEST) -n $(WORKERS) $(ARGS)

bench: .venv/ready  ## speed and memory, against the plain sequential way
	@$(BIN)/python -m tests.bench $(ARGS)

format: .venv/ready
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

# Hashes for every platform; pins stay where they still fit, ARGS=--upgrade takes the newest.
PIN := $(BIN)/python -m uv pip compile pyproject.toml --universal --python-version 3.11 --generate-hashes \
	--no-annotate --custom-compile-command "make requirements" --quiet
requirements: .venv/ready  ## pin all that pyproject.toml asks for (ARGS=--upgrade: the newest)
	$(PIN) $(ARGS) --output-file requirements.txt
	$(PIN) $(ARGS) --group dev --extra demo --constraints requirements.txt --output-file requirements-dev.txt

clean:
	rm -rf .venv build .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache

# A .venv of a Python that is too old, or that is gone, is made anew.
ifeq ($(shell $(BIN)/python -c '$(IS_NEW)' >/dev/null 2>&1 && echo usable),)
.PHONY: .venv/ready
endif

.venv/ready: requirements.txt requirements-dev.txt
	@found=$$($(PYTHON) -c '$(IS_NEW)' 2>/dev/null) || { \
		echo "assign-reviews needs Python 3.11 or newer, and $(PYTHON) is $${found:-not there}:" \
			"name a newer one with 'make PYTHON=python3.12'." >&2; exit 1; }
	$(PYTHON) -m venv --clear .venv
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -r requirements-dev.txt
	@touch $@
