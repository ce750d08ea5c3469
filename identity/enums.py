"""Words of identity."""

from __future__ import annotations

from django.db import models


class Role(models.TextChoices):
    """What a member may do; see docs/permissions.md for the table made from the policies."""

    OWNER = "owner", "Owner"
    MANAGER = "manager", "Manager"
    TRADER = "trader", "Trader"
    AUDITOR = "auditor", "Auditor"


class Stage(models.TextChoices):
    """Which question of the sign-in an attempt answered."""

    SETUP = "setup", "set-up token"
    PASSWORD = "password", "password"
    CODE = "code", "one-time code"
    BACKUP = "backup", "backup code"
    PASSKEY = "passkey", "passkey"
    LOST = "lost", "lost something"
