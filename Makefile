# Verbs: demo, test, test-train, test-postgres, lint, types, docs, bench, all, clean. Each sets up what it needs
# from nothing but Python >= 3.11 with its venv module. `make test VENV=/elsewhere` puts the environment somewhere else.

VENV ?= .venv
DEMO_VENV ?= .venv-demo
TRAIN_VENV ?= .venv-train
WORKERS ?= auto

# The first Python that really runs (a version manager's shim may not) and is new enough.
ifndef PYTHON
PYTHON := $(shell for p in python3.13 python3.12 python3.11 python3; do \
	$$p -c 'import ensurepip, sys, venv; sys.exit(sys.version_info < (3, 11))' 2>/dev/null \
	&& { echo $$p; break; }; done)
endif

BIN := $(VENV)/bin
PIP_FLAGS := --quiet --disable-pip-version-check
SETUP := pyproject.toml hatch_build.py
SAMPLES := $(wildcard examples/data/*.jpg)

.PHONY: all bench clean demo docs lint test test-postgres test-train types
.DEFAULT_GOAL := all

all: lint types test docs  ## everything that must hold before a change is merged

demo: $(DEMO_VENV)/.ready  ## sign, mark and audit sample files with the lean installation, write build/demo.html
	@rm -rf build/demo && mkdir -p build
	$(DEMO_VENV)/bin/python examples/sign_generated.py build/demo
	$(DEMO_VENV)/bin/forensics watermark keygen build/demo/studio.toml --name studio
	$(DEMO_VENV)/bin/forensics watermark embed build/demo/generated.png build/demo/marked.jpg \
		--keys build/demo/studio.toml --payload c0ffee
	$(DEMO_VENV)/bin/forensics watermark attack build/demo/marked.jpg build/demo/shared.jpg rotate:7+resize:0.8+jpeg:60
	FORENSICS_KEYS=build/demo/studio.toml $(DEMO_VENV)/bin/forensics audit \
		$(SAMPLES) build/demo/generated.png build/demo/shared.jpg \
		--trust build/demo/ca/trust.toml --html build/demo.html
	@echo "report: build/demo.html"

test: $(VENV)/.ready  ## the default tests, with coverage
	OMP_NUM_THREADS=1 $(BIN)/pytest -n $(WORKERS) --maxprocesses 4 --cov --cov-report term $(PYTEST_ARGS)

test-train: $(TRAIN_VENV)/.ready  ## the tests of what trains, with PyTorch (6 GB)
	OMP_NUM_THREADS=1 $(TRAIN_VENV)/bin/pytest -n $(WORKERS) --maxprocesses 2 --cov --cov-config tests/coverage_train.toml \
		--cov-report term tests/training tests/detectors/train tests/watermark/train tests/generators \
		$(wildcard tests/cli/test_train_*.py) \
		tests/test_public_api.py tests/test_examples.py tests/test_systems.py $(PYTEST_ARGS)

test-postgres: $(VENV)/.ready  ## the manifest store on a server of its own, which the tests start
	@ls /usr/lib/postgresql/*/bin/initdb >/dev/null 2>&1 || command -v initdb >/dev/null || \
		{ echo "PostgreSQL is not installed; on Debian: apt-get install postgresql" >&2; exit 2; }
	$(BIN)/pytest -m extra --no-cov tests/provenance/store/test_store_postgres.py $(PYTEST_ARGS)

lint: $(VENV)/.ready  ## style, format and floors
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/lint-imports --no-logo

types: $(VENV)/.ready  ## mypy in strict mode
	$(BIN)/mypy -p forensics

docs: $(VENV)/.ready-docs  ## the site, into site/; a warning is an error
	NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build --strict --quiet

bench: $(VENV)/.ready  ## measure again and write benchmarks/results/
	@for script in $$(grep -l '^if __name__' benchmarks/*.py | grep -v /calibrate_); do \
		echo "$$script"; $(BIN)/python "$$script" || exit 1; done

clean:  ## remove everything that these verbs made
	rm -rf $(VENV) $(DEMO_VENV) $(TRAIN_VENV) build dist site htmlcov .coverage .coverage.* \
		.mypy_cache .pytest_cache .ruff_cache .hypothesis .import_linter_cache

# The stamp is written last, so that an interrupted installation is taken up again.
$(VENV)/.ready: $(SETUP)
	$(call install,$(VENV),.[cpu$(COMMA)video$(COMMA)scan$(COMMA)dev])

$(VENV)/.ready-docs: $(VENV)/.ready
	$(call install,$(VENV),.[docs])

$(DEMO_VENV)/.ready: $(SETUP)
	$(call install,$(DEMO_VENV),.[cpu$(COMMA)video])

$(TRAIN_VENV)/.ready: $(SETUP)
	$(call install,$(TRAIN_VENV),.[cpu$(COMMA)video$(COMMA)train$(COMMA)dev])

COMMA := ,
define install
	@test -n "$(PYTHON)" || { echo "no Python >= 3.11 with venv found; try make PYTHON=/path/to/python" >&2; exit 2; }
	$(PYTHON) -m venv $(1)
	$(1)/bin/pip install $(PIP_FLAGS) -e '$(2)'
	@touch $@
endef
