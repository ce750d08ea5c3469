"""Validations that nobody has made yet, that failed, or that lapse."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from datetime import datetime, timedelta

from django.db.models import Q

from devices.enums import Outcome
from devices.models import Validation
from identity.models import Office
from notices.enums import RuleKind, Stage
from notices.rules import ladder
from notices.rules.due import Matter, wanted

# The first rung, and a day more because a reader's zone may be ahead of UTC.
AHEAD = timedelta(days=31)
UNPROVEN = {Outcome.EXPECTED: Stage.NEVER, Outcome.UNKNOWN: Stage.NEVER, Outcome.FAILED: Stage.FAILED}


def unproven(at: datetime, office: Office, items: Collection[str] | None = None) -> Iterator[Matter]:
    """Those in force: never proven or failed, at once and each week; proven, by the ladder; one query.

    The holder of the login signs in at the broker, so they are asked; for a program's login the device's holder is.
    """
    rows = Validation.objects.in_force().filter(~Q(outcome=Outcome.PROVEN) | Q(lapses_at__lte=at + AHEAD))
    numbers = wanted(items, RuleKind.VALIDATION)
    if numbers is not None:
        rows = rows.filter(pk__in=numbers)
    for row in rows.select_related("door__login", "device").order_by("pk"):
        yield Matter(
            item=f"{RuleKind.VALIDATION}:{row.pk}",
            rule=RuleKind.VALIDATION,
            holder_id=row.door.login.holder_id or row.device.holder_id,
            thing=row.device.name,
            place=row.door.name,
            ends_at=row.lapses_at,
            begun_at=row.proved_at,
            standing=UNPROVEN.get(Outcome(row.outcome)),
            steps=ladder.PROOFS,
            target=(row.door_id, row.device_id),
        )
