"""Pure reasoning about wrong answers at the front door: who waits how long, and which failures belong together.

Tries are counted by question (password, one-time code …) and by account, that is by the address typed, whether
somebody has it or not. There are two kinds of door to an account:

- each browser that its owner has signed in with before has a door of its own, which only its own failures narrow;
- all others share one, the strangers' door, because nothing tells the owner with a new phone from a thief.

At either door the fifth wrong answer in a row makes the next one wait, 4 seconds doubling up to 15 minutes; at the
strangers' door that is counted for each network. And a door lets only so many wrong answers pass a day: after 20 within
24 hours it is one each 48 minutes, so never more than 50 in any 24 hours (`MOST_A_DAY`). That is strict: number the
wrong answers within some 24 hours; each from the 21st on comes at least 48 minutes after the one before it, and 30 such
gaps fill the day. After 100 in a row at the strangers' door of a password an owner has to open it again.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import groupby

from identity.enums import Stage

NO_WAIT = timedelta(0)
HOUR, DAY, MONTH = timedelta(hours=1), timedelta(days=1), timedelta(days=30)

FREE_TRIES = 4
FIRST_WAIT = timedelta(seconds=4)
LONGEST_WAIT = timedelta(minutes=15)
# What one door lets pass in 24 hours, and how far apart the rest of them come.
FREE_A_DAY = 20
PACE = timedelta(minutes=48)
MOST_A_DAY = FREE_A_DAY + DAY // PACE
# So many wrong passwords of strangers in a row, within a month, and an owner has to act.
MOST_IN_A_ROW = 100
# One network may be wrong this often within the hour, over all names, before it must wait.
NETWORK_TRIES = 30
# Nothing is looked at until somebody acts. As a wait, so that the longest of several is still the answer.
SHUT = timedelta(days=365)


@dataclass(frozen=True, slots=True)
class Limits:
    """What holds a question up beside the failures of the network or browser that asks."""

    # All strangers together, and each known browser, are held to MOST_A_DAY, because what is asked for can be guessed.
    paced: bool = True
    # After MOST_IN_A_ROW strangers wait until an owner acts.
    shuts: bool = False
    # A network that was wrong under many names waits.
    by_network: bool = False


# A backup code of 79 bits, a set-up token of 160 and a signature are not guessed, so strangers together slow nobody
# there. A code is only asked of those who know the password; that door is never shut, or a thief of the password could
# shut it.
LIMITS = {
    Stage.PASSWORD: Limits(shuts=True, by_network=True),
    Stage.BACKUP: Limits(paced=False),
    Stage.PASSKEY: Limits(paced=False),
    Stage.SETUP: Limits(paced=False, by_network=True),
}


def limits_of(stage: str) -> Limits:
    return LIMITS.get(Stage(stage), Limits())


@dataclass(frozen=True, slots=True)
class Try:
    """One answer to one question of one account. `browser` is the number of a known one, None for a stranger's."""

    at: datetime
    ok: bool
    network: str | None
    browser: int | None = None


@dataclass(frozen=True, slots=True)
class Run:
    """So many wrong answers, and when the last of them came; None when there was none."""

    wrong: int = 0
    last: datetime | None = None


@dataclass(frozen=True, slots=True)
class Counts:
    """What there is to say about the past of one door when somebody stands before it.

    `own`: in a row and within a day, of this browser, or of strangers from this network. `day`: within a day at this
    door. `row`: of strangers in a row, within a month. `network`: under any name, of strangers from this network,
    within the hour. The last two stay empty before a known browser's door.
    """

    own: Run = Run()
    day: Run = Run()
    row: Run = Run()
    network: Run = Run()


def wait_after(wrong: int) -> timedelta:
    """How long after the last of so many wrong answers in a row the next is looked at: 4 s doubling, capped."""
    if wrong <= FREE_TRIES:
        return NO_WAIT
    return min(FIRST_WAIT * 2 ** min(wrong - FREE_TRIES - 1, 20), LONGEST_WAIT)


def pace_after(wrong: int) -> timedelta:
    """How long after the last of so many wrong answers within a day the next one at the same door is looked at."""
    return PACE if wrong >= FREE_A_DAY else NO_WAIT


