"""Days away, one's own and those of people one manages."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_http_methods, require_POST

from core import clock
from core.errors import Refused
from identity import actions, policies
from identity.access import Request, requires
from identity.forms import AwayForm
from identity.models import Away, Member


@require_http_methods(["GET", "POST"])
@requires(policies.may_do_things)
def my_away(request: Request) -> HttpResponse:
    """When one is away oneself."""
    return _page(request, request.user, back="identity:my_away")


@require_http_methods(["GET", "POST"])
@requires(policies.is_manager)
def member_away(request: Request, pk: int) -> HttpResponse:
    """When somebody else is away."""
    member = get_object_or_404(Member.objects.visible_to(request.user), pk=pk)
    return _page(request, member, back="identity:member_away", number=pk)


def _page(request: Request, member: Member, *, back: str, number: int | None = None) -> HttpResponse:
    form, at = AwayForm(request.POST or None, member=member, by=request.user), clock.now()
    if request.method == "POST" and form.is_valid():
        try:
            away = actions.set_away(member, by=request.user, at=at, **form.facts())
        except Refused as no:
            form.add_error(None, str(no))
        else:
            messages.success(request, f"{away.stand_in.name} stands in for {member.name} on those days.")
            return redirect(back, *([number] if number else []))
    ahead = Away.objects.standing().filter(member=member, until_on__gte=clock.local_day(at, member.timezone))
    facts = {
        "form": form,
        "member": member,
        "own": member.pk == request.user.pk,
        "rows": ahead.select_related("stand_in").order_by("from_on"),
        "may_change": policies.may_write_away(request.user, member),
    }
    return render(request, "identity/away.html", facts)


@require_POST
@requires(policies.may_do_things)
def end_away(request: Request, pk: int) -> HttpResponse:
    """Call days away off."""
    away = get_object_or_404(Away.objects.visible_to(request.user).select_related("member"), pk=pk)
    try:
        actions.end_away(away, by=request.user, at=clock.now())
    except Refused as no:
        messages.error(request, str(no))
    else:
        messages.success(request, "Those days are called off.")
    if away.member_id == request.user.pk:
        return redirect("identity:my_away")
    return redirect("identity:member_away", away.member_id)
