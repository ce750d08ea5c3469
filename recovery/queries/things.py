"""What a thing means for doors: what it helps open, what stands in for it, what its loss would shut."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.contrib.postgres.fields import ArrayField
from django.db.models import BigIntegerField, Q, QuerySet

from accounts.brokers import Lockout, slugs
from accounts.models import Door
from core.prepared import Among, Prepared, Reader, Slot
from devices.enums import Proof
from devices.models import Asset, Authenticator, Validation
from devices.rules import lockouts
from identity.models import Member, Office
from recovery.accessgraph import STATES, State, gone
from recovery.models import AuthenticatorBackup
from recovery.picture import activation, things
from recovery.queries.doors import Cell, DeviceProof, DoorCard, Loaded, in_order, load_rows, need, rows_of
from recovery.queries.keys import Key, Spare, keys_of

_NUMBERS = ("No", "One", "Two", "Three", "Four", "Five", "Six", "Seven", "Eight", "Nine", "Ten")
_SPARE_NAMES = 1


@dataclass(frozen=True, slots=True)
class Summary:
    """A thing in a list: how many doors in use it helps open, at which logins, and what stands in for it.

    `proof` is the one of its own that needs somebody most, None when no door knows it.
    """

    doors: int
    logins: tuple[str, ...]
    spare: Cell
    proof: DeviceProof | None

    @property
    def opens(self) -> str:
        """“4 doors, two logins”; empty when it opens none."""
        if not self.doors:
            return ""
        count = "1 door" if self.doors == 1 else f"{self.doors} doors"
        many = _NUMBERS[len(self.logins)].lower() if len(self.logins) < len(_NUMBERS) else str(len(self.logins))
        return f"{count}, {self.logins[0]}" if len(self.logins) == 1 else f"{count}, {many} logins"

    @property
    def pressing(self) -> tuple[Any, ...]:
        """What things are sorted by to have the proof that needs somebody most come first."""
        return (0, *need(self.proof)) if self.proof else (1,)

    @property
    def proof_in_words(self) -> str:
        return self.proof.in_words if self.proof else ""

    @property
    def spare_in_words(self) -> str:
        return ", ".join(word for word in (self.spare.words, self.spare.note.lower()) if word)


@dataclass(frozen=True, slots=True)
class HelpedDoor:
    """A door that a thing helps open: its own proof there, the authenticators it carries, who else is known there."""

    card: DoorCard
    proof: DeviceProof | None
    keys: tuple[Key, ...]
    others: tuple[DeviceProof, ...]

    @property
    def lockouts(self) -> tuple[Lockout, ...]:
        """The broker's rules on when it locks this door."""
        return lockouts(self.card.profile, self.card.interface)


@dataclass(frozen=True, slots=True)
class Change:
    """A door that would stand otherwise."""

    before: DoorCard
    after: DoorCard


@dataclass(frozen=True, slots=True)
class IfLost:
    """What losing a thing tonight would do to the doors it helps open, in the same order before and after."""

    before: tuple[DoorCard, ...]
    after: tuple[DoorCard, ...]

    @property
    def changes(self) -> tuple[Change, ...]:
        pairs = zip(self.before, self.after, strict=True)
        return tuple(Change(before, after) for before, after in pairs if before.state != after.state)

    @property
    def words(self) -> str:
        """The answer in a sentence: what shuts, what needs action, or that nothing does."""
        if not self.before:
            return "Nothing shuts. No door in use rests on it."
        counted = Counter(change.after.state for change in self.changes)
        said = [f"{_doors(counted[state])} {_becomes(state, counted[state])}" for state in STATES if counted[state]]
        if said:
            return f"{_and(said)}."
        if all(card.state == "open" for card in self.after):
            return "Nothing shuts. Every door it helps open has another way."
        return "Nothing shuts. Its doors stand as they do now."


@dataclass(frozen=True, slots=True)
class ThingPage:
    """One thing: the doors it helps open, what it carries or keeps, and what its loss would do."""

    doors: tuple[HelpedDoor, ...]
    keys: tuple[Key, ...]
    spares: tuple[Spare, ...]
    if_lost: IfLost

    @property
    def failed(self) -> tuple[HelpedDoor, ...]:
        """Doors at which it was tried in vain, for the broker's rules on lock-outs."""
        return tuple(door for door in self.doors if door.proof and door.proof.proof == Proof.FAILED)


def thing_page(asset: Asset, member: Member, *, at: datetime, office: Office) -> ThingPage:
    """Everything that recovery knows of one thing, for what a member sees. Nine queries."""
    with_it = _falls_with([asset.pk], things().carried_by)[asset.pk]
    loaded = load_rows(_doors_resting_on(with_it, member), member, at=at, office=office)
    before, after = loaded.cards(), loaded.cards(also_lost=[asset.pk])
    helped = [(_helped(card, asset, with_it, loaded), card, then) for card, then in zip(before, after, strict=True)]
    helped = [row for row in helped if row[0].proof or row[0].keys or row[1].state != row[2].state]
    ordered = {card.id: number for number, card in enumerate(in_order(before))}
    helped.sort(key=lambda row: (row[1].login, row[1].login_id, ordered[row[1].id]))
    carried = keys_of(
        Authenticator.objects.visible_to(member).filter(pk__in=_carried(Authenticator, with_it)),
        AuthenticatorBackup.objects.visible_to(member).filter(
            Q(pk__in=_carried(AuthenticatorBackup, with_it)) | Q(place=asset)
        ),
        reader=member,
        at=at,
        office=office,
    )
    return ThingPage(
        doors=tuple(door for door, _, _ in helped),
        keys=tuple(key for keys in carried.authenticators.values() for key in keys),
        spares=tuple(spare for spares in carried.backups.values() for spare in spares),
        if_lost=IfLost(tuple(card for _, card, _ in helped), tuple(then for _, _, then in helped)),
    )


