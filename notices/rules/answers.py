"""Broker notices that somebody has not answered."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from datetime import datetime

from identity.models import Office
from notices.enums import RuleKind
from notices.models import Acknowledgement
from notices.rules import ladder
from notices.rules.due import Matter, wanted


def unanswered(at: datetime, office: Office, items: Collection[str] | None = None) -> Iterator[Matter]:
    """Answers still owed to open notices, by the ladder of answers; one query. The notice's own letter went before."""
    rows = Acknowledgement.objects.waiting()
    numbers = wanted(items, RuleKind.NOTICE)
    if numbers is not None:
        rows = rows.filter(pk__in=numbers)
    for row in rows.select_related("notice").order_by("pk"):
        yield Matter(
            item=f"{RuleKind.NOTICE}:{row.pk}",
            rule=RuleKind.NOTICE,
            holder_id=row.member_id,
            thing=row.notice.title,
            place=row.notice.broker_name,
            last_day=row.notice.answer_by,
            begun_at=row.notice.created_at,
            steps=ladder.ANSWERS,
            tells_owners=False,
            target=(row.notice_id,),
        )
