# Everything here works in .venv, which `make setup` builds; nothing else needs to be installed by hand.
PYTHON ?= python3
BIN := .venv/bin
# modules are compiled once, and not in each of the many processes that the tests start
export PYTHONDONTWRITEBYTECODE :=
INSTALL := $(BIN)/python -m pip install --quiet --disable-pip-version-check --constraint constraints.txt --editable

.PHONY: setup tools run test test-all check format bench train-boilerplate eval-boilerplate clean

setup: .venv/.run
tools: .venv/.tools

.venv/.run: pyproject.toml constraints.txt
	$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "copydesk needs Python 3.11 or newer")'
	$(PYTHON) -m venv .venv
	$(INSTALL) .
	$(BIN)/copydesk warm
	touch $@

# the tools of development, and all extras
.venv/.tools: .venv/.run
	$(INSTALL) '.[dask,dev]'
	touch $@

run: setup
	rm -rf out
	$(BIN)/copydesk run seeds/articles --out out

# kernels whose sources have changed are compiled by all cores, before two tests wait for the same one
test: tools
	$(BIN)/copydesk warm --quiet
	$(BIN)/python -m pytest -n 2 --dist loadfile

test-all: tools
	$(BIN)/python -m pytest -m ''

check: tools
	$(BIN)/ruff format --check
	$(BIN)/ruff check
	$(BIN)/mypy
	$(BIN)/lint-imports

format: tools
	$(BIN)/ruff format
	$(BIN)/ruff check --fix

# make bench [INPUT=news.jsonl] [CORPORA='name=files-or-folders ...'] [BENCH=--quick]; prints how long it will take
bench: tools
	$(BIN)/python -m tests.benchmarks all $(if $(INPUT),--input '$(INPUT)') $(foreach c,$(CORPORA),--corpus '$(c)') $(BENCH)

# both read the folder that COPYDESK_SHARED names (default ../shared); the first writes config/line_scores.json
train-boilerplate eval-boilerplate: tools
	$(INSTALL) '.[train]'
	$(BIN)/python -m tests.boilerplate $(@:-boilerplate=)

clean:
	rm -rf .venv out build dist *.egg-info
