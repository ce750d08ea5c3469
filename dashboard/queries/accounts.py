"""Accounts and how their doors stand."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from django.db.models import QuerySet

from accounts.models import Account, Grant
from identity.models import Member, Office
from recovery import picture as doors

# What a door of several logins shows: the state that needs most attention.
WORST_FIRST = ("shut", "bolted", "unknown", "open", "none")


@dataclass(frozen=True, slots=True)
class Row:
    """One line of Accounts. Doors are (state, name, short); people are the first names of those who reach it."""

    account: Account
    doors: list[tuple[str, str, str]]
    people: list[str]

    @property
    def worst(self) -> int:
        """How bad the door is that needs somebody most; what accounts are sorted by to have it come first."""
        return min((WORST_FIRST.index(state) for state, _, _ in self.doors), default=len(WORST_FIRST))

    @property
    def doors_in_words(self) -> str:
        """“TWS open, Client Portal bolted”."""
        return ", ".join(f"{short} {state}" for state, _, short in self.doors)


def rows(accounts: list[Account], member: Member, *, at: datetime, office: Office) -> list[Row]:
    """Accounts with their doors, each interface once; one query and the picture's."""
    stand = doors.door_picture(member, at=at, office=office).by_login()
    reaching: dict[int, list[tuple[int, str | None]]] = {}
    grants = Grant.objects.visible_to(member).open().filter(account__in=accounts, login__ended_at=None)
    for account, login, holder in grants.order_by("login__label").values_list(
        "account", "login", "login__holder__name"
    ):
        reaching.setdefault(account, []).append((login, holder))
    return [_row(account, reaching.get(account.pk, []), stand) for account in accounts]


def _row(account: Account, reaching: list[tuple[int, str | None]], stand) -> Row:
    states: dict[str, str] = {}
    for login, _ in reaching:
        for door in stand.get(login, []):
            states[door.interface] = _worse(door.state, states.get(door.interface, "none"))
    profile = account.profile
    used = [one for one in profile.doors if states.get(one.slug, "none") != "none"]
    shown = [(states[one.slug], one.name, one.short_name) for one in used]
    people = list(dict.fromkeys(holder.split()[0] if holder else "A program" for _, holder in reaching))
    return Row(account=account, doors=shown, people=people)


def _worse(one: str, other: str) -> str:
    return min(one, other, key=WORST_FIRST.index)


def found(member: Member, *, text: str = "", broker: str = "") -> QuerySet[Account]:
    """Open accounts that `member` may see, by name, narrowed to a text in name or hint and to a broker."""
    accounts = Account.objects.visible_to(member).open().order_by("name", "pk")
    if broker:
        accounts = accounts.filter(broker=broker)
    if text:
        accounts = accounts.filter(name__icontains=text) | accounts.filter(hint__iexact=text)
    return accounts
