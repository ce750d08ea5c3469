"""The worker’s part in imports: one thin call each."""

from __future__ import annotations

from celery import shared_task

from core import clock
from exchange import actions


@shared_task(name="exchange.run_imports")
def run_imports() -> None:
    """Import what waits, one batch after the other; most sweeps find nothing."""
    while actions.run_next(at=clock.now()):
        pass
