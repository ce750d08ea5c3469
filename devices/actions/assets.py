"""Putting things on file, changing them, and what becomes of them."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.db import transaction

from core.errors import Refused
from core.letters.actions import cancel_unsent
from core.letters.models import Letter
from core.trail.actions import changes, record, snapshot
from core.trail.enums import Verb
from devices import rules
from devices.enums import Answer
from devices.models import Asset, HandOver
from identity.actions import free_key
from identity.models import Member

ASSET_FIELDS = ["name", "kind", "holder", "place", "carried_by", "model", "hint", "is_spare", "note"]


@transaction.atomic
def add_asset(*, by: Member | None, at: datetime, key: str = "", **facts: Any) -> Asset:
    """Put a thing on file. `facts` are the editable fields; Refused when its place or carrier cannot be one."""
    asset = Asset(key=key or free_key(Asset, facts["name"]), created_at=at, **facts)
    _check_asset(asset, {})
    asset.save(force_insert=True)
    record(Verb.ASSET_ADDED, by=by, about=asset, at=at, name=asset.name, kind=asset.kind)
    return asset


@transaction.atomic
def change_asset(asset: Asset, *, by: Member | None, at: datetime, **facts: Any) -> Asset:
    """Change a thing's facts. What hangs on it keeps its kind as it is."""
    held = held_asset(asset)
    if held.retired_at is not None:
        raise Refused(f"{held.name} was retired. Add the thing that took its place instead.")
    before = snapshot(held, ASSET_FIELDS)
    for name, value in facts.items():
        setattr(held, name, value)
    if held.kind != before["kind"] and _hangs_on(held):
        raise Refused(f"Validations or authenticators rest on {held.name}, so its kind stays. Add a new thing instead.")
    _check_asset(held, before)
    held.save()
    what = changes(held, before, ASSET_FIELDS)
    if "holder" in what:
        close_offer(held, by=by, at=at)
    if what:
        record(Verb.ASSET_CHANGED, by=by, about=held, at=at, changes=what)
    return held


@transaction.atomic
def mark_lost(asset: Asset, *, by: Member | None, at: datetime) -> Asset:
    """A thing is gone, and what it carries with it. What was proven on it stays on file and no longer counts."""
    held = held_asset(asset)
    if held.retired_at is not None:
        raise Refused(f"{held.name} was retired already.")
    if held.lost_at is not None:
        raise Refused(f"{held.name} is marked as lost already.")
    held.lost_at = at
    held.save(update_fields=["lost_at"])
    close_offer(held, by=by, at=at)
    record(Verb.ASSET_LOST, by=by, about=held, at=at, name=held.name)
    return held


@transaction.atomic
def mark_found(asset: Asset, *, by: Member | None, at: datetime) -> Asset:
    """A lost thing is back. What was proven on it counts again, if it has not run out meanwhile."""
    held = held_asset(asset)
    if held.lost_at is None or held.retired_at is not None:
        raise Refused(f"{held.name} is not marked as lost.")
    record(Verb.ASSET_FOUND, by=by, about=held, at=at, name=held.name, lost_at=held.lost_at)
    held.lost_at = None
    held.save(update_fields=["lost_at"])
    return held


@transaction.atomic
def retire_asset(asset: Asset, *, by: Member | None, at: datetime) -> Asset:
    """Take a thing out of use for good. What was proven on it stays on file and no longer counts."""
    held = held_asset(asset)
    if held.retired_at is not None:
        raise Refused(f"{held.name} was retired already.")
    kept = Asset.objects.kept().filter(place=held).count()
    if kept:
        things = "One thing is" if kept == 1 else f"{kept} things are"
        raise Refused(f"{things} still kept in {held.name}. Say first where they are now.")
    held.retired_at = at
    held.save(update_fields=["retired_at"])
    close_offer(held, by=by, at=at)
    record(Verb.ASSET_RETIRED, by=by, about=held, at=at, name=held.name)
    return held


def close_offer(held: Asset, *, by: Member | None, at: datetime) -> HandOver | None:
    """Take back the hand-over that a locked thing waits for, if there is one; its letter does not leave any more."""
    offer = held.hand_overs.waiting().first()
    if offer is None:
        return None
    offer.answer, offer.answered_at = Answer.WITHDRAWN, at
    offer.save(update_fields=["answer", "answered_at"])
    cancel_unsent(Letter.objects.filter(key__startswith=offer_key(offer)), at=at)
    record(Verb.HAND_OVER_WITHDRAWN, by=by, about=held, at=at, hand_over=offer.pk, receiver=offer.receiver_id)
    return offer


def offer_key(offer: HandOver) -> str:
    """How the keys of the letters that tell of an offer begin."""
    return f"hand-over:{offer.pk}:"


def held_asset(asset: Asset) -> Asset:
    return Asset.objects.select_for_update(no_key=True).get(pk=asset.pk)


def _hangs_on(asset: Asset) -> bool:
    return (
        asset.validations.standing().exists()
        or asset.authenticators.standing().exists()
        or asset.kept_here.kept().exists()
        or asset.carries.kept().exists()
    )


def _check_asset(asset: Asset, before: dict[str, Any]) -> None:
    """Place and carrier are locked, so that neither turns into something else meanwhile.

    What was so `before` may stay though the place was retired or the holder has left; it is not chosen anew.
    """
    others = Asset.objects.select_for_update(no_key=True).in_bulk(
        [pk for pk in (asset.place_id, asset.carried_by_id) if pk]
    )
    place, carrier = others.get(asset.place_id), others.get(asset.carried_by_id)
    for name, other in (("place", place), ("carried_by", carrier)):
        if other is not None and other.retired_at is not None and other.pk != before.get(name):
            raise Refused(f"{other.name} was retired. Choose another.")
    refusal = rules.asset_refusal(
        kind=asset.kind,
        place_kind=place.kind if place else None,
        carrier_kind=carrier.kind if carrier else None,
        is_own_carrier=asset.pk is not None and rules.carries_itself(asset.pk, asset.carried_by_id, _carried_by()),
    )
    if refusal:
        raise Refused(refusal)
    if asset.holder is not None and not asset.holder.is_active and asset.holder.pk != before.get("holder"):
        raise Refused(f"{asset.holder.name} has left. Choose who holds it now.")


def _carried_by() -> dict[int, int]:
    """What carries what, by number; few things are carried at all."""
    pairs = Asset.objects.filter(carried_by__isnull=False).values_list("pk", "carried_by")
    return {thing: carrier for thing, carrier in pairs if carrier is not None}
