"""Resets of somebody's lost factors, as those who run the office see them: open, confirm, stop."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_http_methods

from core import clock
from core.errors import Refused
from identity import actions, policies, queries
from identity.access import Request, requires
from identity.forms import ReasonForm
from identity.models import FactorReset, Member


@require_http_methods(["GET", "POST"])
@requires(policies.is_manager, step_up=True)
def open_reset(request: Request, pk: int) -> HttpResponse:
    """Say what a reset means, ask for the reason, open it."""
    member = get_object_or_404(Member.objects.visible_to(request.user), pk=pk)
    form, at = ReasonForm(request.POST or None), clock.now()
    if request.method == "POST" and form.is_valid():
        try:
            actions.open_reset(member, reason=form.cleaned_data["reason"], by=request.user, at=at)
        except Refused as no:
            form.add_error(None, str(no))
        else:
            messages.success(request, f"The reset for {member.name} is open. They are told by letter now.")
            return redirect("dashboard:show_member", pk)
    facts = {
        "form": form,
        "member": member,
        "office": queries.office(),
        "two_people": queries.ran_lately(member, at=at),
        "new_address": bool(queries.changed_lately(member, at=at)),
    }
    return render(request, "identity/reset_open.html", facts)


@require_http_methods(["GET", "POST"])
@requires(policies.is_manager, step_up=True)
def confirm_reset(request: Request, pk: int) -> HttpResponse:
    """The second person reads what was asked and why, and says yes."""
    reset = _reset(request, pk)
    if request.method == "POST":
        try:
            actions.confirm_reset(reset, by=request.user, at=clock.now())
        except Refused as no:
            messages.error(request, str(no))
        else:
            messages.success(request, f"Confirmed. {reset.member.name} can stop it until the waiting time is over.")
        return redirect("dashboard:show_member", reset.member_id)
    return render(request, "identity/reset_confirm.html", {"reset": reset, "office": queries.office()})


@require_http_methods(["GET", "POST"])
@requires(policies.may_do_things)
def stop_reset(request: Request, pk: int) -> HttpResponse:
    """Ask once, then stop it. Stopping needs no fresh proof: it takes nothing from anybody."""
    reset = _reset(request, pk)
    if request.method == "POST":
        try:
            actions.stop_reset(reset, by=request.user, at=clock.now())
        except Refused as no:
            messages.error(request, str(no))
        else:
            messages.success(request, f"The reset is stopped. The factors of {reset.member.name} stay as they are.")
        return redirect("dashboard:show_member", reset.member_id)
    return render(request, "identity/reset_stop.html", {"reset": reset})


def _reset(request: Request, pk: int) -> FactorReset:
    rows = FactorReset.objects.visible_to(request.user).select_related("member", "opened_by", "confirmed_by")
    return get_object_or_404(rows, pk=pk)
