"""The ladder in calendar days: every rung, its borders, clock changes, the leap day, and weeks."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core import clock
from notices.enums import RuleKind, Stage
from notices.rules import ladder
from notices.rules.due import Matter

LAST = date(2027, 6, 30)
ZURICH = "Europe/Zurich"


@pytest.mark.parametrize(
    ("days", "stage"),
    [
        (-31, None),
        (-30, Stage.D30),
        (-8, Stage.D30),
        (-7, Stage.D7),
        (-2, Stage.D7),
        (-1, Stage.D1),
        (0, Stage.D0),
        (1, Stage.D0),
        (2, Stage.P2),
        (6, Stage.P2),
        (7, Stage.P7),
        (13, Stage.P7),
        (14, Stage.WEEKLY),
        (400, Stage.WEEKLY),
    ],
)
def test_a_proof_stands_on_the_most_pressing_rung_it_has_reached(days, stage):
    assert ladder.rung(ladder.PROOFS, last_day=LAST, today=LAST + timedelta(days=days)) == stage


@pytest.mark.parametrize(
    ("days", "stage"),
    [(-8, None), (-7, Stage.D7), (-1, Stage.D1), (0, Stage.D0), (2, Stage.P2), (8, Stage.P2), (9, Stage.WEEKLY)],
)
def test_an_answer_has_a_shorter_ladder(days, stage):
    assert ladder.rung(ladder.ANSWERS, last_day=LAST, today=LAST + timedelta(days=days)) == stage


@pytest.mark.parametrize(
    ("span", "first"), [(90, Stage.D30), (60, Stage.D30), (59, Stage.D7), (14, Stage.D7), (13, Stage.D1), (1, Stage.D0)]
)
def test_a_rung_in_the_first_half_of_a_proofs_life_is_left_out(span, first):
    begun = LAST - timedelta(days=span)
    days = [begun + timedelta(days=n) for n in range(span + 1)]
    stages = [ladder.rung(ladder.PROOFS, last_day=LAST, today=today, begun=begun) for today in days]

    assert next(stage for stage in stages if stage) == first
    assert stages[0] is None or span == 0


@given(st.integers(-60, 60), st.integers(0, 120))
def test_nothing_late_is_ever_left_out(days, span):
    today, begun = LAST + timedelta(days=days), LAST - timedelta(days=span)
    stage = ladder.rung(ladder.PROOFS, last_day=LAST, today=today, begun=begun)

    if days >= 0:
        assert stage == ladder.rung(ladder.PROOFS, last_day=LAST, today=today)


@pytest.mark.parametrize(
    "last_day",
    [date(2027, 3, 27), date(2027, 3, 28), date(2027, 3, 29), date(2027, 10, 31), date(2028, 2, 29), date(2028, 3, 1)],
)
def test_each_rung_falls_on_its_calendar_day_across_clock_changes_and_the_leap_day(last_day):
    matter = Matter(
        item="validation:1",
        rule=RuleKind.VALIDATION,
        holder_id=1,
        thing="ThinkPad X1",
        ends_at=clock.end_of_day(last_day, ZURICH),
        steps=ladder.PROOFS,
    )
    wanted = {
        -30: Stage.D30,
        -7: Stage.D7,
        -1: Stage.D1,
        0: Stage.D0,
        2: Stage.P2,
        7: Stage.P7,
        14: Stage.WEEKLY,
    }
    for days, stage in wanted.items():
        day = last_day + timedelta(days=days)
        first, last = clock.start_of_day(day, ZURICH), clock.end_of_day(day, ZURICH) - timedelta(seconds=1)
        before = first - timedelta(seconds=1)
        assert matter.stage_in(ZURICH, first) == matter.stage_in(ZURICH, last) == stage
        assert matter.stage_in(ZURICH, before) != stage


def test_the_day_is_the_readers_not_the_offices():
    ends_at = clock.end_of_day(date(2027, 3, 12), ZURICH)
    matter = Matter(
        item="validation:1",
        rule=RuleKind.VALIDATION,
        holder_id=1,
        thing="ThinkPad X1",
        ends_at=ends_at,
        steps=ladder.PROOFS,
    )

    assert matter.last_day_in(ZURICH) == date(2027, 3, 12)
    assert matter.last_day_in("Asia/Tokyo") == date(2027, 3, 13)
    noon = datetime(2027, 3, 12, 16, 0, tzinfo=UTC)
    assert matter.stage_in(ZURICH, noon) == Stage.D0
    assert matter.stage_in("Asia/Tokyo", noon) == Stage.D0
    assert matter.stage_in("Asia/Tokyo", noon - timedelta(hours=2)) == Stage.D1


@pytest.mark.parametrize(
    ("told", "first"),
    [
        (date(2027, 3, 8), date(2027, 3, 15)),
        (date(2027, 3, 10), date(2027, 3, 15)),
        (date(2027, 3, 11), date(2027, 3, 15)),
        (date(2027, 3, 12), date(2027, 3, 22)),
        (date(2027, 3, 14), date(2027, 3, 22)),
    ],
)
def test_a_repeat_comes_on_the_first_monday_at_least_four_days_later(told, first):
    days = [told + timedelta(days=n) for n in range(1, 15)]

    assert next(day for day in days if ladder.may_repeat(told, day)) == first
    assert ladder.next_monday(told) == first


@given(st.dates(date(2026, 1, 1), date(2030, 12, 31)))
def test_repeats_are_at_most_ten_days_apart_and_then_weekly(told):
    first = ladder.next_monday(told)

    assert 4 <= (first - told).days <= 10
    assert ladder.next_monday(first) == first + timedelta(days=7)


def test_a_week_has_one_name_also_over_new_year():
    assert {ladder.week(date(2027, 1, 1)), ladder.week(date(2026, 12, 28))} == {"2026-W53"}
    assert ladder.week(date(2027, 1, 4)) == "2027-W01"
