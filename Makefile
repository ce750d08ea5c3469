# Postern. `make` or `make help` says what there is.

.PHONY: help up test lint lock clean

help:
	@echo "make up     start Postern on this machine; Ctrl-C stops it, data stays"
	@echo "make test   set up what the tests need and run every check and test"
	@echo "make lint   the checks without the tests"
	@echo "make lock   work out requirements/*.lock anew from pyproject.toml"
	@echo "make clean  remove the environment, not the data"

up:
	@bin/bootstrap run
	@exec .venv/bin/python manage.py up --with-parent

test:
	@bin/bootstrap test
	@bin/browser
	@exec bin/check

lint:
	@bin/bootstrap test
	@exec bin/check lint

LOCK = UV_PYTHON_DOWNLOADS=never .tools/bin/uv pip compile --quiet --universal --generate-hashes --no-header --no-annotate

lock:
	@bin/bootstrap run
	@echo "Working out the locks."
	@$(LOCK) pyproject.toml -o requirements/run.lock
	@$(LOCK) pyproject.toml --group dev --group browser -o requirements/test.lock

clean:
	@rm -rf .tools .venv .pip .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis
	@echo "Removed the environment. Data and keys are where they were."
