"""The trail: who did what, about what, when."""

from __future__ import annotations

from django import forms
from django.core.paginator import Paginator
from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from core.trail import queries as trail
from core.trail.enums import Verb
from core.trail.models import Event
from dashboard.queries.trail import told
from identity import policies
from identity.access import Request, requires
from identity.models import Member

PAGE = 50


class TrailFilter(forms.Form):
    """What of the trail to show."""

    verb = forms.ChoiceField(label="Deed", required=False, choices=[("", "Every deed"), *Verb.choices])
    person = forms.ModelChoiceField(Member.objects.order_by("name"), label="By", required=False, empty_label="Anybody")


@require_safe
@requires(policies.sees_everything)
def show_trail(request: Request) -> HttpResponse:
    """Events, newest first; with `?check` the whole chain is walked."""
    form = TrailFilter(request.GET)
    events = Event.objects.visible_to(request.user).order_by("-pk")
    if form.is_valid():
        if form.cleaned_data["verb"]:
            events = events.filter(verb=form.cleaned_data["verb"])
        if form.cleaned_data["person"]:
            events = events.filter(actor_id=form.cleaned_data["person"].pk)
    page = Paginator(events, PAGE).get_page(request.GET.get("page"))
    verdict = trail.verify() if "check" in request.GET else None
    facts = {"form": form, "page": page, "lines": told(page.object_list), "verdict": verdict}
    return render(request, "dashboard/trail.html", facts)
