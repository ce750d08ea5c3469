"""Words of notices and reminders."""

from __future__ import annotations

from django.db import models


class AckState(models.TextChoices):
    """What one person has said to a notice."""

    SENT = "sent", "No answer yet"
    SEEN = "seen", "Opened"
    CONFIRMED = "confirmed", "Confirmed"
    DECLINED = "declined", "Declined"


class RuleKind(models.TextChoices):
    """What a reminder is about."""

    VALIDATION = "validation", "Validation"
    BACKUP = "backup", "Backup"
    NOTICE = "notice", "Broker notice"
    ENDING = "ending", "End of access"
    CHECKUP = "checkup", "Check-up of factors"


class Stage(models.TextChoices):
    """The rung of the ladder on which a reminder was sent."""

    NEVER = "never", "never proven"
    FAILED = "failed", "did not work"
    D30 = "30", "30 days before"
    D7 = "7", "7 days before"
    D1 = "1", "1 day before"
    D0 = "0", "on the day"
    P2 = "+2", "2 days late"
    P7 = "+7", "7 days late"
    WEEKLY = "weekly", "weekly until done"
