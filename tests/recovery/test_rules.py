"""Which backups may be: rules without a database."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from accounts.brokers import catalogue
from devices.enums import Proof
from recovery import rules
from recovery.enums import BackupKind

AT = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)
IBKR = catalogue()["ibkr"]
SECOND = {"kind": "second-factor", "factor": IBKR.factor("ib-key-push"), "profile": IBKR}


@pytest.mark.parametrize(
    ("facts", "says"),
    [
        ({"kind": "card"}, None),
        ({"kind": "card", "carrier_kinds": ["card"], "place_kind": "place"}, None),
        ({"kind": "second-factor", "carrier_kinds": ["security-key", "phone"]}, None),
        ({"kind": "printed-codes", "codes_left": 0}, None),
        ({"kind": "rescue"}, None),
        ({"kind": "seed-copy", "carrier_kinds": ["password-manager"], "factor": IBKR.factor("totp")}, None),
        ({"kind": "card", "carrier_kinds": ["phone"]}, "“A card in a safe place” lies on a card."),
        ({"kind": "number", "carrier_kinds": ["phone"]}, "“A number on file at the broker” lies on a sim or number."),
        ({"kind": "rescue", "carrier_kinds": ["sim", "mailbox"]}, None),
        (
            {"kind": "rescue", "carrier_kinds": ["card"]},
            "“The broker’s rescue path by telephone” lies on a sim or number",
        ),
        ({"kind": "card", "place_kind": "phone"}, "Choose a place to keep it in"),
        ({"kind": "card", "codes_left": 3}, "Only printed codes are counted."),
        (
            {"kind": "seed-copy", "factor": IBKR.factor("ib-key-push")},
            "IB Key is active on one phone at a time: a second phone is no backup.",
        ),
        ({"kind": "seed-copy", "factor": IBKR.factor("passkey")}, "Passkey cannot be copied to a second device."),
        ({"kind": "card", "own": IBKR.factor("dsc-plus")}, "Only a second authenticator is a factor of the broker."),
        ({**SECOND, "own": IBKR.factor("dsc-plus"), "carrier_kinds": ["card"]}, None),
        (
            {**SECOND, "own": IBKR.factor("dsc-plus"), "carrier_kinds": ["phone"]},
            "Digital Security Card+ needs a card.",
        ),
        (
            {**SECOND, "own": IBKR.factor("ib-key-push"), "carrier_kinds": ["phone"]},
            "IB Key is active on one phone at a time: a second phone is no backup.",
        ),
        (
            {**SECOND, "factor": None, "standing": ["ib-key-push"], "own": IBKR.factor("ib-key-push")},
            "IB Key is active on one phone at a time: a second phone is no backup.",
        ),
        (
            {**SECOND, "own": IBKR.factor("ib-key-challenge"), "carrier_kinds": ["phone"]},
            "IB Key, challenge/response typed by hand lives and dies with IB Key, push approval",
        ),
        (
            {**SECOND, "factor": IBKR.factor("totp"), "own": IBKR.factor("totp")},
            "It stands in for Mobile Authenticator and is the same.",
        ),
        ({**SECOND, "factor": None, "standing": ["totp"], "own": IBKR.factor("totp")}, None),
    ],
)
def test_a_backup_is_of_a_sort_that_can_be(facts, says):
    refusal = rules.backup_refusal(**facts)

    assert refusal is None if says is None else refusal.startswith(says)


@pytest.mark.parametrize("kind", BackupKind.values)
def test_a_backup_is_placed_once_somebody_wrote_down_where_it_is(kind):
    def placed(**facts):
        return rules.is_placed(**{"kind": kind, "carriers": 0, "has_place": False, "has_custodian": False} | facts)

    assert placed() is (kind == BackupKind.RESCUE)
    assert placed(carriers=1)
    assert placed(has_place=True)
    assert placed(has_custodian=True)


@pytest.mark.parametrize(
    ("days_ago", "state"),
    [
        (None, Proof.NEVER),
        (0, Proof.PROVEN),
        (165, Proof.PROVEN),
        (167, Proof.DUE),
        (180, Proof.DUE),
        (181, Proof.OVERDUE),
    ],
)
def test_a_test_of_a_backup_holds_as_long_as_the_office_says(days_ago, state):
    proved_at = None if days_ago is None else AT - timedelta(days=days_ago)

    assert rules.proof_since(proved_at, at=AT, days=180, warn_days=14, zone="Europe/London") == state
