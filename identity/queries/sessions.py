"""Reading sessions: who is on the other side of a request, where a member is signed in, what they had typed."""

from __future__ import annotations

from datetime import datetime

from identity import places, sealing
from identity.models import KnownBrowser, Limits, Member, Office, OpenSession, UnsentForm
from identity.models.sessions import UNSENT_LASTS
from identity.queries.factors import entering


def unsent_fields(member: Member, number: int, *, path: str, at: datetime) -> dict[str, list[str]] | None:
    """What this member typed on this page when their session had run out; None when there is nothing, or no more."""
    kept = UnsentForm.objects.filter(pk=number, member=member, path=path, kept_at__gt=at - UNSENT_LASTS).first()
    if kept is None:
        return None
    try:
        return kept.open()
    except sealing.CannotUnseal:  # the sealing key was changed in between
        return None


def sessions(member: Member, *, office: Office, at: datetime) -> list[OpenSession]:
    """A member’s sessions that still stand, the one used last first."""
    return list(OpenSession.objects.standing(at, office=office).filter(member=member).order_by("-seen_at", "-pk"))


def browsers(member: Member, *, at: datetime) -> list[tuple[KnownBrowser, str]]:
    """The browsers in which a member is known, the one used last first, each with where it was used last."""
    known = KnownBrowser.objects.all().visible_to(member).known(at).order_by("-last_seen_at", "-pk")
    return [(browser, places.in_words(browser.network)) for browser in known]


def knows_network(member: Member, network: str | None, *, before: OpenSession) -> bool:
    """Whether the member has had a session from there before this one."""
    earlier = OpenSession.objects.filter(member=member, network=network).exclude(pk=before.pk)
    return earlier.exists()


def limits_of(member: Member) -> Limits:
    """The office's limits for the role of somebody who is just signing in."""
    found = entering(member.pk)
    return found.limits if found else Limits()


def limits_in_words(member: Member) -> str:
    """`30 minutes of rest, 12 hours in all`."""
    hours = member.limits.longest // 3600
    return f"{member.limits.idle // 60} minutes of rest, {hours} {'hour' if hours == 1 else 'hours'} in all"
