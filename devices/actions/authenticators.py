"""Enrolled factors of a login: that they exist, and what carries them."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from datetime import date, datetime
from typing import Any

from django.db import transaction

from accounts.models import Login
from core.clock import local_day
from core.errors import Refused
from core.trail.actions import changes, record, snapshot
from core.trail.enums import Verb
from devices import policies, rules
from devices.enums import Outcome
from devices.models import Asset, Authenticator, AuthenticatorQuerySet
from identity.actions import free_key
from identity.models import Member
from identity.queries import office

AUTHENTICATOR_FIELDS = ["label", "enrolled_on", "note"]


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
