"""What every page's frame needs: office, rail, banners, the day. One query."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.urls import reverse

from core import clock
from core.letters.queries import BEAT_EVERY
from core.letters.rendering import short_day
from dashboard.queries.frame import Frame
from dashboard.queries.frame import frame as frame_of
from dashboard.rail import rail
from identity import limits
from identity.access import Request, is_inside
from identity.checks import void_advice, void_words
from identity.models import Member

# When this web process began: scheduler and worker start after it and get their time before they are called away.
STARTED = clock.now()


def frame(request: Request) -> dict[str, Any]:
    """The frame's facts for a signed-in member; nothing before sign-in, so that gate pages cost no query."""
    member = getattr(request, "user", None)
    if member is None or not is_inside(member):
        return {}
    at = clock.now()
    facts = frame_facts(request)
    return {
        "user": member,
        "office": facts.office,
        "rail": rail(member, request.path, facts),
        "banners": [*banners(facts), *own_banners(member, request.path, facts, at)],
        "today": clock.local_day(at, member.timezone),
        "zone": member.timezone,
        "theme": member.theme,
        "lasting": limits.left(request.session, member.limits, at),
    }


def frame_facts(request: Request) -> Frame:
    """The frame's facts of this request, read once however many ask."""
    kept = vars(request)
    if "frame_facts" not in kept:
        kept["frame_facts"] = frame_of(request.user, at=clock.now())
    return kept["frame_facts"]


def banners(facts: Frame) -> list[dict[str, str]]:
    """What is wrong with Postern itself, in words; computed by the web process alone."""
    trouble = facts.health.in_words()
    starting = clock.now() - STARTED < 2 * BEAT_EVERY and not facts.health.mail_late
    if not trouble or starting:
        return []
    return [banner("late", trouble, "Your data is safe.", "/letters/", "See the post")]


def own_banners(member: Member, path: str, facts: Frame, at: datetime) -> list[dict[str, str]]:
    """What this member's own factors ask for, and for those who run the office, passkeys that a new address broke."""
    late = member.standing.is_late(at)
    found = []
    if member.standing.due_at and path != (url := reverse("identity:own_factors")):
        due = clock.local_day(member.standing.due_at, member.timezone)
        until = f"There is time until {short_day(due, clock.local_day(at, member.timezone))}."
        text = "The time for it is over." if late else until
        found.append(banner("due", "You need one more way to sign in.", text, url, "See what is missing"))
    checkup_at = member.standing.checkup_at
    if checkup_at and checkup_at <= at and not late and path != (url := reverse("identity:checkup")):
        text = "Try each way you sign in once."
        found.append(banner("due", "Your check-up is due.", text, url, "Go through them"))
    if facts.void_passkeys and member.is_manager:
        url = reverse("dashboard:list_members")
        found.append(banner("late", void_words(facts.void_passkeys), void_advice(), url, "See people"))
    return found


def banner(state: str, title: str, text: str, url: str, action: str) -> dict[str, str]:
    """One strip above a page: its colour, what is the matter, and where to see to it."""
    return {"state": state, "title": title, "text": text, "url": url, "action": action}
