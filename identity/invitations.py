"""Putting an invitation's link into its letter at the last moment, so that no copy of the database holds it."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from core.letters.kinds import Content
from identity.actions import LINK_GOES_HERE
from identity.models import Invitation


def still_open(letter, at: datetime) -> Content | None:
    """The letter as it stands while its invitation is open; None once it is used, revoked or too old."""
    invitation = Invitation.objects.get(pk=letter.key.partition(":")[2])
    if not invitation.is_open(at):
        return None
    return Content(subject=letter.subject, text=letter.text, html=letter.html)


def with_link(letter, content: Content) -> Content:
    """The letter as it leaves; the key of an invitation's letter names its invitation."""
    invitation = Invitation.objects.get(pk=letter.key.partition(":")[2])
    token = invitation.token()
    return replace(
        content, text=content.text.replace(LINK_GOES_HERE, token), html=content.html.replace(LINK_GOES_HERE, token)
    )
