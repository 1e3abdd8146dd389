# Each target sets up .venv by itself; nothing but Python >= 3.11 and make is needed.
PYTHON ?= $(firstword $(foreach p,python3.13 python3.12 python3.11 python3,$(shell command -v $(p) 2>/dev/null)))
BIN := .venv/bin
READY := .venv/.ready
OUT ?= out/demo

.PHONY: demo test check bench docs setup clean

demo: $(READY)  ## the main job: from examples/tools.py to a measured, served model (10-15 minutes on 2 cores)
	@$(BIN)/callwright demo -o $(OUT)

test: $(READY)  ## all tests that need neither network nor GPU
	$(BIN)/pytest --cov --cov-report=term:skip-covered -q

check: $(READY)  ## lint, format, types
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

bench: $(READY)  ## ratios against peers and limits, each measured in one run
	@for b in bench/*.py; do echo "== $$b"; $(BIN)/python $$b || exit 1; done

docs: $(READY)  ## rewrite the generated parts of README and docs; CI checks that nothing changes
	$(BIN)/python docs/generate.py

setup: $(READY)

$(READY): pyproject.toml constraints.txt
	@test -n "$(PYTHON)" || { echo "error: no python3 found; callwright needs Python 3.11 or newer"; exit 2; }
	@$(PYTHON) -c 'import sys; v = sys.version_info; sys.exit(0 if v >= (3, 11) else "error: this is Python %d.%d (%s); callwright needs 3.11 or newer: make PYTHON=/path/to/python3.11" % (v[0], v[1], sys.executable))'
	@echo "setting up .venv (one to three minutes)"
	@$(PYTHON) -m venv .venv
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e '.[train,serve,dev]'
	@$(BIN)/callwright doctor --fetch --quiet || echo "note: the pinned assets are not here yet; 'callwright doctor' tells how to place them"
	@touch $(READY)

clean:
	rm -rf .venv out build dist
