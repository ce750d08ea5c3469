"""Pure reasoning about sign-in: how long to wait after how many failures."""

from __future__ import annotations

import ipaddress
from collections.abc import Sequence
from datetime import datetime, timedelta

FREE_TRIES = 4
# How often one network may ask for a call back within the window.
MOST_CALLS = 5
# How often a link to a new password may be asked for within the window: for one name, and from one network.
MOST_FORGOTTEN = 3
MOST_FORGOTTEN_HERE = 10
LONGEST_WAIT = timedelta(minutes=15)
WINDOW = timedelta(hours=1)
# One network may be wrong this often within the window, over all names, before it must wait.
NETWORK_TRIES = 30


def wait_after(failures: int) -> timedelta:
    """How long after the last of `failures` wrong answers in a row the next one is looked at: 2 s doubling, capped."""
    if failures <= FREE_TRIES:
        return timedelta(0)
    return min(timedelta(seconds=2 ** min(failures - FREE_TRIES, 20)), LONGEST_WAIT)


def still_to_wait(failures: int, last: datetime | None, at: datetime) -> timedelta:
    """What is left of the wait at `at`; zero when none is."""
    if last is None:
        return timedelta(0)
    return max(last + wait_after(failures) - at, timedelta(0))


def network_of(address: str | None) -> str | None:
    """The network an address counts under: itself for IPv4, its /64 for IPv6; None when it is not an address."""
    if not address:
        return None
    try:
        parsed = ipaddress.ip_address(address)
    except ValueError:
        return None
    if parsed.version == 4:
        return str(parsed)
    if parsed.ipv4_mapped:
        return str(parsed.ipv4_mapped)
    return str(ipaddress.ip_network(f"{parsed}/64", strict=False).network_address)


def until_room(newest: Sequence[datetime], most: int, at: datetime) -> timedelta:
    """How long until fewer than `most` of these moments, newest first, lie within the window; zero when they do."""
    if len(newest) < most:
        return timedelta(0)
    return max(newest[most - 1] + WINDOW - at, timedelta(0))


def reset_waits(*, is_manager: bool, address_is_new: bool, hours: int, trader_hours: int) -> timedelta:
    """How long a reset waits after the last yes.

    A trader waits less: a trader's session reaches only their own rows, and a day without it is what this house is
    there to prevent. Not so when the address was changed lately, for then the warning may have gone to a thief.
    """
    return timedelta(hours=hours if is_manager or address_is_new else trader_hours)
