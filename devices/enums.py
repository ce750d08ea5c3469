"""Words of things and validations."""

from __future__ import annotations

from django.db import models


class AssetKind(models.TextChoices):
    """What a way in can rest on. The profiles say `sim`, `physical-card` and so on; see `PROFILE_KIND`."""

    COMPUTER = "computer", "Computer"
    PHONE = "phone", "Phone"
    TABLET = "tablet", "Tablet"
    SERVER = "server", "Server"
    SECURITY_KEY = "security-key", "Security key"
    CARD = "card", "Card"
    SIM = "sim", "SIM or number"
    MAILBOX = "mailbox", "Mailbox"
    PLACE = "place", "Place"
    NETWORK = "network", "Network"
    PASSWORD_MANAGER = "password-manager", "Password manager"
    PAPER = "paper", "Paper"

    @property
    def icon(self) -> str:
        return _ICONS[self]


_ICONS = {
    AssetKind.COMPUTER: "laptop",
    AssetKind.PHONE: "smartphone",
    AssetKind.TABLET: "tablet",
    AssetKind.SERVER: "server",
    AssetKind.SECURITY_KEY: "usb",
    AssetKind.CARD: "id-card",
    AssetKind.SIM: "card-sim",
    AssetKind.MAILBOX: "mail",
    AssetKind.PLACE: "map-pin",
    AssetKind.NETWORK: "router",
    AssetKind.PASSWORD_MANAGER: "folder-lock",
    AssetKind.PAPER: "file-text",
}

# Kinds a door can recognise: a validation is made on one of them.
VALIDATED_KINDS = (AssetKind.COMPUTER, AssetKind.PHONE, AssetKind.TABLET, AssetKind.SERVER)

# Kinds with a clock that codes depend on, and a browser that can measure it.
CLOCKED_KINDS = (AssetKind.COMPUTER, AssetKind.PHONE, AssetKind.TABLET)

# The profiles' word for a kind, and the kinds of ours that satisfy it.
PROFILE_KINDS = {
    "phone": (AssetKind.PHONE, AssetKind.TABLET),
    "sim": (AssetKind.SIM,),
    "mailbox": (AssetKind.MAILBOX,),
    "physical-card": (AssetKind.CARD,),
    "paper": (AssetKind.PAPER,),
    "security-key": (AssetKind.SECURITY_KEY,),
    "computer": (AssetKind.COMPUTER,),
    "server": (AssetKind.SERVER,),
    "network": (AssetKind.NETWORK,),
    "password-manager": (AssetKind.PASSWORD_MANAGER,),
}


class AssetState(models.TextChoices):
    """Where a thing is in its life; computed from its facts."""

    IN_USE = "in-use", "In use"
    SPARE = "spare", "Spare"
    LOST = "lost", "Lost"
    RETIRED = "retired", "Retired"


class Answer(models.TextChoices):
    """What became of a hand-over; nothing while it waits."""

    ACCEPTED = "accepted", "Taken over"
    DECLINED = "declined", "Not taken"
    WITHDRAWN = "withdrawn", "Taken back"


class Outcome(models.TextChoices):
    """What a validation says happened."""

    EXPECTED = "expected", "Nobody has tried yet"
    PROVEN = "proven", "It worked"
    FAILED = "failed", "It did not work"
    UNKNOWN = "unknown", "Nobody can say"


class How(models.TextChoices):
    """How a proof was got."""

    USED = "used", "Signed in at the broker"
    BROKER_LIST = "broker-list", "Seen in the broker’s list of devices"
    DRILL = "drill", "Tried in a drill"
    IMPORTED = "imported", "Taken over from the office’s own list"


class Proof(models.TextChoices):
    """The six proof states, each an icon and a word. Never proven never looks fine."""

    PROVEN = "proven", "Proven"
    DUE = "due", "Due"
    OVERDUE = "overdue", "Overdue"
    NEVER = "never", "Never proven"
    FAILED = "failed", "Failed"
    UNKNOWN = "unknown", "Unknown"
