"""What changes logins and the doors they use."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from datetime import datetime
from typing import Any

from django.db import transaction

from accounts import rules
from accounts.actions.rows import (
    LOGIN_FIELDS,
    absent,
    by_number,
    check,
    end_grants,
    ended_login,
    keep_changed,
    locked,
    new_door,
    new_login,
    set_facts,
    tell_added,
    tell_ended,
)
from accounts.enums import LoginKind
from accounts.models import Account, Door, Login
from core.trail.actions import record
from core.trail.enums import Verb
from identity.models import Member


@transaction.atomic
def add_login(
    *,
    label: str,
    broker: str,
    hint: str = "",
    holder: Member | None = None,
    kind: str = LoginKind.PERSON,
    note: str = "",
    doors: Iterable[str] = (),
    accounts: Mapping[Account, Collection[str]] | None = None,
    key: str = "",
    by: Member | None,
    at: datetime,
) -> Login:
    """Put a login on file with the doors it uses (slugs) and the rights it has, by account.

    Refused when an open login of that broker has the same label.
    """
    reached = {locked(Account, account): rights for account, rights in by_number(accounts or {})}
    login, rest = new_login(
        key=key,
        label=label,
        broker=broker,
        hint=hint,
        holder=holder,
        kind=kind,
        note=note,
        doors=doors,
        accounts=reached,
        at=at,
    )
    tell_added([login, *rest], by=by, at=at)
    return login


@transaction.atomic
def change_login(login: Login, *, by: Member | None, at: datetime, **facts: Any) -> Login:
    """Correct what is on file about an open login: any of label, hint, holder, kind and note."""
    held = locked(Login, login)
    check(ended_login(held))
    before = set_facts(held, facts, LOGIN_FIELDS)
    check(rules.login_fault(broker=held.broker, hint=held.hint, kind=held.kind, has_holder=held.holder_id is not None))
    if held.holder_id != before["holder"]:
        check(absent(held.holder))
    keep_changed(held, before, Verb.LOGIN_CHANGED, by=by, at=at)
    return held


@transaction.atomic
def end_login(login: Login, *, reason: str = "", by: Member | None, at: datetime) -> Login:
    """End a login and every right it has. It stays on file with its doors as they were."""
    held = locked(Login, login)
    check(ended_login(held))
    ended = end_grants(held.grants, at=at)
    held.ended_at = at
    held.save(update_fields=["ended_at"])
    tell_ended(ended, by=by, at=at)
    record(Verb.LOGIN_ENDED, by=by, about=held, at=at, reason=reason, grants=[grant.pk for grant in ended])
    return held


@transaction.atomic
def set_doors(login: Login, used: Iterable[str], *, by: Member | None, at: datetime) -> list[Door]:
    """Make exactly the doors in `used` (slugs) those that the login uses; return the ones that were changed."""
    held, wanted = locked(Login, login), set(used)
    check(ended_login(held) or rules.doors_fault(held.broker, sorted(wanted)))
    known = {door.interface: door for door in held.doors.select_for_update(no_key=True).order_by("pk")}
    fresh = [new_door(held, slug, at=at) for slug in sorted(wanted - set(known))]
    turned = [door for slug, door in known.items() if door.used != (slug in wanted)]
    for door in turned:
        door.used = not door.used
        door.save(update_fields=["used"])
    tell_added(fresh, by=by, at=at)
    for door in turned:
        what = {"used": [not door.used, door.used]}
        record(Verb.DOOR_CHANGED, by=by, about=door, at=at, login=held.pk, interface=door.interface, changes=what)
    return [*fresh, *turned]
