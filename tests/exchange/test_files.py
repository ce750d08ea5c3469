"""Spreadsheets as they really come: every dress of a CSV, every habit of Excel, and files that are none."""

from __future__ import annotations

import io
import random
import zipfile
from datetime import date, datetime, time

import pytest
from openpyxl import Workbook
from openpyxl.utils import get_column_letter

from exchange.sheets.columns import MOST_BYTES, MOST_COLUMNS, MOST_ROWS
from exchange.sheets.files import Unreadable, Upload
from exchange.sheets.reading import read_uploads
from tests.exchange.books import SMALL, cells, csv, patched, read, read_csv, refusal, xlsx

PEOPLE = [["key", "name", "note"], ["lena", "Lena Brandt", "Büro, 2. Stock"], ["nico", "Nico Ferrari", ""]]
READ = [{"key": "lena", "name": "Lena Brandt", "note": "Büro, 2. Stock"}, {"key": "nico", "name": "Nico Ferrari"}]
SEMICOLONS = [["key", "name", "note"], ["lena", "Lena Brandt", "Büro, 2. Stock"], ["nico", "Nico Ferrari", ""]]


# --- CSV -------------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp1252", "utf-16", "utf-16-le", "utf-16-be"])
@pytest.mark.parametrize("cut", [";", "\t", "|"])
def test_a_csv_is_read_in_every_encoding_and_with_every_separator(encoding, cut):
    reading = read_csv("people.csv", csv(PEOPLE, cut=cut, encoding=encoding))

    assert cells(reading, "people") == READ


@pytest.mark.parametrize("end", ["\r\n", "\n", "\r"])
def test_a_csv_is_read_with_every_line_end(end):
    assert cells(read_csv("people.csv", csv(PEOPLE, cut=";", end=end)), "people") == READ


def test_quoted_cells_keep_their_separators_and_their_lines():
    data = b'key,name,note\r\nlena,"Brandt, Lena","first line\r\nsecond ""line"""\r\n'

    [row] = cells(read_csv("people.csv", data), "people")

    assert row == {"key": "lena", "name": "Brandt, Lena", "note": 'first line\nsecond "line"'}


def test_excels_own_first_line_about_the_separator_is_heeded():
    reading = read_csv("people.csv", b"sep=;\r\nkey;name\r\nlena;Lena, of Zurich\r\n")

    assert cells(reading, "people") == [{"key": "lena", "name": "Lena, of Zurich"}]
    assert reading.sheets[0].rows[0].number == 3


def test_what_nobody_sees_in_a_cell_is_taken_out():
    data = "key,name\r\nlena\x00,\u00a0Lena\u00a0\u200bBrandt \r\n".encode()

    assert cells(read_csv("people.csv", data), "people") == [{"key": "lena", "name": "Lena Brandt"}]


def test_an_open_quotation_mark_is_said_or_read_as_it_stands():
    data = b'key,name\r\nlena,"Lena\r\n' + b"x" * 200_000
    with pytest.raises(Unreadable, match="opened and never closed"):
        read_csv("people.csv", data)


@pytest.mark.parametrize(
    ("name", "sheet"),
    [
        ("people.csv", "people"),
        ("People.CSV", "people"),
        ("01_people.csv", "people"),
        ("people (1).csv", "people"),
        ("Hartwell - people.csv", "people"),
        ("staff.csv", "people"),
        ("whatever.csv", "people"),
    ],
)
def test_a_csv_file_is_known_by_its_name_or_by_its_columns(name, sheet):
    reading = read_csv(name, csv([["key", "name", "email", "time zone"], ["lena", "Lena", "", ""]]))

    assert [one.name for one in reading.sheets] == [sheet]


def test_a_set_of_csv_files_is_one_upload_in_the_order_of_dependence():
    uploads = [Upload(f"{name}.csv", csv(rows, cut=";")) for name, rows in reversed(SMALL.items())]

    reading = read_uploads(uploads)

    assert [sheet.name for sheet in reading.sheets] == [
        "people", "accounts", "logins", "doors", "things", "validations", "authenticators", "backups", "grants",
    ]  # fmt: skip
    assert reading.digest == read_uploads(uploads[::-1]).digest


