"""Asking for proof, and saying what came of it."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.db import transaction

from accounts.models import Door
from core.clock import local_day
from core.errors import Refused
from core.trail.actions import record
from core.trail.enums import Verb
from devices import policies, rules
from devices.actions.assets import held_asset
from devices.enums import How, Outcome
from devices.models import Asset, Validation
from identity.models import Member, Office
from identity.queries import office


@transaction.atomic
def expect_validation(door: Door, device: Asset, *, by: Member | None, at: datetime, note: str = "") -> Validation:
    """Ask that a door be tried from a device: until somebody does, it is never proven."""
    door, device = _pair(door, device, by=by)
    if Validation.objects.standing().filter(door=door, device=device).exists():
        raise Refused(f"{device.name} is on file for {door.name} already.")
    expected = Validation.objects.create(door=door, device=device, outcome=Outcome.EXPECTED, note=note, created_at=at)
    record(Verb.VALIDATION_EXPECTED, by=by, about=expected, at=at, door=door.pk, device=device.pk)
    return expected


@transaction.atomic
def confirm_validation(
    door: Door,
    device: Asset,
    *,
    outcome: str = Outcome.PROVEN,
    how: str = How.USED,
    proved_at: datetime | None,
    proved_by: Member | None = None,
    note: str = "",
    by: Member | None,
    at: datetime,
) -> Validation:
    """Say what came of trying a door from a device: end the standing row and open its successor, as one fact.

    `outcome` is proven, failed or unknown. The same answer of the same day by the same person within a minute is taken
    for a second press: the standing row comes back (its `created_at` is not `at`) and nothing is written. Refused when
    the pair cannot be, when the moment lies in the future, and when a newer answer is on file.
    """
    if outcome == Outcome.EXPECTED:
        raise Refused("Say what came of it: it worked, it did not, or nobody can say.")
    door, device = _pair(door, device, by=by)
    house = office()
    zone = zone_of(door, device, house)
    standing = Validation.objects.standing().filter(door=door, device=device).first()
    again = Validation(outcome=outcome, proved_at=proved_at, proved_by=proved_by, created_at=at)
    if standing and _is_second_press(standing, again, zone):
        return standing
    newest = standing.proved_at if standing else None
    refusal = rules.moment_refusal(outcome=outcome, proved_at=proved_at, at=at, newest=newest)
    if refusal:
        raise Refused(refusal)
    if standing:
        _end(standing, at)
    confirmed = Validation.objects.create(
        door=door,
        device=device,
        outcome=outcome,
        how=how if outcome != Outcome.UNKNOWN else "",
        proved_at=proved_at,
        lapses_at=_lapses_at(door, proved_at, house, zone) if outcome == Outcome.PROVEN else None,
        proved_by=proved_by,
        note=note,
        created_at=at,
    )
    verb = Verb.VALIDATION_FAILED if outcome == Outcome.FAILED else Verb.VALIDATION_CONFIRMED
    facts: dict[str, Any] = {"door": door.pk, "device": device.pk, "outcome": str(outcome), "proved_at": proved_at}
    if proved_by and by and proved_by.pk != by.pk:
        facts["proved_by"] = proved_by.pk
    record(verb, by=by, about=confirmed, at=at, replaces=standing.pk if standing else None, **facts)
    return confirmed


@transaction.atomic
def end_validation(validation: Validation, *, by: Member | None, at: datetime) -> Validation:
    """Stop asking for this door from this device. What was proven stays in its history."""
    held = Validation.objects.select_for_update(no_key=True).get(pk=validation.pk)
    if held.ended_at is not None:
        raise Refused("That validation was ended or replaced already. Reload to see the current one.")
    _end(held, at)
    record(Verb.VALIDATION_ENDED, by=by, about=held, at=at, door=held.door_id, device=held.device_id)
    return held


def _pair(door: Door, device: Asset, *, by: Member | None) -> tuple[Door, Asset]:
    """Door and device as they are now, the device locked: one answer at a time for each device."""
    held = held_asset(device)
    door = Door.objects.select_related("login__holder").get(pk=door.pk)
    if by and not policies.may_record(by, login_holder=door.login.holder_id, device_holder=held.holder_id):
        raise Refused("You can answer for your own logins and devices. Ask a manager for this one.")
    refusal = rules.validation_refusal(
        device_kind=held.kind,
        device_holder=held.holder_id,
        login_holder=door.login.holder_id,
        device_name=held.name,
        device_gone=held.gone_word,
        door_used=door.used,
        login_ended=door.login.ended_at is not None,
    )
    if refusal:
        raise Refused(refusal)
    return door, held


def _is_second_press(standing: Validation, again: Validation, zone: str) -> bool:
    same_answer = (standing.outcome, standing.proved_by_id) == (again.outcome, again.proved_by_id)
    days = [one.proved_at and local_day(one.proved_at, zone) for one in (standing, again)]
    return same_answer and days[0] == days[1] and abs(again.created_at - standing.created_at) <= rules.DOUBLE_PRESS


def _end(validation: Validation, at: datetime) -> None:
    validation.ended_at = at
    validation.save(update_fields=["ended_at"])


def zone_of(door: Door, device: Asset, house: Office) -> str:
    """In whose days a proof is counted: the login's holder's, else the device's holder's, else the office's."""
    holder = door.login.holder or device.holder
    return holder.timezone if holder else house.timezone


def _lapses_at(door: Door, proved_at: datetime | None, house: Office, zone: str) -> datetime | None:
    return rules.lapse(proved_at, days_good(door, house), zone) if proved_at else None


def days_good(door: Door, house: Office) -> int:
    """For how many days a proof at this door holds: the broker's rule where it has one, else the office's."""
    return rules.validity_days(door.login.profile.validity_days(door.interface), house.validity_days)
