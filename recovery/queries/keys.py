"""What logins hold: their authenticators and backups, what carries each, and which of them stand alone."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from functools import cached_property
from typing import Any, NamedTuple, TypeVar

from django.contrib.postgres.fields import ArrayField
from django.db.models import BigIntegerField, QuerySet

from accounts.brokers import Factor, catalogue
from accounts.models import Login
from accounts.queries.words import factor_in_short
from core.clock import local_day
from core.prepared import Among, Prepared, Slot
from devices.enums import AssetKind, Proof
from devices.models import Asset, Authenticator, AuthenticatorQuerySet
from devices.rules import is_at_hand, short
from identity.models import Member, Office
from recovery.accessgraph import Held, Way, independent
from recovery.enums import BackupKind
from recovery.models import AuthenticatorBackup, BackupQuerySet
from recovery.picture import Things, activation, things
from recovery.rules import is_placed, proof_since

Row = TypeVar("Row")


class Carrier(NamedTuple):
    """A thing that carries an authenticator or a backup. `is_shown`: the reader may open its page."""

    id: int
    name: str
    kind: str
    is_retired: bool
    is_shown: bool

    @property
    def noun(self) -> str:
        return AssetKind(self.kind).label.lower()


@dataclass(frozen=True, slots=True)
class Key:
    """One authenticator of a login, as pages show it. `proof` is its state as of when it was last seen to work."""

    id: int
    login_id: int
    login: str
    broker: str
    factor: str
    label: str
    carriers: tuple[Carrier, ...]
    enrolled_on: date | None
    proved_at: datetime | None
    proof: Proof
    good_until: date | None

    @property
    def entry(self) -> Factor:
        """What the broker's profile says of this kind of factor."""
        return catalogue()[self.broker].factor(self.factor)

    @property
    def in_short(self) -> str:
        """What limits it and what it needs, by the broker’s profile."""
        return factor_in_short(self.entry)

    @property
    def name(self) -> str:
        """Its own label, else the short form of what the broker calls it."""
        return self.label or short(self.entry.name)

    @property
    def is_placed(self) -> bool:
        """Whether somebody wrote down what carries it."""
        return bool(self.carriers)

    @property
    def copies(self) -> tuple[tuple[Carrier, ...], ...]:
        """Its carriers, apart where each holds a copy that does alone; together where it takes all of them."""
        if all(is_at_hand(self.entry, [carrier.kind], 1) for carrier in self.carriers):
            return tuple((carrier,) for carrier in self.carriers)
        return (self.carriers,)

    def at_hand(self, lost: Collection[int]) -> bool:
        """Whether it works when these things are lost; taken for granted when nobody knows what carries it."""
        left = [carrier.kind for carrier in self.carriers if carrier.id not in lost]
        return is_at_hand(self.entry, left, len(self.carriers) - len(left))

    def held(self, lost: Collection[int]) -> Held:
        """The same for the access graph, were these things lost."""
        return Held(
            slug=self.factor,
            name=self.name,
            gone="" if self.at_hand(lost) else _where_gone(self.carriers, lost),
            proven=self.proved_at is not None,
            also=activation(self.broker, self.factor),
        )


@dataclass(frozen=True, slots=True)
class Spare:
    """One backup of a login, as pages show it. `authenticator_id` is what it stands in for; None stands for all."""

    id: int
    login_id: int
    login: str
    authenticator_id: int | None
    kind: str
    label: str
    carriers: tuple[Carrier, ...]
    place: str
    place_id: int | None
    custodian: str
    custodian_id: int | None
    codes_left: int | None
    proved_at: datetime | None
    proof: Proof
    good_until: date | None

    @property
    def name(self) -> str:
        return self.label

    @property
    def kind_name(self) -> str:
        return BackupKind(self.kind).label

    @property
    def kept(self) -> str:
        """Where it lies, in words: place, else things, else person; empty when nobody wrote it down."""
        if self.kind == BackupKind.RESCUE:
            return "At the broker"
        return self.place or ", ".join(carrier.name for carrier in self.carriers) or self.custodian

    @property
    def is_placed(self) -> bool:
        """Whether somebody wrote down where it is."""
        return is_placed(
            kind=self.kind,
            carriers=len(self.carriers),
            has_place=self.place_id is not None,
            has_custodian=bool(self.custodian),
        )

    def at_hand(self, lost: Collection[int]) -> bool:
        """Whether neither it nor its place is lost, and of printed codes at least one is left."""
        return (
            self.codes_left != 0
            and not any(carrier.id in lost for carrier in self.carriers)
            and self.place_id not in lost
        )