def wait(counts: Counts, *, limits: Limits, at: datetime) -> timedelta:
    """How long whoever stands there waits from `at` on; SHUT when somebody has to act first."""
    if limits.shuts and counts.row.wrong >= MOST_IN_A_ROW:
        return SHUT
    waits = [_left(counts.own, wait_after(counts.own.wrong), at)]
    if limits.paced:
        waits.append(_left(counts.day, pace_after(counts.day.wrong), at))
    if limits.by_network:
        waits.append(_left(counts.network, wait_after(counts.network.wrong - NETWORK_TRIES), at))
    return max(waits)


def _left(run: Run, span: timedelta, at: datetime) -> timedelta:
    """What is left at `at` of a wait after the last of a run; never more than the wait, even if the clock went back."""
    if run.last is None:
        return NO_WAIT
    return min(max(run.last + span - at, NO_WAIT), span)


def count(
    tries: Iterable[Try],
    *,
    network: str | None,
    browser: int | None,
    at: datetime,
    lifted: datetime | None = None,
    elsewhere: Iterable[Try] = (),
) -> Counts:
    """The counts of the door that this browser, or a stranger from this network, stands before.

    `tries` are all at this question and account, `elsewhere` those at any. What came before `lifted` does not count.
    `identity.queries.throttle.counts` reads the same from the database, and a test compares the two.
    """
    door = [one for one in tries if one.browser == browser and (lifted is None or one.at > lifted)]
    mine = door if browser else [one for one in door if one.network == network]
    own = _wrong(mine, max(at - DAY, _last_right(mine, at - DAY)))
    day = _wrong(door, at - DAY)
    if browser:
        return Counts(own=own, day=day)
    around = [one for one in elsewhere if one.browser is None and one.network == network]
    return Counts(
        own=own,
        day=day,
        row=_wrong(door, max(at - MONTH, _last_right(door, at - MONTH))),
        network=_wrong(around, at - HOUR),
    )


def _last_right(tries: Iterable[Try], default: datetime) -> datetime:
    return max((one.at for one in tries if one.ok), default=default)


def _wrong(tries: Iterable[Try], since: datetime) -> Run:
    moments = [one.at for one in tries if not one.ok and one.at > since]
    return Run(len(moments), max(moments, default=None))


# Fewer wrong answers than this are somebody's own typing; so long a quiet ends a burst.
FEWEST = 5
QUIET = timedelta(hours=3)


@dataclass(frozen=True, slots=True)
class Failure:
    """One wrong answer as the page of failures reads it; `member` is None for an address that nobody has."""

    at: datetime
    stage: str
    network: str | None
    member: int | None
    is_known_browser: bool


@dataclass(frozen=True, slots=True)
class Burst:
    """Wrong answers to one question of one person (or of nobody here) without a long quiet between them."""

    member: int | None
    stage: str
    wrong: int
    networks: tuple[str, ...]
    since: datetime
    until: datetime
    by_strangers: int

    @property
    def what(self) -> str:
        """Such as 37 wrong passwords."""
        return f"{self.wrong} wrong {Stage(self.stage).label}{'' if self.wrong == 1 else 's'}"

    @property
    def where(self) -> str:
        """Such as from 2 networks."""
        return "from 1 network" if len(self.networks) == 1 else f"from {len(self.networks)} networks"


def bursts(failures: Iterable[Failure], *, quiet: timedelta = QUIET, fewest: int = FEWEST) -> list[Burst]:
    """The failures put together where less than `quiet` lies between them, newest burst first; slips are left out."""
    asked = sorted(failures, key=lambda one: (one.member or 0, one.stage, one.at))
    runs: list[list[Failure]] = []
    for _, of_one in groupby(asked, key=lambda one: (one.member, one.stage)):
        runs += _without_quiet(of_one, quiet)
    found = [_burst(run) for run in runs if len(run) >= fewest]
    return sorted(found, key=lambda burst: burst.until, reverse=True)


def _without_quiet(failures: Iterable[Failure], quiet: timedelta) -> list[list[Failure]]:
    runs: list[list[Failure]] = []
    for one in failures:
        if runs and one.at - runs[-1][-1].at <= quiet:
            runs[-1].append(one)
        else:
            runs.append([one])
    return runs


def _burst(together: list[Failure]) -> Burst:
    return Burst(
        member=together[0].member,
        stage=together[0].stage,
        wrong=len(together),
        networks=tuple(sorted({one.network or "" for one in together})),
        since=together[0].at,
        until=together[-1].at,
        by_strangers=sum(not one.is_known_browser for one in together),
    )
