"""A worker that went deaf ends itself; one that is busy, idle or cut off does not."""

from __future__ import annotations

import pytest

from config import watch


@pytest.mark.parametrize(
    ("waiting", "running", "silent_for", "deaf"),
    [
        (watch.MANY, 0, watch.DEAF_AFTER + 1, True),
        (watch.MANY, 0, watch.DEAF_AFTER - 1, False),
        (watch.MANY, 1, watch.DEAF_AFTER + 1, False),
        (watch.MANY - 1, 0, watch.DEAF_AFTER + 1, False),
        (0, 0, 10_000, False),
    ],
)
def test_deaf_is_who_takes_nothing_although_much_waits_and_nothing_runs(waiting, running, silent_for, deaf):
    assert watch.is_deaf(waiting=waiting, running=running, silent_for=silent_for) is deaf


def test_a_broker_that_is_away_makes_nobody_deaf():
    app = watch.Celery("away", broker="redis+socket:///nowhere/v.sock?virtual_host=0")

    assert watch.waiting_tasks(app) == 0
