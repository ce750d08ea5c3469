"""What a cell of a file may hold, whichever spreadsheet program opens it."""

from __future__ import annotations

import re

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
