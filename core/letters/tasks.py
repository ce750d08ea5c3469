"""The worker's part in delivery: one thin call each."""

from __future__ import annotations

from celery import shared_task

from core import clock
from core.letters import actions, delivery


@shared_task(name="letters.deliver")
def deliver() -> None:
    """Send what waits, in batches, for at most half a task's time."""
    started = clock.now()
    actions.beat_pulse("worker", at=started)
    while delivery.deliver_waiting(at=clock.now()):
        if (clock.now() - started).total_seconds() > 20:
            return


@shared_task(name="letters.beat_pulse")
def beat_pulse() -> None:
    """A sign of life that travelled from the beat through the broker to a worker."""
    actions.beat_pulse("beat", at=clock.now())
