"""What the throttle promises, over arbitrary histories; the rules that are run here are those of the house."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from identity import throttle
from identity.enums import Stage
from identity.models import KnownBrowser, SignIn
from identity.queries import throttle as reading
from identity.throttle import DAY, LONGEST_WAIT, MOST_A_DAY, MOST_IN_A_ROW, NO_WAIT, PACE, SHUT, Try

BEGAN = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)
NETWORKS = [f"203.0.113.{n}" for n in range(6)]
HOME, ROAD = "198.51.100.7", "198.51.100.99"
# Gaps between two tries: in one rush, just around each of the waits, and long.
GAPS = st.one_of(
    st.just(0),
    st.integers(0, 20),
    st.sampled_from([3, 4, 5, 8, 512, 899, 900, 901, 2879, 2880, 2881, 3599, 3601, 86399, 86400, 86401]),
    st.integers(0, 2 * 86400),
)


class House:
    """One account at one question: asks the real rules before each try, and keeps what was looked at."""

    def __init__(self, stage: Stage = Stage.PASSWORD):
        self.limits, self.tries, self.now = throttle.limits_of(stage), [], BEGAN

    def wait(self, network: str | None, browser: int | None = None) -> timedelta:
        counts = throttle.count(self.tries, network=network, browser=browser, at=self.now, elsewhere=self.tries)
        return throttle.wait(counts, limits=self.limits, at=self.now)

    def knock(self, *, ok: bool, network: str | None, browser: int | None = None) -> bool:
        """Whether the answer was looked at; only then does it count."""
        if self.wait(network, browser):
            return False
        self.tries.append(Try(self.now, ok, network, browser))
        return True

    def wrong(self, browser: int | None = None) -> list[datetime]:
        return [one.at for one in self.tries if not one.ok and one.browser == browser]


# Who knocks (a stranger's network, the owner's known browser 1, or another known one), right or wrong, after which gap.
KNOCKS = st.lists(
    st.tuples(
        st.one_of(
            st.tuples(st.sampled_from([*NETWORKS, HOME, ROAD, None]), st.none()),
            st.tuples(st.sampled_from([HOME, ROAD, NETWORKS[0]]), st.sampled_from([1, 2])),
        ),
        st.booleans(),
        GAPS,
    ),
    max_size=120,
)
STRANGERS = st.lists(st.tuples(st.sampled_from([*NETWORKS, HOME, None]), GAPS), max_size=150)
QUESTIONS = st.sampled_from([Stage.PASSWORD, Stage.CODE, Stage.BACKUP])


def most_within_a_day(moments: list[datetime]) -> int:
    return max((sum(first <= one < first + DAY for one in moments) for first in moments), default=0)


@given(strangers=STRANGERS, stage=QUESTIONS)
def test_no_failures_of_strangers_hold_up_a_known_browser(strangers, stage):
    house = House(stage)
    for network, gap in strangers:
        house.now += timedelta(seconds=gap)
        house.knock(ok=False, network=network)
        assert house.wait(HOME, browser=1) == NO_WAIT


@given(knocks=KNOCKS, stage=QUESTIONS)
def test_a_known_browser_waits_for_its_own_failures_alone(knocks, stage):
    house, alone = House(stage), House(stage)
    for (network, browser), ok, gap in knocks:
        house.now = alone.now = house.now + timedelta(seconds=gap)
        house.knock(ok=ok, network=network, browser=browser)
        if browser == 1:
            alone.knock(ok=ok, network=network, browser=browser)

        assert house.wait(HOME, browser=1) == alone.wait(HOME, browser=1) <= PACE


@given(knocks=KNOCKS, stage=st.sampled_from([Stage.PASSWORD, Stage.CODE]))
def test_no_interleaving_gives_a_door_more_than_its_tries_a_day(knocks, stage):
    house = House(stage)
    for (network, browser), ok, gap in knocks:
        house.now += timedelta(seconds=gap)
        house.knock(ok=ok, network=network, browser=browser)

    assert max(most_within_a_day(house.wrong(browser)) for browser in (None, 1, 2)) <= MOST_A_DAY


@pytest.mark.parametrize("owner_signs_in", [False, True])
def test_the_greediest_attacker_comes_just_short_of_the_stated_tries_a_day(owner_signs_in):
    # Each try comes the moment it is looked at, from a network never seen before; the owner comes and goes meanwhile.
    house = House(Stage.CODE)
    for n in range(150):
        assert house.knock(ok=False, network=f"2001:db8:{n:x}::")
        if owner_signs_in:
            assert house.knock(ok=True, network=HOME, browser=1)
        house.now += house.wait(ROAD)

    assert house.now - BEGAN > 4 * DAY
    assert most_within_a_day(house.wrong()) == MOST_A_DAY - 1


@given(gaps=st.lists(st.one_of(st.just(2880), GAPS), max_size=200))
@example(gaps=[0] * 20 + [2880] * 100)
def test_strangers_get_no_more_than_a_hundred_wrong_passwords_in_a_row(gaps):
    house = House()
    for n, gap in enumerate(gaps):
        house.now += timedelta(seconds=gap)
        house.knock(ok=False, network=NETWORKS[n % 6])
    recent = [one for one in house.wrong() if one > house.now - throttle.MONTH]

    assert len(recent) <= MOST_IN_A_ROW
    assert (house.wait(ROAD) == SHUT) == (len(recent) == MOST_IN_A_ROW)


@given(knocks=KNOCKS, stage=st.sampled_from([Stage.PASSWORD, Stage.CODE]))
def test_a_new_browser_in_a_fresh_network_waits_for_the_cap_at_most(knocks, stage):
    house = House(stage)
    for (network, browser), ok, gap in knocks:
        house.now += timedelta(seconds=gap)
        house.knock(ok=ok, network=network, browser=browser)
    in_a_row = throttle.count(house.tries, network=None, browser=None, at=house.now).row.wrong

    assert house.wait("192.0.2.55") <= PACE or (stage == Stage.PASSWORD and in_a_row == MOST_IN_A_ROW)


@given(knocks=KNOCKS)
def test_nobody_else_can_slow_who_shows_a_backup_code(knocks):
    house = House(Stage.BACKUP)
    for (network, browser), ok, gap in knocks:
        house.now += timedelta(seconds=gap)
        house.knock(ok=ok, network=network, browser=browser)

    assert house.wait("192.0.2.55") == NO_WAIT


@given(knocks=KNOCKS, stage=QUESTIONS)
def test_no_network_waits_longer_than_fifteen_minutes_for_its_own_failures(knocks, stage):
    house = House(stage)
    for (network, browser), ok, gap in knocks:
        house.now += timedelta(seconds=gap)
        house.knock(ok=ok, network=network, browser=browser)
        own = throttle.count(house.tries, network=network, browser=None, at=house.now).own

        assert throttle.wait_after(own.wrong) <= LONGEST_WAIT


@given(knocks=KNOCKS, stage=QUESTIONS, back=GAPS)
def test_a_clock_that_went_back_makes_nobody_wait_longer(knocks, stage, back):
    house = House(stage)
    for (network, browser), ok, gap in knocks:
        house.now += timedelta(seconds=gap)
        house.knock(ok=ok, network=network, browser=browser)
    house.now -= timedelta(seconds=back)

    assert house.wait(ROAD) <= PACE or house.wait(ROAD) == SHUT


def test_the_wait_grows_from_the_fifth_wrong_answer_on_and_has_an_end():
    waits = [throttle.wait_after(n).total_seconds() for n in (0, 4, 5, 6, 10, 12, 13, 10**6)]

    assert waits == [0, 0, 4, 8, 128, 512, 900, 900]


def test_the_stated_number_follows_from_the_limits():
    assert MOST_A_DAY == throttle.FREE_A_DAY + DAY / PACE == 50


ROWS = st.lists(
    st.tuples(
        st.sampled_from(["maria", "daniel"]),
        st.sampled_from([Stage.PASSWORD, Stage.CODE, Stage.LIFTED]),
        st.sampled_from([HOME, NETWORKS[0], None]),
        st.sampled_from([None, None, 0, 1]),
        st.booleans(),
        st.one_of(st.integers(0, 7200), st.integers(0, 32 * 86400)),
    ),
    max_size=40,
)


@pytest.mark.django_db
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(rows=ROWS, network=st.sampled_from([HOME, NETWORKS[0], None]), mine=st.sampled_from([None, 0, 1]))
def test_the_database_counts_what_the_rules_count(trader, rows, network, mine):
    SignIn.objects.all().delete()
    browsers = [
        KnownBrowser.objects.create(
            member=trader, digest=str(n), made_at=BEGAN, last_seen_at=BEGAN, label="b", forgotten_at=BEGAN
        ).pk
        for n in range(2)
    ]
    tries = {Stage.PASSWORD: [], Stage.CODE: [], Stage.LIFTED: []}
    elsewhere = []
    for name, stage, where, browser, right, ago in rows:
        number = None if browser is None or stage == Stage.LIFTED else browsers[browser]
        one = Try(BEGAN - timedelta(seconds=ago), right or stage == Stage.LIFTED, where, number)
        SignIn.objects.create(at=one.at, stage=stage, name=name, network=where, ok=one.ok, browser_id=number)
        elsewhere.append(one)
        if name == "maria":
            tries[stage].append(one)
    browser = None if mine is None else browsers[mine]
    facts = {"network": network, "browser": browser, "at": BEGAN}
    lifted = max((one.at for one in tries[Stage.LIFTED]), default=None)

    for stage in (Stage.PASSWORD, Stage.CODE):
        by_rules = throttle.count(tries[stage], lifted=lifted, elsewhere=elsewhere, **facts)
        assert reading.counts(stage, name="maria", **facts) == by_rules