class Named(NamedTuple):
    """A thing that ways fall with, or who keeps them, as a reader may call it."""

    name: str
    kind: str = ""

    @property
    def where(self) -> str:
        """“on Maria’s iPhone 15”, “in the office safe”, “with Tom Okafor”."""
        if not self.kind:
            return f"with {self.name}"
        return f"{'in' if self.kind == AssetKind.PLACE else 'on'} {self.name}"


_NAMELESS = Named("the same thing", AssetKind.PAPER)


@dataclass(frozen=True)
class Keys:
    """The authenticators and backups of some logins, by login, and the things that decide whether they are at hand.

    `names` are the things that they fall with, as a reader may call them; only the pages that say so read them.
    """

    authenticators: dict[int, list[Key]]
    backups: dict[int, list[Spare]]
    things: Things
    names: Mapping[int, Named] = field(default_factory=dict)

    def of(self, login_id: int) -> list[Key]:
        return self.authenticators.get(login_id, [])

    def ways(self, login_id: int, lost: Collection[int] | None = None) -> list[tuple[Key | Spare, Way]]:
        """Every way into a login that is on file, copies of one seed apart, each with all that it falls with.

        Tokens of programs are no way for a person, nor the other way round. `lost` is what is gone, by default what is
        gone now.
        """
        lost = self.gone if lost is None else frozenset(lost)
        keys = _alternatives([key for key in self.of(login_id) if key.carriers and key.at_hand(lost)])
        copies = [(key, [carrier.id for carrier in copy]) for key in keys for copy in key.copies]
        found: list[tuple[Key | Spare, frozenset[int], bool]] = [
            *((key, self.things.parts(numbers), lost.isdisjoint(numbers)) for key, numbers in copies),
            *((one, self._fate(one), self._is_left(one, lost)) for one in self.backups.get(login_id, [])),
        ]
        return [
            (one, Way(number, parts, is_placed=one.is_placed, at_hand=is_left))
            for number, (one, parts, is_left) in enumerate(found)
        ]

    @cached_property
    def gone(self) -> frozenset[int]:
        """What no longer counts now."""
        return self.things.gone()

    def second_ways(self, login_id: int, lost: Collection[int] | None = None) -> tuple[Key | Spare, ...]:
        """What a login has beside its first way, counted through what carries it: no two of them fall together.

        The first is the earliest authenticator of them; without any, every backup is a second way.
        """
        return second_of(self.ways(login_id, lost))

    def shares(self, backup: Spare, second: Collection[Key | Spare]) -> str:
        """Why a backup is none of the `second` ways of its login, in a sentence; empty when it is one."""
        if backup.codes_left == 0:
            return "No code is left."
        if not self._is_left(backup, self.gone):
            return "It is lost or retired."
        if not backup.is_placed:
            return "Nobody wrote down where it is."
        for key in self.of(backup.login_id):
            together = self._fate(backup) & self.things.parts(carrier.id for carrier in key.carriers)
            if together and len(key.copies) == 1 and key in second:
                return f"{key.name} on the same thing is counted already."
            if together and len(key.copies) == 1:
                return f"It falls with {self.nearest(together).name}, as {key.name} does."
        return "" if backup in second else "It falls with another backup."

    def nearest(self, together: Collection[int]) -> Named:
        """The one of the things that some ways fall with in which the others are, or that the others carry."""
        part = max(sorted(together), key=lambda part: len(self.things.parts([part])))
        return self.names.get(part, _NAMELESS)

    def _fate(self, backup: Spare) -> frozenset[int]:
        """What a backup falls with; where only its keeper is known, that person, as a negative number."""
        numbers = [carrier.id for carrier in backup.carriers]
        if backup.place_id is not None:
            numbers.append(backup.place_id)
        if not numbers and backup.custodian_id is not None:
            return frozenset({-backup.custodian_id})
        return self.things.parts(numbers)

    def _is_left(self, backup: Spare, lost: Collection[int]) -> bool:
        return backup.at_hand(lost) and self._fate(backup).isdisjoint(lost)


def second_of(ways: list[tuple[Key | Spare, Way]]) -> tuple[Key | Spare, ...]:
    """Of the ways into a login, those beside its first: see `Keys.second_ways`."""
    counted = [ways[way.id][0] for way in independent(way for _, way in ways)]
    return tuple(counted[1:] if any(isinstance(one, Key) for one, _ in ways) else counted)


