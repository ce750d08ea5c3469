"""What several apps do together, as one fact."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from django.db import transaction
from django.db.models import QuerySet

from accounts.actions import change_login
from accounts.models import Login
from core.errors import Refused
from dashboard.queries.leaving import BACKUP, LOGIN, THING, Held, holdings
from dashboard.queries.proofs import AUTHENTICATOR, VALIDATION, Item
from dashboard.queries.proofs import BACKUP as SPARE
from devices.actions import change_asset, confirm_authenticator, confirm_validation
from devices.models import Asset, Authenticator, Validation
from identity import actions as identity
from identity.models import Member
from recovery.actions import change_backup, test_backup
from recovery.models import AuthenticatorBackup


@transaction.atomic
def hand_over_and_end(
    person: Member, *, to: Mapping[str, Member | None], last_day: date | None, by: Member, at: datetime
) -> Member:
    """Give everything a person holds a new holder and end their membership, together or not at all.

    `to` answers for each thing by the name of its field; None says that it stays with the office, under their name,
    until it is handed over. Refused when something is without an answer, because it came to them meanwhile.
    """
    by, person = identity.acting(by, person, at=at)
    held = holdings(person)
    _hold(held)
    without = [one.label for one in held if one.name not in to]
    if without:
        raise Refused(f"{person.name} holds more than this page asked about: {', '.join(without)}. Look again.")
    stays = [one for one in held if to[one.name] is None]
    for one in held:
        holder = to[one.name]
        if holder is not None:
            _give(one, holder, by=by, at=at)
    return identity.end_membership(person, by=by, at=at, last_day=last_day, stays=_numbers(stays))


def _hold(held: Iterable[Held]) -> None:
    """Lock every row before the trail is told of the first: telling it takes a lock that all writers wait for."""
    things = [one.row for one in held if isinstance(one.row, Asset)]
    near = {number for thing in things for number in (thing.pk, thing.place_id, thing.carried_by_id) if number}
    _lock(
        Asset.objects.filter(pk__in=near),
        Login.objects.filter(pk__in={one.row.pk for one in held if one.kind == LOGIN}),
        AuthenticatorBackup.objects.filter(pk__in={one.row.pk for one in held if one.kind == BACKUP}),
    )


def _lock(*kinds: QuerySet[Any]) -> None:
    """Lock these rows until the transaction is over, kind by kind, each in the order of its numbers."""
    for rows in kinds:
        list(rows.select_for_update(no_key=True).order_by("pk").values_list("pk"))


def _give(one: Held, holder: Member, *, by: Member, at: datetime) -> None:
    if isinstance(one.row, Asset):
        change_asset(one.row, holder=holder, by=by, at=at)
    elif isinstance(one.row, Login):
        change_login(one.row, holder=holder, by=by, at=at)
    else:
        change_backup(one.row, custodian=holder, by=by, at=at)


def _numbers(held: Iterable[Held]) -> dict[str, list[int]]:
    stays: dict[str, list[int]] = {}
    for one in held:
        stays.setdefault({THING: "things", LOGIN: "logins", BACKUP: "backups"}[one.kind], []).append(one.row.pk)
    return stays


@dataclass(frozen=True, slots=True)
class Confirmed:
    """How many things were confirmed, and in words why others could not be."""

    confirmed: int
    refused: tuple[str, ...]


@transaction.atomic
def confirm_things(
    right: Sequence[tuple[Item, int | None]], *, tried_by: Member, how: str, by: Member, at: datetime
) -> Confirmed:
    """Confirm each of these, with how many codes are left where they are counted; what can't be is left and told.

    One may have been ended, or be confirmed by somebody else, while the page was open: the others are confirmed all
    the same. What was recorded within the last minute is not counted again.
    """
    _hold_all(item for item, _ in right)
    confirmed, refused = 0, []
    for item, codes_left in right:
        try:
            with transaction.atomic():
                confirmed += _confirm(item, codes_left, tried_by=tried_by, how=how, by=by, at=at)
        except Refused as no:
            refused.append(f"{item.title}: {no}")
    return Confirmed(confirmed, tuple(refused))


def _hold_all(items: Iterable[Item]) -> None:
    """Lock every row before the trail is told of the first, as `_hold` does."""
    numbers: dict[str, set[int]] = {VALIDATION: set(), AUTHENTICATOR: set(), SPARE: set()}
    for item in items:
        numbers[item.kind].add(item.id)
    devices = Asset.objects.filter(validations__in=numbers[VALIDATION]).values("pk")
    _lock(
        Asset.objects.filter(pk__in=devices),
        Authenticator.objects.filter(pk__in=numbers[AUTHENTICATOR]),
        AuthenticatorBackup.objects.filter(pk__in=numbers[SPARE]),
    )


def _confirm(item: Item, codes_left: int | None, *, tried_by: Member, how: str, by: Member, at: datetime) -> bool:
    """Whether it was confirmed now, rather than a moment ago."""
    if item.kind == VALIDATION:
        row = Validation.objects.select_related("door__login", "device").get(pk=item.id)
        proven = confirm_validation(row.door, row.device, how=how, proved_at=at, proved_by=tried_by, by=by, at=at)
        return proven.created_at == at
    if item.kind == AUTHENTICATOR:
        return confirm_authenticator(Authenticator.objects.get(pk=item.id), proved_at=at, by=by, at=at).proved_at == at
    backup = AuthenticatorBackup.objects.get(pk=item.id)
    return test_backup(backup, proved_at=at, codes_left=codes_left, by=by, at=at).proved_at == at
