"""Backups that nobody has tried, or not for too long."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from datetime import datetime

from devices.rules import lapse
from identity.models import Office
from notices.enums import RuleKind, Stage
from notices.rules.due import Matter, wanted
from recovery.models import AuthenticatorBackup


def untested(at: datetime, office: Office, items: Collection[str] | None = None) -> Iterator[Matter]:
    """Backups in use that were never tested, or longer ago than the office's limit, each week; one query.

    The holder of the login is asked; for a program's, whoever keeps the backup, if they run the office.
    """
    rows = AuthenticatorBackup.objects.to_try()
    numbers = wanted(items, RuleKind.BACKUP)
    if numbers is not None:
        rows = rows.filter(pk__in=numbers)
    for row in rows.select_related("login", "custodian").order_by("pk"):
        ends_at = lapse(row.proved_at, office.backup_days, office.timezone) if row.proved_at else None
        if ends_at is None or ends_at <= at:
            yield Matter(
                item=f"{RuleKind.BACKUP}:{row.pk}",
                rule=RuleKind.BACKUP,
                holder_id=row.login.holder_id or _keeper(row),
                thing=row.label,
                ends_at=ends_at,
                standing=Stage.WEEKLY if ends_at else Stage.NEVER,
                tells_owners=False,
                target=(row.pk,),
            )


def _keeper(backup: AuthenticatorBackup) -> int | None:
    """Whoever keeps it, when they may see it: nobody is mailed about a page that is not there for them."""
    return backup.custodian_id if backup.custodian and backup.custodian.is_manager else None
