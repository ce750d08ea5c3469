"""What the frame of every page says."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from django.db.models import Count, Subquery, Value

from core.letters import queries as letters
from identity.models import Member, Office
from notices.models import Acknowledgement


@dataclass(frozen=True, slots=True)
class Frame:
    """What the frame of every page says. `notices` is how many wait for this member's answer."""

    office: Office
    health: letters.Health
    notices: int


def frame(member: Member, *, at: datetime) -> Frame:
    """Office, the post's health and the member's open notices, in one query."""
    waiting = Acknowledgement.objects.waiting().filter(member=member).order_by().annotate(_one=Value(1)).values("_one")
    office = Office.objects.annotate(
        **letters.health_expressions(at),
        notices_waiting=Subquery(waiting.annotate(n=Count("pk")).values("n")),
    ).get()
    return Frame(office=office, health=letters.health_from(office, at), notices=office.notices_waiting or 0)
