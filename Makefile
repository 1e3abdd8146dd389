# Each target sets up .venv by itself; nothing but Python >= 3.11 and make is needed.
# The first that runs and is new enough: a version manager may put commands on the path that do not run.
NEW_ENOUGH := import sys; sys.exit(sys.version_info < (3, 11))
PYTHON ?= $(shell for p in python3 python3.13 python3.12 python3.11; do \
	$$p -c '$(NEW_ENOUGH)' >/dev/null 2>&1 && { echo $$p; break; }; done)
BIN := .venv/bin
READY := .venv/.ready
OUT ?= out/demo

.PHONY: demo test test-slow coverage check bench docs setup clean

demo: $(READY)  ## the main job: from examples/tools.py to a measured, served model (10-15 minutes on 2 cores)
	@$(BIN)/callwright demo -o $(OUT)

test: $(READY)  ## the quick tests, 6,000 of them; none needs network or GPU
	OMP_NUM_THREADS=1 $(BIN)/pytest -q -n 2 --dist worksteal

test-slow: $(READY)  ## those that take longer: kills, long fuzzing, whole builds; CI runs both
	OMP_NUM_THREADS=1 $(BIN)/pytest -q -n 2 --dist worksteal -m slow

coverage: $(READY)  ## all tests, and what they do not reach
	OMP_NUM_THREADS=1 $(BIN)/pytest -q -n 2 --dist worksteal -m '' --cov --cov-report=term:skip-covered

check: $(READY)  ## lint, format, types
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

bench: $(READY)  ## ratios against peers and limits, each measured in one run
	@for b in bench/[a-z]*.py; do echo "== $$b"; $(BIN)/python $$b || exit 1; done

docs: $(READY)  ## rewrite the generated parts of README and docs; CI checks that nothing changes
	$(BIN)/python docs/generate.py

setup: $(READY)

$(READY): pyproject.toml constraints.txt
	@test -n "$(PYTHON)" || { echo "error: no Python 3.11 or newer found (python3 is: $$(python3 --version 2>&1 | head -n 1)); name one: make PYTHON=/path/to/python3.11" >&2; exit 2; }
	@$(PYTHON) -c 'import sys; v = sys.version_info; sys.exit(0 if v >= (3, 11) else "error: this is Python %d.%d (%s); callwright needs 3.11 or newer: make PYTHON=/path/to/python3.11" % (v[0], v[1], sys.executable))'
	@echo "setting up .venv (one to three minutes)"
	@$(PYTHON) -m venv .venv
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e '.[train,serve,mcp,sandbox,bfcl,grammar,dev]'
	@$(BIN)/callwright doctor --fetch --quiet || echo "note: the pinned assets are not here yet; 'callwright doctor' tells how to place them"
	@touch $(READY)

clean:
	rm -rf .venv out build dist
