"""Proof, validity, and which combinations may be recorded: rules without a database."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from accounts.brokers import catalogue
from devices import rules
from devices.enums import PROFILE_KINDS, AssetKind, Outcome, Proof

AT = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)
IBKR = catalogue()["ibkr"]
NO_BACKUP = "IB Key is active on one phone at a time: a second phone is no backup."


@pytest.mark.parametrize(
    ("outcome", "lapses_in", "state"),
    [
        ("expected", None, Proof.NEVER),
        ("failed", None, Proof.FAILED),
        ("unknown", None, Proof.UNKNOWN),
        ("proven", timedelta(days=15), Proof.PROVEN),
        ("proven", timedelta(days=14, microseconds=1), Proof.PROVEN),
        ("proven", timedelta(days=14), Proof.DUE),
        ("proven", timedelta(microseconds=1), Proof.DUE),
        ("proven", timedelta(0), Proof.OVERDUE),
        ("proven", timedelta(days=-200), Proof.OVERDUE),
    ],
)
def test_the_six_states_meet_at_their_exact_moments(outcome, lapses_in, state):
    lapses_at = None if lapses_in is None else AT + lapses_in

    assert rules.proof_state(outcome=outcome, lapses_at=lapses_at, at=AT, warn_days=14) == state


@pytest.mark.parametrize("outcome", Outcome.values)
def test_what_is_on_file_about_a_lost_device_says_nothing(outcome):
    lapses_at = AT + timedelta(days=50) if outcome == "proven" else None

    assert rules.proof_state(outcome=outcome, lapses_at=lapses_at, at=AT, warn_days=14, device_lost=True) == "unknown"


def test_something_proven_without_an_end_is_a_bug():
    with pytest.raises(ValueError, match="lapses at some moment"):
        rules.proof_state(outcome="proven", lapses_at=None, at=AT, warn_days=14)


@pytest.mark.parametrize(
    ("proved_at", "days", "zone", "lapses_at"),
    [
        ("2026-01-01T12:00", 90, "UTC", "2026-04-02T00:00"),
        ("2026-01-01T23:30", 90, "Europe/Zurich", "2026-04-02T22:00"),
        ("2026-01-01T12:00", 90, "Asia/Tokyo", "2026-04-01T15:00"),
        ("2026-01-01T12:00", 90, "America/New_York", "2026-04-02T04:00"),
        ("2027-03-27T12:00", 1, "Europe/London", "2027-03-28T23:00"),
        ("2028-02-28T12:00", 1, "UTC", "2028-03-01T00:00"),
    ],
)
def test_a_proof_holds_to_the_end_of_its_last_day_where_its_holder_lives(proved_at, days, zone, lapses_at):
    found = rules.lapse(datetime.fromisoformat(f"{proved_at}Z"), days, zone)

    assert found == datetime.fromisoformat(f"{lapses_at}Z")


moments = st.integers(1_767_225_600, 1_861_920_000).map(lambda second: datetime.fromtimestamp(second, UTC))
zones = st.sampled_from(["UTC", "Europe/London", "America/New_York", "Asia/Tokyo", "Pacific/Apia", "Asia/Kolkata"])


@given(proved_at=moments, days=st.integers(1, 400), zone=zones)
def test_the_last_good_day_is_that_many_days_after_the_day_of_the_proof(proved_at, days, zone):
    lapses_at = rules.lapse(proved_at, days, zone)
    proved_on = proved_at.astimezone(ZoneInfo(zone)).date()

    assert rules.last_good_day(lapses_at, zone) == proved_on + timedelta(days=days)
    assert lapses_at.astimezone(ZoneInfo(zone)).date() == proved_on + timedelta(days=days + 1)
    assert rules.age(proved_at, lapses_at, proved_at, zone) == rules.Age(days=0, limit=days)


@given(proved_at=moments, days=st.integers(1, 400), zone=zones, later=st.timedeltas(timedelta(0), timedelta(days=500)))
def test_days_are_left_exactly_as_long_as_the_proof_holds(proved_at, days, zone, later):
    lapses_at, at = rules.lapse(proved_at, days, zone), proved_at + later
    left = rules.age(proved_at, lapses_at, at, zone).left
    state = rules.proof_state(outcome="proven", lapses_at=lapses_at, at=at, warn_days=14)

    assert (left >= 0) == (state != Proof.OVERDUE)


def test_a_proof_without_an_end_has_an_age_and_no_limit():
    age = rules.age(AT - timedelta(days=3), None, AT, "UTC")

    assert (age.days, age.limit, age.left) == (3, None, None)


def test_the_broker_s_own_rule_comes_before_the_office_s():
    assert rules.validity_days(None, 90) == 90
    assert rules.validity_days(30, 90) == 30
    assert rules.validity_days(365, 90) == 365


# Things


@pytest.mark.parametrize(
    ("facts", "says"),
    [
        ({"kind": "computer"}, None),
        ({"kind": "computer", "place_kind": "place"}, None),
        ({"kind": "sim", "carrier_kind": "phone"}, None),
        ({"kind": "mailbox", "carrier_kind": "server"}, None),
        ({"kind": "computer", "place_kind": "computer"}, "Choose a place"),
        ({"kind": "place", "carrier_kind": "phone"}, "A place is not carried"),
        ({"kind": "network", "carrier_kind": "phone"}, "A network is not carried"),
        ({"kind": "sim", "carrier_kind": "card"}, "A card carries nothing"),
        ({"kind": "sim", "carrier_kind": "place"}, "A place carries nothing"),
        ({"kind": "phone", "carrier_kind": "phone", "is_own_carrier": True}, "Two things cannot carry each other"),
    ],
)
def test_where_a_thing_may_be(facts, says):
    refusal = rules.asset_refusal(**facts)

    assert refusal is None if says is None else refusal.startswith(says)


def test_a_thing_carries_itself_through_others_too():
    assert rules.carries_itself(1, 1, {})
    assert rules.carries_itself(1, 2, {2: 3, 3: 1})
    assert not rules.carries_itself(1, 2, {2: 3})
    assert not rules.carries_itself(1, None, {2: 1})
    assert not rules.carries_itself(1, 2, {2: 3, 3: 2})


# Validations


@pytest.mark.parametrize("kind", AssetKind.values)
def test_only_computers_phones_tablets_and_servers_are_validated(kind):
    refusal = rules.validation_refusal(device_kind=kind, device_name="It")

    assert (refusal is None) == (kind in ("computer", "phone", "tablet", "server"))


@pytest.mark.parametrize(
    ("facts", "says"),
    [
        ({"device_holder": 1, "login_holder": 1}, None),
        ({"device_holder": None, "login_holder": 1}, None),
        ({"device_holder": 1, "login_holder": None}, None),
        ({"device_holder": 1, "login_holder": 2}, "belong to different people"),
        ({"device_holder": "maria", "login_holder": "daniel"}, "belong to different people"),
        ({"device_gone": "lost"}, "ThinkPad is lost"),
        ({"device_gone": "retired"}, "ThinkPad is retired"),
        ({"door_used": False}, "That door is not used"),
        ({"login_ended": True}, "That login has ended"),
    ],
)
def test_door_and_device_must_be_within_one_person_s_reach(facts, says):
    refusal = rules.validation_refusal(device_kind="computer", device_name="ThinkPad", **facts)

    assert refusal is None if says is None else says in refusal


@pytest.mark.parametrize(
    ("facts", "says"),
    [
        ({"outcome": "proven", "proved_at": AT}, None),
        ({"outcome": "unknown", "proved_at": None}, None),
        ({"outcome": "proven", "proved_at": AT, "newest": AT}, None),
        ({"outcome": "proven", "proved_at": None}, "Say when it was tried."),
        ({"outcome": "failed", "proved_at": None}, "Say when it was tried."),
        ({"outcome": "proven", "proved_at": AT + timedelta(seconds=1)}, "That lies in the future"),
        ({"outcome": "unknown", "proved_at": AT + timedelta(seconds=1)}, "That lies in the future"),
        ({"outcome": "failed", "proved_at": AT, "newest": AT + timedelta(seconds=1)}, "There is a newer answer"),
    ],
)
def test_a_proof_has_a_moment_that_is_over_and_newer_than_the_last(facts, says):
    refusal = rules.moment_refusal(at=AT, **facts)

    assert refusal is None if says is None else refusal.startswith(says)


# Authenticators


@pytest.mark.parametrize(
    ("factor", "carriers", "others", "says"),
    [
        ("ib-key-push", ["phone"], [], None),
        ("ib-key-push", ["tablet"], [], None),
        ("ib-key-push", [], [], None),
        ("ib-key-push", ["phone"], ["totp", "dsc-plus"], None),
        ("totp", ["phone", "computer", "password-manager"], ["totp"], None),
        ("dsc-plus", ["card"], ["dsc-plus"], None),
        ("fix-line", ["server", "network"], [], None),
        ("sms", ["sim"], [], None),
        ("ib-key-push", ["phone"], ["ib-key-push"], NO_BACKUP),
        ("ib-key-push", ["phone", "phone"], [], NO_BACKUP),
        ("dsc-plus", ["card", "card"], [], "Digital Security Card+ cannot be copied to a second card."),
        ("ib-key-push", ["computer"], [], "IB Key needs a phone."),
        ("ib-key-push", ["phone", "paper"], [], "IB Key needs a phone."),
        ("sms", ["phone"], [], "Text-message code needs a SIM or number."),
        ("fix-line", ["server"], [], "FIX session credentials over a broker-approved line needs a server and"),
        ("password", [], [], "Interactive Brokers does not enrol “Username and password”."),
        ("caller-identity", [], [], "Interactive Brokers does not enrol"),
        ("ib-kye-push", [], [], "Interactive Brokers has no factor \"ib-kye-push\""),
    ],
)  # fmt: skip
def test_an_authenticator_must_be_one_that_the_broker_knows(factor, carriers, others, says):
    refusal = rules.authenticator_refusal(profile=IBKR, factor=factor, carrier_kinds=carriers, others=others)

    assert refusal is None if says is None else refusal.startswith(says)


def test_a_broker_may_allow_several_of_a_kind_and_no_more():
    saxo = catalogue()["saxo"]

    def ask(standing):
        return rules.authenticator_refusal(profile=saxo, factor="trusted-device", others=["trusted-device"] * standing)

    assert ask(5) is None
    assert ask(6) == "Saxo Bank allows 6 of Trusted device for one login. End one first."


def test_what_a_broker_excludes_is_refused_both_ways_round():
    fidelity = catalogue()["fidelity"]
    refusals = {
        rules.authenticator_refusal(profile=fidelity, factor=factor, others=[other])
        for factor, other in (("vip-token", "app-push"), ("app-push", "vip-token"))
    }

    assert {refusal.split(" beside ")[0].rpartition(" ")[0] for refusal in refusals} == {
        "Fidelity Investments does not allow Symantec VIP",
        "Fidelity Investments does not allow Approval in the Fidelity",
    }


def test_push_and_challenge_are_one_activation():
    assert rules.activated_with(IBKR, "ib-key-push") == {"ib-key-challenge"}
    assert rules.activated_with(IBKR, "ib-key-challenge") == {"ib-key-push"}
    assert rules.activated_with(IBKR, "totp") == frozenset()


@pytest.mark.parametrize(
    ("factor", "left", "gone", "held"),
    [
        ("ib-key-push", ["phone"], 0, True),
        ("ib-key-push", [], 0, True),
        ("ib-key-push", [], 1, False),
        ("totp", ["password-manager"], 1, True),
        ("totp", [], 2, False),
        ("fix-line", ["server"], 1, False),
    ],
)
def test_a_copy_left_is_enough_and_what_cannot_be_copied_needs_all_its_carriers(factor, left, gone, held):
    assert rules.is_at_hand(IBKR.factor(factor), left, gone) is held


def test_every_word_of_the_profiles_for_a_carrier_is_known():
    words = {
        word
        for profile in catalogue().values()
        for kind in rules.kinds_of_carriers(profile)
        for word in rules.profile_words(kind)
    }

    assert words <= set(PROFILE_KINDS)
    assert {kind.value for kinds in PROFILE_KINDS.values() for kind in kinds} == set(AssetKind.values) - {"place"}


def test_lock_out_rules_are_those_of_the_door():
    assert [rule.slug for rule in rules.lockouts(IBKR, "phone-desk")] == ["failed-phone-identity"]
    assert rules.lockouts(IBKR, "flex") == ()


# The timeline

START, END = datetime(2026, 1, 1, tzinfo=UTC), datetime(2026, 4, 11, tzinfo=UTC)  # a hundred days
DAY = timedelta(days=1)


def laid(*proofs, at=END):
    return rules.timeline(proofs, start=START, end=END, at=at)


def test_a_proof_is_drawn_from_its_day_to_its_end_and_late_from_then_on():
    row = laid(rules.Proved(START + 10 * DAY, START + 40 * DAY), at=START + 60 * DAY)

    assert row == rules.Row(good=(rules.Stretch(10, 30),), late=(rules.Stretch(40, 20),), marks=(10.0,))
    assert row.late[0].end == 60


def test_a_renewal_ends_the_stretch_before_it_and_nothing_is_drawn_beyond_now():
    row = laid(
        rules.Proved(START + 10 * DAY, START + 40 * DAY, ended_at=START + 30 * DAY),
        rules.Proved(START + 30 * DAY, START + 90 * DAY),
        at=START + 50 * DAY,
    )

    assert row == rules.Row(good=(rules.Stretch(10, 20), rules.Stretch(30, 20)), late=(), marks=(10.0, 30.0))


def test_what_began_before_the_window_is_cut_and_what_was_ended_stops():
    row = laid(rules.Proved(START - 20 * DAY, START + 10 * DAY, ended_at=START + 25 * DAY), at=END)

    assert row == rules.Row(good=(rules.Stretch(0, 10),), late=(rules.Stretch(10, 15),), marks=())


def test_no_proof_is_an_empty_row():
    assert laid() == rules.Row((), (), ())
