"""A fresh proof before a page that must not be opened from an unattended screen."""

from __future__ import annotations

from django.http import HttpResponse
from django.shortcuts import redirect
from django.views.decorators.http import require_http_methods

from core import clock
from identity import policies, proof
from identity.access import Request, requires, safe_next, to_sign_in


@require_http_methods(["GET", "POST"])
@requires(policies.any_member, lacking=True)
def step_up(request: Request) -> HttpResponse:
    """Ask for a code of the authenticator or a passkey, then go on to the page the person was opening.

    A form that was being sent is asked for its proof where it was sent to, by `identity.access.prove`.
    """
    if request.method != "POST" and proof.is_fresh(request, clock.now()):
        return redirect(safe_next(request, request.GET.get("next")))
    if request.method != "POST":
        return proof.ask(request, proof.Tried())
    at = clock.now()
    tried = proof.proves(request, at)
    if tried.is_right:
        return redirect(safe_next(request, request.GET.get("next")))
    if request.session.is_empty():
        return to_sign_in(request)
    return proof.ask(request, tried)
