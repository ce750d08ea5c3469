"""From tables of texts to the rows of our sheets: which table is which, where its header is, what each column is."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import cache

from openpyxl.utils import get_column_letter

from core.cells import restore
from core.secrets import find_across
from exchange.sheets.cells import bare_hint, plain_word, secret_in
from exchange.sheets.columns import BY_NAME, SHEETS, Column, Kind, Sheet
from exchange.sheets.files import Table, Unreadable, Upload, tables

README = "Read me"
# A header stands at the top, below a title, a date and a logo perhaps.
HEADER_WITHIN = 15


@dataclass(frozen=True, slots=True)
class ReadRow:
    """A row as it was typed: texts by column name without secrets, and what is wrong with a cell already."""

    number: int
    cells: dict[str, str]
    faults: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class ReadSheet:
    """One of our sheets as the file has it. `letters` says in which column of the spreadsheet each of ours stands."""

    name: str
    title: str
    letters: dict[str, str]
    rows: list[ReadRow]

    def address(self, number: int, column: str | None = None) -> str:
        """A cell in the file’s own terms: `people!B7`; a row when no column is named."""
        return f"{self.title}!{self.letters.get(column or '', '')}{number}"


@dataclass(frozen=True, slots=True)
class Reading:
    """A whole upload: its sheets in the order in which they depend on each other, and what was not read."""

    names: tuple[str, ...]
    digest: str
    sheets: list[ReadSheet]
    remarks: list[str]

    @property
    def rows(self) -> int:
        return sum(len(sheet.rows) for sheet in self.sheets)


def read_uploads(uploads: Sequence[Upload]) -> Reading:
    """Read what was uploaded. Raises Unreadable in words when a file is none, or holds none of our tables."""
    found, remarks = tables(uploads)
    sheets: dict[str, ReadSheet] = {}
    for table in found:
        if plain_word(table.title) == plain_word(README) or not table.rows:
            continue
        sheet = _sheet_of(table)
        if sheet is None:
            remarks.append(f"“{table.title}” was not read: neither its name nor its columns are known.")
            continue
        if sheet.name in sheets:
            raise Unreadable(f"“{sheets[sheet.name].title}” and “{table.title}” are both {sheet.name}. Make them one.")
        sheets[sheet.name] = _read(table, sheet, remarks)
    if not sheets:
        raise Unreadable(f"No table was found. Name the sheets or files {', '.join(BY_NAME)}.")
    if not any(sheet.rows for sheet in sheets.values()):
        raise Unreadable("There are headers, and no rows below them.")
    return Reading(
        names=tuple(upload.name for upload in uploads),
        digest=_digest(uploads),
        sheets=[sheets[sheet.name] for sheet in SHEETS if sheet.name in sheets],
        remarks=remarks,
    )


def _digest(uploads: Iterable[Upload]) -> str:
    """SHA-256 over the files in the order of their names."""
    whole = hashlib.sha256()
    for upload in sorted(uploads, key=lambda one: one.name):
        whole.update(hashlib.sha256(upload.data).digest())
    return whole.hexdigest()


# --- which table is which --------------------------------------------------------------------------------------------
def _sheet_of(table: Table) -> Sheet | None:
    """The sheet that the table’s name says, else the one whose columns it has."""
    stem = re.sub(r"\.(csv|tsv|txt)$", "", table.title, flags=re.IGNORECASE)
    words = [stem, re.sub(r"\(\d+\)|\d", "", stem), re.split(r"[\s_.-]+", re.sub(r"\(\d+\)|\d", "", stem).strip())[-1]]
    named = next((sheet for word in words if (sheet := _sheet_names().get(plain_word(word)))), None)
    return named or _by_columns(table)


def _by_columns(table: Table) -> Sheet | None:
    best: tuple[int, Sheet | None] = (1, None)
    for sheet in SHEETS:
        found = {column.name for column in _header(table, sheet)[1].values()}
        if all(column.name in found for column in sheet.required) and len(found) > best[0]:
            best = (len(found), sheet)
    return best[1]


@cache
def _sheet_names() -> dict[str, Sheet]:
    return {plain_word(word): sheet for sheet in SHEETS for word in (*sheet.also, sheet.title, sheet.one, sheet.name)}


# --- header and rows -------------------------------------------------------------------------------------------------
def _header(table: Table, sheet: Sheet) -> tuple[int, dict[int, Column]]:
    """The index of the row with most known headers, and the columns by position. (-1, {}) when there is none."""
    best: tuple[int, dict[int, Column]] = (-1, {})
    for index, (_, texts) in enumerate(table.rows[:HEADER_WITHIN]):
        columns = {position: found for position, text in enumerate(texts) if (found := _column(sheet, text))}
        if len({column.name for column in columns.values()}) > len({column.name for column in best[1].values()}):
            best = (index, columns)
    return best


def _column(sheet: Sheet, text: str) -> Column | None:
    bare = re.sub(r"\(.*?\)|\[.*?\]", "", restore(text)).rstrip("*: ")
    return _headers(sheet.name).get(plain_word(bare)) if text else None


@cache
def _headers(sheet: str) -> dict[str, Column]:
    columns = BY_NAME[sheet].columns
    also = {plain_word(word): column for column in reversed(columns) for word in column.also}
    return also | {plain_word(column.name): column for column in columns}


def _read(table: Table, sheet: Sheet, remarks: list[str]) -> ReadSheet:
    index, columns = _header(table, sheet)
    if index < 0:
        wanted = ", ".join(column.name for column in sheet.columns[:4])
        raise Unreadable(f"“{table.title}” has no row of headers. Its first row should say: {wanted}…")
    names = [column.name for column in columns.values()]
    doubled = next((name for name in names if names.count(name) > 1), None)
    if doubled:
        letters = " and ".join(get_column_letter(at + 1) for at, column in columns.items() if column.name == doubled)
        raise Unreadable(f"“{table.title}” has “{doubled}” twice, in columns {letters}. Delete or rename one of them.")
    missing = next((name for name in _told_apart_by(sheet) if not set(name.split(" or ")) & set(names)), None)
    if missing:
        raise Unreadable(f"“{table.title}” has no column “{missing}”, by which its rows are known. Add it.")
    remarks.extend(_unread(table, index, columns))
    return ReadSheet(
        name=sheet.name,
        title=table.title,
        letters={column.name: get_column_letter(position + 1) for position, column in columns.items()},
        rows=list(_rows(table, index, columns)),
    )


def _told_apart_by(sheet: Sheet) -> tuple[str, ...]:
    """The columns without which no row can be found. The others need not be there for rows that are here already."""
    named = "name" if "name" in sheet.by_name else "label"
    return (f"key or {named}",) if sheet.key == ("key",) else sheet.key


def _unread(table: Table, index: int, columns: dict[int, Column]) -> Iterator[str]:
    header = table.rows[index][1]
    below = {position for _, texts in table.rows[index + 1 :] for position, text in enumerate(texts) if text}
    for position in sorted(below - set(columns)):
        letter, name = get_column_letter(position + 1), header[position] if position < len(header) else ""
        shown = f"“{name}” ({letter})" if name else f"{letter}, without header,"
        yield f"“{table.title}”: the column {shown} was not read."


def _rows(table: Table, index: int, columns: dict[int, Column]) -> Iterator[ReadRow]:
    for number, texts in table.rows[index + 1 :]:
        cells, faults = {}, {}
        for position, column in columns.items():
            text = restore(texts[position]) if position < len(texts) else ""
            fault = table.faults.get((number, position)) or _fault(column, text)
            if fault:
                faults[column.name] = fault
            cells[column.name] = "" if fault else _typed(column, text)
        _look_across(cells, faults, columns.values())
        if any(cells.values()) or faults:
            yield ReadRow(number, cells, faults)


def _look_across(cells: dict[str, str], faults: dict[str, str], columns: Iterable[Column]) -> None:
    """Take out what makes a secret together with its neighbours, although no cell holds a whole one."""
    texts = [column.name for column in columns if column.kind in (Kind.TEXT, Kind.KEY) and cells.get(column.name)]
    advice = find_across(cells[name] for name in texts)
    if advice:
        for name in texts:
            faults[name], cells[name] = advice, ""


def _fault(column: Column, text: str) -> str | None:
    """Why this cell must not even be kept until somebody looks: a secret, or a number that is whole."""
    if not text:
        return None
    if column.kind == Kind.HINT and len(bare_hint(text.strip())) > column.longest:
        return "Write only the last four characters. Postern keeps no whole number and no whole user name."
    return secret_in(text)


def _typed(column: Column, text: str) -> str:
    """The text without what a spreadsheet adds to a number; texts lose line breaks unless they are notes."""
    if column.kind in (Kind.KEY, Kind.REF, Kind.NUMBER) and re.fullmatch(r"\d+\.0+", text):
        return text.partition(".")[0]
    return text if column.name == "note" else " ".join(text.split())
