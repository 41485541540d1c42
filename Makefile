# `make run` and `make test` do all set-up themselves; the rest is for daily work.
PYTHON ?= python3
VENV := .venv/bin
# Where it is set, each of the many processes of the tests would compile all that it imports.
unexport PYTHONDONTWRITEBYTECODE
OFFSCREEN := QT_QPA_PLATFORM=offscreen
.DEFAULT_GOAL := help
.PHONY: help setup tools run demo test check lint unit gui lab lab-down lab-test fuzz bench screenshots wheel clean

help: ## list the targets
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 14

setup: ## virtual environment, dependencies, system libraries
	@PYTHON=$(PYTHON) packaging/setup-checkout.sh

tools: ## setup, and the programs that tests use (shellcheck, sshd)
	@PYTHON=$(PYTHON) packaging/setup-checkout.sh tests

run: setup ## open the window; without a display, show the whole path instead (make demo)
	@if [ -n "$$DISPLAY$$WAYLAND_DISPLAY" ]; then exec $(VENV)/godploy-desktop; else \
	  echo "No display here (neither DISPLAY nor WAYLAND_DISPLAY is set): showing the whole path on a lab server."; \
	  echo "To see the window, run this where a display is, or: apt-get install xvfb && xvfb-run -s '-screen 0 1440x900x24' make run"; \
	  exec $(VENV)/python -m tests.lab.demo; fi

demo: setup ## a lab server from bare machine to served, changed, rolled back application
	@$(VENV)/python -m tests.lab.demo

check: tools ## lint, types, unit and offscreen GUI tests side by side (under 3 minutes)
	@$(VENV)/python -m tests.parts lint+unit+gui

lint: tools
	$(VENV)/ruff check .
	$(VENV)/ruff format --check .
	$(VENV)/mypy -p godploy_desktop
	$(VENV)/mypy --python-version 3.10 -p godploy_server
	$(VENV)/lint-imports --no-logo
	@if command -v shellcheck >/dev/null; then shellcheck server_bootstrap/*.sh packaging/*.sh; \
	else echo "not run: shellcheck (apt-get install shellcheck)"; fi

unit: tools
	$(VENV)/python -m pytest -q -n 4 -m 'not lab' tests/unit

gui: setup
	$(OFFSCREEN) $(VENV)/python -m pytest -q -n 2 tests/gui

lab-test: tools ## the scenarios on real servers made of containers (needs Docker)
	@$(VENV)/python -m tests.lab up --no-servers --local-images || echo "the lab cannot run here: its tests are named below"
	$(OFFSCREEN) $(VENV)/python -m pytest -q -n 2 --dist loadfile -m lab --durations=15 tests/lab tests/unit

test: tools ## everything; each part that cannot run here is named, and one that fails hides no other
	@$(VENV)/python -m tests.parts lint+unit+gui lab-test

lab: setup ## bring up the lab and print how to reach each part
	@$(VENV)/python -m tests.lab up

lab-down: setup ## take the lab down; its cache stays
	@$(VENV)/python -m tests.lab down

fuzz: tools ## made-up requests at the relay for five minutes (SECONDS=300)
	@$(VENV)/python -m tests.fuzz.fuzz_relay $(or $(SECONDS),300)

bench: setup ## ratios against named references, in one run
	@$(OFFSCREEN) $(VENV)/python -m tests.bench

screenshots: setup ## pictures of every page, dark and light, into build/screenshots
	@$(OFFSCREEN) $(VENV)/python -m tests.gui.screenshots build/screenshots

wheel: setup
	$(VENV)/python -m pip wheel -q --no-deps -w dist .

clean: ## remove what the build made; never the lab's cache
	rm -rf build dist .pytest_cache .mypy_cache .ruff_cache .hypothesis .import_linter_cache
