"""Wrong answers at the front door, as those see them who look after the house."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_POST, require_safe

from core import clock
from identity import actions, policies
from identity.access import Request, requires
from identity.models import Member
from identity.queries import throttle as queries


@require_safe
@requires(policies.sees_everything)
def list_failures(request: Request) -> HttpResponse:
    """Bursts of wrong answers of the last week, and whose sign-in they hold up now."""
    return render(request, "identity/failures.html", {"page": queries.failures_page(at=clock.now())})


@require_POST
@requires(policies.is_owner, step_up=True)
def lift_waits(request: Request, pk: int) -> HttpResponse:
    """Let a person try again at once from anywhere; what was counted so far counts no more."""
    member = get_object_or_404(Member.objects.visible_to(request.user), pk=pk)
    actions.lift_waits(member, by=request.user, at=clock.now())
    messages.success(request, f"{member.name} may try again at once, with any browser.")
    return redirect("identity:list_failures")
