"""Findings: what is odd about rights and logins, as a page and as a file."""

from __future__ import annotations

from django import forms
from django.http import HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_safe

from core import clock
from core.forms import PlainForm
from core.tables import Column, Table, export, in_words
from dashboard.context import frame_facts
from dashboard.enums import FindingKind
from dashboard.queries import findings as queries
from identity import policies
from identity.access import Request, requires
from identity.models import Member

PAGE = 50
COLUMNS = (
    Column("kind", "Finding", lambda row: row.kind.label, key=lambda row: list(FindingKind).index(row.kind)),
    Column("about", "About", lambda row: row.about, key=lambda row: row.about),
    Column("holder", "Held by", lambda row: row.holder, key=lambda row: row.holder),
    Column("why", "Why", lambda row: row.why),
    Column("step", "What to do", lambda row: row.step),
)


class FindingFilter(PlainForm):
    """Which findings to show."""

    kind = forms.ChoiceField(label="Finding", required=False, choices=[("", "Every finding"), *FindingKind.choices])
    holder = forms.ChoiceField(label="Held by", required=False)
    text = forms.CharField(label="Words", required=False, max_length=60)

    def __init__(self, *args, by: Member, **kwargs) -> None:
        super().__init__(*args, **kwargs)
        people = Member.objects.visible_to(by).present().order_by("name").values_list("name", flat=True)
        self.fields["holder"].choices = [("", "Anybody"), *((name, name) for name in people)]  # type: ignore[attr-defined]


@require_safe
@requires(policies.any_member)
def list_findings(request: Request) -> HttpResponse:
    """Every finding with its reason and next step."""
    form, table = _findings(request)
    facts = {"form": form, "table": table, "page": table.page, "rows": table.rows, "narrowed": bool(in_words(form))}
    return render(request, "dashboard/findings.html", facts)


@require_http_methods(["GET", "POST"])
@requires(policies.any_member, step_up=True)
def export_findings(request: Request) -> HttpResponse:
    """The same list as a file."""
    form, table = _findings(request)
    return export(request, table, name="Findings", back=reverse("dashboard:list_findings"), asked=in_words(form))


def _findings(request: Request) -> tuple[FindingFilter, Table]:
    form = FindingFilter(request.GET, by=request.user)
    wanted = form.cleaned_data if form.is_valid() else {}
    found = queries.found(request.user, at=clock.now(), office=frame_facts(request).office, **wanted)
    return form, Table(COLUMNS, found, list, asked=request.GET, size=PAGE)
