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

    @property
    def help(self) -> str:
        """When to choose it, in a sentence."""
        return _HELP[self]

    @property
    def icon(self) -> str:
        return _ICONS[self]


_HELP = {
    BackupKind.SECOND_FACTOR: "Another factor that the broker lists for this login, on another thing.",
    BackupKind.SEED_COPY: "What one-time codes are made from, once more in a vault, where it can be copied.",
    BackupKind.PRINTED_CODES: "A sheet of codes that work once each. Postern counts how many are left.",
    BackupKind.CARD: "A card that makes or shows codes, kept away from the phone.",
    BackupKind.MAILBOX: "The broker writes to it to let somebody in again.",
    BackupKind.NUMBER: "The broker calls or texts it to let somebody in again.",
    BackupKind.RESCUE: "Somebody proves who they are and gets in for a while. It takes hours.",
}
_ICONS = {
    BackupKind.SECOND_FACTOR: "key-round",
    BackupKind.SEED_COPY: "folder-lock",
    BackupKind.PRINTED_CODES: "file-text",
    BackupKind.CARD: "id-card",
    BackupKind.MAILBOX: "mail",
    BackupKind.NUMBER: "card-sim",
    BackupKind.RESCUE: "life-buoy",
}


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
