"""What changes the rights of a login in an account."""

from __future__ import annotations

from collections.abc import Collection
from datetime import date, datetime
from typing import Any

from django.db import transaction

from accounts import rules
from accounts.actions.rows import (
    check,
    ended_grant,
    keep_changed,
    locked,
    new_grant,
    set_facts,
    tell_added,
    tell_ended,
)
from accounts.models import Account, Grant, Login
from core.trail.enums import Verb
from identity.models import Member


@transaction.atomic
def give_grant(
    login: Login,
    account: Account,
    *,
    rights: Collection[str],
    granted_on: date | None = None,
    by: Member | None,
    at: datetime,
) -> Grant:
    """Note that the login has these rights in the account. One open grant for a pair: a second is refused."""
    vault, user = locked(Account, account), locked(Login, login)
    grant = new_grant(user, vault, rights=rights, granted_on=granted_on, at=at)
    tell_added([grant], by=by, at=at)
    return grant


@transaction.atomic
def change_grant(grant: Grant, *, by: Member | None, at: datetime, **facts: Any) -> Grant:
    """Change the rights of an open grant, or the day since when they hold."""
    held = locked(Grant, grant)
    check(ended_grant(held))
    before = set_facts(held, facts, ("rights", "granted_on"))
    check(rules.rights_fault(held.rights))
    held.rights = rules.in_order(held.rights)
    keep_changed(held, before, Verb.GRANT_CHANGED, by=by, at=at)
    return held


@transaction.atomic
def end_grant(grant: Grant, *, by: Member | None, at: datetime) -> Grant:
    """Take away what a login may do in an account."""
    held = locked(Grant, grant)
    check(ended_grant(held))
    held.ended_at = at
    held.save(update_fields=["ended_at"])
    tell_ended([held], by=by, at=at)
    return held
