# Everything a newcomer needs: `make demo` and `make test` set themselves up in .venv.
# PYTHON=python3.12 make test   uses another interpreter.

PYTHON ?= python3
VENV ?= .venv
JOBS ?= 2
PEERS ?= build/peers-venv
FRAMEWORKS ?= build/frameworks-venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.ready
# zig brings an ARM compiler in a Python package (about 400 MB): only where no other one is here.
ZIG := $(shell command -v arm-none-eabi-gcc >/dev/null 2>&1 || echo ,zig)
PYTEST := $(BIN)/python -m pytest -n $(JOBS) $(PYTEST_ARGS)

.PHONY: demo test test-slow test-all test-frameworks lint bench bench-gate bench-peers fit-cost format wheel clean help
.DEFAULT_GOAL := help

demo: $(STAMP) ## Deploy the keyword network to an emulated Cortex-M4 and compare every spike
	$(BIN)/tinysnn demo $(DEMO_ARGS)

test: $(STAMP) ## Run the tests that take less than some minutes
	$(PYTEST) -m "not slow and not hw"

test-slow: $(STAMP) ## Run the tests that `make test` leaves out
	$(PYTEST) -m "slow and not hw"

test-all: test test-slow ## Run all tests

# In an environment of their own (torch and six frameworks, about 3 GB). One thread each: their
# networks are tiny, and threads that wait for each other take five times as long.
test-frameworks: $(FRAMEWORKS)/frameworks.txt ## Run exported networks in their frameworks, compare every spike
	TINYSNN_REQUIRE=$$(cat $<) OMP_NUM_THREADS=1 $(FRAMEWORKS)/bin/python -m pytest -n $(JOBS) \
	    -p no:nengo tests/frameworks $(PYTEST_ARGS)

$(FRAMEWORKS)/frameworks.txt: tests/frameworks/install.py pyproject.toml
	$(PYTHON) tests/frameworks/install.py $(FRAMEWORKS)

lint: $(STAMP) ## Check style, types and, where the tools are here, the C code
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	@if command -v clang-format >/dev/null; then \
	    echo clang-format --dry-run firmware; \
	    find firmware -name '*.[ch]' -print0 | xargs -0 clang-format --dry-run -Werror; \
	else echo "clang-format is not here: C style not checked"; fi

bench: $(STAMP) ## Count instructions per tick by weight bits, core and input density
	$(BIN)/python benchmarks/kernels.py $(BENCH_ARGS)

bench-gate: $(STAMP) ## Compare instructions per tick with the table of the tests
	$(BIN)/python benchmarks/gate.py $(BENCH_ARGS)

fit-cost: $(STAMP) ## Measure again what generated code costs: the numbers of the cost model
	$(BIN)/python benchmarks/fit_cost.py $(BENCH_ARGS)

# In an environment of their own: they bring torch, and their code is only run, never kept.
bench-peers: $(STAMP) ## Measure what others need for the same work (installs them, about 5 GB)
	test -x $(PEERS)/bin/python || $(PYTHON) -m venv $(PEERS)
	$(PEERS)/bin/python -m pip install -q --disable-pip-version-check -r benchmarks/peers/requirements.txt
	$(BIN)/python benchmarks/peers/qualia.py --python $(PEERS)/bin/python
	$(BIN)/python benchmarks/peers/emlearn.py --python $(PEERS)/bin/python

format: $(STAMP) ## Format the Python and C code
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .
	find firmware -name '*.[ch]' -print0 | xargs -0 clang-format -i

wheel: $(STAMP) ## Build dist/tinysnn-*.whl
	$(BIN)/python -m pip wheel -q --no-deps -w dist .

clean: ## Remove what make made
	rm -rf $(VENV) build dist .mypy_cache .pytest_cache .ruff_cache .hypothesis
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

help: ## Show this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-16s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

$(STAMP): pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 10))' || { \
	    echo "Python 3.10 or newer is needed; name one with: make PYTHON=python3.12" >&2; exit 3; }
	@$(PYTHON) -m venv $(VENV) || { rm -rf $(VENV); \
	    echo "No virtual environment could be made. On Debian or Ubuntu:" >&2; \
	    echo "    sudo apt-get install python3-venv" >&2; exit 3; }
	$(BIN)/python -m pip install -q --disable-pip-version-check -e '.[dev$(ZIG)]'
	@touch $@
