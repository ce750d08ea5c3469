"""Pure reasoning about the front door: where a request comes from, how often it may ask to be called."""

from __future__ import annotations

import ipaddress
from datetime import timedelta

# How often one network may ask for a call back within the window.
MOST_CALLS = 5
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
