# One command a task; CI calls the same ones. `make help` lists them.
PYTHON ?= python3
BIN := .venv/bin
EXE :=
ifeq ($(OS),Windows_NT)
  BIN := .venv/Scripts
  EXE := .exe
endif
ARGS ?=
# How many processes share the tests: `make test WORKERS=0` runs them in one, where a debugger can stop.
WORKERS ?= 2
SHARED := --numprocesses=$(WORKERS) --dist=loadfile
export PIP_DISABLE_PIP_VERSION_CHECK := 1

.DEFAULT_GOAL := help
.PHONY: help demo test offline oldest hosts faults tour lint format js docs gallery chromium notebooks torture bench bench-page release-check clean

help:  ## this list
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/  make \1\t\2/p' $(MAKEFILE_LIST)

demo: .venv/demo  ## real jobs of the local service, and JupyterLab on the tour (ARGS=--headless ends after printing)
	$(BIN)/python -m agentrun_nb.demo $(ARGS)

test: .venv/test chromium  ## the ring of tests that every change must pass
	$(BIN)/python -m pytest --ignore=tests/hosts $(SHARED) --durations=10 $(ARGS)

offline: .venv/test  ## the tests of what needs no service, as they run on every system
	$(BIN)/python -m tests.offline $(SHARED) $(ARGS)

oldest: .venv-oldest/made  ## the tests of everything but the page, with the oldest versions of every dependency
	.venv-oldest/bin/python -m tests.oldest $(SHARED) $(ARGS)

hosts: .venv/test chromium  ## the widget in each notebook front end, every one in an environment of its own
	$(BIN)/python -m pytest tests/hosts --durations=10 $(ARGS)

faults: .venv/test chromium  ## what the client, the archive and the view do with each of 129 faults, a line each
	$(BIN)/python -m tests.faults $(ARGS)

tour: .venv/test  ## every notebook, from the first cell to the last, without a browser
	$(BIN)/python -m pytest tests/test_notebooks.py $(ARGS)

lint: .venv/dev  ## style, types, and which room imports which
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/python -m tests.layers
	$(BIN)/python -m tests.addresses
	$(BIN)/check-jsonschema --builtin-schema vendor.github-workflows $(wildcard .github/workflows/*.yml)
	$(BIN)/check-jsonschema --builtin-schema vendor.github-issue-forms $(filter-out %/config.yml,$(wildcard .github/ISSUE_TEMPLATE/*.yml))
	$(BIN)/check-jsonschema --builtin-schema vendor.github-issue-config .github/ISSUE_TEMPLATE/config.yml
	$(BIN)/check-jsonschema --builtin-schema vendor.dependabot .github/dependabot.yml
	$(BIN)/check-jsonschema --builtin-schema vendor.citation-file-format CITATION.cff
	$(BIN)/zizmor --offline --quiet --persona pedantic .github

format: .venv/dev  ## mend what a tool can mend
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

js:  ## check, test and build the widget's JavaScript (needs node), and compare the built file with the committed one
	npm --prefix agentrun_nb/widget ci --no-audit --no-fund
	npm --prefix agentrun_nb/widget run check
	npm --prefix agentrun_nb/widget test
	npm --prefix agentrun_nb/widget run build
	git diff --exit-code --stat -- agentrun_nb/widget/static

docs: .venv/docs  ## the documentation as pages in docs/_build/html; a warning or a broken link is an error
	$(BIN)/python -m sphinx --fail-on-warning --keep-going --fresh-env --quiet docs docs/_build/html
	$(BIN)/python docs/check_site.py docs/_build/html

gallery: .venv/test chromium  ## take the pictures of the documentation's gallery anew
	$(BIN)/python -m docs.pictures

notebooks: .venv/test chromium  ## run the notebooks and save their outputs, and take the picture in the README
	$(BIN)/python notebooks/execute.py
	$(BIN)/python notebooks/picture.py

torture: .venv/test chromium  ## the laws with many more examples
	AGENTRUN_NB_PROFILE=torture $(BIN)/python -m pytest --timeout=7200 $(ARGS)

bench: .venv/test  ## figures beside other ways to do the same, as ratios (ARGS=--quick for less than a minute)
	$(BIN)/python -m benchmarks $(ARGS)

bench-page: .venv/test chromium  ## the view of many runs at size, beside plotly (ARGS="--python PYTHON" for itables and quak too, --quick for a minute)
	$(BIN)/python -m benchmarks.page $(ARGS)

release-check: .venv/dev  ## build the wheel and the source archive, and try them where the sources are not (ARGS="--keep dist")
	$(BIN)/python -m tests.release $(ARGS)

clean:  ## remove what the other commands made
	rm -rf .venv .venv-oldest .venv-hosts .venv-witness docs/_build agentrun_nb/widget/node_modules tests/hosts/node_modules

chromium:
	@.ci/chromium

.venv/demo .venv/test .venv/dev .venv/docs: .venv/%: pyproject.toml | $(BIN)/python$(EXE)
	$(BIN)/python -m pip install --quiet --editable '.[$*]'
	@touch $@

.venv-oldest/made: pyproject.toml tests/oldest.txt
	$(PYTHON) -m venv --clear .venv-oldest
	.venv-oldest/bin/python -m pip install --quiet --constraint tests/oldest.txt --editable '.[test]'
	@touch $@

$(BIN)/python$(EXE):
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' \
	  || { echo "This needs Python 3.11 or newer: make PYTHON=python3.12 ..."; exit 1; }
	@$(PYTHON) -m venv .venv \
	  || { rm -rf .venv; echo "Python's venv module is missing. On Debian and Ubuntu: apt-get install python3-venv"; exit 1; }
