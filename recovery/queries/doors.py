"""Doors with reasons, for the page of one account, person or thing."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, cast

from django.contrib.postgres.fields import ArrayField
from django.db.models import BigIntegerField, QuerySet

from accounts.brokers import Door as ProfileDoor
from accounts.brokers import Expression, Profile, catalogue, slugs
from accounts.enums import LoginKind
from accounts.models import Account, Door, DoorQuerySet
from core.clock import local_day
from core.prepared import Among, Prepared, Slot
from devices import rules
from devices.enums import AssetKind, Outcome, Proof
from devices.models import Validation
from identity.models import Member, Office
from recovery.accessgraph import Proof as ProofWord
from recovery.accessgraph import Seen, State, Verdict, door_state
from recovery.picture import WORST_FIRST, is_deviceless, special_entity
from recovery.queries.keys import Key, Keys, Spare, keys_of_logins, may_name, unnamed

# How an age bar or a bolt is drawn for a proof.
BAR_STATES = {
    Proof.PROVEN: "ok",
    Proof.DUE: "due",
    Proof.OVERDUE: "late",
    Proof.FAILED: "late",
    Proof.NEVER: "unknown",
    Proof.UNKNOWN: "unknown",
}
# From the proof that needs somebody most to the one that needs nobody.
PROOFS_BY_NEED = (Proof.FAILED, Proof.OVERDUE, Proof.NEVER, Proof.UNKNOWN, Proof.DUE, Proof.PROVEN)
_NOUNS = {
    AssetKind.COMPUTER: "computers",
    AssetKind.PHONE: "phones",
    AssetKind.TABLET: "tablets",
    AssetKind.SERVER: "servers",
}


@dataclass(frozen=True, slots=True)
class DeviceProof:
    """What is on file about one device at one door: a cell of the matrix, a row of a device's page.

    `is_shown` says that the reader may open the device's page. `proof` is unknown on a thing that is gone; `days` and
    `limit` feed the `age` tag, None without a date or without an end.
    """

    id: int
    door_id: int
    device_id: int
    device: str
    kind: str
    holder: str
    is_shown: bool
    outcome: str
    how: str
    proved_at: datetime | None
    lapses_at: datetime | None
    dated: rules.Age | None
    if_at_hand: Proof
    is_gone: bool

    @property
    def proof(self) -> Proof:
        return Proof.UNKNOWN if self.is_gone else self.if_at_hand

    @property
    def bar(self) -> str:
        """The state for the `age` tag."""
        return BAR_STATES[self.proof]

    @property
    def is_dated(self) -> bool:
        """Whether it has a bar; otherwise the chip of its proof says all."""
        return self.dated is not None and self.proof in (Proof.PROVEN, Proof.DUE, Proof.OVERDUE)

    @property
    def days(self) -> int | None:
        return self.dated.days if self.dated else None

    @property
    def limit(self) -> int | None:
        return self.dated.limit if self.dated else None

    @property
    def left(self) -> int | None:
        """Days to the last good one, negative when it is over."""
        return self.dated.left if self.dated else None

    @property
    def in_words(self) -> str:
        """“Due, 80 days old”; the state alone without a date."""
        if not self.is_dated or self.days is None:
            return str(self.proof.label)
        return f"{self.proof.label}, {self.days} day{'' if self.days == 1 else 's'} old"

    @property
    def whose(self) -> str:
        """“Maria’s ThinkPad X1”; the name alone when it is shared or names its holder already."""
        first = self.holder.split()[0] if self.holder else ""
        return self.device if not first or first in self.device else f"{first}’s {self.device}"


@dataclass(frozen=True, slots=True)
class Cell:
    """One bolt of a door: `state` is ok, due, late, unknown or none (not asked for); `at` is to be shown beside it."""

    state: str
    words: str
    note: str = ""
    at: datetime | None = None


@dataclass(frozen=True, slots=True)
class DoorCard:
    """One door of one login: how it stands, why, the devices on file, and its bolts."""

    id: int
    login_id: int
    login: str
    holder_id: int | None
    holder: str
    profile: Profile
    interface: str
    requirement: Expression
    state: State
    reason: str
    proofs: tuple[DeviceProof, ...]
    password: Cell
    device: Cell
    factor: Cell
    spare: Cell

    @property
    def entry(self) -> ProfileDoor:
        return self.profile.door(self.interface)

    @property
    def name(self) -> str:
        return self.entry.name

    @property
    def short(self) -> str:
        return self.entry.short_name

    @property
    def bolts(self) -> tuple[Cell, ...]:
        """Password, known device, second factor, spare: the columns of the table of doors and bolts."""
        return (self.password, self.device, self.factor, self.spare)


@dataclass(frozen=True, slots=True)
class Plate:
    """A door of an account for all its logins together: the state that needs most attention, and whose it is."""

    interface: str
    name: str
    state: State
    reason: str


@dataclass(frozen=True, slots=True)
class Matrix:
    """Devices by doors. `columns` are (interface, name); a row is a device's first cell and a cell or None for each."""

    columns: tuple[tuple[str, str], ...]
    rows: tuple[tuple[DeviceProof, tuple[DeviceProof | None, ...]], ...]


