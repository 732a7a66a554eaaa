# make demo   build in a virtual environment, train a network on a real table
# make test   every test;  make lint   ruff and mypy;  make bench   timings beside peers
# make docs   the generated pages;  make wheel   a wheel in dist/

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
KERNELS := $(wildcard src/glasshouse/kernels/*.?pp) CMakeLists.txt pyproject.toml

.PHONY: demo test lint bench docs wheel clean

demo: $(VENV)/core.done
	$(BIN)/glasshouse train example:breast_cancer --target target

test: $(VENV)/test.done
	$(BIN)/ruff check -q src tests docs bench
	$(BIN)/ruff format --check -q src tests docs bench
	$(BIN)/mypy
	$(BIN)/python -m pytest -n $(shell nproc 2>/dev/null || echo 1)

lint: $(VENV)/test.done
	$(BIN)/ruff format -q src tests docs bench
	$(BIN)/ruff check --fix src tests docs bench
	$(BIN)/mypy

bench: $(VENV)/bench.done
	$(BIN)/python -m bench

docs: $(VENV)/test.done
	$(BIN)/python docs/build.py

wheel: $(VENV)/core.done
	$(BIN)/pip wheel -q --no-deps -w dist .

clean:
	rm -rf $(VENV) build dist

# The package is installed editable: Python files are used as they stand, kernels are built again when they change.
$(VENV)/core.done: $(KERNELS) | $(VENV)/bin/pip
	@command -v $${CXX:-c++} >/dev/null || command -v g++ >/dev/null || command -v clang++ >/dev/null || { \
	  echo "no C++20 compiler found: install g++ (Debian, Ubuntu: apt-get install g++; Fedora: dnf install gcc-c++)"; exit 2; }
	$(BIN)/pip install -q --disable-pip-version-check -e .
	@touch $@

$(VENV)/test.done: $(VENV)/core.done
	$(BIN)/pip install -q --disable-pip-version-check -e '.[test]'
	@touch $@

$(VENV)/bench.done: $(VENV)/core.done
	$(BIN)/pip install -q --disable-pip-version-check -e '.[bench]'
	@touch $@

$(VENV)/bin/pip:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { \
	  echo "Python 3.11 or newer is needed: name one with make PYTHON=python3.12"; exit 2; }
	$(PYTHON) -m venv $(VENV)
