"""One login on a page, and what ending something would do, in sentences."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from datetime import date

from accounts.models import Account, Grant, Login
from accounts.queries import words
from accounts.queries.brokers import DoorLine, door_lines


@dataclass(frozen=True, slots=True)
class LoginPage:
    """A login with the doors it uses and its rights: those that hold, and those that ended, newest first."""

    login: Login
    doors: tuple[DoorLine, ...]
    grants: tuple[Grant, ...]
    ended: tuple[Grant, ...]


def login_page(login: Login, *, on: date) -> LoginPage:
    """What the login uses and may do, in two queries."""
    grants = list(login.grants.select_related("account").order_by("account__name", "-created_at", "pk"))
    standing = tuple(grant for grant in grants if grant.ended_at is None)
    ended = [(grant.ended_at, grant) for grant in grants if grant.ended_at is not None]
    used = set(login.doors.filter(used=True).values_list("interface", flat=True))
    lines = door_lines(login.profile, entity=sole_entity(standing), used=used, on=on)
    return LoginPage(
        login=login,
        doors=tuple(line for line in lines if line.used),
        grants=standing,
        ended=tuple(grant for _, grant in sorted(ended, key=lambda pair: pair[0], reverse=True)),
    )


def all_doors(login: Login, *, on: date) -> list[DoorLine]:
    """Every door of the login’s broker, with the used ones marked, in two queries."""
    used = set(login.doors.filter(used=True).values_list("interface", flat=True))
    standing = list(login.grants.open().select_related("account"))
    return door_lines(login.profile, entity=sole_entity(standing), used=used, on=on)


def sole_entity(grants: Collection[Grant]) -> str:
    """The legal entity that books every account these grants reach; empty when there are several, or none is known."""
    entities = {grant.account.entity for grant in grants}
    return entities.pop() if len(entities) == 1 else ""


def closing(account: Account) -> tuple[str, ...]:
    """What closing the account ends, and which logins would reach nothing any more."""
    grants = list(account.grants.open().select_related("login__holder").order_by("login__label", "pk"))
    elsewhere = set(
        Grant.objects.open()
        .filter(login__in=[grant.login_id for grant in grants])
        .exclude(account=account)
        .values_list("login", flat=True)
    )
    lost = [f"{_who(grant.login)} may no longer {_may(grant.rights)} in it." for grant in grants]
    idle = [grant.login.label for grant in grants if grant.login_id not in elsewhere]
    return (*lost, *(f"{label} reaches no other account. It stays open until you end it." for label in idle))


def ending(login: Login) -> tuple[str, ...]:
    """What ending the login takes away, and what nobody else could do then."""
    grants = list(login.grants.open().select_related("account").order_by("account__name", "pk"))
    used = set(login.doors.filter(used=True).values_list("interface", flat=True))
    doors = [door.short_name for door in login.profile.doors if door.slug in used]
    return (
        *(f"{_who(login)} may no longer {_may(grant.rights)} in {grant.account}." for grant in grants),
        *([f"It opens no door any more: {words.listed(doors)}."] if doors else []),
        *left_without(grants),
    )


def taking_away(grant: Grant) -> tuple[str, ...]:
    """What ending the grant takes away, and what nobody else could do then."""
    said = f"{_who(grant.login)} may no longer {_may(grant.rights)} in {grant.account}."
    return (said, *left_without([grant]))


def left_without(grants: Collection[Grant]) -> Iterator[str]:
    """A sentence for each open account in which nobody else has some right that these grants give."""
    accounts = {grant.account_id: grant.account for grant in grants if grant.account.closed_at is None}
    others = Grant.objects.open().filter(account__in=accounts, login__ended_at=None)
    held: defaultdict[int, set[str]] = defaultdict(set)
    for number, rights in others.exclude(pk__in=[grant.pk for grant in grants]).values_list("account", "rights"):
        held[number].update(rights)
    for number, account in accounts.items():
        given = {right for grant in grants if grant.account_id == number for right in grant.rights}
        lost = given - held[number]
        if lost:
            yield f"Nobody else may {_may(lost)} in {account}."


def _may(rights: Collection[str]) -> str:
    return words.listed(verb for right, verb in words.POWERS.items() if right in rights)


def _who(login: Login) -> str:
    return f"{login.holder.name}, as {login.label}," if login.holder else login.label
