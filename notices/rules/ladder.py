"""The ladder of reminders, in calendar days of the person who is asked: no query, no clock."""

from __future__ import annotations

from datetime import date, timedelta

from notices.enums import Stage

# Each rung with the day from which it holds, counted from the last good day: -7 is a week before, 2 two days late.
Ladder = tuple[tuple[Stage, int], ...]

PROOFS: Ladder = (
    (Stage.D30, -30),
    (Stage.D7, -7),
    (Stage.D1, -1),
    (Stage.D0, 0),
    (Stage.P2, 2),
    (Stage.P7, 7),
    (Stage.WEEKLY, 14),
)
ANSWERS: Ladder = ((Stage.D7, -7), (Stage.D1, -1), (Stage.D0, 0), (Stage.P2, 2), (Stage.WEEKLY, 9))

ENDINGS: Ladder = ((Stage.D7, -7),)

# From these rungs on more people are asked than the one who should act.
MANAGERS_FROM, OWNERS_FROM = 2, 7
REPEATED = frozenset({Stage.NEVER, Stage.FAILED, Stage.WEEKLY})
# Repeats come on Mondays, so that a person's come together, but never this soon after the last one.
REST = timedelta(days=4)


def rung(ladder: Ladder, *, last_day: date, today: date, begun: date | None = None) -> Stage | None:
    """The most urgent rung reached `today`, or None below the first one.

    A rung that would fall into the first half of the time since `begun` is left out: who proved something last week
    for ten days needs no word that seven of them are left.
    """
    late = (today - last_day).days
    span = (last_day - begun).days if begun else None
    reached = [stage for stage, first in ladder if first <= late and not _too_early(first, span)]
    return reached[-1] if reached else None


def _too_early(first: int, span: int | None) -> bool:
    return span is not None and first < 0 and -first * 2 > span


def may_repeat(last_told: date, today: date) -> bool:
    """Whether a Monday, at least four days after a person was last told, has come."""
    monday = today - timedelta(days=today.weekday())
    return monday >= last_told + REST


def week(today: date) -> str:
    """The week a repeat belongs to, as `2027-W12`."""
    year, number, _ = today.isocalendar()
    return f"{year}-W{number:02}"


def next_monday(today: date) -> date:
    """The day of the next repeat for somebody who is told today."""
    monday = today + timedelta(days=7 - today.weekday())
    return monday if monday >= today + REST else monday + timedelta(days=7)
