"""When factors are independent, when they must be there, when they are tried: one table each."""

from __future__ import annotations

from datetime import timedelta

import pytest

from identity import rules
from identity.rules import Held
from tests.factories import AT

PHONE, TABLET = Held("My phone"), Held("Tablet")
KEY = Held("YubiKey", is_passkey=True)
ON_PHONE = Held("my  PHONE", is_passkey=True)
SYNCED, OTHER_SYNCED = (Held(on, is_passkey=True, is_synced=True) for on in ("Laptop", "iPad"))


@pytest.mark.parametrize(
    ("held", "count"),
    [
        ([], 0),
        ([PHONE], 1),
        ([KEY], 1),
        ([PHONE, KEY], 2),
        ([PHONE, TABLET], 2),
        ([PHONE, ON_PHONE], 1),
        ([PHONE, ON_PHONE, KEY], 2),
        ([PHONE, SYNCED], 2),
        ([SYNCED, OTHER_SYNCED], 1),
        ([SYNCED, OTHER_SYNCED, KEY], 2),
        ([PHONE, PHONE], 1),
        ([PHONE, TABLET, KEY], 2),
    ],
)
def test_two_are_independent_when_no_one_loss_takes_both(held, count):
    assert rules.independent(held) == count
    assert rules.independent(held[::-1]) == count


@pytest.mark.parametrize(
    ("held", "needed", "words"),
    [
        ([], 1, "Add an authenticator app or a passkey"),
        ([PHONE], 1, ""),
        ([PHONE], 2, "All you have is on “My phone”"),
        ([PHONE, ON_PHONE], 2, "All you have is on “My phone”"),
        ([SYNCED, OTHER_SYNCED], 2, "copies in one cloud account"),
        ([PHONE, KEY], 2, ""),
    ],
)
def test_what_is_missing_is_said(held, needed, words):
    said = rules.missing(held, needed)

    assert words in said
    assert bool(said) == bool(words)


@pytest.mark.parametrize(
    ("held", "without", "needed", "may"),
    [
        ([PHONE], PHONE, 1, False),
        ([PHONE, KEY], KEY, 1, True),
        ([PHONE, KEY], KEY, 2, False),
        ([PHONE, KEY, TABLET], KEY, 2, True),
        ([PHONE, KEY, ON_PHONE], KEY, 2, False),
        ([PHONE, KEY, ON_PHONE], ON_PHONE, 2, True),
        ([PHONE, ON_PHONE], PHONE, 2, True),
    ],
)
def test_a_factor_goes_only_while_the_rule_still_holds(held, without, needed, may):
    assert rules.may_go(held, without=without, needed=needed) is may


def test_the_grace_counts_from_what_came_later():
    joined, ruled = AT, AT + timedelta(days=3)

    found = {
        rules.must_meet_by(joined_at=joined, ruled_at=ruled, grace_days=7),
        rules.must_meet_by(joined_at=ruled, ruled_at=joined, grace_days=7),
    }

    assert found == {AT + timedelta(days=10)}
    assert rules.must_meet_by(joined_at=joined, ruled_at=joined, grace_days=0) == AT


@pytest.mark.parametrize(
    ("checked", "every", "due"),
    [
        (None, 91, AT + timedelta(days=28)),
        (AT + timedelta(days=40), 91, AT + timedelta(days=131)),
        (None, 0, None),
        (AT, 0, None),
    ],
)
def test_the_first_checkup_is_after_four_weeks_and_then_each_quarter(checked, every, due):
    assert rules.next_checkup(joined_at=AT, checked_at=checked, every_days=every) == due
