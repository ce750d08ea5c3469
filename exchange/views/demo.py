"""The demo office: in with one press, out with one press."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods, require_POST

from core import clock
from core.errors import Refused
from exchange import actions, policies, queries
from identity.access import Request, requires


@require_POST
@requires(policies.may_run_demo)
def load_demo(request: Request) -> HttpResponse:
    """Fill the empty house with the demo office and go to Today."""
    try:
        actions.load_demo(by=request.user, at=clock.now())
    except Refused as no:
        messages.error(request, str(no))
        return redirect("exchange:import_start")
    messages.success(request, "The demo office is here. You are its principal, with logins, a laptop and a phone.")
    return redirect("/")


@require_http_methods(["GET", "POST"])
@requires(policies.may_run_demo, step_up=True)
def remove_demo(request: Request) -> HttpResponse:
    """Say what goes, then empty the house."""
    if request.method == "POST":
        try:
            actions.remove_demo(by=request.user, at=clock.now())
        except Refused as no:
            messages.error(request, str(no))
        else:
            messages.success(request, "The demo office is gone. The house is empty and yours.")
        return redirect("/")
    return render(request, "exchange/demo_remove.html", {"effects": queries.demo_effects()})
