"""Telling a person that something about their sign-in changed."""

from __future__ import annotations

from datetime import datetime

from core.letters import rendering
from core.letters.actions import enqueue
from core.letters.enums import LetterKind
from core.letters.models import Letter
from identity import queries
from identity.models import Member


def tell_security(member: Member, address: str | None, *, what: str, text: str, at: datetime, key: str = "") -> None:
    """Tell a person, at one of their addresses, that something about their sign-in changed.

    What has a `key` is told once, however often it happens.
    """
    said = rendering.content(
        "security",
        subject=what,
        to=member,
        office=queries.office(),
        what=what,
        said=text,
        url=rendering.link("/me/"),
        at=at,
    )
    letter = enqueue(
        key=key or f"security:{member.pk}:{at.isoformat()}:{what}:{address}"[:200],
        kind=LetterKind.SECURITY, to=member, content=said, at=at,
    )  # fmt: skip
    if letter is not None and address:
        Letter.objects.filter(pk=letter.pk).update(address=address)


def tell_news(person: Member, *, key: str, what: str, text: str, url: str, at: datetime) -> None:
    """Tell one of those who run the office what happened to somebody else's sign-in, and where to look."""
    said = rendering.content("people_news", subject=what, to=person, office=queries.office(), said=text, url=url, at=at)
    enqueue(key=key, kind=LetterKind.SECURITY, to=person, content=said, at=at)
