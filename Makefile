# Everything on a fresh machine that has Python 3.11, make and a C compiler.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
DONE := $(VENV)/.installed

.PHONY: install serve test lint bench lock clean

install: $(DONE)

$(DONE): requirements.lock pyproject.toml
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements.lock
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	touch $(DONE)

serve: install
ifeq ($(OPENAI_API_KEY),)
	@echo "OPENAI_API_KEY is not set: serving with --offline"
	$(BIN)/agentrun serve agents/ncaa.yaml --offline
else
	$(BIN)/agentrun serve agents/ncaa.yaml
endif

test: install
	$(BIN)/python -m pytest -n 4 --dist worksteal

lint: install
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

bench: install
	$(BIN)/python benchmarks/bench.py
	$(BIN)/python benchmarks/held.py
	$(BIN)/python benchmarks/bench_plot.py

lock:
	uv pip compile --quiet --generate-hashes --no-emit-index-url --no-emit-find-links --no-header \
	  --universal --python-version 3.11 --extra offline --extra daily --extra mcp --extra pdf --extra postgresql --extra recordings --extra tracing --extra dev pyproject.toml -o requirements.lock

clean:
	rm -rf $(VENV) build *.egg-info
