"""Everything of one person that can be said to be still right, in sections that make them look."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from django.db.models import Q

from core.addresses import address
from devices import rules
from devices.enums import AssetKind, Proof
from devices.models import Authenticator, Validation
from identity.models import Member, Office
from recovery.enums import BackupKind
from recovery.models import AuthenticatorBackup
from recovery.queries import Key, Spare, keys_of

# Each section: its heading, and what somebody looks at before they say of anything in it that it is still right.
SECTIONS: dict[str, tuple[str, tuple[str, ...]]] = {
    "computer": (
        "Computers",
        (
            "You signed in from each of them lately, and the broker asked for no more than usual.",
            "Each locks itself, and nobody but you unlocks it.",
            "Each is where you would look for it tonight.",
        ),
    ),
    "phone": (
        "Phones and tablets",
        (
            "You opened the broker’s app on each lately, and it knew you.",
            "Each opens with your own code, finger or face.",
            "Each is with you, not in a drawer you can’t reach.",
        ),
    ),
    "server": (
        "Servers",
        (
            "The program on it signed in the last time it had to.",
            "You know who can reach it tonight.",
            "Somebody knows how it is started again.",
        ),
    ),
    "app": (
        "Authenticators on a phone",
        (
            "You used each of them lately, or opened it just now.",
            "The phone sets its clock by itself.",
            "You know which of them work without a network.",
        ),
    ),
    "number": (
        "Numbers",
        (
            "It is still your number, and the broker has this one.",
            "A message to it arrived lately.",
            "The SIM has a PIN of its own, and you know it.",
        ),
    ),
    "card": (
        "Cards",
        (
            "You had it in your hand, or saw it in its place.",
            "It can be read, and has not run out.",
            "You know its PIN, if it has one.",
        ),
    ),
    "key": (
        "Security keys",
        (
            "It was plugged in, and the broker took it.",
            "You know its PIN.",
            "It is not kept with what it stands in for.",
        ),
    ),
    "codes": (
        "Printed codes",
        (
            "You saw the sheet where it is said to be.",
            "No newer set was printed since.",
            "You counted those that are left.",
        ),
    ),
    "mailbox": (
        "Mailboxes",
        (
            "You opened it without what it stands in for.",
            "Its own second factor works.",
            "Nobody who has left can still open it.",
        ),
    ),
    "manager": (
        "Seeds in a password manager",
        (
            "The entry is there.",
            "It opens when the phone is gone.",
            "Somebody else knows how to get in when you can’t.",
        ),
    ),
    "rescue": (
        "The broker’s rescue path",
        (
            "The number to call and its hours are still right.",
            "You know what they will ask you.",
            "Whoever may call is still with the office.",
        ),
    ),
    "other": (
        "Everything else",
        (
            "You used it lately, or tried it just now.",
            "It is where it is said to be.",
            "Nobody but you can use it.",
        ),
    ),
}
_BY_KIND = {
    AssetKind.COMPUTER: "computer",
    AssetKind.PHONE: "phone",
    AssetKind.TABLET: "phone",
    AssetKind.SERVER: "server",
}
_BY_CARRIER = {
    AssetKind.PHONE: "app",
    AssetKind.TABLET: "app",
    AssetKind.SIM: "number",
    AssetKind.CARD: "card",
    AssetKind.SECURITY_KEY: "key",
    AssetKind.PASSWORD_MANAGER: "manager",
    AssetKind.MAILBOX: "mailbox",
}
_BY_BACKUP = {
    BackupKind.SEED_COPY: "manager",
    BackupKind.PRINTED_CODES: "codes",
    BackupKind.CARD: "card",
    BackupKind.MAILBOX: "mailbox",
    BackupKind.NUMBER: "number",
    BackupKind.RESCUE: "rescue",
}
VALIDATION, AUTHENTICATOR, BACKUP = "validation", "authenticator", "backup"


@dataclass(frozen=True, slots=True)
class Item:
    """One thing that can be said to be still right. `name` is the field that asks; `url` is where to say what is not.

    `things` are those that may be lost instead, as pairs of number and name; `counts_codes` asks how many are left.
    """

    kind: str
    id: int
    section: str
    title: str
    text: str
    proof: Proof
    url: str
    things: tuple[tuple[int, str], ...] = ()
    counts_codes: bool = False

    @property
    def name(self) -> str:
        return f"{self.kind}-{self.id}"


@dataclass(frozen=True, slots=True)
class Section:
    """Items of one sort, and what to look at before saying yes to any of them."""

    key: str
    items: tuple[Item, ...]

    @property
    def title(self) -> str:
        return SECTIONS[self.key][0]

    @property
    def looks(self) -> tuple[str, ...]:
        return SECTIONS[self.key][1]


def sections(person: Member, reader: Member, *, at: datetime, office: Office) -> list[Section]:
    """What a person has to keep proven, as far as the reader sees it; four queries, however much it is."""
    items = [*_doors(person, reader, at=at, office=office), *_keys(person, reader, at=at, office=office)]
    found = ((key, tuple(item for item in items if item.section == key)) for key in SECTIONS)
    return [Section(key, those) for key, those in found if those]


def _doors(person: Member, reader: Member, *, at: datetime, office: Office) -> Iterable[Item]:
    theirs = Q(door__login__holder=person) | Q(door__login__holder=None, device__holder=person)
    rows = Validation.objects.visible_to(reader).in_force().filter(theirs).select_related("door__login", "device")
    for row in rows.order_by("device__name", "device_id", "door__login__label", "pk"):
        yield Item(
            kind=VALIDATION,
            id=row.pk,
            section=_BY_KIND.get(AssetKind(row.device.kind), "other"),
            title=f"{row.door.short} from {row.device.name}",
            text=row.door.login.label,
            proof=rules.proof_state(outcome=row.outcome, lapses_at=row.lapses_at, at=at, warn_days=office.warn_days),
            url=f"{address('devices:add_validation')}?door={row.door_id}&device={row.device_id}",
            things=((row.device_id, row.device.name),),
        )


def _keys(person: Member, reader: Member, *, at: datetime, office: Office) -> Iterable[Item]:
    theirs, kept = Q(login__holder=person), Q(login__holder=None, custodian=person)
    keys = keys_of(
        Authenticator.objects.visible_to(reader).filter(theirs, login__ended_at=None),
        AuthenticatorBackup.objects.visible_to(reader).filter(theirs | kept, login__ended_at=None),
        reader=reader,
        at=at,
        office=office,
    )
    for those in keys.authenticators.values():
        yield from map(_of_key, those)
    for spares in keys.backups.values():
        yield from map(_of_spare, spares)


def _of_key(key: Key) -> Item:
    kinds = [AssetKind(carrier.kind) for carrier in key.carriers]
    where = f"on {', '.join(carrier.name for carrier in key.carriers)}" if kinds else "nobody wrote down on what"
    return Item(
        kind=AUTHENTICATOR,
        id=key.id,
        section=next((_BY_CARRIER[kind] for kind in kinds if kind in _BY_CARRIER), "other"),
        title=key.label or key.entry.name,
        text=f"{key.login}, {where}",
        proof=key.proof,
        url=address("devices:list_authenticators"),
        things=tuple((carrier.id, carrier.name) for carrier in key.carriers if carrier.is_shown),
    )


def _of_spare(spare: Spare) -> Item:
    kind = BackupKind(spare.kind)
    return Item(
        kind=BACKUP,
        id=spare.id,
        section=_BY_BACKUP.get(kind, "other"),
        title=spare.label,
        text=f"{spare.login}, {spare.kept}" if spare.kept else f"{spare.login}, nobody wrote down where it is",
        proof=spare.proof,
        url=address("devices:list_authenticators"),
        things=tuple((carrier.id, carrier.name) for carrier in spare.carriers if carrier.is_shown),
        counts_codes=kind == BackupKind.PRINTED_CODES,
    )
