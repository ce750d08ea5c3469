"""One run through everything that can go wrong at once, and the count of what became of each letter."""

from __future__ import annotations

import random
import threading
import time
from collections import Counter
from dataclasses import dataclass, field

from tests.faults.house import House
from tests.mail import Fate, Sink


@dataclass(frozen=True)
class Plan:
    """How many of what: people with something due, further letters, and what goes wrong how often."""

    people: int
    letters: int
    beats: int = 2
    workers: int = 3
    worker_kills: int = 1
    valkey_kills: int = 1
    postgres_kills: int = 1
    refusing: float = 0.3
    losing: float = 0.01
    hangs: int = 1
    within: float = 60

    @property
    def expected(self) -> int:
        return self.people + self.letters


@dataclass
class Report:
    """What a run came to. `doubles` are letters that arrived more than once."""

    expected: int
    arrived: int = 0
    accepted: int = 0
    unsettled: int = 0
    keys: int = 0
    ids: int = 0
    doubles: int = 0
    most_copies: int = 0
    lost_replies: int = 0
    killed_between: int = 0
    killed: Counter[str] = field(default_factory=Counter)
    seconds: float = 0

    @property
    def lost(self) -> int:
        return self.expected - self.keys


class Weather:
    """The sink's script: refuses, loses replies and hangs as planned, always the same for the same run."""

    def __init__(self, plan: Plan):
        self.plan = plan
        self.dice = random.Random(20261123)
        self.hangs_left = plan.hangs
        self.lost = 0
        self.hold = threading.Event()

    def __call__(self, number: int, recipient: str) -> Fate:
        if self.hold.is_set():
            return Fate(wait=30)
        if self.hangs_left and number % 7 == 3:
            self.hangs_left -= 1
            self.lost += 1
            return Fate(lose=True)
        roll = self.dice.random()
        if roll < self.plan.losing:
            self.lost += 1
            return Fate(drop=True)
        return Fate(at_recipient="451 Not now") if roll < self.plan.losing + self.plan.refusing else Fate()


def storm(house: House, plan: Plan) -> Report:
    """Start everything, break everything in turn, wait for the last letter, count."""
    weather, report, begun = Weather(plan), Report(plan.expected), time.monotonic()
    house.sink.script = weather
    for _ in range(plan.beats):
        house.add_beat()
    for _ in range(plan.workers):
        house.add_worker()
    for _ in range(plan.worker_kills):
        _kill_between(house, weather, report, plan)
    for _ in range(plan.valkey_kills):
        _after_some(house, plan)
        house.valkey.kill()
        time.sleep(1)
        house.valkey.start()
        report.killed["valkey"] += 1
    for _ in range(plan.postgres_kills):
        _after_some(house, plan)
        house.postgres.kill()
        time.sleep(1)
        house.postgres.start()
        report.killed["postgres"] += 1
    house.until(lambda: house.states().get("accepted") == plan.expected, within=plan.within)
    report.seconds, report.lost_replies = time.monotonic() - begun, weather.lost
    _count(house, report)
    return report


def _after_some(house: House, plan: Plan) -> None:
    """Let a few more letters through, so that each blow falls on a house at work."""
    some = min(len(house.sink.kept) + max(1, plan.expected // 20), plan.expected - 1)
    house.until(lambda: len(house.sink.kept) >= some, within=plan.within)


def _kill_between(house: House, weather: Weather, report: Report, plan: Plan) -> None:
    """Kill every worker while the mail server has letters for which it has not said 250 yet."""
    _after_some(house, plan)
    weather.hold.set()
    before = len(house.sink.kept)
    house.until(lambda: len(house.sink.kept) > before, within=plan.within)
    report.killed["worker"] += house.kill_workers()
    report.killed_between += len(house.sink.kept) - before
    weather.hold.clear()
    for _ in range(plan.workers):
        house.add_worker()


def _count(house: House, report: Report) -> None:
    copies, ids = Counter(house.sink.keys), _ids(house.sink)
    states = house.states()
    report.arrived, report.keys, report.ids = len(house.sink.kept), len(copies), len(ids)
    report.doubles = sum(count > 1 for count in copies.values())
    report.most_copies = max(copies.values())
    report.accepted = states.pop("accepted", 0)
    report.unsettled = sum(states.values())


def _ids(sink: Sink) -> set[tuple[str, str]]:
    """Pairs of key and Message-ID: as many as keys when each key keeps its one id."""
    return {(one.key, one.message_id) for one in sink.kept}
