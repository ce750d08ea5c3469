"""Search, on every page."""

from __future__ import annotations

from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from core.forms import plain
from dashboard.queries.search import find
from identity import policies
from identity.access import Request, requires


@require_safe
@requires(policies.any_member)
def search(request: Request) -> HttpResponse:
    """What matches, of what this member may see."""
    text = plain(request.GET.get("q", ""))[:80]
    return render(request, "dashboard/search.html", {"text": text, "hits": find(request.user, text)})
