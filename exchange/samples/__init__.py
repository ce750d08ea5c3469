"""Offices that come with Postern: the demo office, and the sample in docs/. Each is one text file of small tables."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path

from exchange.sheets.columns import BY_NAME
from exchange.sheets.files import Upload
from exchange.sheets.reading import Reading, read_uploads
from exchange.sheets.writing import Office, csv_files

Rows = dict[str, list[dict[str, str]]]
HERE = Path(__file__).parent
_AGO = re.compile(r"@(-?\d+)")


def office(name: str, *, today: date | None = None, words: dict[str, str] | None = None) -> Rows:
    """The rows of `<name>.txt` as texts, by sheet and column.

    A line `[things]` begins a sheet, the next names its columns, the rest are rows; cells stand between bars. `@-12` is
    the day twelve days before `today`, and `{word}` what `words` says for it.
    """
    rows: Rows = {}
    header: list[str] = []
    for line in HERE.joinpath(f"{name}.txt").read_text(encoding="utf-8").splitlines():
        if not line.strip() or line.startswith("#"):
            continue
        if line.startswith("["):
            sheet, header = BY_NAME[line.strip("[] ")].name, []
            rows[sheet] = []
        elif not header:
            header = _cells(line)
        else:
            cells = [_filled(cell, today, words or {}) for cell in _cells(line)]
            rows[sheet].append(dict(zip(header, cells, strict=False)))
    return rows


def read_back(rows: Office, *, name: str) -> Reading:
    """Rows as the importer reads them: written as CSV files and read again. `name` stands for the files."""
    files = csv_files({sheet: rows.get(sheet, ()) for sheet in BY_NAME})
    read = read_uploads([Upload(file, data) for file, data in files.items() if rows.get(file.removesuffix(".csv"))])
    return replace(read, names=(name,))


def _cells(line: str) -> list[str]:
    return [cell.strip() for cell in line.split("|")]


def _filled(cell: str, today: date | None, words: dict[str, str]) -> str:
    if today is not None:
        cell = _AGO.sub(lambda found: (today + timedelta(days=int(found[1]))).isoformat(), cell)
    for word, value in words.items():
        cell = cell.replace(f"{{{word}}}", value)
    return cell
