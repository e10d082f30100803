# `make` alone says what there is. Each target makes .venv from requirements.lock first.
# `python` in a stage is the first on the PATH, so the environment's comes first.
PYTHON ?= python3
PRESET ?=
MODEL ?=
WEIGHTS ?=
KEEP ?=
VENV := .venv/bin
export PATH := $(CURDIR)/$(VENV):$(PATH)
export PYTHONPATH := $(CURDIR)/src

.PHONY: help ready repro preset test smoke faults ui report serve page catch-up fid tables lint format audit

# The targets with what stands behind their ##, in the order of this file.
help:
	@sed -n 's/^\([a-z-]*\):.*## /  make \1\t/p' Makefile | expand -t 18

repro: ready ## the whole pipeline, and its table (PRESET=celeba: a preset of presets/)
ifeq ($(PRESET),)
	@python -m dcgan_inpainting.commands.repro
else
	@python -m dcgan_inpainting.commands.presets "$(PRESET)"
	dvc exp run
endif
	@python -m dcgan_inpainting.commands.summary

# The environment from the lock, the console command and the page of plots where they are missing,
# out of date or were interrupted; and DVC's own files as a full disk leaves them.
ready: ## the environment .venv, which every target needs
	@$(PYTHON) -m dcgan_inpainting.commands.environment
	@python -m dcgan_inpainting.commands.dvc_files

preset: ready ## write a preset into params.yaml (make preset celeba)
	@python -m dcgan_inpainting.commands.presets $(or $(wordlist 2,9,$(MAKECMDGOALS)),$(PRESET))

# What follows `preset` is a name, and no target, although `smoke` is both.
ifeq (preset,$(firstword $(MAKECMDGOALS)))
$(wordlist 2,9,$(MAKECMDGOALS)):
	@:
else

# Three files at a time, on two cores too, because tests also wait: for a killed process, a server.
# The tests of a file share what takes long to make. In the order of their names, so that the many
# short files of tests/unit come last and keep the cores busy to the end; left alone, pytest-xdist
# would keep the files of few tests for the end, which are the longest.
test: ready ## all tests
	pytest -n 3 --dist loadfile --no-loadscope-reorder --durations 30

# Faults and bad input at full length, a line a case; see docs/reliability.md.
faults: ready ## faults and bad input at full length, a line a case
	pytest --long -q tests/faults tests/unit/download/test_fetching.py tests/pipeline/test_kills.py

# The working tree's tracked files, committed in a folder of their own: nothing here is touched.
smoke: ready ## every stage in two minutes, in a throw-away copy
	@set -e; here=$$(mktemp -d); trap 'rm -rf "$$here"' EXIT; \
	tree=$$(git stash create); git archive "$${tree:-HEAD}" | tar -x -C "$$here"; cd "$$here"; \
	git init -q; git add -A; \
	git -c user.name=smoke -c user.email=smoke@localhost commit -q -m 'Smoke test'; \
	export PYTHONPATH="$$here/src"; \
	python -m dcgan_inpainting.commands.presets smoke; \
	dvc exp run; \
	python -m dcgan_inpainting.commands.summary

ui: ready ## all experiments in MLflow, beside each other (PORT=5000)
	@python -m dcgan_inpainting.tracking.ui $(if $(PORT),--port "$(PORT)")

report: ready ## all results as one page, reports/report.html
	@python -m dcgan_inpainting.commands.report

serve: ready ## the best inpainter over HTTP (MODEL=…, PORT=…)
	@python -m dcgan_inpainting.tracking.server $(if $(PORT),--port "$(PORT)") \
	$(if $(MODEL),--model "$(MODEL)")

page: ready ## a page to restore your own photograph on (PORT=…, MODEL=…)
	@python -m dcgan_inpainting page $(if $(PORT),--port "$(PORT)") $(if $(MODEL),--model "$(MODEL)")

catch-up: ready ## log in MLflow what DVC holds and MLflow does not
	@python -m dcgan_inpainting.tracking.record

fid: ready ## FID and KID (WEIGHTS=…)
	@python -m dcgan_inpainting.commands.fid $(if $(WEIGHTS),--weights "$(WEIGHTS)")

# README and docs, from docs/data. KEEP="NAME [LABEL=]EXPERIMENT…" first puts the workspace's figures
# there, beside those of experiments.
tables: ready ## write the tables of README and docs anew (KEEP=…)
	@python -m dcgan_inpainting.commands.tables $(if $(KEEP),--keep $(KEEP))

lint: ready ## ruff, the contracts between rooms, mypy
	ruff check .
	ruff format --check .
	lint-imports
	mypy

format: ready ## let ruff mend the layout
	ruff check --fix .
	ruff format .

# The lock's known vulnerabilities, asked of the package index: this needs the network. pip-audit is
# no part of the lock, so it has an environment of its own.
audit: ready ## known vulnerabilities of what the lock names
	@test -x .venv/audit/bin/pip-audit || { python -m venv --clear .venv/audit && \
	.venv/audit/bin/python -m pip --disable-pip-version-check install --quiet pip-audit; }
	.venv/audit/bin/pip-audit --strict --disable-pip --require-hashes -r requirements.lock \
	-r requirements-spark.lock

endif
