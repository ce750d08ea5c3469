"""Pure reasoning about the front door: where a request comes from, how often it may ask to be called."""

from __future__ import annotations

import ipaddress
from collections.abc import Sequence
from datetime import datetime, timedelta

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


def reset_waits(*, is_manager: bool, address_is_new: bool, hours: int, trader_hours: int) -> timedelta:
    """How long a reset waits after the last yes.

    A trader waits less: a trader's session reaches only their own rows, and a day without it is what this house is
    there to prevent. Not so when the address was changed lately, for then the warning may have gone to a thief.
    """
    return timedelta(hours=hours if is_manager or address_is_new else trader_hours)