def test_a_zip_of_csv_files_is_the_same_without_what_a_mac_adds():
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        archive.writestr("export/people.csv", csv(PEOPLE, cut=";"))
        archive.writestr("__MACOSX/export/._people.csv", b"\x00\x05\x16\x07")
        archive.writestr("export/.DS_Store", b"x")
        archive.writestr("export/readme.md", b"x")

    assert cells(read_csv("export.zip", out.getvalue()), "people") == READ


# --- workbooks -------------------------------------------------------------------------------------------------------
def test_a_workbook_reads_like_its_csv_files():
    workbook = read(SMALL)
    tables = read_uploads([Upload(f"{name}.csv", csv(rows, cut=";")) for name, rows in SMALL.items()])

    assert [(sheet.name, sheet.rows) for sheet in workbook.sheets] == [(one.name, one.rows) for one in tables.sheets]


def test_excels_own_types_become_what_was_meant():
    rows = [
        ["key", "name", "model", "last four", "spare", "lost on", "note"],
        ["a", "A", 16, 4417.0, True, datetime.fromisoformat("2026-04-03"), time(7, 30)],
        ["b", 12.5, None, "7QK4", False, date(2026, 4, 3), datetime.fromisoformat("2026-04-03 14:22")],
    ]

    assert cells(read({"things": rows}), "things") == [
        {"key": "a", "name": "A", "model": "16", "last four": "4417", "spare": "yes", "lost on": "2026-04-03",
         "note": "07:30"},
        {"key": "b", "name": "12.5", "last four": "7QK4", "spare": "no", "lost on": "2026-04-03",
         "note": "2026-04-03 14:22"},
    ]  # fmt: skip


def test_zeros_that_a_format_shows_are_kept():
    book = Workbook()
    sheet = book.active
    sheet.title = "things"
    sheet.append(["key", "name", "kind", "last four"])
    sheet.append(["sim", "SIM", "sim", 142])
    sheet["D2"].number_format = "0000"
    out = io.BytesIO()
    book.save(out)

    assert cells(read_csv("x.xlsx", out.getvalue()), "things")[0]["last four"] == "0142"


def test_a_title_above_merged_cells_and_empty_rows_and_columns_do_not_matter():
    book = Workbook()
    sheet = book.active
    sheet.title = "Staff"
    sheet["B1"] = "Our people, November"
    sheet.merge_cells("B1:F1")
    sheet["B2"] = "as of 23.11.2026"
    for position, text in ((2, "Key"), (4, "Full Name"), (5, "E-Mail")):
        sheet.cell(row=5, column=position, value=text)
    sheet.cell(row=7, column=2, value="lena")
    sheet.cell(row=7, column=4, value="Lena Brandt")
    sheet.cell(row=12, column=2, value="nico")
    sheet.cell(row=12, column=4, value="Nico Ferrari")
    out = io.BytesIO()
    book.save(out)

    reading = read_csv("x.xlsx", out.getvalue())

    assert cells(reading, "people") == [
        {"key": "lena", "name": "Lena Brandt"},
        {"key": "nico", "name": "Nico Ferrari"},
    ]
    assert [row.number for row in reading.sheets[0].rows] == [7, 12]
    assert reading.sheets[0].address(12, "name") == "Staff!D12"


def test_hidden_sheets_unknown_sheets_and_unknown_columns_are_named_and_not_read():
    rows = {
        "people": [["key", "name", "shoe size", None], ["lena", "Lena", 38, "loose"]],
        "accounts": [["key", "name", "broker"], ["old", "Old", "ibkr"]],
        "Sums": [["total", "of"], [1, 2]],
    }

    reading = read_csv("x.xlsx", xlsx(rows, accounts="hidden"))

    assert [sheet.name for sheet in reading.sheets] == ["people"]
    assert sorted(reading.remarks) == [
        "The hidden sheet “accounts” was not read.",
        "“Sums” was not read: neither its name nor its columns are known.",
        "“people”: the column D, without header, was not read.",
        "“people”: the column “shoe size” (C) was not read.",
    ]


