"""People, and one person."""

from __future__ import annotations

from django.http import HttpResponse
from django.shortcuts import get_object_or_404, render
from django.views.decorators.http import require_safe

from core import clock
from dashboard.context import frame_facts
from dashboard.queries import people as queries
from identity import policies
from identity.access import Request, requires
from identity.models import Member


@require_safe
@requires(policies.any_member)
def list_members(request: Request) -> HttpResponse:
    """Everybody and how many ways in they have."""
    lacking = request.GET.get("lacking") == "1"
    rows = queries.people(request.user, at=clock.now(), office=frame_facts(request).office, lacking=lacking)
    return render(request, "dashboard/people.html", {"rows": rows, "lacking": lacking})


@require_safe
@requires(policies.any_member)
def show_member(request: Request, pk: int) -> HttpResponse:
    """One person: logins and doors, things, what is due."""
    person = get_object_or_404(Member.objects.visible_to(request.user), pk=pk)
    facts = queries.page(person, request.user, at=clock.now(), office=frame_facts(request).office)
    may_change = policies.is_manager(request.user) and policies.may_change_member(request.user, person)
    return render(request, "dashboard/person.html", {"facts": facts, "may_change": may_change})
