"""Everything that changes backups."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from datetime import datetime
from typing import Any

from django.db import transaction

from accounts.brokers import UnknownEntryError
from accounts.models import Login
from core.errors import Refused
from core.trail.actions import changes, record, snapshot
from core.trail.enums import Verb
from devices import policies
from devices.enums import Outcome
from devices.models import Asset, Authenticator
from devices.rules import DOUBLE_PRESS, moment_refusal
from identity.actions import free_key
from identity.models import Member
from recovery import rules
from recovery.models import AuthenticatorBackup

FIELDS = ["authenticator", "kind", "factor", "label", "place", "custodian", "codes_left", "note"]


@transaction.atomic
def add_backup(
    *,
    login: Login,
    kind: str,
    label: str,
    carriers: Iterable[Asset] = (),
    proved_at: datetime | None = None,
    key: str = "",
    by: Member | None,
    at: datetime,
    **facts: Any,
) -> AuthenticatorBackup:
    """Put a second way on file. `facts` are authenticator, factor, place, custodian, codes_left and note."""
    login = Login.objects.select_for_update(no_key=True).get(pk=login.pk)
    if login.ended_at is not None:
        raise Refused(f"{login.label} has ended. Choose a login in use.")
    backup = AuthenticatorBackup(login=login, kind=kind, label=label, proved_at=proved_at, created_at=at, **facts)
    carriers = list(carriers)
    _check(backup, carriers, {}, ())
    _check_moment(proved_at, at=at, newest=None)
    backup.key = key or free_key(AuthenticatorBackup, label)
    backup.save(force_insert=True)
    backup.carriers.set(carriers)
    carried = sorted(one.pk for one in carriers)
    record(Verb.BACKUP_ADDED, by=by, about=backup, at=at, login=login.pk, kind=str(kind), carriers=carried)
    return backup


@transaction.atomic
def change_backup(
    backup: AuthenticatorBackup,
    *,
    by: Member | None,
    at: datetime,
    carriers: Iterable[Asset] | None = None,
    **facts: Any,
) -> AuthenticatorBackup:
    """Change a backup's facts and what carries it (None: leave it). Its login stays."""
    held = _held(backup)
    before = snapshot(held, FIELDS)
    carried = _carrier_numbers(held)
    for name in FIELDS:
        if name in facts:
            setattr(held, name, facts[name])
    carriers = list(held.carriers.all() if carriers is None else carriers)
    _check(held, carriers, before, carried)
    held.carriers.set(carriers)
    held.save()
    what = changes(held, before, FIELDS)
    if _carrier_numbers(held) != carried:
        what["carriers"] = [carried, _carrier_numbers(held)]
    if what:
        record(Verb.BACKUP_CHANGED, by=by, about=held, at=at, changes=what)
    return held


@transaction.atomic
def test_backup(
    backup: AuthenticatorBackup,
    *,
    proved_at: datetime,
    codes_left: int | None,
    by: Member | None,
    at: datetime,
) -> AuthenticatorBackup:
    """Say that a backup was tried and works, and how many printed codes are left (None: as before).

    A second press within a minute changes nothing.
    """
    held = _held(backup)
    if by and not policies.may_record(by, login_holder=held.login.holder_id):
        raise Refused("You can answer for your own logins. Ask a manager for this one.")
    if held.proved_at and held.proved_at <= proved_at < held.proved_at + DOUBLE_PRESS:
        return held
    _check_moment(proved_at, at=at, newest=held.proved_at)
    held.proved_at = proved_at
    if codes_left is not None:
        before, held.codes_left = snapshot(held, FIELDS), codes_left
        _check(held, list(held.carriers.all()), before, _carrier_numbers(held))
    held.save(update_fields=["proved_at", "codes_left"])
    record(Verb.BACKUP_TESTED, by=by, about=held, at=at, proved_at=proved_at, codes_left=held.codes_left)
    return held


@transaction.atomic
def end_backup(backup: AuthenticatorBackup, *, by: Member | None, at: datetime) -> AuthenticatorBackup:
    """A backup is no second way any more: used up, destroyed, or replaced."""
    held = _held(backup)
    held.ended_at = at
    held.save(update_fields=["ended_at"])
    record(Verb.BACKUP_ENDED, by=by, about=held, at=at, login=held.login_id, label=held.label)
    return held


def _held(backup: AuthenticatorBackup) -> AuthenticatorBackup:
    rows = AuthenticatorBackup.objects.select_for_update(of=("self",), no_key=True).select_related(
        "login", "authenticator"
    )
    held = rows.get(pk=backup.pk)
    if held.ended_at is not None:
        raise Refused("That backup was ended already. Reload to see what is on file.")
    return held


def _carrier_numbers(backup: AuthenticatorBackup) -> list[int]:
    return sorted(backup.carriers.values_list("pk", flat=True))


def _check(
    backup: AuthenticatorBackup, carriers: list[Asset], before: dict[str, Any], carried: Collection[int]
) -> None:
    """What was so before, and what `carried` it, may stay though it was retired or has left; it is not chosen anew."""
    authenticator = backup.authenticator
    chosen = [one for one in carriers if one.pk not in carried]
    if backup.place is not None and backup.place.pk != before.get("place"):
        chosen.append(backup.place)
    for thing in chosen:
        if thing.retired_at is not None:
            raise Refused(f"{thing.name} was retired. Choose another.")
    if authenticator is not None and authenticator.login_id != backup.login_id:
        raise Refused("That authenticator belongs to another login. Choose one of this login.")
    refusal = rules.backup_refusal(
        kind=backup.kind,
        carrier_kinds=[one.kind for one in carriers],
        place_kind=backup.place.kind if backup.place else None,
        codes_left=backup.codes_left,
        factor=_factor(authenticator),
        **_second(backup),
    )
    if refusal:
        raise Refused(refusal)
    custodian = backup.custodian
    if custodian is not None and not custodian.is_active and custodian.pk != before.get("custodian"):
        raise Refused(f"{custodian.name} has left. Choose who keeps it now.")


def _second(backup: AuthenticatorBackup) -> dict[str, Any]:
    """What decides whether a second authenticator is one; Refused when the broker does not have it."""
    if not backup.factor:
        return {}
    profile = backup.login.profile
    try:
        own = profile.factor(backup.factor)
    except UnknownEntryError as unknown:
        raise Refused(f"{unknown}.") from None
    standing = Authenticator.objects.standing().filter(login=backup.login).values_list("factor", flat=True)
    return {"own": own, "profile": profile, "standing": tuple(standing)}


def _factor(authenticator: Authenticator | None):
    return authenticator.login.profile.factor(authenticator.factor) if authenticator else None


def _check_moment(proved_at: datetime | None, *, at: datetime, newest: datetime | None) -> None:
    outcome = Outcome.EXPECTED if proved_at is None else Outcome.PROVEN
    refusal = moment_refusal(outcome=outcome, proved_at=proved_at, at=at, newest=newest)
    if refusal:
        raise Refused(refusal)
