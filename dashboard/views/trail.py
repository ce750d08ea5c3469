"""The trail: who did what, about what, when; and whether its chain is whole."""

from __future__ import annotations

from django.core.paginator import Paginator
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods, require_safe

from core import clock
from core.trail import actions
from core.trail import queries as trail
from core.trail.models import Event
from dashboard.forms import HeadForm, TrailFilter
from dashboard.queries.trail import asked_for, told
from identity import policies
from identity.access import Request, requires

PAGE = 50


@require_safe
@requires(policies.sees_everything)
def show_trail(request: Request) -> HttpResponse:
    """Events, newest first, and how the chain stands."""
    form = TrailFilter(request.GET)
    events = asked_for(Event.objects.visible_to(request.user), zone=request.user.timezone, **form.asked)
    page = Paginator(events.order_by("-pk"), PAGE).get_page(request.GET.get("page"))
    facts = {
        "form": form,
        "page": page,
        "lines": told(page.object_list),
        "standing": trail.standing(),
        "is_narrowed": bool(form.asked),
    }
    return render(request, "dashboard/trail.html", facts)


@require_http_methods(["GET", "POST"])
@requires(policies.sees_everything)
def check_trail(request: Request) -> HttpResponse:
    """Whether the chain is whole and a head from a letter still part of it. POST walks the whole of it anew."""
    if request.method == "POST":
        actions.walk(at=clock.now())
        return redirect("dashboard:check_trail")
    form = HeadForm(request.GET if "head" in request.GET else None)
    facts = {
        "form": form,
        "anchor": trail.anchor(form.cleaned_data["head"]) if form.is_bound and form.is_valid() else None,
        "standing": trail.standing(),
        "missing": trail.missing_guards(),
    }
    return render(request, "dashboard/trail_check.html", facts)
