"""The worker's part in reminders: one thin call."""

from __future__ import annotations

from celery import shared_task

from core import clock
from notices import actions


@shared_task(name="notices.raise_due")
def raise_due() -> None:
    """Raise what is due; what could not be raised is in the log, and the pulse of the rules then stays away."""
    actions.raise_due(at=clock.now())
