"""What a cell of a file may hold, whichever spreadsheet program opens it, and rows of such cells as CSV."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterable

from core.forms import NEEDLESS

_FORMULA = re.compile(r"'*[=+\-@\t\r＝＋－＠]")
_GUARDED = re.compile(r"'+[=+\-@\t\r＝＋－＠]")
# Tells spreadsheet programs that the file is UTF-8.
MARK = b"\xef\xbb\xbf"


def neutralise(text: str) -> str:
    """The text with an apostrophe before what a spreadsheet would take for a formula; `restore` takes it away again."""
    return f"'{text}" if _FORMULA.match(text) else text


def restore(text: str) -> str:
    """The text as it was before `neutralise`."""
    return text[1:] if _GUARDED.match(text) else text


def safe(value: object) -> str:
    """A value as any spreadsheet program may show it: no formula, no control character; None is empty."""
    return neutralise(NEEDLESS.sub("", "" if value is None else str(value)))


def csv_lines(rows: Iterable[Iterable[object]]) -> bytes:
    """Rows as lines of CSV with commas, each cell `safe`. A file begins with `MARK`."""
    out = io.StringIO()
    csv.writer(out, lineterminator="\r\n").writerows([safe(cell) for cell in row] for row in rows)
    return out.getvalue().encode()
