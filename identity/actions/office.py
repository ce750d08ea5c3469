"""The office's own settings."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction

from core.trail.actions import changes, record, snapshot
from core.trail.enums import Verb
from identity.models import (
    Member,
    Office,
)

OFFICE_FIELDS = [
    "name",
    "timezone",
    "emergency_number",
    "validity_days",
    "warn_days",
    "backup_days",
    "idle_minutes",
    "session_hours",
    "strict_idle_minutes",
    "strict_session_hours",
    "reset_hours",
    "trader_reset_hours",
]


@transaction.atomic
def change_office(*, by: Member, at: datetime, **facts) -> Office:
    """Change the office's own settings."""
    office = Office.objects.select_for_update().get(pk=1)
    before = snapshot(office, OFFICE_FIELDS)
    for name, value in facts.items():
        setattr(office, name, value)
    office.save()
    what = changes(office, before, OFFICE_FIELDS)
    if what:
        record(Verb.OFFICE_CHANGED, by=by, about=office, at=at, changes=what)
    return office