@dataclass(frozen=True, slots=True)
class Loaded:
    """All that decides on some doors, read once, so that a loss can be tried without another query."""

    doors: tuple[tuple[Any, ...], ...]
    proofs: dict[int, list[tuple[Any, ...]]]
    keys: Keys
    at: datetime
    office: Office

    def cards(self, also_lost: Collection[int] = ()) -> tuple[DoorCard, ...]:
        """Every door as it stands, or as it would if these things were lost as well."""
        lost = self.keys.things.gone(also_lost)
        return tuple(self._card(row, lost) for row in self.doors)

    def _card(self, row: tuple[Any, ...], lost: frozenset[int]) -> DoorCard:
        number, login_id, login, holder_id, holder, kind, broker, interface, used, entity, _ = row
        profile = catalogue()[broker]
        requirement = profile.requirement(interface, entity, local_day(self.at, self.office.timezone))
        proofs = tuple(self._proof(one, lost) for one in self.proofs.get(number, []))
        keys = self.keys.of(login_id)
        verdict = _verdict(
            requirement, keys, proofs, lost,
            assumed=profile.assumed, used=used,
            asks_device=kind != LoginKind.AUTOMATION and not is_deviceless(broker, interface),
        )  # fmt: skip
        return DoorCard(
            id=number,
            login_id=login_id,
            login=login,
            holder_id=holder_id,
            holder=holder or "",
            profile=profile,
            interface=interface,
            requirement=requirement,
            state=verdict.state,
            reason=verdict.reason,
            proofs=proofs,
            password=_password(requirement, proofs),
            device=_device(proofs, is_deviceless(broker, interface)),
            factor=_factor(requirement, profile, keys, lost),
            spare=_spare(requirement, profile, self.keys.second_ways(login_id, lost)),
        )

    def _proof(self, row: tuple[Any, ...], lost: frozenset[int]) -> DeviceProof:
        number, door, device, name, kind, holder, shown, outcome, how, proved_at, lapses_at, zone = row
        zone = zone or self.office.timezone
        state = rules.proof_state(outcome=outcome, lapses_at=lapses_at, at=self.at, warn_days=self.office.warn_days)
        return DeviceProof(
            id=number,
            door_id=door,
            device_id=device,
            device=name,
            kind=kind,
            holder=holder or "",
            is_shown=shown,
            outcome=outcome,
            how=how,
            proved_at=proved_at,
            lapses_at=lapses_at,
            dated=rules.age(proved_at, lapses_at, self.at, zone) if proved_at else None,
            if_at_hand=state,
            is_gone=device in lost,
        )


