"""What several apps do together, as one fact."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date, datetime

from django.db import transaction

from accounts.actions import change_login
from accounts.models import Login
from core.errors import Refused
from dashboard.queries.leaving import BACKUP, LOGIN, THING, Held, holdings
from devices.actions import change_asset
from devices.models import Asset
from identity import actions as identity
from identity.models import Member
from recovery.actions import change_backup
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
    for model, numbers in (
        (Asset, near),
        (Login, {one.row.pk for one in held if one.kind == LOGIN}),
        (AuthenticatorBackup, {one.row.pk for one in held if one.kind == BACKUP}),
    ):
        list(
            model._default_manager.select_for_update(no_key=True)
            .filter(pk__in=numbers)
            .order_by("pk")
            .values_list("pk")
        )


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