def may_name(reader: Member, holder: int | None) -> bool:
    """Whether a reader may know a thing by its name: a trader knows own ones and those that nobody holds."""
    return reader.sees_everything or holder in (None, reader.pk)


def whose(name: str, holder: str | None) -> str:
    """“Maria’s iPhone 15”; the name alone when it is shared or names its holder already."""
    first = holder.split()[0] if holder else ""
    return name if not first or first in name else f"{first}’s {name}"


def unnamed(kind: str) -> str:
    """What a thing is called to those who may not know it."""
    return f"{AssetKind(kind).label} of another person"


def _alternatives(keys: list[Key]) -> list[Key]:
    """Those of the same sort as the first: things people hold, or tokens that programs hold."""
    people = [key for key in keys if key.entry.kind == "possession"]
    return people or keys


def _where_gone(carriers: Iterable[Carrier], lost: Collection[int]) -> str:
    """“is on a lost phone”, to read on from a name."""
    away = next(carrier for carrier in carriers if carrier.id in lost)
    return f"is on a {'retired' if away.is_retired else 'lost'} {away.noun}"


def keys_of(
    authenticators: AuthenticatorQuerySet, backups: BackupQuerySet, *, reader: Member, at: datetime, office: Office
) -> Keys:
    """Read standing authenticators and backups with what carries them. Three queries, whatever their number.

    What carries one counts whoever holds it; a thing that the reader may not see is not named.
    """
    return Keys(
        authenticators=_by_login(_keys(_authenticator_rows(authenticators), reader, at=at, office=office)),
        backups=_by_login(_spares(_backup_rows(backups), reader, at=at, office=office)),
        things=things(with_places=True),
    )


def named_keys(logins: Collection[int], reader: Member, *, at: datetime, office: Office) -> Keys:
    """What logins hold, which the reader is known to see, with names for what that falls with. Four queries."""
    keys = keys_of_logins(logins, reader=reader, at=at, office=office)
    parts = frozenset[int]().union(*(way.parts for login in logins for _, way in keys.ways(login)))
    return replace(keys, names=_names(parts, reader) | _keepers(keys))


def _names(parts: Collection[int], reader: Member) -> dict[int, Named]:
    rows = Asset.objects.filter(pk__in=parts).values_list("pk", "name", "kind", "holder_id", "holder__name")
    return {
        number: Named(whose(name, holder_name) if may_name(reader, holder) else unnamed(kind), kind)
        for number, name, kind, holder, holder_name in rows
    }


def _keepers(keys: Keys) -> dict[int, Named]:
    kept = (backup for backups in keys.backups.values() for backup in backups if backup.custodian_id)
    return {-(backup.custodian_id or 0): Named(backup.custodian) for backup in kept}


@dataclass(frozen=True, slots=True)
class Ring:
    """One login with its authenticators, second ways, and backups, each with why it is no second way or nothing."""

    login: Login
    keys: tuple[Key, ...]
    spares: tuple[tuple[Spare, str], ...]
    second_ways: tuple[Key | Spare, ...]

    @property
    def is_alone(self) -> bool:
        """Whether losing one thing takes every way that is on file."""
        return bool(self.keys) and not self.second_ways


def rings(member: Member, *, at: datetime, office: Office) -> list[Ring]:
    """Every login in use that a member sees, by its label. Five queries."""
    logins = logins_of(member)
    keys = named_keys([login.pk for login in logins], member, at=at, office=office)
    return [ring(login, keys, keys.second_ways(login.pk)) for login in logins]


def logins_of(member: Member) -> list[Login]:
    """The logins in use that a member sees, with their holders, by label. One query."""
    return list(Login.objects.visible_to(member).open().select_related("holder").order_by("label", "pk"))


def ring(login: Login, keys: Keys, second: tuple[Key | Spare, ...]) -> Ring:
    """One login of these keys, with its second ways."""
    return Ring(
        login=login,
        keys=tuple(keys.of(login.pk)),
        spares=tuple((spare, keys.shares(spare, second)) for spare in keys.backups.get(login.pk, [])),
        second_ways=second,
    )


def keys_of_logins(logins: Collection[int], *, reader: Member, at: datetime, office: Office) -> Keys:
    """The same for logins by number, whose doors the reader is known to see."""
    asked = {"logins": list(logins)}
    return Keys(
        authenticators=_by_login(_keys(_AUTHENTICATORS.rows(**asked), reader, at=at, office=office)),
        backups=_by_login(_spares(_BACKUPS.rows(**asked), reader, at=at, office=office)),
        things=things(with_places=True),
    )