def rows_of(doors: DoorQuerySet) -> QuerySet[Door, Any]:
    """What has to be known of each door itself."""
    return (
        doors.annotate(entity=special_entity("login_id"))
        .order_by("login__label", "login_id", "pk")
        .values_list(
            "pk", "login_id", "login__label", "login__holder_id", "login__holder__name", "login__kind",
            "login__broker", "interface", "used", "entity", "login__holder__timezone",
        )
    )  # fmt: skip


def load(doors: DoorQuerySet, reader: Member, *, at: datetime, office: Office) -> Loaded:
    """Read all that decides on these doors, which the reader sees. Five queries."""
    return load_rows(rows_of(doors), reader, at=at, office=office)


def load_rows(rows: Iterable[tuple[Any, ...]], reader: Member, *, at: datetime, office: Office) -> Loaded:
    """The same for rows of `rows_of` that are there already. Four queries.

    Devices and factors count whoever holds them; a thing that the reader may not see is not named.
    """
    rows = tuple(rows)
    zones = {row[0]: row[10] for row in rows}
    proofs: dict[int, list[tuple[Any, ...]]] = {}
    for number, door, device, name, kind, holder, holder_name, *facts, device_zone in _PROOFS.rows(doors=list(zones)):
        shown = may_name(reader, holder)
        known = (name, kind, holder_name, True) if shown else (unnamed(kind), kind, None, False)
        proofs.setdefault(door, []).append((number, door, device, *known, *facts, zones[door] or device_zone))
    keys = keys_of_logins({row[1] for row in rows}, reader=reader, at=at, office=office)
    return Loaded(rows, proofs, keys, at, office)


def _proof_rows() -> QuerySet[Validation, Any]:
    doors = Slot("doors", ArrayField(BigIntegerField()))
    standing = Validation.objects.standing().filter(Among("door", doors)).order_by("device__name", "pk")
    return standing.values_list(
        "pk", "door_id", "device_id", "device__name", "device__kind", "device__holder_id", "device__holder__name",
        "outcome", "how", "proved_at", "lapses_at", "device__holder__timezone",
    )  # fmt: skip


_PROOFS = Prepared(_proof_rows)


def doors_of_account(account: Account, member: Member, *, at: datetime, office: Office) -> tuple[DoorCard, ...]:
    """The doors through which the logins that a member sees reach an account, by login, with reasons and bolts.

    Doors that no login uses are among them, in state `none`. Five queries.
    """
    reaching = Door.objects.visible_to(member).filter(
        login__ended_at=None, login__in=account.grants.open().values("login")
    )
    return load(reaching, member, at=at, office=office).cards()


def plates(cards: Iterable[DoorCard]) -> tuple[Plate, ...]:
    """One plate for each door in use, in the order of the broker's profile, whoever uses it."""
    cards = [card for card in cards if card.state != "none"]
    together = len({card.login_id for card in cards}) > 1
    found = []
    for interface in dict.fromkeys(card.interface for card in in_order(cards)):
        alike = [card for card in cards if card.interface == interface]
        worst = min(alike, key=lambda card: WORST_FIRST.index(card.state))
        said = (
            f"{worst.holder.split()[0] if worst.holder else worst.login}: {worst.reason}" if together else worst.reason
        )
        found.append(Plate(interface, worst.name, worst.state, said))
    return tuple(found)


def in_order(cards: Iterable[DoorCard]) -> list[DoorCard]:
    """Doors in the order of their broker's profile: desktop, mobile, web, programs."""
    return sorted(cards, key=lambda card: [door.slug for door in card.profile.doors].index(card.interface))


def validated_devices(cards: Iterable[DoorCard]) -> Matrix:
    """Days since each door last knew each device: a row for each device, a column for each door that knows any.

    Where several logins use one door from one device, the proof that needs somebody most is shown.
    """
    known = [(card, proof) for card in in_order(cards) if card.state != "none" for proof in card.proofs]
    columns = dict.fromkeys((card.interface, card.name) for card, _ in known)
    cells: dict[int, dict[str, DeviceProof]] = {}
    for card, proof in known:
        row = cells.setdefault(proof.device_id, {})
        row[card.interface] = min(row.get(card.interface, proof), proof, key=need)
    rows = [(next(iter(row.values())), tuple(row.get(slug) for slug, _ in columns)) for row in cells.values()]
    return Matrix(tuple(columns), tuple(sorted(rows, key=lambda row: (row[0].device, row[0].device_id))))


