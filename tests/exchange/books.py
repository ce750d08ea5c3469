"""Spreadsheets as people make them, in bytes."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from openpyxl import Workbook

from exchange.sheets.files import Upload
from exchange.sheets.reading import Reading, read_uploads

# The fewest rows that hang together: one person, who reaches one account through one door from one computer.
SMALL: dict[str, list[list[Any]]] = {
    "people": [["key", "name", "email"], ["lena", "Lena Brandt", "lena@brandt.example"]],
    "accounts": [["key", "name", "broker", "last four"], ["lago", "Lago", "ibkr", "5512"]],
    "logins": [["key", "label", "broker", "holder"], ["lena-ibkr", "Lena at IBKR", "ibkr", "lena"]],
    "doors": [["login", "door"], ["lena-ibkr", "tws"]],
    "things": [
        ["key", "name", "kind", "holder"],
        ["laptop", "Lena’s laptop", "computer", "lena"],
        ["phone", "Lena’s phone", "phone", "lena"],
    ],
    "validations": [["login", "door", "thing", "proved on"], ["lena-ibkr", "tws", "laptop", "2026-11-02"]],
    "authenticators": [["key", "login", "factor", "carriers"], ["ib-key", "lena-ibkr", "ib-key-push", "phone"]],
    "backups": [["key", "login", "kind", "label"], ["desk", "lena-ibkr", "rescue", "By telephone"]],
    "grants": [["login", "account", "rights"], ["lena-ibkr", "lago", "view, trade"]],
}

Sheets = Mapping[str, Sequence[Sequence[Any]]]


def table(text: str) -> list[list[str]]:
    """Rows out of one line: `key, name / lena, Lena Brandt`."""
    return [[cell.strip() for cell in row.split(",")] for row in text.split("/")]


def xlsx(sheets: Sheets, **states: str) -> bytes:
    """A workbook with these rows, values as they are; `states` by sheet, e.g. old="hidden"."""
    book = Workbook()
    book.remove(book.active)
    for title, rows in sheets.items():
        sheet = book.create_sheet(title)
        for row in rows:
            sheet.append(list(row))
        sheet.sheet_state = states.get(title, "visible")
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def csv(rows: Sequence[Sequence[Any]], *, cut: str = ",", encoding: str = "utf-8", end: str = "\r\n") -> bytes:
    return end.join(cut.join(str(cell) for cell in row) for row in rows).encode(encoding)


def read(sheets: Sheets) -> Reading:
    """What the importer reads from a workbook of these rows."""
    return read_uploads([Upload("office.xlsx", xlsx(sheets))])


def read_csv(name: str, data: bytes) -> Reading:
    return read_uploads([Upload(name, data)])


def refusal(no: type[Exception], do: Callable[[], Any]) -> str | None:
    """The words of the refusal, None when nothing was refused. Any other error is a crash and passes through."""
    try:
        do()
    except no as words:
        return str(words)
    return None


def cells(reading: Reading, sheet: str) -> list[dict[str, str]]:
    """The cells of one sheet as they were read, empty ones left out."""
    [found] = [one for one in reading.sheets if one.name == sheet]
    return [{name: text for name, text in row.cells.items() if text} for row in found.rows]


def with_rows(**sheets: list[list[Any]]) -> dict[str, list[list[Any]]]:
    """The small office with some of its sheets in another form."""
    return SMALL | sheets


def patched(data: bytes, **parts: bytes) -> bytes:
    """A zip with some of its parts replaced or added; `__` in a name stands for a slash."""
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(data)) as old, zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as new:
        replaced = {name.replace("__", "/").replace("_xml", ".xml"): part for name, part in parts.items()}
        for name in old.namelist():
            if name not in replaced:
                new.writestr(name, old.read(name))
        for name, part in replaced.items():
            new.writestr(name, part)
    return out.getvalue()
