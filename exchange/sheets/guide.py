"""docs/import.md, made from the table of columns so that it can't say anything else."""

from __future__ import annotations

from collections.abc import Iterator

from accounts.brokers import catalogue
from exchange.sheets.columns import MOST_BYTES, MOST_COLUMNS, MOST_ROWS, SHEETS, Sheet
from exchange.sheets.writing import RULES, broker_words, column_help

_BEGINNING = """# Importing and exporting the office

<!-- Made by `manage.py make_samples` from exchange/sheets/columns.py. Change that, not this. -->

One workbook (XLSX) with a sheet for each table, or a CSV file for each, uploaded together or in one zip. The export
has the same form, so what comes out goes in again. `docs/sample-office.xlsx` and `docs/sample-office/` are a whole
office to look at; the template, with a few example rows, is on the page *Import*.
"""

_HOW = """## How it goes

1. **Upload.** Nothing is written yet. Cells that seem to hold a secret are refused and not even kept.
2. **Look.** Every row says what it would do: *new*, *changes* (what, from what to what), *same*, *left alone* (the
   office knows more already, or the row has ended here) or *problem* (which cell, and what to do). Problems stand
   first.
3. **Import.** All of it in one piece, or nothing. If the office changed since you looked, nothing is written and you
   look again. Rows with problems hold the import up, unless you tick that they are left out; what depends on them is
   left out too.
4. **Undo.** The last import can be taken back as long as nothing since rests on it.

## What is understood

- Headers in any case, with spaces, hyphens or underscores, and the usual other words for them; a title or a logo above
  them; empty rows and columns; unknown columns are named and not read.
- CSV with commas, semicolons or tabs, in UTF-8, UTF-16 or Windows’ own western encoding.
- Days as `2026-11-23`, `23.11.2026`, `23 Nov 2026` or a spreadsheet’s own. Where `04/03/2026` can be read two ways, and
  no other cell of its column decides, the page asks once.
- Numbers that a spreadsheet made of texts (`4417.0`), and yes and no in several languages.
- Formulas: their results. Hidden sheets are not read, and the page says so.
- A person whose key is new but whose address is known is that person.
"""

_ENDS = """## What an import does not do

- It deletes nothing and ends nothing that is here: accounts are closed, logins ended, things retired and memberships
  ended on their own pages, where one sees what hangs on them. Things can be lost and found by import.
- It changes no address, no role and no last day of somebody who signs in here.
- A manager’s import brings in and changes no owners and no managers.
- A validation in the file takes the place of an older one here, never of a newer one. Until when it counts is worked
  out from the broker’s rule, or the office’s where the broker has none.
"""


def guide() -> str:
    """The whole page as Markdown."""
    parts = [_BEGINNING, "## The rules", *(f"- {rule}" for rule in RULES), "", _HOW, _limits(), _ENDS]
    for sheet in SHEETS:
        parts.extend(_table(sheet))
    parts.extend(_broker_tables())
    return "\n".join(parts).rstrip() + "\n"


def _limits() -> str:
    return (
        f"At most {MOST_BYTES // 1_000_000} MB a file, {MOST_ROWS:,} rows in all and {MOST_COLUMNS} columns a sheet.\n"
        "Files with a password, old XLS files and anything that is no table are refused in words.\n"
    )


def _table(sheet: Sheet) -> Iterator[str]:
    yield f"## {sheet.name}\n\n{sheet.help} Known again by: {', '.join(sheet.key)}.\n"
    yield "| column | needed | what | example |\n|---|---|---|---|"
    for column in sheet.columns:
        example = next((f"`{one}`" for one in column.examples if one), "")
        yield f"| {column.name} | {'yes' if column.required else ''} | {column_help(column)} | {example} |"
    yield ""


def _broker_tables() -> Iterator[str]:
    yield "## The words of each broker\n"
    for profile in catalogue().values():
        yield f"### {profile.name}\n\n| what | short name | name |\n|---|---|---|"
        for noun, slug, name in broker_words(profile):
            yield f"| {noun} | `{slug}` | {name} |"
        yield ""
