"""People who have not tried their own factors for a while."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from datetime import datetime, timedelta

from core import clock
from identity import queries
from identity.models import Office
from notices.enums import RuleKind
from notices.rules import ladder
from notices.rules.due import Matter, wanted

THING = "the sign-in check-up"


def untried(at: datetime, office: Office, items: Collection[str] | None = None) -> Iterator[Matter]:
    """Check-ups that are due, by the ladder of answers; one query. Auditors see it on their pages, not by letter."""
    if not office.checkup_days:
        return
    numbers = wanted(items, RuleKind.CHECKUP)
    for member in queries.everybody():
        checkup_at = member.standing.checkup_at
        if checkup_at is None or member.is_auditor or not member.may_enter(clock.local_day(at, member.timezone)):
            continue
        if checkup_at - timedelta(days=8) <= at and (numbers is None or member.pk in numbers):
            yield Matter(
                item=f"{RuleKind.CHECKUP}:{member.pk}",
                rule=RuleKind.CHECKUP,
                holder_id=member.pk,
                thing=THING,
                last_day=clock.local_day(checkup_at, member.timezone),
                steps=ladder.ANSWERS,
                tells_owners=False,
                target=(member.pk,),
            )
