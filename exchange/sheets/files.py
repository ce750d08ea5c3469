"""From the bytes of an upload to tables of texts: workbooks, CSV files in any dress, and zips of them.

Whatever is wrong with a file is said in words (`Unreadable`); nothing in it is ever run or fetched.
"""

from __future__ import annotations

import csv
import io
import re
import zipfile
import zlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import date, datetime, time
from pathlib import PurePosixPath
from typing import Any
from xml.etree.ElementTree import ParseError

from openpyxl import load_workbook
from openpyxl.utils.exceptions import InvalidFileException

from core.forms import plain
from exchange.sheets.columns import MOST_BYTES, MOST_COLUMNS, MOST_ROWS, MOST_UNPACKED

MOST_PARTS = 400
# What openpyxl raises on workbooks that are cut off, patched by hand or no workbooks at all.
_BROKEN = (
    zipfile.BadZipFile,
    zlib.error,
    InvalidFileException,
    ParseError,
    KeyError,
    ValueError,
    TypeError,
    AttributeError,
    IndexError,
    OSError,
    EOFError,
    NotImplementedError,
    RuntimeError,
)


class Unreadable(ValueError):
    """A file that cannot be taken. The text says what it is and what to do."""


@dataclass(frozen=True, slots=True)
class Upload:
    """A file as it came: its name, and its bytes."""

    name: str
    data: bytes


@dataclass(slots=True)
class Table:
    """The cells of one sheet or CSV file as texts. `rows` are (number in the spreadsheet, texts), empty ones left out.

    `faults` are by (row number, position from 0). `is_named` is False where the name says nothing about the content.
    """

    title: str
    rows: list[tuple[int, list[str]]] = field(default_factory=list)
    faults: dict[tuple[int, int], str] = field(default_factory=dict)


def tables(uploads: Iterable[Upload]) -> tuple[list[Table], list[str]]:
    """All tables of all files, and remarks on what was not read. Raises Unreadable, naming the file."""
    found: list[Table] = []
    remarks: list[str] = []
    for upload in uploads:
        try:
            for table in _tables(upload, remarks):
                found.append(table)
                _check_rows(found)
        except Unreadable as no:
            raise Unreadable(f"{upload.name}: {no}") from no
    return found, remarks


def _check_rows(found: list[Table]) -> None:
    rows = sum(len(table.rows) for table in found)
    if rows > MOST_ROWS:
        raise Unreadable(f"There are more than {MOST_ROWS:,} rows. Split it, and import the parts one after the other.")


def _tables(upload: Upload, remarks: list[str]) -> Iterator[Table]:
    data = upload.data
    if len(data) > MOST_BYTES:
        raise Unreadable(f"It is larger than {MOST_BYTES // 1_000_000} MB. Split it, or take pictures out of it.")
    if not data.strip(b"\x00 \r\n\t\xef\xbb\xbf\xff\xfe"):
        raise Unreadable("It is empty.")
    if data[:4] == b"PK\x03\x04":
        yield from _packed(upload, remarks)
    else:
        _check_kind(data)
        yield _csv_table(upload.name, data)


def _check_kind(data: bytes) -> None:
    """Name the usual mistakes."""
    if data[:8] == b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1":
        if "EncryptedPackage".encode("utf-16-le") in data:
            raise Unreadable("It is protected by a password. Save a copy without one, then upload that.")
        raise Unreadable("It is in the old Excel format. Open it, save it as XLSX, then upload that.")
    for beginning, words in _OTHER_FILES.items():
        if data.lstrip(b"\xef\xbb\xbf \r\n\t")[: len(beginning)].lower() == beginning.lower():
            raise Unreadable(f"It is {words}, not a table. Upload an XLSX workbook or CSV files.")


_OTHER_FILES = {
    b"%PDF": "a PDF",
    b"{\\rtf": "a text document",
    b"\x89PNG": "a picture",
    b"\xff\xd8\xff": "a picture",
    b"GIF8": "a picture",
    b"<!doctype": "a web page",
    b"<html": "a web page",
    b"<?xml": "an XML file",
    b"\x1f\x8b": "a packed file",
    b"7z\xbc\xaf": "a packed file",
    b"Rar!": "a packed file",
    b"PK\x05\x06": "an empty zip",
    b"MZ\x90\x00": "a program",
    b"\x7fELF": "a program",
    b"SQLite format": "a database",
}


