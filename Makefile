# make repro | test | smoke | faults | ui | serve | catch-up | fid | lint. Each makes .venv from requirements.lock first.
# `python` in a stage is the first on the PATH, so the environment's comes first.
PYTHON ?= python3
PRESET ?=
MODEL ?=
WEIGHTS ?=
VENV := .venv/bin
STAMP := .venv/requirements.lock
READY := .dvc/plots/offline.html
export PATH := $(CURDIR)/$(VENV):$(PATH)
export PYTHONPATH := $(CURDIR)/src

.PHONY: repro test smoke faults ui serve catch-up fid lint format

repro: $(READY)
ifeq ($(PRESET),)
	dvc repro
else
	dvc exp run $$(python -m dcgan_inpainting.presets $(PRESET))
endif
	@python -m dcgan_inpainting.summary

test: $(READY)
	pytest

# Faults and bad input at full length, a line a case; see docs/reliability.md.
faults: $(READY)
	pytest tests/faults --long -q

# The working tree's tracked files, committed in a folder of their own: nothing here is touched.
smoke: $(READY)
	@set -e; here=$$(mktemp -d); trap 'rm -rf "$$here"' EXIT; \
	tree=$$(git stash create); git archive "$${tree:-HEAD}" | tar -x -C "$$here"; cd "$$here"; \
	git init -q; git add -A; \
	git -c user.name=smoke -c user.email=smoke@localhost commit -q -m 'Smoke test'; \
	export PYTHONPATH="$$here/src"; \
	dvc exp run $$(python -m dcgan_inpainting.presets smoke); \
	python -m dcgan_inpainting.summary

ui: $(READY)
	@python -m dcgan_inpainting.tracking.ui $(if $(PORT),--port "$(PORT)")

serve: $(READY)
	@python -m dcgan_inpainting.tracking.server $(if $(PORT),--port "$(PORT)") \
	$(if $(MODEL),--model "$(MODEL)")

catch-up: $(READY)
	@python -m dcgan_inpainting.tracking.outbox

fid: $(READY)
	@python -m dcgan_inpainting.inception $(if $(WEIGHTS),--weights "$(WEIGHTS)")

lint: $(READY)
	ruff check .
	ruff format --check .
	mypy

format: $(READY)
	ruff check --fix .
	ruff format .

# The page of `dvc plots show`, which opens without a network.
$(READY): .dvc/plots/page.html src/dcgan_inpainting/plots_page.py $(STAMP)
	@python -m dcgan_inpainting.plots_page

# The stamp is a copy of the lock: another branch's lock makes the environment anew.
$(STAMP): requirements.lock
	@cmp -s $< $@ && touch $@ || { \
	echo "Making .venv from requirements.lock (some 6 GB with PyTorch; a few minutes)"; \
	$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Python 3.11 or later is needed; name one: make PYTHON=python3.12 …")' \
	&& $(PYTHON) -m venv --clear .venv \
	&& $(VENV)/python -m pip install --quiet --disable-pip-version-check -r $< \
	&& cp $< $@; }