def independent_backups(login: Login, reader: Member, *, at: datetime, office: Office) -> tuple[Key | Spare, ...]:
    """The second ways of one login: see `Keys.second_ways`. Three queries."""
    return keys_of_logins([login.pk], reader=reader, at=at, office=office).second_ways(login.pk)


def _of_these_logins() -> Among:
    return Among("login", Slot("logins", ArrayField(BigIntegerField())))


def _authenticator_rows(rows: AuthenticatorQuerySet) -> QuerySet[Authenticator, Any]:
    return rows.standing().order_by("login__label", "login_id", "pk", "carriers__name").values_list(
        "pk", "login_id", "login__label", "login__broker", "factor", "label", "enrolled_on", "proved_at",
        "login__holder__timezone",
        "carriers", "carriers__name", "carriers__kind", "carriers__retired_at", "carriers__holder_id",
    )  # fmt: skip


_AUTHENTICATORS = Prepared(lambda: _authenticator_rows(Authenticator.objects.filter(_of_these_logins())))


def _backup_rows(rows: BackupQuerySet) -> QuerySet[AuthenticatorBackup, Any]:
    return rows.standing().order_by("login__label", "login_id", "pk", "carriers__name").values_list(
        "pk", "login_id", "login__label", "authenticator_id", "kind", "label",
        "place__name", "place_id", "custodian__name", "custodian_id",
        "codes_left", "proved_at",
        "carriers", "carriers__name", "carriers__kind", "carriers__retired_at", "carriers__holder_id",
    )  # fmt: skip


_BACKUPS = Prepared(lambda: _backup_rows(AuthenticatorBackup.objects.filter(_of_these_logins())))


def _keys(facts: Iterable[tuple[Any, ...]], reader: Member, *, at: datetime, office: Office) -> list[Key]:
    def made(one: tuple[Any, ...], carriers: tuple[Carrier, ...]) -> Key:
        number, login_id, login, broker, factor, label, enrolled_on, proved_at, zone = one
        state, until = _tested(proved_at, at=at, days=office.validity_days, zone=zone or office.timezone, office=office)
        return Key(number, login_id, login, broker, factor, label, carriers, enrolled_on, proved_at, state, until)

    return _with_carriers(facts, 9, made, reader)


def _spares(facts: Iterable[tuple[Any, ...]], reader: Member, *, at: datetime, office: Office) -> list[Spare]:
    def made(one: tuple[Any, ...], carriers: tuple[Carrier, ...]) -> Spare:
        number, login_id, login, authenticator, kind, label, place, place_id, custodian, custodian_id, *rest = one
        codes_left, proved_at = rest
        state, until = _tested(proved_at, at=at, days=office.backup_days, zone=office.timezone, office=office)
        return Spare(
            number, login_id, login, authenticator, kind, label, carriers,
            place or "", place_id, custodian or "", custodian_id, codes_left, proved_at, state, until,
        )  # fmt: skip

    return _with_carriers(facts, 12, made, reader)


def _tested(
    proved_at: datetime | None, *, at: datetime, days: int, zone: str, office: Office
) -> tuple[Proof, date | None]:
    """How the proof stands, and its last good day; None without a proof."""
    until = None if proved_at is None else local_day(proved_at, zone) + timedelta(days=days)
    return proof_since(proved_at, at=at, days=days, warn_days=office.warn_days, zone=zone), until


def _with_carriers(
    facts: Iterable[tuple[Any, ...]],
    width: int,
    made: Callable[[tuple[Any, ...], tuple[Carrier, ...]], Row],
    reader: Member,
) -> list[Row]:
    """Join rows that repeat their first `width` columns for each carrier, whose five columns come last."""
    carriers: dict[tuple[Any, ...], list[Carrier]] = {}
    for row in facts:
        found = carriers.setdefault(row[:width], [])
        number, name, kind, retired_at, holder = row[width:]
        if number is not None:
            shown = may_name(reader, holder)
            found.append(Carrier(number, name if shown else unnamed(kind), kind, retired_at is not None, shown))
    return [made(one, tuple(found)) for one, found in carriers.items()]


def _by_login(rows: Iterable[Any]) -> dict[int, list[Any]]:
    grouped: dict[int, list[Any]] = defaultdict(list)
    for row in rows:
        grouped[row.login_id].append(row)
    return dict(grouped)
