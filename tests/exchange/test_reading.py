"""From tables to rows: headers by every name, sheets by every title, and cells that must not even be kept."""

from __future__ import annotations

import pytest

from exchange.sheets.columns import SHEETS
from exchange.sheets.files import Unreadable
from tests.exchange.books import cells, csv, read, read_csv

SPELLINGS = ["time zone", "Time Zone", "TIME_ZONE", "time-zone", "timezone", " Time  zone * ", "TZ", "Time zone (IANA)"]


@pytest.mark.parametrize("header", [*SPELLINGS, "Timezone:"])
def test_a_header_is_known_in_every_spelling(header):
    reading = read({"people": [["key", "name", header], ["lena", "Lena", "Europe/Zurich"]]})

    assert cells(reading, "people") == [{"key": "lena", "name": "Lena", "time zone": "Europe/Zurich"}]


@pytest.mark.parametrize(
    "title", ["things", "Things", "Devices", "device", "ASSETS", "Inventory", "Geräte", "2. Devices"]
)
def test_a_sheet_is_known_by_every_title(title):
    reading = read({title: [["key", "name", "kind"], ["pc", "PC", "computer"]]})

    assert [sheet.name for sheet in reading.sheets] == ["things"]


def test_every_column_of_every_sheet_is_known_by_every_one_of_its_names():
    for sheet in SHEETS:
        for column in sheet.columns:
            for header in (column.name, *column.also):
                others = [name for name in sheet.required if name.name != column.name]
                keys = ["key"] if "key" in sheet.by_name and column.name != "key" else []
                rows = [[*(one.name for one in others), *keys, header], ["x"] * (len(others) + len(keys) + 1)]
                [found] = read({sheet.name: rows}).sheets
                assert column.name in found.letters, f"{sheet.name}: {header}"


def test_the_row_with_most_headers_is_the_header():
    rows = [["name", None, None], ["Office of Lena", "key people"], ["key", "name", "role"], ["lena", "Lena", "trader"]]

    [sheet] = read({"people": rows}).sheets

    assert [(row.number, row.cells["key"]) for row in sheet.rows] == [(4, "lena")]


@pytest.mark.parametrize(
    ("sheets", "words"),
    [
        ({"people": [["lena", "Lena Brandt"], ["nico", "Nico"]]}, "has no row of headers"),
        ({"people": [["key", "name", "full name"], ["a", "b", "c"]]}, "has “name” twice, in columns B and C"),
        ({"people": [["email", "role"], ["a@b.example", "owner"]]}, "has no column “key or name”"),
        ({"doors": [["door", "used"], ["tws", "yes"]]}, "has no column “login”"),
        ({"people": [["key", "name"], ["a", "A"]], "Staff": [["key", "name"], ["b", "B"]]}, "are both people"),
        ({"Read me": [["key", "name"], ["a", "A"]]}, "No table was found"),
    ],
)
def test_a_table_that_cannot_be_understood_is_refused_in_words(sheets, words):
    with pytest.raises(Unreadable) as no:
        read(sheets)
    assert words in str(no.value)


SECRET = "otp" + "auth://totp/IBKR?" + "issuer=IBKR"


@pytest.mark.parametrize(
    ("sheet", "column", "text", "words"),
    [
        ("people", "note", "password: hunter2", "password or a PIN"),
        ("people", "name", SECRET, "seed of one-time codes"),
        ("people", "key", SECRET, "seed of one-time codes"),
        ("people", "role", "PIN: 4921", "password or a PIN"),
        ("people", "phone", "4111 1111 1111 1111", "whole card number"),
        ("people", "email", "PIN: 4921", "password or a PIN"),
        ("people", "last day", "PIN: 4921", "password or a PIN"),
        ("accounts", "name", "GB29 NWBK 6016 1331 9268 19", "whole account number"),
        ("accounts", "last four", "U1234567", "Write only the last four characters"),
        ("accounts", "last four", "12345", "Write only the last four characters"),
        ("logins", "last four", "maria.santos", "Write only the last four characters"),
    ],
)
def test_a_secret_or_a_whole_number_is_named_by_its_cell_and_not_kept(sheet, column, text, words):
    others = {"key": "x", "label" if sheet == "logins" else "name": "X", "broker": "ibkr"}
    header = [column, *(name for name in others if name != column)]
    row = [text, *(others[name] for name in header[1:])]

    [found] = read({sheet: [header, row]}).sheets

    assert words in found.rows[0].faults[column]
    assert text not in repr(found.rows)


def test_secrets_in_columns_that_are_not_read_leave_no_trace():
    reading = read({"people": [["key", "name", "secret stuff"], ["lena", "Lena", "password: hunter2"]]})

    assert "hunter2" not in repr(reading)
    assert reading.remarks == ["“people”: the column “secret stuff” (C) was not read."]


def test_what_an_export_made_harmless_is_itself_again():
    reading = read_csv("people.csv", csv([["key", "name", "phone"], ["lena", "'=Lena", "'+41 44 555 01 20"]]))

    assert cells(reading, "people") == [{"key": "lena", "name": "=Lena", "phone": "+41 44 555 01 20"}]


def test_a_note_keeps_its_lines_and_other_cells_do_not():
    data = b'key,name,note\nlena,"Lena\nBrandt","one\ntwo"\n'

    assert cells(read_csv("people.csv", data), "people") == [{"key": "lena", "name": "Lena Brandt", "note": "one\ntwo"}]


def test_a_row_in_which_only_an_unread_column_says_something_is_no_row():
    reading = read({"people": [["key", "name", "sum"], ["lena", "Lena", 1], [None, None, 212]]})

    assert [row.number for row in reading.sheets[0].rows] == [2]