def test_a_formula_counts_by_its_result_and_is_named_when_it_has_none():
    book = Workbook()
    sheet = book.active
    sheet.title = "people"
    sheet.append(["key", "name", "note"])
    sheet.append(["lena", '=A2&" Brandt"', "#REF!"])
    sheet["C2"].data_type = "e"
    out = io.BytesIO()
    book.save(out)
    computed = patched(
        out.getvalue(),
        xl__worksheets__sheet1_xml=zipfile.ZipFile(io.BytesIO(out.getvalue()))
        .read("xl/worksheets/sheet1.xml")
        .replace(b'<c r="B2"><f>', b'<c r="B2" t="str"><f>')
        .replace(b"<v />", b"<v>Lena Brandt</v>")
        .replace(b"<v></v>", b"<v>Lena Brandt</v>"),
    )

    [empty] = read_csv("x.xlsx", out.getvalue()).sheets[0].rows
    [full] = read_csv("x.xlsx", computed).sheets[0].rows

    assert empty.faults["name"] == "The file holds this formula without its result. Type the value."
    assert empty.faults["note"] == "The formula here ends in #REF!. Type the value instead."
    assert full.cells["name"] == "Lena Brandt"


# --- what is no table ------------------------------------------------------------------------------------------------
OLD = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\x00" * 600


def zipped(**parts: bytes) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        for name, data in parts.items():
            archive.writestr(name.replace("__", "/"), data)
    return out.getvalue()


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"", "It is empty."),
        (b"\xef\xbb\xbf\r\n \r\n", "It is empty."),
        (b"%PDF-1.7 \xe2\xe3", "It is a PDF, not a table."),
        (b"\x89PNG\r\n\x1a\n", "It is a picture"),
        (b"<!DOCTYPE html><table></table>", "It is a web page"),
        (b"\xef\xbb\xbf<html></html>", "It is a web page"),
        (b"<?xml version='1.0'?><Workbook/>", "It is an XML file"),
        (b"{\\rtf1 x}", "It is a text document"),
        (b"\x1f\x8b\x08\x00", "It is a packed file"),
        (OLD, "It is in the old Excel format."),
        (OLD + "EncryptedPackage".encode("utf-16-le"), "It is protected by a password."),
        (b"PK\x03\x04 and then nothing", "It is damaged."),
        (xlsx(SMALL)[:3000], "It is damaged."),
        (zipped(word__document=b"x"), "It is a text or slides"),
        (zipped(mimetype=b"application/vnd.oasis.opendocument.spreadsheet"), "It is an OpenDocument spreadsheet."),
        (zipped(**{"Index/Document.iwa": b"x"}), "It is a Numbers document."),
        (zipped(**{"xl/workbook.bin": b"x"}), "It is a binary workbook"),
        (zipped(**{"photo.jpg": b"x"}), "There is no workbook and no CSV file in that zip."),
        (bytes(range(1, 32)) * 40, "It is not a table."),
        (b"x" * (MOST_BYTES + 1), "It is larger than 5 MB."),
        (b"hello\r\nworld\r\n", "No table was found."),
        (b"key,name,email,role\r\n", "There are headers, and no rows below them."),
    ],
    ids=range(22),
)
def test_a_file_that_is_no_table_is_refused_in_words(data, words):
    with pytest.raises(Unreadable) as no:
        read_csv("office", data)
    assert words in str(no.value)


def test_the_file_at_fault_is_named():
    uploads = [Upload("people.csv", csv(PEOPLE, cut=";")), Upload("scan.pdf", b"%PDF-1.4")]

    with pytest.raises(Unreadable, match=r"^scan\.pdf: It is a PDF"):
        read_uploads(uploads)


def test_a_zip_that_would_grow_beyond_measure_is_refused_unopened():
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("xl/workbook.xml", b"<x/>")
        archive.writestr("xl/worksheets/sheet1.xml", b"0" * 70_000_000)

    assert len(out.getvalue()) < 100_000
    with pytest.raises(Unreadable, match="Unpacked it is far too large"):
        read_csv("bomb.xlsx", out.getvalue())


def test_a_zip_of_very_many_parts_is_refused():
    with pytest.raises(Unreadable, match="far too large"):
        read_csv("many.zip", zipped(**{f"{n}.csv": b"key" for n in range(500)}))


