"""What comes out goes in again: the export imports to the same office, and runs nothing in a spreadsheet."""

from __future__ import annotations

import csv
import io
import zipfile
from datetime import date, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st
from openpyxl import load_workbook

from core.forms import plain
from core.secrets import find
from devices.actions import retire_asset
from devices.models import Asset, Validation
from exchange import actions, queries, samples
from exchange.sheets.cells import show
from exchange.sheets.columns import BY_NAME, SHEETS, Kind
from exchange.sheets.files import Upload
from exchange.sheets.reading import read_uploads
from exchange.sheets.writing import csv_files, template_rows, workbook, zipped
from tests import factories
from tests.exchange.books import SMALL, cells

pytestmark = pytest.mark.django_db


def taken_in(rows):
    """An export as both kinds of file, read again."""
    return {
        "xlsx": read_uploads([Upload("office.xlsx", workbook(rows, about="x"))]),
        "csv": read_uploads([Upload("office.zip", zipped(csv_files(rows)))]),
    }


@pytest.mark.parametrize("form", ["xlsx", "csv"])
@pytest.mark.parametrize("name", ["demo", "sample"])
def test_an_export_imports_into_an_empty_house_as_the_same_office(owner, at, form, name):
    """Export, empty house, import, export: equal, and the dates of every proof with it."""
    today = at.date()
    first = samples.read_back(samples.office(name, today=today, words={"me": owner.key, "first": "Eleanor"}), name="x")
    imported = _import(first, owner, at)
    exported = queries.office_rows(at)
    proofs = set(Validation.objects.values_list("outcome", "proved_at", "lapses_at", "how"))

    actions.undo(imported, by=owner, at=at)
    assert sum(len(rows) for sheet, rows in queries.office_rows(at).items() if sheet != "people") == 0
    _import(taken_in(exported)[form], owner, at)

    assert queries.office_rows(at) == exported
    assert set(Validation.objects.values_list("outcome", "proved_at", "lapses_at", "how")) == proofs


def _import(reading, owner, at):
    batch = actions.upload(reading, by=owner, at=at)
    assert list(batch.rows.filter(verdict="problem").values_list("troubles", flat=True)) == []
    actions.press(batch, by=owner, at=at)
    return actions.run_next(at=at)


def test_an_export_of_rows_made_by_hand_changes_nothing_where_it_came_from(owner, at):
    """Times of day, zones far apart, ended and lost rows, rights in any order."""
    aiko = factories.make_member("Aiko Tanabe", signs_in=False, timezone="Asia/Tokyo")
    left = factories.make_member("Paul Marti", signs_in=False, left_at=at)
    account = factories.make_account("Asia Book", closed_at=at)
    login = factories.make_login(aiko, label="Aiko at IBKR", doors=["tws", "ibkr-mobile"], hint="ta09")
    factories.make_login(left, label="Paul at Saxo", broker="saxo", ended_at=at)
    factories.make_grant(login, account, rights=["trade", "view"])
    laptop = factories.make_asset("Aiko’s laptop", holder=aiko, lost_at=at - timedelta(days=2))
    late = (at - timedelta(days=9)).astimezone(ZoneInfo("Asia/Tokyo")).replace(hour=0, minute=10)
    factories.make_validation(login.doors.get(interface="tws"), laptop, proved_at=late, note="=1+1")
    factories.make_authenticator(login, carriers=[factories.make_asset("Phone", kind="phone")], proved_at=late)
    retire_asset(factories.make_asset("Old tablet", kind="tablet"), by=owner, at=at)

    for reading in taken_in(queries.office_rows(at)).values():
        batch = actions.upload(reading, by=owner, at=at)
        assert list(batch.rows.exclude(verdict="same").values_list("sheet", "verdict", "changes", "troubles")) == []


def test_the_template_imports_as_it_is(owner, at):
    batch = _import(taken_in(template_rows())["xlsx"], owner, at)

    assert (batch.new, batch.changed, batch.problems) == (21, 0, 0)


# --- formulas --------------------------------------------------------------------------------------------------------
FORMULA = '=HYPERLINK("http://192.0.2.1/","look")'


