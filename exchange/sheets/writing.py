"""From rows of texts to files: one workbook, or a zip of CSV files. What a spreadsheet would run is neutralised."""

from __future__ import annotations

import io
import re
import zipfile
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from openpyxl import Workbook
from openpyxl.cell import WriteOnlyCell
from openpyxl.styles import Alignment, Font, PatternFill
from openpyxl.utils import get_column_letter

from accounts.brokers import Profile, catalogue
from core.cells import MARK, csv_lines, safe
from exchange.sheets.columns import SHEETS, Column, Kind, Sheet
from exchange.sheets.reading import README

XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
# Rows of texts by sheet and then by column name.
Office = Mapping[str, Sequence[Mapping[str, str]]]

_HEAD = PatternFill("solid", fgColor="E8ECF2")
_BOLD = Font(bold=True)
_LARGE = Font(bold=True, size=14)
_WRAPPED = Alignment(wrap_text=True, vertical="top")
_WIDTHS = {Kind.TEXT: 26, Kind.KEY: 22, Kind.REF: 20, Kind.REFS: 26, Kind.EMAIL: 28, Kind.DAY: 13, Kind.CHOICES: 26}


def template_rows() -> dict[str, list[dict[str, str]]]:
    """The template’s examples: a small office that imports as it is."""
    return {sheet.name: _examples(sheet) for sheet in SHEETS}


def _examples(sheet: Sheet) -> list[dict[str, str]]:
    longest = max(len(column.examples) for column in sheet.columns)
    return [
        {column.name: column.examples[n] if n < len(column.examples) else "" for column in sheet.columns}
        for n in range(longest)
    ]


def workbook(office: Office, *, about: str) -> bytes:
    """An XLSX with one sheet each and “Read me” in front. `about` is the sentence with which that begins."""
    book = Workbook(write_only=True)
    book.properties.creator = "Postern"
    _write_readme(book.create_sheet(README), about)
    for sheet in SHEETS:
        _write_sheet(book.create_sheet(sheet.name), sheet, office.get(sheet.name, ()))
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def csv_files(office: Office) -> dict[str, bytes]:
    """The same as CSV files by name: UTF-8 with mark, commas, so that spreadsheet programs open them as they are."""
    return {f"{sheet.name}.csv": _csv(sheet, office.get(sheet.name, ())) for sheet in SHEETS}


def zipped(files: Mapping[str, bytes]) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in files.items():
            archive.writestr(zipfile.ZipInfo(name, (1980, 1, 1, 0, 0, 0)), data, zipfile.ZIP_DEFLATED)
    return out.getvalue()


def _csv(sheet: Sheet, rows: Iterable[Mapping[str, str]]) -> bytes:
    names = [column.name for column in sheet.columns]
    return MARK + csv_lines([names, *([row.get(name, "") for name in names] for row in rows)])


def _write_sheet(page: Any, sheet: Sheet, rows: Iterable[Mapping[str, str]]) -> None:
    page.freeze_panes = "A2"
    for position, column in enumerate(sheet.columns, start=1):
        page.column_dimensions[get_column_letter(position)].width = _WIDTHS.get(column.kind, 14)
    page.append([_cell(page, column.name, font=_BOLD, fill=_HEAD) for column in sheet.columns])
    for row in rows:
        page.append([_cell(page, safe(row.get(column.name, "")), text=True) for column in sheet.columns])


def _cell(page: Any, value: str, *, text: bool = False, **style: Any) -> Any:
    """A cell that holds exactly this text; `text` keeps the program from reading 0142 as a number later."""
    cell = WriteOnlyCell(page, value or None)
    if value:
        cell.data_type = "s"
    if text:
        cell.number_format = "@"
    for name, setting in style.items():
        setattr(cell, name, setting)
    return cell


# --- Read me ---------------------------------------------------------------------------------------------------------
def _write_readme(page: Any, about: str) -> None:
    page.column_dimensions["A"].width = 20
    page.column_dimensions["B"].width = 22
    page.column_dimensions["C"].width = 16
    page.column_dimensions["D"].width = 90
    page.append([_cell(page, "Postern: the office as a workbook", font=_LARGE)])
    for line in (about, *RULES):
        page.append([_cell(page, plain_text(line))])
    page.append([])
    page.append([_cell(page, word, font=_BOLD, fill=_HEAD) for word in ("sheet", "column", "must it be there", "what")])
    for sheet in SHEETS:
        for column in sheet.columns:
            needed = "yes" if column.required else "no"
            facts = (sheet.name, column.name, needed, column_help(column))
            page.append([_cell(page, fact, alignment=_WRAPPED) for fact in facts])
    for profile in catalogue().values():
        page.append([])
        for noun, name, words in broker_words(profile):
            page.append([_cell(page, noun), _cell(page, name), None, _cell(page, words, alignment=_WRAPPED)])


RULES = (
    "One sheet for each table. A sheet, and a column that need not be there, may be left out: what it would say stays.",
    "An empty cell empties what is on file, except where the column says otherwise.",
    "Rows are known again by their keys: importing a file twice changes nothing the second time.",
    "Nothing is ever deleted by an import. What ends, ends on its own page.",
    "No password, PIN, seed, recovery code or token anywhere, and at most the last four characters of any number.",
    "Write days as year-month-day, or as your spreadsheet’s own dates.",
)


def column_help(column: Column) -> str:
    """The column’s help with its words, if it has any."""
    words = f" One of: {', '.join(column.choices)}." if column.kind == Kind.CHOICE else ""
    words = f" Any of: {', '.join(column.choices)}." if column.kind == Kind.CHOICES else words
    if column.default:
        words += f" “{column.default}” when empty in a new row."
    elif column.stays:
        words += " An empty cell changes nothing."
    return f"{column.help}{words}"


def broker_words(profile: Profile) -> list[tuple[str, str, str]]:
    """The words of one broker as (noun, short name, name): itself, its entities, doors and enrolled factors."""
    listed = [("broker", profile.slug, profile.name)]
    listed += [("entity", one.slug, one.name) for one in profile.entities]
    listed += [("door", one.slug, one.name) for one in profile.doors]
    listed += [("factor", one.slug, one.name) for one in profile.factors if one.enrolled]
    return listed


def plain_text(line: str) -> str:
    """A line of Markdown without its marks."""
    return re.sub(r"[`*]", "", line)
