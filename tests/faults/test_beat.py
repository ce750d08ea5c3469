"""The beat that leads: one of several, seen to be alive, silent while the database is away or no worker listens."""

from __future__ import annotations

import os
import time
from collections.abc import Callable

import pytest
from django.db import connection

from config.celery import SCHEDULE, LeadingScheduler, app
from core.letters.models import Pulse
from tests.embedded import private_cluster

pytestmark = [pytest.mark.faults, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def beat(monkeypatch):
    """A function that starts a beat on the tests' own database; all of them are closed in the end."""
    name = connection.settings_dict["NAME"]
    monkeypatch.setenv("DATABASE_URL", f"{os.environ['DATABASE_URL'].rpartition('/')[0]}/{name}")
    started = []

    def start() -> LeadingScheduler:
        started.append(LeadingScheduler(app))
        return started[-1]

    yield start
    for one in started:
        one.close()


@pytest.fixture
def queue():
    """The broker's queue, emptied before and after."""
    with app.connection_for_write() as line:
        mine = app.amqp.queues[app.conf.task_default_queue](line.default_channel)
        mine.declare()
        mine.purge()
        yield mine
        mine.purge()


def waiting(queue) -> int:
    try:
        return queue.queue_declare(passive=True).message_count
    except queue.channel.connection.client.channel_errors:
        return 0  # an empty queue is none at all here


def until_not(claim: Callable[[], bool], within: float = 5) -> None:
    ends = time.monotonic() + within
    while claim():
        assert time.monotonic() < ends
        time.sleep(0.05)


def test_of_two_beats_one_leads_and_the_other_takes_over_within_two_seconds(beat):
    first, second = beat(), beat()

    assert [first.leads(), second.leads(), first.leads(), second.leads()] == [True, False, True, False]

    first.close()
    until_not(lambda: not second.leads(), within=2)


def test_a_beat_that_does_not_lead_sends_nothing(beat, queue):
    first, second = beat(), beat()
    assert first.leads()
    for entry in second.schedule.values():
        entry.last_run_at = entry.last_run_at.replace(year=2020)

    assert second.tick() == 1.0
    assert waiting(queue) == 0


def test_the_leader_leaves_its_sign_of_life_by_itself(beat):
    one = beat()
    one.leads()
    assert not Pulse.objects.exists()

    assert one.leads()

    assert Pulse.objects.get().name == "beat"


def test_while_the_database_is_away_nobody_leads_and_afterwards_somebody_does(monkeypatch):
    with private_cluster() as postgres:
        monkeypatch.setenv("DATABASE_URL", f"postgresql://postern_owner@/postern?host={postgres.socket_folder}")
        monkeypatch.setattr(LeadingScheduler, "PULSE", "SELECT 1")
        one = LeadingScheduler(app)
        assert one.leads()

        postgres.kill()
        until_not(one.leads)
        assert [one.leads(), one.leads()] == [False, False]

        postgres.start()
        assert one.leads()
        one.close()


def test_an_address_may_bring_its_own_patience(monkeypatch, beat):
    monkeypatch.setenv("DATABASE_URL", f"{os.environ['DATABASE_URL']}?connect_timeout=7")

    assert beat().leads()


def test_tasks_that_nobody_takes_do_not_pile_up(beat, queue):
    one = beat()
    entry = one.schedule["raise what is due"]
    for _ in range(LeadingScheduler.MOST_WAITING + 5):
        one.apply_entry(entry, producer=one.producer)
    assert waiting(queue) == LeadingScheduler.MOST_WAITING

    queue.purge()
    one.apply_entry(entry, producer=one.producer)

    assert waiting(queue) == 1


def test_every_task_of_the_schedule_is_known_to_a_worker():
    app.loader.import_default_modules()

    assert {entry["task"] for entry in SCHEDULE.values()} <= set(app.tasks)
    assert set(LeadingScheduler(app).schedule) == set(SCHEDULE)