@pytest.mark.parametrize(
    "declaration",
    [
        b'<!DOCTYPE x [<!ENTITY a "b">]>',
        b'<!DOCTYPE x SYSTEM "file:///etc/passwd">',
        b'<!DOCTYPE x [<!ENTITY a SYSTEM "http://192.0.2.1/">]>',
    ],
)
def test_a_workbook_declares_no_entities(declaration):
    sheet = zipfile.ZipFile(io.BytesIO(xlsx(SMALL))).read("xl/worksheets/sheet1.xml")
    hostile = patched(xlsx(SMALL), xl__worksheets__sheet1_xml=declaration + sheet)

    with pytest.raises(Unreadable, match="XML that no spreadsheet program writes"):
        read_csv("x.xlsx", hostile)


def test_entities_hidden_in_another_encoding_are_no_way_round():
    hostile = '<?xml version="1.0" encoding="utf-16"?><!DOCTYPE x [<!ENTITY a "b">]><x/>'.encode("utf-16")

    with pytest.raises(Unreadable, match="XML that no spreadsheet program writes"):
        read_csv("x.xlsx", patched(xlsx(SMALL), xl__sharedStrings_xml=hostile))


def test_entities_in_a_part_with_another_name_are_no_way_round():
    hostile = patched(xlsx(SMALL), xl__worksheets__sheet1_dat=b'<!DOCTYPE x [<!ENTITY a "b">]><x/>')

    with pytest.raises(Unreadable, match="XML that no spreadsheet program writes"):
        read_csv("x.xlsx", hostile)


def test_a_line_without_end_is_refused_before_it_is_taken_apart():
    with pytest.raises(Unreadable, match="far too long to be a row"):
        read_csv("people.csv", b"key,name\r\n" + b"," * 600_000)


def test_too_many_columns_and_too_many_rows_are_refused():
    wide = {"people": [["key", "name", *(f"extra {n}" for n in range(MOST_COLUMNS))]]}
    long = csv([["key", "name"], *([f"p{n}", "x"] for n in range(MOST_ROWS + 1))])

    with pytest.raises(Unreadable, match="more than 60 columns"):
        read(wide)
    with pytest.raises(Unreadable, match="more than 20,000 rows"):
        read_csv("people.csv", long)


def test_rows_count_over_all_files_together():
    half = csv([["key", "name"], *([f"p{n}", "x"] for n in range(MOST_ROWS // 2 + 1))])
    with pytest.raises(Unreadable, match="more than 20,000 rows"):
        read_uploads([Upload("people.csv", half), Upload("accounts.csv", half)])


def test_a_column_of_formats_far_to_the_right_is_no_column():
    book = Workbook()
    sheet = book.active
    sheet.title = "people"
    sheet.append(["key", "name"])
    sheet.append(["lena", "Lena"])
    sheet[f"{get_column_letter(200)}1"].number_format = "0.00"
    out = io.BytesIO()
    book.save(out)

    assert cells(read_csv("x.xlsx", out.getvalue()), "people") == [{"key": "lena", "name": "Lena"}]


def test_damaged_workbooks_end_in_words_and_never_in_a_crash():
    """Two hundred workbooks with a few bytes turned over."""
    whole, dice = xlsx(SMALL), random.Random(7)

    said = set()
    for _ in range(200):
        data = bytearray(whole)
        for _ in range(dice.randint(1, 12)):
            data[dice.randrange(len(data))] = dice.randrange(256)
        said.add(refusal(Unreadable, lambda data=bytes(data): read_csv("office.xlsx", data)))

    assert "office.xlsx: It is damaged. Open it, save it again, then upload that." in said
    assert "" not in said


def test_damaged_sheets_inside_a_sound_zip_end_in_words_too():
    whole, dice = xlsx(SMALL), random.Random(11)
    names = [name for name in zipfile.ZipFile(io.BytesIO(whole)).namelist() if name.startswith("xl/")]

    said = set()
    for _ in range(120):
        name = dice.choice(names)
        part = bytearray(zipfile.ZipFile(io.BytesIO(whole)).read(name))
        for _ in range(dice.randint(1, 30)):
            part[dice.randrange(len(part))] = dice.randrange(32, 127)
        data = patched(whole, **{name.replace("/", "__"): bytes(part)})
        said.add(refusal(Unreadable, lambda data=data: read_csv("office.xlsx", data)))

    assert "office.xlsx: It is damaged. Open it, save it again, then upload that." in said
    assert "" not in said
