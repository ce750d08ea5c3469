"""People, and one person."""

from __future__ import annotations

from django import forms
from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_safe

from core import clock
from core.errors import Refused
from core.forms import PlainForm
from core.tables import Column, Table, export, in_words
from dashboard import actions
from dashboard.context import frame_facts
from dashboard.forms import LeavingForm
from dashboard.queries import people as queries
from dashboard.queries.leaving import holdings
from identity import policies
from identity.access import Request, requires
from identity.enums import Role
from identity.models import Member

PAGE = 50
COLUMNS = (
    Column("name", "Person", lambda row: row.member.name, order=("name",)),
    Column("role", "Role", lambda row: row.member.get_role_display(), order=("role",)),
    Column("ways", "Proven ways in", lambda row: row.ways_in, key=lambda row: row.worst_way),
    Column("ready", "Ready", lambda row: row.ready.words if row.ready else "", key=lambda row: row.worst_way),
    Column("things", "Things", lambda row: row.things, order=("things",)),
    Column("sign-in", "Postern", lambda row: row.sign_in, key=lambda row: row.sign_in),
    Column("factors", "Factors", lambda row: row.standing and row.standing.in_words, key=lambda row: row.weakest),
)


class PeopleFilter(PlainForm):
    """Whom to show."""

    role = forms.ChoiceField(label="Role", required=False, choices=[("", "Every role"), *Role.choices])
    lacking = forms.ChoiceField(
        label="Factors", required=False, choices=[("", "All the same"), ("1", "Lacks one the office asks for")]
    )
    text = forms.CharField(label="Name", required=False, max_length=60)


@require_safe
@requires(policies.any_member)
def list_members(request: Request) -> HttpResponse:
    """Everybody and how many ways in they have."""
    form, table = _people(request)
    facts = {"form": form, "table": table, "page": table.page, "rows": table.rows, "narrowed": bool(in_words(form))}
    return render(request, "dashboard/people.html", facts)


@require_http_methods(["GET", "POST"])
@requires(policies.any_member, step_up=True)
def export_members(request: Request) -> HttpResponse:
    """The same list as a file."""
    form, table = _people(request)
    return export(request, table, name="People", back=reverse("dashboard:list_members"), asked=in_words(form))


def _people(request: Request) -> tuple[PeopleFilter, Table]:
    form, at = PeopleFilter(request.GET), clock.now()
    wanted = form.cleaned_data if form.is_valid() else {}

    def rows(people: list[Member]) -> list[queries.Row]:
        return queries.rows(people, request.user, at=at, office=frame_facts(request).office)

    found = queries.found(request.user, at=at, **wanted)
    return form, Table(COLUMNS, found, rows, asked=request.GET, size=PAGE)


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
