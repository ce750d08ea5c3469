"""Everything that changes things, validations and authenticators."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from datetime import date, datetime
from typing import Any

from django.db import transaction

from accounts.models import Door, Login
from core.clock import local_day
from core.errors import Refused
from core.trail.actions import changes, record, snapshot
from core.trail.enums import Verb
from devices import policies, rules
from devices.enums import How, Outcome
from devices.models import Asset, Authenticator, AuthenticatorQuerySet, Validation
from identity.actions import free_key
from identity.models import Member, Office
from identity.queries import office

ASSET_FIELDS = ["name", "kind", "holder", "place", "carried_by", "model", "hint", "is_spare", "note"]
AUTHENTICATOR_FIELDS = ["label", "enrolled_on", "note"]


# Things


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
    held = _held_asset(asset)
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
    if what:
        record(Verb.ASSET_CHANGED, by=by, about=held, at=at, changes=what)
    return held


@transaction.atomic
def mark_lost(asset: Asset, *, by: Member | None, at: datetime) -> Asset:
    """A thing is gone, and what it carries with it. What was proven on it stays on file and no longer counts."""
    held = _held_asset(asset)
    if held.retired_at is not None:
        raise Refused(f"{held.name} was retired already.")
    if held.lost_at is not None:
        raise Refused(f"{held.name} is marked as lost already.")
    held.lost_at = at
    held.save(update_fields=["lost_at"])
    record(Verb.ASSET_LOST, by=by, about=held, at=at, name=held.name)
    return held


@transaction.atomic
def mark_found(asset: Asset, *, by: Member | None, at: datetime) -> Asset:
    """A lost thing is back. What was proven on it counts again, if it has not run out meanwhile."""
    held = _held_asset(asset)
    if held.lost_at is None or held.retired_at is not None:
        raise Refused(f"{held.name} is not marked as lost.")
    record(Verb.ASSET_FOUND, by=by, about=held, at=at, name=held.name, lost_at=held.lost_at)
    held.lost_at = None
    held.save(update_fields=["lost_at"])
    return held


@transaction.atomic
def retire_asset(asset: Asset, *, by: Member | None, at: datetime) -> Asset:
    """Take a thing out of use for good. What was proven on it stays on file and no longer counts."""
    held = _held_asset(asset)
    if held.retired_at is not None:
        raise Refused(f"{held.name} was retired already.")
    kept = Asset.objects.kept().filter(place=held).count()
    if kept:
        things = "One thing is" if kept == 1 else f"{kept} things are"
        raise Refused(f"{things} still kept in {held.name}. Say first where they are now.")
    held.retired_at = at
    held.save(update_fields=["retired_at"])
    record(Verb.ASSET_RETIRED, by=by, about=held, at=at, name=held.name)
    return held


def _held_asset(asset: Asset) -> Asset:
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


# Validations


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
    held = _held_asset(device)
    door = Door.objects.select_related("login__holder").get(pk=door.pk)
    if by and not policies.may_record(by, login_holder=door.login.holder_id, device_holder=held.holder_id):
        raise Refused("You can answer for your own logins and devices. Ask a manager for this one.")
    refusal = rules.validation_refusal(
        device_kind=held.kind,
        device_holder=held.holder_id,
        login_holder=door.login.holder_id,
        device_name=held.name,
        device_gone=gone_word(held),
        door_used=door.used,
        login_ended=door.login.ended_at is not None,
    )
    if refusal:
        raise Refused(refusal)
    return door, held


def gone_word(asset: Asset) -> str:
    """“retired” or “lost” for a thing that no longer counts, else empty."""
    return "retired" if asset.retired_at else "lost" if asset.lost_at else ""


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


# Authenticators


@transaction.atomic
def add_authenticator(
    *,
    login: Login,
    factor: str,
    carriers: Iterable[Asset] = (),
    label: str = "",
    enrolled_on: date | None = None,
    proved_at: datetime | None = None,
    note: str = "",
    key: str = "",
    by: Member | None,
    at: datetime,
) -> Authenticator:
    """Put an enrolled factor of a login on file. Refused where the broker would not have it so."""
    login = _held_login(login)
    carriers = list(carriers)
    _check_authenticator(login, factor, carriers, proved_at=proved_at, enrolled_on=enrolled_on, at=at)
    authenticator = Authenticator.objects.create(
        key=key or free_key(Authenticator, f"{login.key}-{factor}"),
        login=login,
        factor=factor,
        label=label,
        enrolled_on=enrolled_on,
        proved_at=proved_at,
        note=note,
        created_at=at,
    )
    authenticator.carriers.set(carriers)
    facts: dict[str, Any] = {"login": login.pk, "factor": factor, "carriers": sorted(one.pk for one in carriers)}
    record(Verb.AUTHENTICATOR_ADDED, by=by, about=authenticator, at=at, **facts)
    return authenticator


@transaction.atomic
def change_authenticator(
    authenticator: Authenticator,
    *,
    by: Member | None,
    at: datetime,
    carriers: Iterable[Asset] | None = None,
    **facts: Any,
) -> Authenticator:
    """Change what carries an authenticator (None: leave it), its label, day or note. Login and factor stay."""
    login = _held_login(authenticator.login)
    held = _held_authenticator(authenticator)
    before = snapshot(held, AUTHENTICATOR_FIELDS) | {"carriers": _carrier_numbers(held)}
    for name in AUTHENTICATOR_FIELDS:
        setattr(held, name, facts.get(name, getattr(held, name)))
    if carriers is not None:
        carriers = list(carriers)
        _check_authenticator(
            login, held.factor, carriers,
            enrolled_on=held.enrolled_on, at=at, itself=held.pk, already=before["carriers"],
        )  # fmt: skip
        held.carriers.set(carriers)
    held.save()
    what = changes(held, before, AUTHENTICATOR_FIELDS)
    now = _carrier_numbers(held)
    if now != before["carriers"]:
        what["carriers"] = [before["carriers"], now]
    if what:
        record(Verb.AUTHENTICATOR_CHANGED, by=by, about=held, at=at, changes=what)
    return held


@transaction.atomic
def confirm_authenticator(
    authenticator: Authenticator, *, proved_at: datetime, by: Member | None, at: datetime
) -> Authenticator:
    """Say that an authenticator was seen to work. A second press within a minute changes nothing."""
    held = _held_authenticator(authenticator)
    if by and not policies.may_record(by, login_holder=held.login.holder_id):
        raise Refused("You can answer for your own logins. Ask a manager for this one.")
    if held.proved_at and held.proved_at <= proved_at < held.proved_at + rules.DOUBLE_PRESS:
        return held
    refusal = rules.moment_refusal(outcome=Outcome.PROVEN, proved_at=proved_at, at=at, newest=held.proved_at)
    if refusal:
        raise Refused(refusal)
    held.proved_at = proved_at
    held.save(update_fields=["proved_at"])
    record(Verb.AUTHENTICATOR_CONFIRMED, by=by, about=held, at=at, proved_at=proved_at)
    return held


@transaction.atomic
def end_authenticator(authenticator: Authenticator, *, by: Member | None, at: datetime) -> Authenticator:
    """An authenticator no longer opens anything: it was replaced, or the broker struck it."""
    held = _held_authenticator(authenticator)
    held.ended_at = at
    held.save(update_fields=["ended_at"])
    record(Verb.AUTHENTICATOR_ENDED, by=by, about=held, at=at, login=held.login_id, factor=held.factor)
    return held


def _held_login(login: Login) -> Login:
    """The login, locked: how many authenticators it may have is decided on this row."""
    held = Login.objects.select_for_update(no_key=True).get(pk=login.pk)
    if held.ended_at is not None:
        raise Refused(f"{held.label} has ended. Choose a login in use.")
    return held


def _held_authenticator(authenticator: Authenticator) -> Authenticator:
    held = (
        Authenticator.objects.select_for_update(of=("self",), no_key=True)
        .select_related("login")
        .get(pk=authenticator.pk)
    )
    if held.ended_at is not None:
        raise Refused("That authenticator was ended already. Reload to see what is on file.")
    return held


def _carrier_numbers(authenticator: Authenticator) -> list[int]:
    return sorted(authenticator.carriers.values_list("pk", flat=True))


def _check_authenticator(
    login: Login,
    factor: str,
    carriers: list[Asset],
    *,
    at: datetime,
    proved_at: datetime | None = None,
    enrolled_on: date | None = None,
    itself: int | None = None,
    already: Collection[int] = (),
) -> None:
    """What carries it `already` may stay though it is retired; nothing retired is added."""
    for carrier in carriers:
        if carrier.retired_at is not None and carrier.pk not in already:
            raise Refused(f"{carrier.name} was retired. Choose what carries it now.")
    others = [
        (other.factor, [carrier.pk for carrier in other.carriers.all()])
        for other in _beside(login, itself).prefetch_related("carriers")
    ]
    refusal = rules.authenticator_refusal(
        profile=login.profile,
        factor=factor,
        carrier_kinds=[one.kind for one in carriers],
        others=[slug for slug, _ in others],
    )
    refusal = refusal or rules.activation_refusal(login.profile, factor, [one.pk for one in carriers], others)
    if proved_at is not None:
        refusal = refusal or rules.moment_refusal(outcome=Outcome.PROVEN, proved_at=proved_at, at=at)
    if enrolled_on is not None and enrolled_on > local_day(at, office().timezone):
        refusal = refusal or "The day of enrolment lies in the future. Say when it was enrolled."
    if refusal:
        raise Refused(refusal)


def _beside(login: Login, itself: int | None) -> AuthenticatorQuerySet:
    """The other standing authenticators of a login."""
    standing = Authenticator.objects.standing().filter(login=login)
    return standing if itself is None else standing.exclude(pk=itself)
