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
    return [
        {"state": "late", "title": trouble, "text": "Your data is safe.", "url": "/letters/", "action": "See the post"}
    ]


def own_banners(member: Member, path: str, facts: Frame, at: datetime) -> list[dict[str, str]]:
    """What this member's own factors ask for, and for those who run the office, passkeys that a new address broke."""
    found, standing, url = [], member.standing, reverse("identity:own_factors")
    if standing.due_at and path != url:
        day = short_day(clock.local_day(standing.due_at, member.timezone), clock.local_day(at, member.timezone))
        until = "The time for it is over" if standing.is_late(at) else f"There is time until {day}"
        found.append(
            {"state": "due", "title": "You need one more way to sign in.", "text": f"{until}."}
            | {
                "url": url,
                "action": "See what is missing",
            }
        )
    url = reverse("identity:checkup")
    if standing.checkup_at and standing.checkup_at <= at and not standing.is_late(at) and path != url:
        found.append(
            {"state": "due", "title": "Your check-up is due.", "text": "Try each way you sign in once."}
            | {
                "url": url,
                "action": "Go through them",
            }
        )
    if facts.void_passkeys and member.is_manager:
        found.append(
            {"state": "late", "title": void_words(facts.void_passkeys), "text": void_advice()}
            | {
                "url": reverse("dashboard:list_members"),
                "action": "See people",
            }
        )
    return found
