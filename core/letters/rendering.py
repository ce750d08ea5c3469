"""From a template and its facts to a letter's content."""

from __future__ import annotations

import re
from typing import Any
from urllib.parse import urljoin

from django.conf import settings
from django.template.loader import render_to_string

from core.letters.kinds import Content


def content(name: str, *, subject: str, to, office, **facts: Any) -> Content:
    """Render templates/letters/<name>.txt and .html with one set of facts; the subject is made one line.

    Addresses in letters are built by `link`, from the configured address of the installation only.
    """
    context = {"subject": one_line(subject), "to": to, "office": office, "zone": to.timezone, **facts}
    text = render_to_string(f"letters/{name}.txt", context)
    return Content(
        subject=context["subject"][:200],
        text=re.sub(r"\n{3,}", "\n\n", text).strip() + "\n",
        html=render_to_string(f"letters/{name}.html", context),
    )


def one_line(text: str) -> str:
    """A header holds no line break, whatever was typed into the fields it is made of."""
    return " ".join(text.split())


def link(path: str) -> str:
    """The whole address of a path here, from POSTERN_URL and never from a request."""
    return urljoin(settings.POSTERN_URL, path)
