"""Handing a thing over: offering it, and what its receiver says."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from core import clock
from core.errors import Refused
from devices import actions, policies
from devices.foresight import foresight
from devices.forms import DeclineForm, HandOverForm
from devices.models import Asset, HandOver
from identity.access import Request, requires
from identity.policies import any_member, may_do_things
from identity.queries import office


@require_http_methods(["GET", "POST"])
@requires(may_do_things)
def hand_over(request: Request, pk: int) -> HttpResponse:
    """Say to whom a thing goes, having seen what rests on it."""
    things = Asset.objects.visible_to(request.user).select_related("holder")
    asset, at = get_object_or_404(things, pk=pk), clock.now()
    if not policies.may_hand_over(request.user, holder=asset.holder_id):
        raise PermissionDenied
    form = HandOverForm(request.POST or None, thing=asset, by=request.user)
    if request.method == "POST" and form.is_valid():
        try:
            offer = actions.hand_over(asset, by=request.user, at=at, **form.facts())
        except Refused as no:
            form.add_error(None, str(no))
        else:
            messages.success(request, f"{offer.receiver.name} is asked whether they have it.")
            return redirect("devices:show_hand_over", offer.pk)
    page = foresight().thing_page(asset, request.user, at=at, office=office())
    proofs = [door for door in page.doors if door.proof is not None]
    return render(request, "devices/hand_over_add.html", {"form": form, "asset": asset, "proofs": proofs})


@require_safe
@requires(any_member)
def show_hand_over(request: Request, pk: int) -> HttpResponse:
    """One hand-over: what, from whom to whom, and what was said."""
    return _page(request, _offer(request, pk), DeclineForm())


@require_POST
@requires(may_do_things)
def accept_hand_over(request: Request, pk: int) -> HttpResponse:
    """“I have it.”"""
    return _act(request, pk, actions.accept, "{} holds it now.")


@require_POST
@requires(may_do_things)
def decline_hand_over(request: Request, pk: int) -> HttpResponse:
    """“I do not take it”, with the reason."""
    offer = _offer(request, pk)
    form = DeclineForm(request.POST)
    if not form.is_valid():
        return _page(request, offer, form)
    done = "Your answer is on file. Whoever has to know is told."
    return _act(request, pk, actions.decline, done, **form.facts())


@require_POST
@requires(may_do_things)
def withdraw_hand_over(request: Request, pk: int) -> HttpResponse:
    """Take it back before it is answered."""
    return _act(request, pk, actions.withdraw, "Taken back. It stays with whoever holds it.")


@require_POST
@requires(may_do_things)
def note_hand_over(request: Request, pk: int) -> HttpResponse:
    """Take note that it was declined."""
    return _act(request, pk, actions.take_note, "Noted. It does not come up on Today any more.")


def _offer(request: Request, pk: int) -> HandOver:
    rows = HandOver.objects.visible_to(request.user)
    return get_object_or_404(rows.select_related("asset", "giver", "receiver", "offered_by"), pk=pk)


def _page(request: Request, offer: HandOver, form: DeclineForm) -> HttpResponse:
    member = request.user
    may_settle = policies.may_withdraw(member, offered_by=offer.offered_by_id)
    facts = {
        "offer": offer,
        "form": form,
        "sees_thing": Asset.objects.visible_to(member).filter(pk=offer.asset_id).exists(),
        "may_answer": offer.waits and policies.may_answer_hand_over(member, offer.receiver) and not member.is_auditor,
        "may_withdraw": offer.waits and may_settle,
        "may_note": offer.is_unnoticed and may_settle,
        "answers_themselves": policies.answers_themselves(offer.receiver),
    }
    return render(request, "devices/hand_over_show.html", facts)


def _act(request: Request, pk: int, act: Callable[..., HandOver], done: str, **facts: Any) -> HttpResponse:
    offer = _offer(request, pk)
    try:
        act(offer, by=request.user, at=clock.now(), **facts)
    except Refused as no:
        messages.error(request, str(no))
    else:
        messages.success(request, done.format(offer.receiver.name))
    return redirect("devices:show_hand_over", pk)
