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
    """Which question of the sign-in an attempt answered, or that somebody lifted the waits: the count starts anew."""

    SETUP = "setup", "set-up token"
    PASSWORD = "password", "password"
    CODE = "code", "one-time code"
    BACKUP = "backup", "backup code"
    STEP_UP = "stepup", "fresh proof"
    PASSKEY = "passkey", "passkey"
    LOST = "lost", "lost something"
    LIFTED = "lifted", "waits lifted"


class Ending(models.TextChoices):
    """Why a session is over, as the sentence “They ended because …” goes on."""

    SIGNED_OUT = "signed_out", "you signed out"
    RESTED = "rested", "nothing was pressed for too long"
    LASTED = "lasted", "a session may last no longer"
    BY_HAND = "by_hand", "you asked for it"
    BY_OFFICE = "by_office", "an owner or a manager asked for it"
    PASSWORD = "password", "your password changed"
    ROLE = "role", "your role changed"
    FACTOR = "factor", "a factor of yours changed"
    MEMBERSHIP = "membership", "your access changed or ended"


class ResetStage(models.TextChoices):
    """How far a reset of somebody's factors is."""

    ASKS = "asks", "waits for a second person"
    WAITS = "waits", "waits"
    OPEN = "open", "link is out"
    USED = "used", "used"
    STOPPED = "stopped", "stopped"
    LAPSED = "lapsed", "ran out"
