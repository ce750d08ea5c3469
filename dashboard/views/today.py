"""Today: the first screen."""

from __future__ import annotations

from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from core import clock
from dashboard.context import frame_facts
from dashboard.queries import today as queries
from identity import policies
from identity import queries as identity
from identity.access import Request, requires
from recovery.accessgraph import State

CENSUS: list[tuple[State, str]] = [
    ("open", "open"),
    ("bolted", "bolted, need action"),
    ("shut", "shut"),
    ("unknown", "not known"),
]


@require_safe
@requires(policies.any_member)
def today(request: Request) -> HttpResponse:
    """A verdict sentence, what needs doing, who is ready."""
    frame = frame_facts(request)
    has_notices = bool(frame.notices)
    facts = queries.today(request.user, at=clock.now(), office=frame.office, has_notices=has_notices)
    census = [(state, facts.census[state], words) for state, words in CENSUS]
    calls = frame.calls if request.user.is_manager else []
    is_owner = request.user.is_owner
    lacking = [one for one in identity.lacking() if one.pk != request.user.pk] if is_owner else []
    return render(
        request, "dashboard/today.html", {"facts": facts, "census": census, "calls": calls, "lacking": lacking}
    )
