"""Which facts fit together. Each rule returns the sentence that says why not and what to do, or None when all is well.

Pure: the actions ask before they write, the import asks while it only looks.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable

from accounts.brokers import Profile, UnknownEntryError, catalogue
from accounts.brokers.errors import did_you_mean
from accounts.enums import LoginKind, Right
from accounts.models import HINT

# Rights with which money or control can leave the office. Pages mark them.
STRONG = frozenset({Right.TRADE, Right.WITHDRAW, Right.MANAGE_USERS})


def account_fault(*, broker: str, entity: str = "", hint: str = "") -> str | None:
    """Why there can be no such account: unknown broker, an entity that is not this broker’s, too much of its number."""
    return broker_fault(broker) or entity_fault(broker, entity) or hint_fault(hint)


def login_fault(
    *, broker: str, hint: str = "", kind: str = LoginKind.PERSON, has_holder: bool, doors: Iterable[str] = ()
) -> str | None:
    """Why there can be no such login: unknown broker or door, too much of its user name, a person’s without holder."""
    return broker_fault(broker) or hint_fault(hint) or holder_fault(kind, has_holder) or doors_fault(broker, doors)


def grant_fault(*, login_broker: str, account_broker: str, rights: Collection[str]) -> str | None:
    """Why a login cannot have these rights in an account: another broker’s, no right at all, an unknown one."""
    return reach_fault(login_broker, account_broker) or rights_fault(rights)


def broker_fault(broker: str) -> str | None:
    """`broker` is a slug of the catalogue."""
    known = catalogue()
    if broker in known:
        return None
    return f"There is no broker “{broker}” here{did_you_mean(broker, known)}. Choose one of: {', '.join(known)}."


def entity_fault(broker: str, entity: str) -> str | None:
    """`entity` is a slug of that known broker’s legal entities, or empty when the office does not know it."""
    return _unknown(catalogue()[broker].entity, entity) if entity else None


def doors_fault(broker: str, doors: Iterable[str]) -> str | None:
    """Every slug in `doors` is a door of that known broker; the first that is not is named."""
    profile: Profile = catalogue()[broker]
    return next((fault for slug in doors if (fault := _unknown(profile.door, slug))), None)


def hint_fault(hint: str) -> str | None:
    """At most the last four characters of a number or a user name."""
    if len(hint) <= HINT:
        return None
    return f"Write the last {HINT} characters at most. Postern keeps no whole account number and no whole user name."


def holder_fault(kind: str, has_holder: bool) -> str | None:
    """`kind` is one of LoginKind, and a person’s login has somebody who holds it."""
    if kind not in LoginKind.values:
        return f"A login is for a person or for a program; “{kind}” is neither."
    if kind == LoginKind.PERSON and not has_holder:
        return "Say who holds this login, or that it is for a program."
    return None


def reach_fault(login_broker: str, account_broker: str) -> str | None:
    """A login and the account it reaches are of one broker."""
    if login_broker == account_broker:
        return None
    return (
        f"A login at {_name(login_broker)} cannot reach an account at {_name(account_broker)}. "
        "Choose two of the same broker."
    )


def rights_fault(rights: Collection[str]) -> str | None:
    """At least one right, each a value of Right."""
    if not rights:
        return "Choose at least one right. To take all of them away, end the rights instead."
    strange = next((right for right in rights if right not in Right.values), None)
    if strange is None:
        return None
    return (
        f"There is no right “{strange}”{did_you_mean(strange, Right.values)}. Choose from: {', '.join(Right.values)}."
    )


def in_order(rights: Collection[str]) -> list[str]:
    """The rights as they are stored: plain strings, each once, in the order of the enum."""
    return [value for value in Right.values if value in rights]


def is_strong(right: str) -> bool:
    """Whether money or control can leave the office with it."""
    return right in STRONG


def _name(broker: str) -> str:
    profile = catalogue().get(broker)
    return profile.name if profile else broker


def _unknown(find, slug: str) -> str | None:
    try:
        find(slug)
    except UnknownEntryError as no:
        return f"{no}."
    return None
