# make setup   the environment          make demo    server, workbench and a sample case, end to end
# make serve   the server               make test    every check and every test
# make bench   the comparison           make lint    the checks alone          make format    tidy the code
SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help

VENV ?= .venv
PYTHON ?= python3
STUDIES ?= studies
PORT ?= 8000
PYTEST_ARGS ?=

BIN := $(VENV)/bin
STAMP := $(VENV)/.lesionlab-setup
MONAILABEL := monailabel==0.8.5
PINS := requirements/base.txt requirements/viewer.txt requirements/dev.txt pyproject.toml requirements/hook.py
# What the pinned wheels load of the system, and what the tests start: see requirements/system.sh.
SYSTEM := lib:libstdc++.so.6=libstdc++6 lib:libz.so.1=zlib1g lib:libEGL.so.1=libegl1 'file:/usr/lib*/*/dri/*swrast_dri.so=libgl1-mesa-dri'
TEST_SYSTEM := cmd:chromium=chromium cmd:dciodvfy=dicom3tools cmd:Orthanc=orthanc 'file:/usr/share/orthanc/plugins/*DicomWeb*=orthanc-dicomweb'

export PIP_DISABLE_PIP_VERSION_CHECK := 1

.PHONY: help setup demo serve workbench test bench lint format clean

help:
	@sed -n '1,3s/^# //p' Makefile

setup: $(STAMP)

$(STAMP): $(PINS)
	@command -v $(PYTHON) >/dev/null || { echo "make setup: $(PYTHON) is not installed; expected Python >= 3.11; set PYTHON=/path/to/python3.11" >&2; exit 2; }
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "make setup: got $$($(PYTHON) -V); expected Python >= 3.11; set PYTHON=/path/to/python3.11" >&2; exit 2; }
	@$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null || { echo "make setup: $(PYTHON) cannot make environments; on Debian: apt-get install python3-venv" >&2; exit 2; }
	@PYTHON="$(PYTHON)" requirements/system.sh $(SYSTEM)
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet -r requirements/dev.txt
	$(BIN)/python -m pip install --quiet --no-deps $(MONAILABEL)
	$(BIN)/python -m pip install --quiet --no-deps -e .
	@touch $@

demo: setup
	$(BIN)/python -m lesionlab.demo --port $(PORT)

serve: setup
	$(BIN)/lesionlab serve --studies $(STUDIES) --port $(PORT)

workbench: setup
	$(BIN)/lesionlab workbench

lint: setup
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	cd slicer_extension && "$(abspath $(BIN))/mypy" --config-file mypy.ini LesionLab/LesionLabLib browser
	$(BIN)/lint-imports

test: lint
	@requirements/system.sh --optional $(TEST_SYSTEM)
	PATH="$(abspath $(BIN)):$$PATH" $(BIN)/pytest --cov --cov-report=term:skip-covered $(PYTEST_ARGS)

bench: setup
	$(BIN)/python -m benchmarks.shape_comparison

format: setup
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

clean:
	rm -rf $(VENV) build dist runs demo .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .coverage htmlcov