def test_nothing_in_an_export_is_a_formula(bring, at):
    bring(SMALL)
    Asset.objects.filter(key="laptop").update(name=FORMULA, model="+1", note="@SUM(A1)", hint="-2")
    Asset.objects.filter(key="phone").update(name="'=1", note="＝1+1")
    rows = queries.office_rows(at)

    book = load_workbook(io.BytesIO(workbook(rows, about=FORMULA)))
    tables = [
        cell
        for data in csv_files(rows).values()
        for line in csv.reader(io.StringIO(data.decode("utf-8-sig")))
        for cell in line
    ]

    written = [
        cell for sheet in book.worksheets for line in sheet.iter_rows() for cell in line if cell.value is not None
    ]
    assert {cell.data_type for cell in written} == {"s"}
    sheets = [cell for cell in written if cell.parent.title != "Read me"]
    assert [cell.value for cell in sheets if cell.value[0] in "=+-@\t\r＝＋－＠"] == []
    assert [cell for cell in tables if cell[:1] in tuple("=+-@\t\r＝＋－＠")] == []
    assert f"'{FORMULA}" in tables
    assert "''=1" in tables


def test_hostile_texts_come_back_as_they_were(owner, bring, at):
    bring(SMALL)
    Asset.objects.filter(key="laptop").update(name=FORMULA, model="+1", note="'@SUM(A1)", hint="-2")
    exported = queries.office_rows(at)

    for reading in taken_in(exported).values():
        batch = actions.upload(reading, by=owner, at=at)
        assert batch.same == batch.size


TEXT = st.text(alphabet=st.characters(codec="utf-8", exclude_categories=["Cs"]), max_size=60)
HOSTILE = st.text(alphabet="'=+-@＝＋ \t\r\n\"”;,|/\\ab0.\u00a0\u200b", max_size=20)


NOTES = (TEXT | HOSTILE).map(lambda text: plain(text, lines=True)).filter(lambda text: text and not find(text))


@given(notes=st.lists(NOTES, min_size=40, max_size=40))
@settings(max_examples=8, deadline=None, phases=[Phase.generate])
def test_every_note_comes_back_from_both_kinds_of_file(notes):
    rows = {"things": [{"key": f"t{n}", "name": "T", "kind": "paper", "note": text} for n, text in enumerate(notes)]}

    for reading in taken_in(rows).values():
        assert [row["note"] for row in cells(reading, "things")] == notes


VALUES = st.tuples(
    st.dates(min_value=date(1970, 1, 1), max_value=date(2100, 12, 31)),
    st.text(alphabet="ABCxyz0123456789", min_size=1, max_size=4),
    st.booleans(),
)


@given(values=st.lists(VALUES, min_size=40, max_size=40))
@settings(max_examples=8, deadline=None, phases=[Phase.generate])
def test_every_day_hint_and_yes_comes_back_from_both_kinds_of_file(values):
    rows = {
        "things": [
            {"key": "t", "name": "T", "kind": "sim", "lost on": show(day), "last four": hint, "spare": show(is_spare)}
            for day, hint, is_spare in values
        ]
    }

    for reading in taken_in(rows).values():
        assert cells(reading, "things") == rows["things"]


# --- what the files say ----------------------------------------------------------------------------------------------
def test_a_workbook_has_its_sheets_in_order_and_explains_every_column():
    book = load_workbook(io.BytesIO(workbook(template_rows(), about="The beginning.")))
    told = {(line[0], line[1]) for line in book["Read me"].iter_rows(values_only=True)}

    assert book.sheetnames == ["Read me", *BY_NAME]
    assert book["Read me"]["A2"].value == "The beginning."
    for sheet in SHEETS:
        assert [cell.value for cell in book[sheet.name][1]] == [column.name for column in sheet.columns]
        assert {(sheet.name, column.name) for column in sheet.columns} <= told
    assert ("broker", "ibkr") in told
    assert ("door", "tws") in told


def test_numbers_stay_texts_when_a_spreadsheet_opens_the_template():
    book = load_workbook(io.BytesIO(workbook(template_rows(), about="x")))

    formats = {cell.number_format for row in book["things"].iter_rows(min_row=2) for cell in row if cell.value}

    assert formats == {"@"}


def test_csv_files_open_in_excel_with_their_umlauts():
    files = csv_files({"people": [{"key": "lena", "name": "Lena Müller"}]})

    assert files["people.csv"].startswith(b"\xef\xbb\xbfkey,name,")
    assert sorted(files) == sorted(f"{sheet.name}.csv" for sheet in SHEETS)
    assert zipfile.ZipFile(io.BytesIO(zipped(files))).namelist() == list(files)


def test_every_kind_of_column_says_what_an_empty_cell_does():
    for sheet in SHEETS:
        for column in sheet.columns:
            assert column.help.endswith((".", "”"))
            assert column.kind in Kind
