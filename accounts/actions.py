"""Everything that changes accounts, logins, doors and rights.

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
from accounts.enums import LoginKind
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
    account = _new_account(key=key, at=at, name=name, broker=broker, entity=entity, hint=hint, note=note)
    _tell_added([account], by=by, at=at)
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
    vault = _new_account(at=at, **account)
    told: Iterable[models.Model] = ()
    if isinstance(login, Login):
        told = [_new_grant(_held(Login, login), vault, rights=rights, granted_on=None, at=at)]
    elif login is not None:
        user, rest = _new_login(broker=vault.broker, accounts={vault: rights}, at=at, **login)
        told = [user, *rest]
    _tell_added([vault, *told], by=by, at=at)
    return vault


@transaction.atomic
def change_account(account: Account, *, by: Member | None, at: datetime, **facts: Any) -> Account:
    """Correct what is on file about an open account: any of name, entity, hint and note."""
    held = _held(Account, account)
    if held.closed_at is not None:
        raise Refused(f"{held.name} is closed. What is on file about it stays as it was.")
    before = _set(held, facts, ACCOUNT_FIELDS)
    _check(rules.account_fault(broker=held.broker, entity=held.entity, hint=held.hint))
    _keep_changed(held, before, Verb.ACCOUNT_CHANGED, by=by, at=at)
    return held


@transaction.atomic
def close_account(account: Account, *, reason: str = "", by: Member | None, at: datetime) -> Account:
    """Close an account and end every right in it. It stays on file; its logins stay open."""
    held = _held(Account, account)
    if held.closed_at is not None:
        raise Refused(f"{held.name} is closed already.")
    ended = _end_grants(held.grants, at=at)
    held.closed_at = at
    held.save(update_fields=["closed_at"])
    _tell_ended(ended, by=by, at=at)
    record(Verb.ACCOUNT_CLOSED, by=by, about=held, at=at, reason=reason, grants=[grant.pk for grant in ended])
    return held


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
    reached = {_held(Account, account): rights for account, rights in _by_number(accounts or {})}
    login, rest = _new_login(
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
    _tell_added([login, *rest], by=by, at=at)
    return login


@transaction.atomic
def change_login(login: Login, *, by: Member | None, at: datetime, **facts: Any) -> Login:
    """Correct what is on file about an open login: any of label, hint, holder, kind and note."""
    held = _held(Login, login)
    _check(_ended_login(held))
    before = _set(held, facts, LOGIN_FIELDS)
    _check(rules.login_fault(broker=held.broker, hint=held.hint, kind=held.kind, has_holder=held.holder_id is not None))
    if held.holder_id != before["holder"]:
        _check(_absent(held.holder))
    _keep_changed(held, before, Verb.LOGIN_CHANGED, by=by, at=at)
    return held


@transaction.atomic
def end_login(login: Login, *, reason: str = "", by: Member | None, at: datetime) -> Login:
    """End a login and every right it has. It stays on file with its doors as they were."""
    held = _held(Login, login)
    _check(_ended_login(held))
    ended = _end_grants(held.grants, at=at)
    held.ended_at = at
    held.save(update_fields=["ended_at"])
    _tell_ended(ended, by=by, at=at)
    record(Verb.LOGIN_ENDED, by=by, about=held, at=at, reason=reason, grants=[grant.pk for grant in ended])
    return held


@transaction.atomic
def set_doors(login: Login, used: Iterable[str], *, by: Member | None, at: datetime) -> list[Door]:
    """Make exactly the doors in `used` (slugs) those that the login uses; return the ones that were changed."""
    held, wanted = _held(Login, login), set(used)
    _check(_ended_login(held) or rules.doors_fault(held.broker, sorted(wanted)))
    known = {door.interface: door for door in held.doors.select_for_update(no_key=True).order_by("pk")}
    fresh = [_new_door(held, slug, at=at) for slug in sorted(wanted - set(known))]
    turned = [door for slug, door in known.items() if door.used != (slug in wanted)]
    for door in turned:
        door.used = not door.used
        door.save(update_fields=["used"])
    _tell_added(fresh, by=by, at=at)
    for door in turned:
        what = {"used": [not door.used, door.used]}
        record(Verb.DOOR_CHANGED, by=by, about=door, at=at, login=held.pk, interface=door.interface, changes=what)
    return [*fresh, *turned]


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
    vault, user = _held(Account, account), _held(Login, login)
    grant = _new_grant(user, vault, rights=rights, granted_on=granted_on, at=at)
    _tell_added([grant], by=by, at=at)
    return grant


@transaction.atomic
def change_grant(grant: Grant, *, by: Member | None, at: datetime, **facts: Any) -> Grant:
    """Change the rights of an open grant, or the day since when they hold."""
    held = _held(Grant, grant)
    _check(_ended_grant(held))
    before = _set(held, facts, ("rights", "granted_on"))
    _check(rules.rights_fault(held.rights))
    held.rights = rules.in_order(held.rights)
    _keep_changed(held, before, Verb.GRANT_CHANGED, by=by, at=at)
    return held


@transaction.atomic
def end_grant(grant: Grant, *, by: Member | None, at: datetime) -> Grant:
    """Take away what a login may do in an account."""
    held = _held(Grant, grant)
    _check(_ended_grant(held))
    held.ended_at = at
    held.save(update_fields=["ended_at"])
    _tell_ended([held], by=by, at=at)
    return held


# --- rows -----------------------------------------------------------------------------------------------------------
def _new_account(*, name: str, broker: str, at: datetime, key: str = "", **facts: str) -> Account:
    _check(rules.account_fault(broker=broker, entity=facts.get("entity", ""), hint=facts.get("hint", "")))
    account = Account(key=_key(Account, key, name), name=name, broker=broker, created_at=at, **facts)
    same = Account.objects.open().filter(broker=broker, name=name, hint=account.hint)
    _add(account, f"{account} is on file already.", taken=same.exists())
    return account


def _new_login(
    *, doors: Iterable[str], accounts: Mapping[Account, Collection[str]], at: datetime, key: str = "", **facts: Any
) -> tuple[Login, list[models.Model]]:
    """The login, and its doors and then its grants."""
    login = Login(key=_key(Login, key, facts["label"]), created_at=at, **facts)
    slugs = sorted(set(doors))
    _check(
        rules.login_fault(
            broker=login.broker, hint=login.hint, kind=login.kind, has_holder=login.holder_id is not None, doors=slugs
        )
        or _absent(login.holder)
    )
    same = Login.objects.open().filter(broker=login.broker, label=login.label)
    words = f"A login called “{login.label}” is on file already at {login.profile.name}. Give this one another name."
    _add(login, words, taken=same.exists())
    opened = [_new_door(login, slug, at=at) for slug in slugs]
    given = [_new_grant(login, account, rights=rights, granted_on=None, at=at) for account, rights in accounts.items()]
    return login, [*opened, *given]


def _new_door(login: Login, interface: str, *, at: datetime) -> Door:
    return Door.objects.create(login=login, interface=interface, used=True, created_at=at)


def _new_grant(
    login: Login, account: Account, *, rights: Collection[str], granted_on: date | None, at: datetime
) -> Grant:
    """A grant for a login and an account that this transaction holds."""
    _check(
        rules.grant_fault(login_broker=login.broker, account_broker=account.broker, rights=rights)
        or _ended_login(login)
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


def _held(model: Any, row: models.Model) -> Any:
    """The row as it is now, locked until the transaction is over."""
    return model.objects.select_for_update(no_key=True).get(pk=row.pk)


def _by_number(accounts: Mapping[Account, Collection[str]]) -> list[tuple[Account, Collection[str]]]:
    """In an order that all writers share, so that two of them never wait for each other."""
    return sorted(accounts.items(), key=lambda pair: pair[0].pk)


def _set(row: models.Model, facts: Mapping[str, Any], fields: tuple[str, ...]) -> dict[str, Any]:
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


def _end_grants(grants: Any, *, at: datetime) -> list[Grant]:
    ended = list(grants.open().select_for_update(no_key=True).order_by("pk"))
    for grant in ended:
        grant.ended_at = at
        grant.save(update_fields=["ended_at"])
    return ended


# --- the trail ------------------------------------------------------------------------------------------------------
ADDED: dict[type[models.Model], tuple[Verb, tuple[str, ...]]] = {
    Account: (Verb.ACCOUNT_ADDED, ACCOUNT_FIELDS),
    Login: (Verb.LOGIN_ADDED, LOGIN_FIELDS),
    Door: (Verb.DOOR_ADDED, DOOR_FIELDS),
    Grant: (Verb.GRANT_GIVEN, GRANT_FIELDS),
}


def _keep_changed(row: models.Model, before: dict[str, Any], verb: Verb, *, by: Member | None, at: datetime) -> None:
    """Save the row and tell the trail what was and what is; nothing at all when nothing changed."""
    what = changes(row, before, before)
    if what:
        row.save(update_fields=list(what))
        record(verb, by=by, about=row, at=at, changes=what)


def _tell_added(rows: Iterable[models.Model], *, by: Member | None, at: datetime) -> None:
    for row in rows:
        verb, fields = ADDED[type(row)]
        record(verb, by=by, about=row, at=at, **snapshot(row, fields))


def _tell_ended(grants: Iterable[Grant], *, by: Member | None, at: datetime) -> None:
    for grant in grants:
        what = snapshot(grant, ("login", "account", "rights"))
        record(Verb.GRANT_ENDED, by=by, about=grant, at=at, **what)


# --- refusals that depend on the state of a row ----------------------------------------------------------------------
def _check(fault: str | None) -> None:
    if fault:
        raise Refused(fault)


def _ended_login(login: Login) -> str | None:
    return f"{login.label} was ended. Add a new login instead." if login.ended_at else None


def _ended_grant(grant: Grant) -> str | None:
    return "Those rights were ended already. Give them anew if they are needed." if grant.ended_at else None


def _absent(holder: Member | None) -> str | None:
    if holder is None or holder.is_active:
        return None
    return f"{holder.name} has left the office. Choose somebody who is here."
