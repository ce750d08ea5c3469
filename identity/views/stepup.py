"""A fresh proof before what must not be done from an unattended screen."""

from __future__ import annotations

from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods

from core import clock
from identity import actions, policies
from identity.access import Request, mark_fresh, requires, safe_next
from identity.forms import CodeForm
from identity.views.gate import USED, whence, why_slow


@require_http_methods(["GET", "POST"])
@requires(policies.any_member)
def step_up(request: Request) -> HttpResponse:
    """Ask for a code of the authenticator, then go on to where the person was going."""
    form = CodeForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        at = clock.now()
        answer = actions.try_code(request.user, code=form.cleaned_data["code"], **whence(request), at=at)
        if answer.device:
            mark_fresh(request, at)
            return redirect(safe_next(request, request.GET.get("next")))
        form.add_error("code", why_slow(answer) if answer.wait else USED)
    return render(request, "identity/step_up.html", {"form": form})
