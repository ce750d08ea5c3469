"""Auditors whose access ends soon: the owners hear of it a week before."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from datetime import datetime, timedelta

from core import clock
from identity.enums import Role
from identity.models import Member, Office
from notices.enums import RuleKind
from notices.rules import ladder
from notices.rules.due import Matter, wanted

# The first rung, and a day more because a reader's zone may be ahead of UTC.
AHEAD = timedelta(days=8)


def ending(at: datetime, office: Office, items: Collection[str] | None = None) -> Iterator[Matter]:
    """Auditors present whose last day comes within a week; one query. After it there is nothing left to decide."""
    today = at.date()
    auditors = Member.objects.present().filter(role=Role.AUDITOR, joined_at__isnull=False)
    rows = auditors.filter(ends_on__gte=today - timedelta(days=1), ends_on__lte=today + AHEAD)
    numbers = wanted(items, RuleKind.ENDING)
    if numbers is not None:
        rows = rows.filter(pk__in=numbers)
    for row in rows.order_by("pk"):
        if row.ends_on is not None and clock.local_day(at, row.timezone) <= row.ends_on:
            yield Matter(
                item=f"{RuleKind.ENDING}:{row.pk}",
                rule=RuleKind.ENDING,
                holder_id=row.pk,
                thing=f"{row.name}’s access",
                last_day=row.ends_on,
                steps=ladder.ENDINGS,
                asks_owners=True,
                target=(row.pk,),
            )
