"""The worker's part in reminders, the weekly letter and the walk along the trail: thin calls."""

from __future__ import annotations

from celery import shared_task

from core import clock
from notices import actions


@shared_task(name="notices.raise_due")
def raise_due() -> None:
    """Raise what is due; what could not be raised is in the log, and the pulse of the rules then stays away."""
    actions.raise_due(at=clock.now())


@shared_task(name="notices.write_weekly")
def write_weekly() -> None:
    """Write the owners' weekly letters that are due."""
    actions.write_weekly(at=clock.now())


@shared_task(name="notices.watch_trail")
def watch_trail() -> None:
    """Walk the trail once a day; tell the owners when it was changed."""
    actions.watch_trail(at=clock.now())
