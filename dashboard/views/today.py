"""Today: the first screen."""

from __future__ import annotations

from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from core import clock
from dashboard.context import frame_facts
from dashboard.queries import today as queries
from dashboard.queries.frame import Offer
from devices.policies import may_withdraw
from identity import policies
from identity import queries as identity
from identity.access import Request, requires
from identity.models import Member
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
    resets = [one for one in frame.resets if policies.may_be_the_second(request.user, one.member, one.opened_by)]
    hand_overs = [one for one in frame.hand_overs if _concerns(request.user, one)]
    is_owner = request.user.is_owner
    lacking = [one for one in identity.lacking() if one.pk != request.user.pk] if is_owner else []
    shown = {"facts": facts, "census": census, "calls": calls, "resets": resets, "hand_overs": hand_overs}
    shown["lacking"] = lacking
    return render(request, "dashboard/today.html", shown)


def _concerns(member: Member, offer: Offer) -> bool:
    """Whether a hand-over waits for this member: to answer it, or to take note that it was declined."""
    if offer.reason:
        return may_withdraw(member, offered_by=offer.offered_by)
    return member.pk == offer.receiver if offer.answers else member.is_manager
