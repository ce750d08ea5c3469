"""Backups that nobody has tried, or not for too long."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from datetime import datetime

from devices.rules import lapse
from identity.models import Office
from notices.enums import RuleKind, Stage
from notices.rules.due import Matter, wanted
from recovery.enums import BackupKind
from recovery.models import AuthenticatorBackup


def untested(at: datetime, office: Office, items: Collection[str] | None = None) -> Iterator[Matter]:
    """Backups in use that were never tested, or longer ago than the office's limit, each week; one query.

    The broker's rescue path can't be tried without a real lockout, and a backup on a lost thing must be replaced, not
    tested: neither is asked for here.
    """
    rows = AuthenticatorBackup.objects.standing().filter(login__ended_at=None).exclude(kind=BackupKind.RESCUE)
    rows = rows.exclude(carriers__lost_at__isnull=False).exclude(carriers__retired_at__isnull=False)
    numbers = wanted(items, RuleKind.BACKUP)
    if numbers is not None:
        rows = rows.filter(pk__in=numbers)
    for row in rows.select_related("login").order_by("pk"):
        ends_at = lapse(row.proved_at, office.backup_days, office.timezone) if row.proved_at else None
        if ends_at is None or ends_at <= at:
            yield Matter(
                item=f"{RuleKind.BACKUP}:{row.pk}",
                rule=RuleKind.BACKUP,
                holder_id=row.login.holder_id or row.custodian_id,
                thing=row.label,
                ends_at=ends_at,
                standing=Stage.WEEKLY if ends_at else Stage.NEVER,
                tells_owners=False,
                target=(row.pk,),
            )