def need(proof: DeviceProof) -> tuple[int, int]:
    """Sorts the proof that needs somebody most first."""
    return PROOFS_BY_NEED.index(proof.proof), proof.left or 0


def _verdict(
    requirement: Expression,
    keys: Sequence[Key],
    proofs: Sequence[DeviceProof],
    lost: frozenset[int],
    **circumstances: Any,
) -> Verdict:
    seen = [
        Seen(
            proof.whose,
            cast("ProofWord", proof.if_at_hand.value),
            not proof.is_gone,
            proof.left,
            _NOUNS[AssetKind(proof.kind)],
        )
        for proof in proofs
    ]
    return door_state(requirement, [key.held(lost) for key in keys], seen, **circumstances)


def _password(requirement: Expression, proofs: Sequence[DeviceProof]) -> Cell:
    """Nobody enrols a password, so it is as sure as the last sign-in with it."""
    if "password" not in slugs(requirement):
        return Cell("none", "Not asked")
    worked = max(
        (proof.proved_at for proof in proofs if proof.outcome == Outcome.PROVEN and proof.proved_at), default=None
    )
    return Cell("ok", "Worked", at=worked) if worked else Cell("unknown", "Not proven here")


def _device(proofs: Sequence[DeviceProof], deviceless: bool) -> Cell:
    if deviceless and not proofs:
        return Cell("none", "Not asked")
    if not proofs:
        return Cell("unknown", "None on file")
    known = [proof for proof in proofs if proof.proof in (Proof.PROVEN, Proof.DUE)]
    worst = min(proofs, key=need)
    words = f"{len(known)} of {len(proofs)} known"
    if worst.proof == Proof.PROVEN:
        return Cell("ok", words)
    state = BAR_STATES[worst.proof] if not known or worst.bar == "late" else "due"
    return Cell(state, words, note=_short_trouble(worst))


def _short_trouble(proof: DeviceProof) -> str:
    days = abs(proof.left or 0)
    counted = "1 day" if days == 1 else f"{days} days"
    if proof.proof in (Proof.OVERDUE, Proof.DUE):
        return f"{proof.device} {counted} {'late' if proof.proof == Proof.OVERDUE else 'left'}"
    if proof.is_gone:
        return f"{proof.device} is gone"
    return f"{proof.device} {proof.proof.label.lower()}"


def _factor(requirement: Expression, profile: Profile, keys: Sequence[Key], lost: frozenset[int]) -> Cell:
    asked = slugs(requirement) - profile.assumed
    if not asked:
        return Cell("none", "Not asked")
    fitting = [key.held(lost) for key in keys]
    fitting = [held for held in fitting if held.slugs & asked]
    here = [held.name for held in fitting if not held.gone]
    if here:
        return Cell("ok", " or ".join(dict.fromkeys(here)))
    if fitting:
        return Cell("late", fitting[0].name, note=fitting[0].gone.capitalize())
    return Cell("unknown", "None on file")


def _spare(requirement: Expression, profile: Profile, ways: Sequence[Key | Spare]) -> Cell:
    if not slugs(requirement) - profile.assumed:
        return Cell("none", "Not needed")
    if not ways:
        return Cell("late", "None", note="Nothing stands in")
    best = max(ways, key=lambda way: PROOFS_BY_NEED.index(way.proof))
    words = {Proof.NEVER: "Never tested", Proof.OVERDUE: "Tested too long ago"}.get(best.proof, "Tested")
    tested = best.proved_at if best.proof in (Proof.PROVEN, Proof.DUE) else None
    return Cell("ok" if best.proof == Proof.PROVEN else "due", best.name, note=words, at=tested)
