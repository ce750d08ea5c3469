"""Celery's app as config/celery.py has it, with hours made into seconds: for fault tests, in workers and beats alike.

Only waits and periods differ; every line that runs is the product's own.
"""

from __future__ import annotations

from datetime import timedelta

from django.conf import settings

from config import watch
from config.celery import app
from core.letters import rules
from core.letters.enums import Outcome

__all__ = ["app"]

SECOND = timedelta(seconds=1)

for entry in app.conf.beat_schedule.values():
    entry["schedule"] = SECOND
app.conf.broker_transport_options = {**app.conf.broker_transport_options, "visibility_timeout": 10}
watch.LOOK_EVERY, watch.DEAF_AFTER = 1.0, 6.0
rules.LEASE = 4 * SECOND
rules.AWAY_WAIT = SECOND
rules.GROWING = dict.fromkeys((Outcome.DEFERRED, Outcome.UNANSWERED), (SECOND, 1, SECOND))
rules.PATIENCE = (2, 2, 2)
settings.EMAIL_TIMEOUT = 2
