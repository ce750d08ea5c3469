"""Where an address is, in words, without asking anybody."""

from __future__ import annotations

import ipaddress


def in_words(network: str | None) -> str:
    """`this machine`, `the local network (10.0.0.5)`, or the network itself; IPv6 as its /64."""
    if network is None:
        return "an unknown network"
    address = ipaddress.ip_address(network)
    if address.is_loopback:
        return "this machine"
    shown = network if address.version == 4 else f"{network}/64"
    return f"the local network ({shown})" if address.is_private else f"the network {shown}"
