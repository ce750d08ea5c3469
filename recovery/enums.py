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
