"""Rows as the actions write them, how the trail hears of them, and refusals that depend on the state of a row.

Rows are locked and written first and the trail is told last: telling it takes a lock that is held to the end of the
transaction, and whoever waits for a row with that in hand could block another writer for good.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from datetime import date, datetime
from typing import Any

from django.db import IntegrityError, models, transaction
from psycopg.errors import UniqueViolation

from accounts import rules
from accounts.models import Account, Door, Grant, Login
from core.errors import Refused
from core.trail.actions import changes, record, snapshot
from core.trail.enums import Verb
from identity.actions import free_key
from identity.models import Member

ACCOUNT_FIELDS = ("name", "broker", "entity", "hint", "note")
LOGIN_FIELDS = ("label", "broker", "hint", "holder", "kind", "note")
DOOR_FIELDS = ("login", "interface", "used")
GRANT_FIELDS = ("login", "account", "rights", "granted_on")
MOVED = "It cannot move to another broker. End this one and add a new one there."


def new_account(*, name: str, broker: str, at: datetime, key: str = "", **facts: str) -> Account:
    check(rules.account_fault(broker=broker, entity=facts.get("entity", ""), hint=facts.get("hint", "")))
    account = Account(key=_key(Account, key, name), name=name, broker=broker, created_at=at, **facts)
    same = Account.objects.open().filter(broker=broker, name=name, hint=account.hint)
    _add(account, f"{account} is on file already.", taken=same.exists())
    return account


def new_login(
    *, doors: Iterable[str], accounts: Mapping[Account, Collection[str]], at: datetime, key: str = "", **facts: Any
) -> tuple[Login, list[models.Model]]:
    """The login, and its doors and then its grants."""
    login = Login(key=_key(Login, key, facts["label"]), created_at=at, **facts)
    slugs = sorted(set(doors))
    check(
        rules.login_fault(
            broker=login.broker, hint=login.hint, kind=login.kind, has_holder=login.holder_id is not None, doors=slugs
        )
        or absent(login.holder)
    )
    same = Login.objects.open().filter(broker=login.broker, label=login.label)
    words = f"A login called “{login.label}” is on file already at {login.profile.name}. Give this one another name."
    _add(login, words, taken=same.exists())
    opened = [new_door(login, slug, at=at) for slug in slugs]
    given = [new_grant(login, account, rights=rights, granted_on=None, at=at) for account, rights in accounts.items()]
    return login, [*opened, *given]


def new_door(login: Login, interface: str, *, at: datetime) -> Door:
    return Door.objects.create(login=login, interface=interface, used=True, created_at=at)


def new_grant(
    login: Login, account: Account, *, rights: Collection[str], granted_on: date | None, at: datetime
) -> Grant:
    """A grant for a login and an account that this transaction holds."""
    check(
        rules.grant_fault(login_broker=login.broker, account_broker=account.broker, rights=rights)
        or ended_login(login)
        or (f"{account.name} is closed. Nobody gets rights in it any more." if account.closed_at else None)
    )
    grant = Grant(login=login, account=account, rights=rules.in_order(rights), granted_on=granted_on, created_at=at)
    taken = login.grants.open().filter(account=account).exists()
    _add(grant, f"{login} has rights in {account} already. Change those instead.", taken=taken)
    return grant


def _add(row: models.Model, words: str, *, taken: bool) -> None:
    """Insert the row, or refuse with `words` when the same is there, also when it came in this very moment."""
    if taken:
        raise Refused(words)
    try:
        with transaction.atomic():
            row.save(force_insert=True)
    except IntegrityError as clash:
        if not isinstance(clash.__cause__, UniqueViolation):
            raise
        raise Refused(words) from clash


def _key(model: Any, key: str, text: str) -> str:
    """The wanted key, refused when it is taken; without one a free key made from the text."""
    if key and model.objects.filter(key=key).exists():
        raise Refused(f"The key “{key}” is taken. Choose another one.")
    return key or free_key(model, text)


def locked(model: Any, row: models.Model) -> Any:
    """The row as it is now, locked until the transaction is over."""
    return model.objects.select_for_update(no_key=True).get(pk=row.pk)


def by_number(accounts: Mapping[Account, Collection[str]]) -> list[tuple[Account, Collection[str]]]:
    """In an order that all writers share, so that two of them never wait for each other."""
    return sorted(accounts.items(), key=lambda pair: pair[0].pk)


def set_facts(row: models.Model, facts: Mapping[str, Any], fields: tuple[str, ...]) -> dict[str, Any]:
    """Put the facts into the row and return what stood there before."""
    strange = set(facts) - set(fields)
    if strange:
        raise TypeError(f"No such fact: {', '.join(sorted(strange))}")
    before = snapshot(row, fields)
    if facts.get("broker", before.get("broker")) != before.get("broker"):
        raise Refused(MOVED)
    for name, value in facts.items():
        setattr(row, name, value)
    return before


def end_grants(grants: Any, *, at: datetime) -> list[Grant]:
    ended = list(grants.open().select_for_update(no_key=True).order_by("pk"))
    for grant in ended:
        grant.ended_at = at
        grant.save(update_fields=["ended_at"])
    return ended


ADDED: dict[type[models.Model], tuple[Verb, tuple[str, ...]]] = {
    Account: (Verb.ACCOUNT_ADDED, ACCOUNT_FIELDS),
    Login: (Verb.LOGIN_ADDED, LOGIN_FIELDS),
    Door: (Verb.DOOR_ADDED, DOOR_FIELDS),
    Grant: (Verb.GRANT_GIVEN, GRANT_FIELDS),
}


def keep_changed(row: models.Model, before: dict[str, Any], verb: Verb, *, by: Member | None, at: datetime) -> None:
    """Save the row and tell the trail what was and what is; nothing at all when nothing changed."""
    what = changes(row, before, before)
    if what:
        row.save(update_fields=list(what))
        record(verb, by=by, about=row, at=at, changes=what)


def tell_added(rows: Iterable[models.Model], *, by: Member | None, at: datetime) -> None:
    for row in rows:
        verb, fields = ADDED[type(row)]
        record(verb, by=by, about=row, at=at, **snapshot(row, fields))


def tell_ended(grants: Iterable[Grant], *, by: Member | None, at: datetime) -> None:
    for grant in grants:
        what = snapshot(grant, ("login", "account", "rights"))
        record(Verb.GRANT_ENDED, by=by, about=grant, at=at, **what)


def check(fault: str | None) -> None:
    if fault:
        raise Refused(fault)


def ended_login(login: Login) -> str | None:
    return f"{login.label} was ended. Add a new login instead." if login.ended_at else None


def ended_grant(grant: Grant) -> str | None:
    return "Those rights were ended already. Give them anew if they are needed." if grant.ended_at else None


def absent(holder: Member | None) -> str | None:
    if holder is None or holder.is_active:
        return None
    return f"{holder.name} has left the office. Choose somebody who is here."
