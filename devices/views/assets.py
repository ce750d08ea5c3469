"""One thing, and what happens to it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_http_methods, require_safe

from core import clock
from core.errors import Refused
from devices import actions, queries
from devices.foresight import foresight
from devices.forms import AssetForm, NewAssetForm
from devices.models import Asset
from devices.policies import may_hand_over
from identity.access import Request, requires
from identity.models import Member
from identity.policies import any_member, is_manager
from identity.queries import office


@require_safe
@requires(any_member)
def show_asset(request: Request, pk: int) -> HttpResponse:
    """One thing: the doors it helps open, its past, and what its loss would shut."""
    asset, at = _asset(request, pk), clock.now()
    page = foresight().thing_page(asset, request.user, at=at, office=office())
    past = queries.validations_of(asset, request.user)
    known = [(door.card.id, door.card.state, door.card.short) for door in page.doors if door.proof]
    facts = {
        "asset": asset,
        "page": page,
        "year": queries.year(known, past, at=at, zone=request.user.timezone) if known else None,
        "lines": queries.history(asset, past, request.user),
        "hanging": queries.hanging(asset, request.user),
        "hand_overs": queries.hand_overs_of(asset, request.user),
        "may_hand_over": not asset.gone_word and may_hand_over(request.user, holder=asset.holder_id),
    }
    return render(request, "devices/asset_show.html", facts)


@require_http_methods(["GET", "POST"])
@requires(is_manager)
def add_asset(request: Request) -> HttpResponse:
    """Put a thing on file."""
    form = NewAssetForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            asset = actions.add_asset(by=request.user, at=clock.now(), **form.facts())
        except Refused as no:
            form.add_error(None, str(no))
        else:
            messages.success(request, f"{asset.name} is on file.")
            return redirect("devices:show_asset", asset.pk)
    return render(request, "devices/asset_edit.html", {"form": form})


@require_http_methods(["GET", "POST"])
@requires(is_manager)
def edit_asset(request: Request, pk: int) -> HttpResponse:
    """Change what is on file about a thing."""
    asset = _asset(request, pk)
    form = AssetForm(request.POST or None, thing=asset)
    if request.method == "POST" and form.is_valid():
        try:
            actions.change_asset(asset, by=request.user, at=clock.now(), **form.facts())
        except Refused as no:
            form.add_error(None, str(no))
        else:
            messages.success(request, "Saved.")
            return redirect("devices:show_asset", asset.pk)
    return render(request, "devices/asset_edit.html", {"form": form, "asset": asset})


@require_http_methods(["GET", "POST"])
@requires(is_manager)
def lose_asset(request: Request, pk: int) -> HttpResponse:
    """Say what the loss shuts, then mark the thing as lost."""
    facts = {
        "heading": "Mark {} as lost",
        "lede": "What was proven on it stays on file and no longer counts. If it turns up, one press brings it back.",
        "label": "Mark it as lost",
        "done": "{} is marked as lost.",
    }
    return _foretell(request, pk, actions.mark_lost, facts)


@require_http_methods(["GET", "POST"])
@requires(is_manager)
def retire_asset(request: Request, pk: int) -> HttpResponse:
    """Say what would no longer open without it, then retire the thing."""
    facts = {
        "heading": "Retire {}",
        "lede": "It stays on file with its history, but opens nothing any more. This cannot be undone.",
        "label": "Retire it",
        "done": "{} is retired.",
    }
    return _foretell(request, pk, actions.retire_asset, facts)


@require_http_methods(["GET", "POST"])
@requires(is_manager)
def find_asset(request: Request, pk: int) -> HttpResponse:
    """A lost thing is back: one press."""
    asset = _asset(request, pk)
    if request.method == "POST":
        return _do(request, asset, actions.mark_found, "{} is back.")
    return render(request, "devices/asset_find.html", {"asset": asset})


def _foretell(request: Request, pk: int, act: Callable[..., Asset], facts: dict[str, str]) -> HttpResponse:
    asset, at = _asset(request, pk), clock.now()
    if request.method == "POST":
        return _do(request, asset, act, facts["done"])
    page = foresight().thing_page(asset, request.user, at=at, office=office())
    shown = facts | {"heading": facts["heading"].format(asset.name), "asset": asset, "page": page}
    return render(request, "devices/asset_without.html", shown | {"effects": _effects(asset, page, request.user)})


def _do(request: Request, asset: Asset, act: Callable[..., Asset], done: str) -> HttpResponse:
    try:
        act(asset, by=request.user, at=clock.now())
    except Refused as no:
        messages.error(request, str(no))
    else:
        messages.success(request, done.format(asset.name))
    return redirect("devices:show_asset", asset.pk)


def _effects(asset: Asset, page: Any, member: Member) -> list[str]:
    """What hangs on a thing and would go with it, in sentences."""
    said = [page.if_lost.words]
    said += [f"{one.before.name}, {one.before.login}: {one.after.reason}" for one in page.if_lost.changes]
    proofs = sum(door.proof is not None for door in page.doors)
    if proofs:
        said.append(
            f"{proofs} validation{'' if proofs == 1 else 's'} on it no longer count{'s' if proofs == 1 else ''}."
        )
    said += [f"{key.name} of {key.login} is on it and goes with it." for key in page.keys]
    said += [f"{spare.label}, a backup of {spare.login}, is on it or kept there." for spare in page.spares]
    carried, there = queries.hanging(asset, member)
    said += [f"{thing.name} is in it and goes with it." for thing in carried]
    said += [f"{thing.name} is kept there." for thing in there]
    return said


def _asset(request: Request, pk: int) -> Asset:
    things = Asset.objects.visible_to(request.user).select_related("holder", "place", "carried_by")
    return get_object_or_404(things, pk=pk)
