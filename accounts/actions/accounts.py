"""What changes brokerage accounts."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from datetime import datetime
from typing import Any

from django.db import models, transaction

from accounts import rules
from accounts.actions.rows import (
    ACCOUNT_FIELDS,
    check,
    end_grants,
    keep_changed,
    locked,
    new_account,
    new_grant,
    new_login,
    set_facts,
    tell_added,
    tell_ended,
)
from accounts.models import Account, Login
from core.errors import Refused
from core.trail.actions import record
from core.trail.enums import Verb
from identity.models import Member


@transaction.atomic
def add_account(
    *,
    name: str,
    broker: str,
    entity: str = "",
    hint: str = "",
    note: str = "",
    key: str = "",
    by: Member | None,
    at: datetime,
) -> Account:
    """Put a brokerage account on file. Refused when the same one, by broker, name and hint, is open already."""
    account = new_account(key=key, at=at, name=name, broker=broker, entity=entity, hint=hint, note=note)
    tell_added([account], by=by, at=at)
    return account


@transaction.atomic
def open_account(
    *,
    account: Mapping[str, Any],
    login: Mapping[str, Any] | Login | None = None,
    rights: Collection[str] = (),
    by: Member | None,
    at: datetime,
) -> Account:
    """Put an account on file together with the login that reaches it: a new one by its facts, or one there is."""
    vault = new_account(at=at, **account)
    told: Iterable[models.Model] = ()
    if isinstance(login, Login):
        told = [new_grant(locked(Login, login), vault, rights=rights, granted_on=None, at=at)]
    elif login is not None:
        user, rest = new_login(broker=vault.broker, accounts={vault: rights}, at=at, **login)
        told = [user, *rest]
    tell_added([vault, *told], by=by, at=at)
    return vault


@transaction.atomic
def change_account(account: Account, *, by: Member | None, at: datetime, **facts: Any) -> Account:
    """Correct what is on file about an open account: any of name, entity, hint and note."""
    held = locked(Account, account)
    if held.closed_at is not None:
        raise Refused(f"{held.name} is closed. What is on file about it stays as it was.")
    before = set_facts(held, facts, ACCOUNT_FIELDS)
    check(rules.account_fault(broker=held.broker, entity=held.entity, hint=held.hint))
    keep_changed(held, before, Verb.ACCOUNT_CHANGED, by=by, at=at)
    return held


@transaction.atomic
def close_account(account: Account, *, reason: str = "", by: Member | None, at: datetime) -> Account:
    """Close an account and end every right in it. It stays on file; its logins stay open."""
    held = locked(Account, account)
    if held.closed_at is not None:
        raise Refused(f"{held.name} is closed already.")
    ended = end_grants(held.grants, at=at)
    held.closed_at = at
    held.save(update_fields=["closed_at"])
    tell_ended(ended, by=by, at=at)
    record(Verb.ACCOUNT_CLOSED, by=by, about=held, at=at, reason=reason, grants=[grant.pk for grant in ended])
    return held
