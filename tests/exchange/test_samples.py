"""What lies in docs/ is what the code makes, in both forms, and it imports."""

from __future__ import annotations

import io
from pathlib import Path

import pytest
from django.conf import settings
from django.core.management import call_command

from exchange import actions, samples
from exchange.models import ImportBatch
from exchange.sheets.columns import BY_NAME
from exchange.sheets.files import Upload
from exchange.sheets.guide import guide
from exchange.sheets.reading import read_uploads

DOCS = Path(settings.BASE_DIR) / "docs"


def from_docs(*names: str):
    return read_uploads([Upload(name, DOCS.joinpath(name).read_bytes()) for name in names])


def test_the_guide_in_docs_is_made_from_the_table_of_columns():
    assert DOCS.joinpath("import.md").read_text(encoding="utf-8") == guide()


def test_the_workbook_and_the_tables_in_docs_are_the_same_office():
    source = samples.read_back(samples.office("sample"), name="x").sheets
    workbook = from_docs("sample-office.xlsx").sheets
    tables = from_docs(*(f"sample-office/{name}.csv" for name in BY_NAME)).sheets

    for made in (workbook, tables):
        assert [(sheet.name, sheet.rows) for sheet in made] == [(sheet.name, sheet.rows) for sheet in source]


def test_the_command_writes_them_anew(tmp_path):
    out = io.StringIO()
    call_command("make_samples", to=tmp_path, stdout=out)

    made = sorted(path.relative_to(tmp_path).as_posix() for path in tmp_path.rglob("*") if path.is_file())
    assert made == sorted(["import.md", "sample-office.xlsx", *(f"sample-office/{name}.csv" for name in BY_NAME)])
    assert tmp_path.joinpath("import.md").read_text(encoding="utf-8") == guide()


@pytest.mark.django_db
@pytest.mark.parametrize("names", [("sample-office.xlsx",), tuple(f"sample-office/{name}.csv" for name in BY_NAME)])
def test_the_sample_office_imports_without_a_single_problem(owner, at, names):
    batch = actions.upload(from_docs(*names), by=owner, at=at)
    assert (batch.new, batch.problems, batch.remarks) == (140, 0, [])

    actions.press(batch, by=owner, at=at)
    actions.run_next(at=at)
    again = actions.upload(from_docs(*names), by=owner, at=at)

    assert (again.writes, again.same) == (0, 140)


@pytest.mark.django_db
def test_the_benchmark_leaves_nothing_behind(office):
    out = io.StringIO()

    call_command("bench_import", rows=200, stdout=out)

    said = out.getvalue()
    assert "the second time: 0 rows would be written" in said
    assert {"dry run", "import", "export", "undo"} <= {line.split("s  ", 1)[-1] for line in said.splitlines()}
    assert ImportBatch.objects.count() == 0
