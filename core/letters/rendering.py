"""From a template and its facts to a letter's content."""

from __future__ import annotations

import re
from datetime import date, datetime
from typing import Any
from urllib.parse import urljoin

from django.conf import settings
from django.template import Context, engines
from django.template.loader import render_to_string
from django.utils.dateformat import format as in_words

from core import clock
from core.letters.kinds import Content

LONGEST_SUBJECT = 200


def content(name: str, *, subject: str, to, office, at: datetime | None = None, **facts: Any) -> Content:
    """Render templates/letters/<name>.txt and .html with one set of facts; the subject is made one line.

    With `at` both parts know the reader's `today`. Only the HTML part is escaped: in the text part an apostrophe is an
    apostrophe. Addresses in letters are built by `link`, from the configured address of the installation only.
    """
    today = clock.local_day(at, to.timezone) if at else None
    context = {"subject": one_line(subject), "to": to, "office": office, "zone": to.timezone, "today": today, **facts}
    return Content(
        subject=shortened(context["subject"]),
        text=_text(f"letters/{name}.txt", context),
        html=render_to_string(f"letters/{name}.html", context),
    )


def _text(template: str, context: dict[str, Any]) -> str:
    engine = engines["django"].engine  # type: ignore[attr-defined]  # the stubs know the common base of engines alone
    text = engine.get_template(template).render(Context(context, autoescape=False))
    tidy = "\n".join(line.rstrip() for line in text.splitlines())
    return re.sub(r"\n{3,}", "\n\n", tidy).strip() + "\n"


def one_line(text: str) -> str:
    """A header holds no line break or other control character, whatever was typed into the fields it is made of."""
    return " ".join("".join(letter if letter.isprintable() else " " for letter in text).split())


def shortened(subject: str) -> str:
    """A subject that fits its column, cut at a word where it must be."""
    if len(subject) <= LONGEST_SUBJECT:
        return subject
    return subject[: LONGEST_SUBJECT - 1].rpartition(" ")[0] + "…"


def short_day(day: date, today: date) -> str:
    """`Thu 26 Nov` as subjects and sentences say it, the year added unless it is this one."""
    return in_words(day, "D j M" if day.year == today.year else "D j M Y")


def link(path: str) -> str:
    """The whole address of a path here, from POSTERN_URL and never from a request."""
    return urljoin(settings.POSTERN_URL, path)
