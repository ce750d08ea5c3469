"""What each kind of letter asks of itself just before it leaves.

Delivery stands at the bottom of the house and knows nothing of validations or notices; the apps above tell it, once at
start-up, how to look at a letter of theirs again.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class Content:
    """What a letter says: subject (one line), text and HTML, both complete."""

    subject: str
    text: str
    html: str


# Given a letter and a moment: its content as it should leave now, or None when nobody needs it any more.
Refresh = Callable[[object, datetime], Content | None]

# Given a letter and its content: the content as it goes over the wire, with what must not lie in the database.
Finish = Callable[[object, Content], Content]

# Given a letter of any kind: why it must not leave this house at all, or "".
Stop = Callable[[object], str]

_refreshers: dict[str, Refresh] = {}
_finishers: dict[str, Finish] = {}
_stops: list[Stop] = []


def register(kind: str, *, refresh: Refresh | None = None, finish: Finish | None = None) -> None:
    """Name the functions that look at a letter of `kind` again, and complete it, before each try at sending it."""
    if refresh:
        _refreshers[kind] = refresh
    if finish:
        _finishers[kind] = finish


def register_stop(stop: Stop) -> None:
    """Name a function that is asked about every letter before it leaves."""
    if stop not in _stops:
        _stops.append(stop)


def stopped(letter) -> str:
    """Why this letter must not leave, from the first function that objects; "" when none does."""
    return next((why for stop in _stops if (why := stop(letter))), "")


def finished(letter, content: Content) -> Content:
    """The content as it is sent; what a finisher adds is never stored."""
    finish = _finishers.get(letter.kind)
    return finish(letter, content) if finish else content


def refreshed(letter, at: datetime) -> Content | None:
    """The letter's content as of `at`; unchanged for a kind that nobody watches, None when it is not needed."""
    refresh = _refreshers.get(letter.kind)
    if refresh is None:
        return Content(subject=letter.subject, text=letter.text, html=letter.html)
    return refresh(letter, at)
