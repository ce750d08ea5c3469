"""The office's own settings."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction

from core.errors import Refused
from core.trail.actions import changes, record, snapshot
from core.trail.enums import Verb
from identity import policies
from identity.actions.telling import tell_security
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
COUNTS = ["owner_factors", "manager_factors", "trader_factors", "auditor_factors"]
RULE_FIELDS = [*COUNTS, "factor_grace_days", "checkup_days", "passkey_alone"]


@transaction.atomic
def change_office(*, by: Member, at: datetime, **facts) -> Office:
    """Change the office's own settings; how long a reset of factors waits is for owners alone."""
    office = Office.objects.select_for_update(no_key=True).get(pk=1)
    before = snapshot(office, OFFICE_FIELDS)
    for name, value in facts.items():
        setattr(office, name, value)
    office.save()
    what = changes(office, before, OFFICE_FIELDS)
    if not what.keys().isdisjoint(("reset_hours", "trader_reset_hours")) and not policies.is_owner(by):
        raise Refused("Only an owner changes how long a reset of somebody’s factors waits.")
    if what:
        record(Verb.OFFICE_CHANGED, by=by, about=office, at=at, changes=what)
    return office


@transaction.atomic
def change_factor_rule(*, by: Member, at: datetime, **facts) -> Office:
    """Change what the office asks of its people at Postern's own door; every owner is told by letter.

    A rule that becomes stricter gives everybody the days of grace anew.
    """
    if not policies.is_owner(by):
        raise Refused("Only an owner changes what the office asks of everybody’s factors.")
    office = Office.objects.select_for_update(no_key=True).get(pk=1)
    before = snapshot(office, RULE_FIELDS)
    for name, value in facts.items():
        setattr(office, name, value)
    if any(getattr(office, name) > before[name] for name in COUNTS):
        office.factors_ruled_at = at
    office.save()
    what = changes(office, before, RULE_FIELDS)
    if what:
        record(Verb.OFFICE_CHANGED, by=by, about=office, at=at, changes=what)
        for owner in Member.objects.owners().filter(joined_at__isnull=False):
            said = (
                f"{by.name} changed what the office asks of its people when they sign in. Settings show what holds now."
            )
            tell_security(owner, owner.email, at=at, what="The rule on factors was changed", text=said)
    return office
