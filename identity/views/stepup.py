"""A fresh proof before what must not be done from an unattended screen."""

from __future__ import annotations

from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods

from core import clock
from core.errors import Refused
from identity import actions, policies
from identity.access import Request, mark_fresh, requires, safe_next
from identity.forms import CodeForm
from identity.rules import network_of


@require_http_methods(["GET", "POST"])
@requires(policies.any_member)
def step_up(request: Request) -> HttpResponse:
    """Ask for a code of the authenticator, then go on to where the person was going."""
    form = CodeForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        at = clock.now()
        try:
            answer = actions.try_code(
                request.user, code=form.cleaned_data["code"], network=network_of(request.address), at=at
            )
        except Refused as no:
            form.add_error("code", str(no))
        else:
            if answer.device:
                mark_fresh(request, at)
                return redirect(safe_next(request, request.GET.get("next")))
            form.add_error("code", "That code is wrong, used or has run out. Wait for the next one.")
    return render(request, "identity/step_up.html", {"form": form})
