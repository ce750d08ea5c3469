"""What every page's frame needs: office, rail, banners, the day. One query."""

from __future__ import annotations

from typing import Any

from core import clock
from core.letters.queries import BEAT_EVERY
from dashboard.queries.frame import Frame
from dashboard.queries.frame import frame as frame_of
from dashboard.rail import rail
from identity import limits
from identity.access import Request, is_inside

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
        "banners": banners(facts),
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