# --- zips and workbooks ----------------------------------------------------------------------------------------------
def _packed(upload: Upload, remarks: list[str]) -> Iterator[Table]:
    try:
        yield from _unpacked(upload, zipfile.ZipFile(io.BytesIO(upload.data)), remarks)
    except Unreadable:
        raise
    except _BROKEN as no:
        raise Unreadable("It is damaged. Open it, save it again, then upload that.") from no


def _unpacked(upload: Upload, archive: zipfile.ZipFile, remarks: list[str]) -> Iterator[Table]:
    _check_unpacked(archive)
    names = archive.namelist()
    csvs = [name for name in names if _is_csv(name)]
    if "xl/workbook.xml" in names:
        _check_xml(archive)
        yield from _workbook(upload, remarks)
    elif csvs:
        for name in csvs:
            yield _csv_table(PurePosixPath(name).name, archive.read(name))
    else:
        raise Unreadable(_what_zip(archive, set(names)))


def _check_unpacked(archive: zipfile.ZipFile) -> None:
    """Refuse what would grow beyond all measure, before anything is unpacked. The reader enforces the stated sizes."""
    parts = archive.infolist()
    if len(parts) > MOST_PARTS or sum(part.file_size for part in parts) > MOST_UNPACKED:
        raise Unreadable("Unpacked it is far too large. Split it, or take pictures and formatting out of it.")
    if any(part.flag_bits & 1 for part in parts):
        raise Unreadable("It is protected by a password. Save a copy without one, then upload that.")


def _check_xml(archive: zipfile.ZipFile) -> None:
    """No part of a workbook, whatever its name, declares entities; what is named XML is written in UTF-8."""
    for part in archive.infolist():
        data = archive.read(part)
        is_text = part.filename.lower().endswith((".xml", ".rels", ".vml"))
        if b"<!DOCTYPE" in data or b"<!ENTITY" in data or (is_text and b"\x00" in data[:400]):
            raise Unreadable("It holds XML that no spreadsheet program writes. Open it, save it again as XLSX.")


def _is_csv(name: str) -> bool:
    path = PurePosixPath(name)
    hidden = any(part.startswith((".", "__MACOSX")) for part in path.parts)
    return path.suffix.lower() in (".csv", ".tsv", ".txt") and not hidden


def _what_zip(archive: zipfile.ZipFile, names: set[str]) -> str:
    kind = archive.read("mimetype")[:80].decode("ascii", "replace") if "mimetype" in names else ""
    if "opendocument.spreadsheet" in kind:
        return "It is an OpenDocument spreadsheet. Save it as XLSX, then upload that."
    if any(name.endswith(".iwa") for name in names):
        return "It is a Numbers document. Export it as XLSX, then upload that."
    if any(name.startswith(("word/", "ppt/")) for name in names) or "opendocument" in kind:
        return "It is a text or slides, not a table. Upload an XLSX workbook or CSV files."
    if "xl/workbook.bin" in names:
        return "It is a binary workbook (XLSB). Save it as XLSX, then upload that."
    return "There is no workbook and no CSV file in that zip."


def _workbook(upload: Upload, remarks: list[str]) -> Iterator[Table]:
    book = load_workbook(io.BytesIO(upload.data), read_only=True, data_only=True, keep_links=False)
    formulas = _formula_sheets(upload.data)
    for sheet in book.worksheets:
        if sheet.sheet_state != "visible":
            remarks.append(f"The hidden sheet “{sheet.title}” was not read.")
            continue
        sheet.reset_dimensions()
        table = Table(sheet.title)
        for number, cells in enumerate(sheet.iter_rows(max_col=MOST_COLUMNS + 1), start=1):
            _add_row(table, number, [_cell_text(cell) for cell in cells])
            _note_errors(table, number, cells)
        if formulas:
            _note_empty_formulas(table, upload.data, sheet.title)
        yield table
    book.close()


def _add_row(table: Table, number: int, texts: list[str]) -> None:
    while texts and not texts[-1]:
        texts.pop()
    if len(texts) > MOST_COLUMNS:
        raise Unreadable(f"“{table.title}” has more than {MOST_COLUMNS} columns. Delete what is not needed.")
    if texts:
        table.rows.append((number, texts))
        if len(table.rows) > MOST_ROWS:
            _check_rows([table])


