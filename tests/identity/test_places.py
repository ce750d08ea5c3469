"""Where an address is, in words."""

from __future__ import annotations

import pytest

from identity import places


@pytest.mark.parametrize(
    ("network", "words"),
    [
        (None, "an unknown network"),
        ("127.0.0.1", "this machine"),
        ("::1", "this machine"),
        ("192.168.1.20", "the local network (192.168.1.20)"),
        ("fd00:1:2:3::", "the local network (fd00:1:2:3::/64)"),
        ("203.0.113.7", "the network 203.0.113.7"),
        ("2001:db8:1:2::", "the network 2001:db8:1:2::/64"),
    ],
)
def test_a_network_is_said_in_words(network, words):
    assert places.in_words(network) == words
