"""Pure reasoning about the front door: networks, waits, and how a person’s factors stand."""

from __future__ import annotations

import ipaddress
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import combinations

# How often one network may ask for a call back within the window.
MOST_CALLS = 5
# How often a link to a new password may be asked for within the window: for one name, and from one network.
MOST_FORGOTTEN = 3
MOST_FORGOTTEN_HERE = 10
WINDOW = timedelta(hours=1)


def network_of(address: str | None) -> str | None:
    """The network an address counts under: itself for IPv4, its /64 for IPv6; None when it is not an address."""
    if not address:
        return None
    try:
        parsed = ipaddress.ip_address(address)
    except ValueError:
        return None
    if "%" in address:  # a zone: of this machine only, and no address to the database
        return None
    if parsed.version == 4:
        return str(parsed)
    if parsed.ipv4_mapped:
        return str(parsed.ipv4_mapped)
    return str(ipaddress.ip_network(f"{parsed}/64", strict=False).network_address)


def span(seconds: int) -> str:
    """A wait as a sentence says it: `40 seconds`, `3 minutes`."""
    if seconds < 90:
        return f"{seconds} seconds"
    return f"{-(-seconds // 60)} minutes"


def until_room(newest: Sequence[datetime], most: int, at: datetime) -> timedelta:
    """How long until fewer than `most` of these moments, newest first, lie within the window; zero when they do."""
    if len(newest) < most:
        return timedelta(0)
    return max(newest[most - 1] + WINDOW - at, timedelta(0))


# For how long after a change it still counts: a role that was taken away or given, an address.
RECENT = timedelta(days=30)
# Who came to run the office within its first days counts at once; before that there was nobody else.
FIRST_DAYS = timedelta(days=7)


def counts_as_one_of_two(*, runs_since: datetime | None, set_up_at: datetime | None, at: datetime) -> bool:
    """Whether somebody has run the office for long enough to be one of the two people of a reset.

    Otherwise one owner could make a manager of their own and be both. `runs_since` is None for who does not run it.
    """
    if runs_since is None:
        return False
    return runs_since <= at - RECENT or (set_up_at is not None and runs_since <= set_up_at + FIRST_DAYS)


def reset_waits(*, guards_the_office: bool, address_is_new: bool, hours: int, trader_hours: int) -> timedelta:
    """How long a reset waits after the last yes.

    A trader waits less: a trader's session reaches only their own rows, and a day without it is what this house is
    there to prevent. Not so when the address was changed lately, for then the warning may have gone to a thief.
    """
    return timedelta(hours=hours if guards_the_office or address_is_new else trader_hours)


# How a person's factors stand


CHECKUP_FIRST = timedelta(days=28)
ENOUGH = 2
HOW_MANY = ("No factor", "One factor", "Two independent factors")


@dataclass(frozen=True, slots=True)
class Held:
    """One factor as independence sees it: what it is on, and whether a cloud account may hold copies of it."""

    carrier: str
    is_passkey: bool = False
    is_synced: bool = False


def are_independent(one: Held, other: Held) -> bool:
    """Whether no single loss or theft takes both.

    Two factors on one device go missing together, and whoever takes it has both. Two synced passkeys may hang on one
    cloud account. Backup codes are a spare for the day a factor is gone and never one of the two (decision 0017).
    """
    return _named(one.carrier) != _named(other.carrier) and not (one.is_synced and other.is_synced)


def _named(carrier: str) -> str:
    return " ".join(carrier.casefold().split())


def independent(held: Sequence[Held]) -> int:
    """How many independent factors these are: none, one, or two, which is all that anybody asks for."""
    if any(are_independent(one, other) for one, other in combinations(held, 2)):
        return ENOUGH
    return min(len(held), 1)


def missing(held: Sequence[Held], needed: int) -> str:
    """What to add so that `needed` independent factors are there, in words; "" when nothing is missing."""
    if independent(held) >= needed:
        return ""
    if not held:
        return "Add an authenticator app or a passkey."
    if len(held) > 1 and len({_named(one.carrier) for one in held}) > 1:
        return "Your passkeys may be copies in one cloud account. Add a security key, or an authenticator app."
    words = f"All you have is on “{held[0].carrier}”, so one loss takes all of it."
    return f"{words} Add a passkey or an authenticator app on another device."


def may_go(held: Sequence[Held], *, without: Held, needed: int) -> bool:
    """Whether one factor may be removed: something stays, and nobody who meets the office’s rule falls below it."""
    left = list(held)
    left.remove(without)
    after = independent(left)
    return bool(left) and (after >= needed or after >= independent(held))


@dataclass(frozen=True, slots=True)
class Standing:
    """A person’s factors against the office’s rule. `due_at` is when what is missing must be there; None if nothing is.

    `checkup_at` is from when on their next check-up is due; None where the office asks for none.
    """

    held: tuple[Held, ...]
    needed: int
    due_at: datetime | None
    checkup_at: datetime | None

    @property
    def independent(self) -> int:
        return independent(self.held)

    @property
    def has_passkey(self) -> bool:
        return any(one.is_passkey for one in self.held)

    @property
    def in_words(self) -> str:
        return HOW_MANY[self.independent]

    @property
    def missing(self) -> str:
        return missing(self.held, self.needed)

    @property
    def state(self) -> str:
        """ok, due or late: meets the rule, has a way in all the same, or has none."""
        if self.due_at is None:
            return "ok"
        return "due" if self.held else "late"

    def is_late(self, at: datetime) -> bool:
        """Whether the time to meet the rule is over."""
        return self.due_at is not None and self.due_at <= at


def must_meet_by(*, joined_at: datetime, ruled_at: datetime, grace_days: int) -> datetime:
    """When a person must meet the rule on factors: the grace counts from joining or from the rule, what came later."""
    return max(joined_at, ruled_at) + timedelta(days=grace_days)


def next_checkup(*, joined_at: datetime, checked_at: datetime | None, every_days: int) -> datetime | None:
    """From when on a person should try each of their factors: 28 days after joining, then every so many days."""
    if not every_days:
        return None
    return checked_at + timedelta(days=every_days) if checked_at else joined_at + CHECKUP_FIRST