def _cell_text(cell: Any) -> str:
    """What the cell shows, as text: whole numbers without point, days in ISO form, leading zeros of a 000 format."""
    value = cell.value
    if value is None:
        return ""
    if isinstance(value, str):
        return plain(value, lines=True)
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int | float):
        return _number_text(value, str(cell.number_format or ""))
    return _time_text(value)


def _number_text(value: float, shown_as: str) -> str:
    if isinstance(value, float) and not value.is_integer():
        return repr(value)
    text = str(int(value))
    return text.zfill(len(shown_as)) if re.fullmatch(r"0+", shown_as) else text


def _time_text(value: Any) -> str:
    if isinstance(value, datetime):
        return value.date().isoformat() if value.time() == time() else value.strftime("%Y-%m-%d %H:%M")
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, time):
        return value.strftime("%H:%M")
    return plain(str(value))


def _note_errors(table: Table, number: int, cells: Iterable[Any]) -> None:
    for position, cell in enumerate(cells):
        if getattr(cell, "data_type", "") == "e":
            table.faults[number, position] = f"The formula here ends in {cell.value}. Type the value instead."


def _formula_sheets(data: bytes) -> bool:
    """Whether any sheet holds a formula at all; most do not, and are read once."""
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        sheets = (name for name in archive.namelist() if name.startswith("xl/worksheets/"))
        return any(b"<f>" in part or b"<f " in part for part in map(archive.read, sheets))


def _note_empty_formulas(table: Table, data: bytes, title: str) -> None:
    """Mark formulas whose result the file does not hold, so that they are not taken for empty cells."""
    shown = dict(table.rows)
    sheet = load_workbook(io.BytesIO(data), read_only=True, keep_links=False)[title]
    sheet.reset_dimensions()
    for number, cells in enumerate(sheet.iter_rows(max_col=MOST_COLUMNS), start=1):
        texts = shown.get(number, [])
        for position, cell in enumerate(cells):
            if getattr(cell, "data_type", "") == "f" and not (position < len(texts) and texts[position]):
                table.faults[number, position] = "The file holds this formula without its result. Type the value."


# Far beyond what the columns of a table hold; a longer line is no row.
LONGEST_LINE = 500_000


# --- CSV -------------------------------------------------------------------------------------------------------------
def _csv_table(name: str, data: bytes) -> Table:
    text = _decoded(data)
    table = Table(PurePosixPath(name).name)
    if any(len(line) > LONGEST_LINE for line in text.splitlines()):
        raise Unreadable("One of its lines is far too long to be a row. Look at the file.")
    told = re.match(r"sep=(.)\r?\n", text)
    delimiter = told[1] if told else _delimiter(text)
    try:
        for number, texts in enumerate(csv.reader(io.StringIO(text, newline=""), delimiter=delimiter), start=1):
            if told and number == 1:
                continue
            _add_row(table, number, [plain(one, lines=True) for one in texts])
    except csv.Error as no:
        raise Unreadable("A quotation mark is opened and never closed, or a cell is far too long. Look at it.") from no
    return table


def _decoded(data: bytes) -> str:
    """The text, in UTF-8 or UTF-16 with or without mark, else as Windows writes western languages."""
    if data[:2] in (b"\xff\xfe", b"\xfe\xff"):
        return data.decode("utf-16", "replace")
    sample = data[:2000]
    for position, encoding in ((1, "utf-16-le"), (0, "utf-16-be")):
        if len(sample) >= 4 and sample[position::2].count(0) > 0.7 * len(sample[position::2]):
            return data.decode(encoding, "replace")
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError:
        text = data.decode("cp1252", "replace")
    if len(re.findall(r"[\x00-\x08\x0e-\x1f]", text[:2000])) > 20:
        raise Unreadable("It is not a table. Upload an XLSX workbook or CSV files.")
    return text


def _delimiter(text: str) -> str:
    """The sign that cuts the first rows into most cells; a comma when nothing does."""
    lines = [line for line in text[:20_000].splitlines() if line.strip()][:30]
    bare = [re.sub(r'"[^"]*"', "", line) for line in lines]
    return max(",;\t|", key=lambda sign: sum(min(line.count(sign), MOST_COLUMNS) for line in bare))
