"""Where an address is, in words, without asking anybody."""

from __future__ import annotations

import ipaddress

LOCAL = [ipaddress.ip_network(each) for each in ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "fc00::/7")]


def in_words(network: str | None) -> str:
    """`this machine`, `the local network (10.0.0.5)`, or the network itself; IPv6 as its /64."""
    if network is None:
        return "an unknown network"
    address = ipaddress.ip_address(network)
    if address.is_loopback:
        return "this machine"
    shown = network if address.version == 4 else f"{network}/64"
    is_local = any(address in local for local in LOCAL if local.version == address.version)
    return f"the local network ({shown})" if is_local else f"the network {shown}"
