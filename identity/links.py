"""Putting single-use links into their letters at the last moment, so that no copy of the database holds one.

The key of a letter says which row its link stands for: `reset:17:…`, `stop-reset:17:…`, `password:17`, `address:17`.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from core.letters.kinds import Content
from identity import queries
from identity.actions import LINK_GOES_HERE
from identity.models import AddressChange, FactorReset, PasswordReset

ROWS: dict[str, type[FactorReset] | type[PasswordReset] | type[AddressChange]] = {
    FactorReset.LINK: FactorReset,
    FactorReset.STOP: FactorReset,
    PasswordReset.LINK: PasswordReset,
    AddressChange.LINK: AddressChange,
}


def _named(letter) -> tuple[str, FactorReset | PasswordReset | AddressChange]:
    purpose, number = letter.key.split(":")[:2]
    return purpose, ROWS[purpose]._default_manager.select_related("member").get(pk=number)


def still_open(letter, at: datetime) -> Content | None:
    """The letter as it stands while its link opens something; None once it is used, stopped, void or too old."""
    purpose, row = _named(letter)
    if isinstance(row, FactorReset):
        useful = queries.can_be_stopped(row, at) if purpose == FactorReset.STOP else queries.opens(row, at)
    else:
        useful = row.is_open(at)
    return Content(subject=letter.subject, text=letter.text, html=letter.html) if useful else None


def with_link(letter, content: Content) -> Content:
    """The letter as it leaves, with the token in place of the mark."""
    purpose, row = _named(letter)
    token = row.stop_token() if isinstance(row, FactorReset) and purpose == FactorReset.STOP else row.token()
    return replace(
        content, text=content.text.replace(LINK_GOES_HERE, token), html=content.html.replace(LINK_GOES_HERE, token)
    )
