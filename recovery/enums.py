"""Words of recovery."""

from __future__ import annotations

from django.db import models


class BackupKind(models.TextChoices):
    """A second way, of what sort."""

    SECOND_FACTOR = "second-factor", "A second authenticator of another kind"
    SEED_COPY = "seed-copy", "The seed, kept in a password manager"
    PRINTED_CODES = "printed-codes", "Printed recovery codes"
    CARD = "card", "A card in a safe place"
    MAILBOX = "mailbox", "A recovery mailbox"
    NUMBER = "number", "A number on file at the broker"
    RESCUE = "rescue", "The broker’s rescue path by telephone"


class DoorState(models.TextChoices):
    """How a door stands; the glyph’s shape says it first."""

    OPEN = "open", "Open"
    BOLTED = "bolted", "Bolted"
    SHUT = "shut", "Shut"
    UNKNOWN = "unknown", "Not known"
    NONE = "none", "Not used"


class Standing(models.TextChoices):
    """How a login stands with its second ways, the worst first."""

    GONE = "gone", "Nothing at hand"
    NOTHING = "nothing", "Nothing on file"
    UNPLACED = "unplaced", "Nobody knows where"
    ALONE = "alone", "No independent backup"
    RESCUE = "rescue", "The broker’s rescue only"
    UNTESTED = "untested", "Never tested, or too long ago"
    TESTED = "tested", "Tested"

    @property
    def is_without(self) -> bool:
        """Whether one loss locks the login out, or nobody can say that it would not."""
        return self in (Standing.GONE, Standing.NOTHING, Standing.UNPLACED, Standing.ALONE)

    @property
    def state(self) -> str:
        """How it is drawn: late, due or ok."""
        if self.is_without:
            return "late"
        return "ok" if self == Standing.TESTED else "due"
