"""People, and one person."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_http_methods, require_safe

from core import clock
from core.errors import Refused
from dashboard import actions
from dashboard.context import frame_facts
from dashboard.forms import LeavingForm
from dashboard.queries import people as queries
from dashboard.queries.leaving import holdings
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


@require_http_methods(["GET", "POST"])
@requires(policies.is_manager, step_up=True)
def end_member(request: Request, pk: int) -> HttpResponse:
    """Ask who holds next what this person holds, then end their membership with it."""
    person, at = get_object_or_404(Member.objects.visible_to(request.user), pk=pk), clock.now()
    form = LeavingForm(request.POST or None, person=person, held=holdings(person), at=at)
    if request.method == "POST" and form.is_valid():
        try:
            left = actions.hand_over_and_end(person, to=form.to(), last_day=form.last(), by=request.user, at=at)
        except Refused as no:
            form.add_error(None, str(no))
        else:
            ended = "can no longer sign in" if left.left_at else "can sign in until the end of that day"
            messages.success(request, f"{person.name} {ended}.")
            return redirect("dashboard:show_member", pk)
    return render(request, "dashboard/member_end.html", {"person": person, "form": form})
