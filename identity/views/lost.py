"""Lost something? The one page for somebody who can't sign in."""

from __future__ import annotations

from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_http_methods

from core import clock
from core.errors import Refused
from identity import actions, queries
from identity.access import Request, open_to_all
from identity.forms import LostForm
from identity.rules import network_of


@require_http_methods(["GET", "POST"])
@open_to_all
def lost(request: Request) -> HttpResponse:
    """Whom to ring, and a request to be called back; it names nobody and its answer is always the same."""
    form, asked, status = LostForm(request.POST or None), False, 200
    if request.method == "POST" and form.is_valid():
        try:
            actions.request_call(**form.facts(), address=network_of(request.address), at=clock.now())
            asked = True
        except Refused as no:
            form.add_error(None, str(no))
            status = 429
    response = render(
        request, "identity/lost.html", {"form": form, "asked": asked, "office": queries.office_if_any()}, status=status
    )
    if status == 429:
        response["Retry-After"] = "3600"
    return response
