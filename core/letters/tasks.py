"""The worker's part in delivery: one thin call."""

from __future__ import annotations

from datetime import timedelta

from celery import shared_task

from core import clock
from core.letters import actions, delivery
from core.letters.enums import Outcome

# After this long the task makes room for others; the next sweep goes on.
TURN = timedelta(seconds=20)


@shared_task(name="letters.deliver")
def deliver() -> None:
    """Send what waits, batch by batch, until nothing does, the relay is away, or the task's turn is over."""
    begun = clock.now()
    actions.beat_pulse("worker", at=begun)
    while (at := clock.now()) < begun + TURN:
        ended = delivery.deliver_waiting(at=at)
        if not ended or Outcome.AWAY in ended:
            return