def summaries(assets: Collection[Asset], member: Member, *, at: datetime, office: Office) -> Mapping[int, Summary]:
    """A line for each thing, by its number, of what a member sees. Seven queries, whatever their number."""
    with_them = _falls_with([asset.pk for asset in assets], things().carried_by)
    loaded = load_rows(_doors_resting_on(frozenset().union(*with_them.values()), member), member, at=at, office=office)
    cards = loaded.cards()
    return {asset.pk: _summary(asset, with_them[asset.pk], cards, loaded) for asset in assets}


def _falls_with(numbers: Collection[int], carried_by: Mapping[int, int]) -> dict[int, frozenset[int]]:
    """For each thing, itself and all that it carries, through however many others."""
    return {number: gone([number], carried_by) for number in numbers}


def _doors_resting_on(numbers: Collection[int], member: Member) -> list[tuple[Any, ...]]:
    """The doors in use that know one of these things, or whose login has an authenticator on one."""
    return _RESTING.rows(member.sees_everything, reader=member.pk, things=list(numbers))


def _resting_rows(sees_everything: bool) -> QuerySet[Door, Any]:
    reader = Reader(BigIntegerField(), sees_everything=sees_everything)
    these = Slot("things", ArrayField(BigIntegerField()))
    validated = Validation.objects.standing().filter(Among("device", these)).values("door")
    carried = Authenticator.objects.standing().filter(Among("carriers", these)).values("login")
    seen = Door.objects.visible_to(reader).in_use()
    return rows_of(seen.filter(Q(pk__in=validated) | Q(login__in=carried)))


_RESTING = Prepared(_resting_rows)


def _carried(model, numbers: Collection[int]):
    return model.objects.standing().filter(carriers__in=numbers).values("pk")


def _helped(card: DoorCard, asset: Asset, with_it: frozenset[int], loaded: Loaded) -> HelpedDoor:
    return HelpedDoor(
        card=card,
        proof=next((proof for proof in card.proofs if proof.device_id == asset.pk), None),
        keys=_keys_on(card, with_it, loaded),
        others=tuple(
            proof for proof in card.proofs if proof.device_id != asset.pk and proof.proof in (Proof.PROVEN, Proof.DUE)
        ),
    )


def _keys_on(card: DoorCard, numbers: frozenset[int], loaded: Loaded) -> tuple[Key, ...]:
    """The authenticators on these things that the door takes."""
    asked = slugs(card.requirement)
    return tuple(
        key
        for key in loaded.keys.of(card.login_id)
        if activation(key.broker, key.factor) & asked and any(one.id in numbers for one in key.carriers)
    )


def _summary(asset: Asset, with_it: frozenset[int], cards: Iterable[DoorCard], loaded: Loaded) -> Summary:
    helped = [_helped(card, asset, with_it, loaded) for card in cards]
    helped = [door for door in helped if door.proof or door.keys]
    logins = tuple(dict.fromkeys(door.card.login for door in helped))
    proofs = (door.proof for door in helped if door.proof)
    return Summary(len(helped), logins, _spare(asset, helped, loaded), min(proofs, key=need, default=None))


def _spare(asset: Asset, helped: list[HelpedDoor], loaded: Loaded) -> Cell:
    if asset.is_spare:
        return Cell("unknown", "Is a spare")
    if not helped or asset.lost_at or asset.retired_at:
        return Cell("none", "")
    lost = loaded.keys.things.gone([asset.pk])
    stand_ins = [_stand_ins(door, lost, loaded) for door in helped]
    without = sum(not found for found in stand_ins)
    if without:
        return Cell("late", "None" if without == len(helped) else f"None for {without} of {len(helped)}")
    names = dict.fromkeys(name for found in stand_ins for name, _ in found[:_SPARE_NAMES])
    words = next(iter(names)) if len(names) == 1 else f"{len(names)} others"
    tested = all(any(is_tested for _, is_tested in found) for found in stand_ins)
    return Cell("ok", words) if tested else Cell("due", words, note="Never tested")


def _stand_ins(door: HelpedDoor, lost: frozenset[int], loaded: Loaded) -> list[tuple[str, bool]]:
    """What would do in the thing's place at one door, as (name, was it tested), tested first; empty for nothing."""
    found: list[tuple[str, bool]] = []
    if door.keys:
        asked = slugs(door.card.requirement)
        ways: list[Key | Spare] = [
            key for key in loaded.keys.of(door.card.login_id) if activation(key.broker, key.factor) & asked
        ]
        ways += loaded.keys.backups.get(door.card.login_id, [])
        left = [way for way in ways if way.is_placed and way.at_hand(lost)]
        found = [(way.name, way.proof in (Proof.PROVEN, Proof.DUE)) for way in left]
        if not found:
            return []
    if door.proof:
        known = [(proof.device, True) for proof in door.others if proof.device_id not in lost]
        found = [*found, *known] if known else []
    return sorted(found, key=lambda one: not one[1])


def _becomes(state: State, number: int) -> str:
    one = number == 1
    return {
        "open": "opens" if one else "open",
        "bolted": "needs action first" if one else "need action first",
        "shut": "shuts" if one else "shut",
        "unknown": "is no longer known to open" if one else "are no longer known to open",
        "none": "is not used" if one else "are not used",
    }[state]


def _doors(number: int) -> str:
    counted = _NUMBERS[number] if number < len(_NUMBERS) else str(number)
    return f"{counted} door{'' if number == 1 else 's'}"


def _and(said: list[str]) -> str:
    rest = [words[:1].lower() + words[1:] for words in said[1:]]
    return ", and ".join([", ".join([*said[:1], *rest[:-1]]), *rest[-1:]])
