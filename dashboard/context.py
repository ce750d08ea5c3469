"""What every page's frame needs: office, rail, banners, the day. One query."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest

from core import clock
from dashboard.queries.frame import Frame, frame as frame_of
from dashboard.rail import rail


def frame(request: HttpRequest) -> dict[str, Any]:
    """The frame's facts for a signed-in member; nothing before sign-in, so that gate pages cost no query."""
    member = getattr(request, "user", None)
    if member is None or not member.is_authenticated or not member.is_verified():
        return {}
    at = clock.now()
    facts = frame_facts(request)
    return {
        "office": facts.office,
        "rail": rail(member, request.path, facts),
        "banners": banners(facts),
        "today": clock.local_day(at, member.timezone),
        "zone": member.timezone,
        "theme": member.theme,
    }


def frame_facts(request: HttpRequest) -> Frame:
    """The frame's facts of this request, read once however many ask."""
    if not hasattr(request, "frame_facts"):
        request.frame_facts = frame_of(request.user, at=clock.now())
    return request.frame_facts


def banners(facts: Frame) -> list[dict[str, str]]:
    """What is wrong with Postern itself, in words; computed by the web process alone."""
    trouble = facts.health.in_words()
    if not trouble:
        return []
    return [{"state": "late", "title": trouble, "text": "Your data is safe.", "url": "/letters/", "action": "See the post"}]
