# tutormatch: `make run` starts it, `make test` tests it, `make help` lists the rest.

PYTHON ?= python3
BIN := .venv/bin
FLASK := $(BIN)/flask --app wsgi
BENCH_SIZES := pilot university region 1000:400 3000:1200 10000:4000 100000:30000 380000:120000

.PHONY: help run test check strings bench bench-round migration clean
.DEFAULT_GOAL := help

help: ## list these targets
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sort | awk -F ':.*## ' '{printf "  make %-11s %s\n", $$1, $$2}'

run: .venv/runtime .venv/translations ## start the web server and the worker, with a demonstration programme on first use
	@exec $(FLASK) start

test: .venv/development .venv/translations ## run all tests
	$(BIN)/pytest -n 2 --dist loadgroup

check: .venv/development ## check style, import contracts and translations
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/lint-imports --no-cache
	$(BIN)/pytest tests/house/test_strings.py

strings: .venv/development ## bring the translations up to date with the source; fails on a missing or fuzzy one
	$(BIN)/pybabel -q extract -F babel.cfg -k lazy_gettext -k lazy_ngettext:1,2 -c "Translators:" --sort-by-file --add-location=file \
		--no-wrap --omit-header -o build/messages.pot .
	$(BIN)/pybabel -q update -i build/messages.pot -d tutormatch/translations --no-fuzzy-matching \
		--ignore-obsolete --no-wrap --ignore-pot-creation-date
	$(BIN)/pytest tests/house/test_strings.py

bench: .venv/development ## measure the matching core beside its peers and write docs/benchmark.md, in about a quarter of an hour
	$(BIN)/python -m tutormatch.matching bench --size $(BENCH_SIZES) --seed 1 --time-limit 400 \
		--out docs/benchmark.md --plot docs/images/benchmark.svg

bench-round: .venv/development .venv/translations ## measure a round and every coordinator page at region size
	$(BIN)/python -m benchmarks.round

migration: .venv/development ## write a migration from the models: make migration NAME="Add …"
	$(FLASK) db migrate -m "$(NAME)" --rev-id $$(printf '%04d' $$(( $$(ls migrations/versions/*.py | wc -l) + 1 )))

clean: ## remove the virtual environment and what was built; the data in instance/ stays
	rm -rf .venv build

.venv/bin/python:
	$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "tutormatch needs Python 3.11 or newer")'
	$(PYTHON) -m venv .venv
	$(BIN)/pip install --quiet --upgrade pip

.venv/runtime: requirements.txt | .venv/bin/python
	$(BIN)/pip install --quiet -r requirements.txt
	@touch $@

.venv/development: requirements-dev.txt requirements.txt | .venv/bin/python
	$(BIN)/pip install --quiet -r requirements-dev.txt
	@touch $@ .venv/runtime

.venv/translations: $(wildcard tutormatch/translations/*/LC_MESSAGES/messages.po) | .venv/bin/python
	@test -x $(BIN)/pybabel || $(MAKE) .venv/runtime
	$(BIN)/pybabel -q compile -d tutormatch/translations
	@touch $@
