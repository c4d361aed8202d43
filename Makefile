# Everything on a fresh machine that has Python 3.11, 3.12 or 3.13 and make.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
DONE := $(VENV)/.installed
# a machine that is busy for a moment is heard on a call: tests that failed, pytest's 1, are tried once more by
# themselves; a run that broke off has not shown the others
AGAIN = || { [ $$? -eq 1 ] && $(BIN)/python -m pytest -n 0 --last-failed --last-failed-no-failures none -m $(1); }
# auto: uv, or pip where uv can't be had
INSTALLER ?= auto
UV ?= $(BIN)/uv
# every extra but microphone, whose PyAudio needs PortAudio and a compiler
LOCKED := offline browser daily mcp pdf postgresql recordings tracing docs dev

.PHONY: install serve test test-slow test-all lint docs pictures bench image lock sbom clean

install: $(DONE)

$(DONE): requirements.lock pyproject.toml scripts/install.py
	@$(PYTHON) scripts/install.py $(VENV) --installer $(INSTALLER)
	@touch $(DONE)

serve: install
ifeq ($(OPENAI_API_KEY),)
	@echo "OPENAI_API_KEY is not set: serving with --offline"
	$(BIN)/agentrun serve agents/ncaa.yaml --offline
else
	$(BIN)/agentrun serve agents/ncaa.yaml
endif

# all but what is marked slow; with RETRY=yes what failed is tried once more
test: install
	$(BIN)/python -m pytest -n auto --dist worksteal -m "not slow" $(if $(RETRY),$(call AGAIN,"not slow"))

# calls with sound in real time, browsers, several servers; what failed is tried once more
test-slow: install
	$(BIN)/python -m pytest -n auto --dist worksteal -m slow $(call AGAIN,slow)

test-all: test test-slow

lint: install
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

# every package of the environment, with version and licence, in CycloneDX's format
sbom: install
	$(UV) tool run --from cyclonedx-bom==7.5.0 cyclonedx-py environment $(VENV) --output-format JSON --output-file sbom.json

# the documentation on http://localhost:8000/, anew after each save
docs: install
	NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs serve --strict

# all pictures of the documentation, from calls that are served for them; wants Chromium, and a machine that is idle
pictures: install
	$(BIN)/python scripts/screenshots.py

# laid out for 6, 26 and 7 minutes on two cores that nobody else uses
bench: install
	$(BIN)/python benchmarks/bench.py 2 --profile zero
	$(BIN)/python benchmarks/held.py
	$(BIN)/python benchmarks/cost.py

# images of a telephone and of a page: built by Buildah on Debian's packages, measured, and called; 10 minutes, as root
image: install
	$(if $(filter 0,$(shell id -u)),,sudo )$(BIN)/python scripts/check_image.py agents/ncaa.yaml
	$(if $(filter 0,$(shell id -u)),,sudo )$(BIN)/python scripts/check_image.py agents/hello.yaml --measure

# keeps what is locked and fits; `make lock UPGRADE=--upgrade` takes the newest of everything
lock:
	$(UV) pip compile --quiet --generate-hashes --no-emit-index-url --no-emit-find-links --no-header --universal \
	  --python-version 3.11 $(LOCKED:%=--extra %) $(UPGRADE) pyproject.toml -o requirements.lock
	$(BIN)/python scripts/lock_image.py $(UV)

clean:
	rm -rf $(VENV) build *.egg-info
