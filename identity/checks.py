"""What `manage.py check` and the start say about passkeys and the address they are bound to."""

from __future__ import annotations

from typing import Any

from django.core.checks import CheckMessage, register
from django.core.checks import Warning as Caution
from django.db import DatabaseError

from identity import passkeys


def void_words(count: int) -> str:
    """How many passkeys the present address leaves without work."""
    return (
        "One passkey does not work at this address." if count == 1 else f"{count} passkeys do not work at this address."
    )


def void_advice(made_for: str = "") -> str:
    """What can be done about it."""
    old = made_for or "another name"
    return f"They were made for {old}, and Postern is at {passkeys.host()} now. Set POSTERN_URL back, or make new ones."


@register
def address_of_passkeys(**kwargs: Any) -> list[CheckMessage]:
    """Warn before a change of POSTERN_URL costs people their passkeys. Without a database there is nothing to say."""
    from identity import queries  # noqa: PLC0415  checks are registered while the models load

    try:
        count, made_for = queries.void_passkeys()
    except (DatabaseError, RuntimeError):  # away, not migrated yet, or a test without one
        return []
    if not count:
        return []
    return [Caution(void_words(count), hint=void_advice(made_for), id="identity.W001")]
