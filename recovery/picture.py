"""The slim picture of all doors that a member sees: three queries, plain tuples, no model instances.

It is asked for on every page that shows doors, so it is kept fast: the database adds proofs up, moments stay numbers
until somebody looks at one, and whether a set of factors satisfies a door is worked out once for each set.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Collection, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime
from functools import lru_cache
from typing import Any, NamedTuple, TypeVar

from django.contrib.postgres.aggregates import BoolOr
from django.db.models import Field, FilteredRelation, Func, Max, Min, OuterRef, Q, Subquery

from accounts.brokers import catalogue, satisfied
from accounts.enums import LoginKind
from accounts.models import Door, DoorQuerySet, Grant, Login, LoginQuerySet
from core.clock import local_day
from devices.enums import Outcome
from devices.models import Asset
from devices.rules import activated_with, is_at_hand
from identity.models import Member, Office
from recovery.accessgraph import STATES, State, gone, judge, proof_in_sum

# Kinds of door that recognise no device.
DEVICELESS = ("reports", "voice")
Key = TypeVar("Key")


class DoorFacts(NamedTuple):
    """One door of the picture; `best_lapse` and `worst_lapse` say until when it is proven."""

    id: int
    login_id: int
    holder_id: int | None
    broker: str
    interface: str
    state: State
    latest: float | None
    earliest: float | None

    @property
    def best_lapse(self) -> datetime | None:
        """When the last of its proofs on devices at hand runs out, or ran out; None without any."""
        return None if self.latest is None else datetime.fromtimestamp(self.latest, UTC)

    @property
    def worst_lapse(self) -> datetime | None:
        """When the first of its proofs on devices at hand runs out, or ran out; None without any."""
        return None if self.earliest is None else datetime.fromtimestamp(self.earliest, UTC)


@dataclass(frozen=True, slots=True)
class Picture:
    """How every door of some logins stands at one moment, in the order of the rows in the database."""

    doors: tuple[DoorFacts, ...]

    def by_login(self) -> dict[int, list[DoorFacts]]:
        """The doors of each login by its number; a login without doors is absent."""
        return self._grouped(lambda door: door.login_id)

    def by_holder(self) -> dict[int | None, list[DoorFacts]]:
        """The doors of each person by their number; under None those of logins that nobody holds."""
        return self._grouped(lambda door: door.holder_id)

    def census(self) -> dict[State, int]:
        """How many doors stand in each state, all five states named, best first."""
        counted = Counter(door.state for door in self.doors)
        return {state: counted[state] for state in STATES}

    def _grouped(self, key: Callable[[DoorFacts], Key]) -> dict[Key, list[DoorFacts]]:
        groups = defaultdict(list)
        for door in self.doors:
            groups[key(door)].append(door)
        return dict(groups)


class _Bundle(NamedTuple):
    """What a login brings to each of its doors: factors at hand, with the lost ones, and those at hand and proven."""

    holder_id: int | None
    is_program: bool
    broker: str
    entity: str | None
    now: frozenset[str] = frozenset()
    before: frozenset[str] = frozenset()
    proven: frozenset[str] = frozenset()


class _Number(Field):
    """A number as the database driver hands it over, without a pass through a converter for each row."""


class _Epoch(Func):
    """A moment as seconds since 1970."""

    template = "EXTRACT(EPOCH FROM %(expressions)s)::float8"
    output_field = _Number()


def picture_of(
    doors: DoorQuerySet, logins: LoginQuerySet, *, at: datetime, office: Office, also_lost: Collection[int] = ()
) -> Picture:
    """The picture of these doors, which belong to these logins, were the things `also_lost` lost as well.

    What carries an authenticator counts whoever holds it, for a door does not ask who may see the phone. Three queries.
    """
    lost = things_gone(also_lost)
    bundles = _bundles(logins, lost)
    on = local_day(at, office.timezone)
    return Picture(tuple(_facts(row, bundles[row[1]], on) for row in _rows(doors, lost, at) if row[1] in bundles))


def door_picture(member: Member, *, at: datetime, office: Office) -> Picture:
    """The picture of all doors that a member sees, of logins that have not ended. Three queries.

    Doors that are not used are among them, in state `none`.
    """
    doors = Door.objects.visible_to(member).filter(login__ended_at=None)
    return picture_of(doors, Login.objects.visible_to(member).open(), at=at, office=office)


def things_gone(also_lost: Collection[int] = ()) -> frozenset[int]:
    """The numbers of all things that are lost or retired, or are carried by one that is. One query."""
    rows = Asset.objects.filter(Q(lost_at__isnull=False) | Q(retired_at__isnull=False) | Q(carried_by__isnull=False))
    lost, carried_by = set(also_lost), {}
    for thing, carrier, lost_at, retired_at in rows.values_list("pk", "carried_by", "lost_at", "retired_at"):
        if lost_at or retired_at:
            lost.add(thing)
        if carrier:
            carried_by[thing] = carrier
    return gone(lost, carried_by)


def _rows(doors: DoorQuerySet, lost: frozenset[int], at: datetime) -> Iterator[tuple[Any, ...]]:
    """Door, login, interface, used, is any proof fresh, is there one at all (None: no validation), its two lapses."""
    at_hand = ~Q(standing__device__in=lost) if lost else Q()
    return (
        doors.annotate(
            standing=FilteredRelation("validations", condition=Q(validations__ended_at=None)),
            fresh=BoolOr(Q(at_hand, standing__lapses_at__gt=at)),
            spent=BoolOr(Q(standing__outcome__in=[Outcome.PROVEN, Outcome.FAILED])),
            latest=_Epoch(Max("standing__lapses_at", filter=at_hand or None)),
            earliest=_Epoch(Min("standing__lapses_at", filter=at_hand or None)),
        )
        .values_list("pk", "login_id", "interface", "used", "fresh", "spent", "latest", "earliest")
        .order_by("pk")
    )


def _facts(row: tuple[Any, ...], bundle: _Bundle, on: date) -> DoorFacts:
    number, login, interface, used, fresh, spent, latest, earliest = row
    state: State = "none"
    if used:
        door = (bundle.broker, interface, bundle.entity, on)
        if spent is None and (bundle.is_program or is_deviceless(bundle.broker, interface)):
            fresh = _satisfied(*door, bundle.proven)
        now = _satisfied(*door, bundle.now)
        before = now or _satisfied(*door, bundle.before)
        state = judge(now=now, before=before, proof=proof_in_sum(fresh=bool(fresh), spent=bool(spent)))
    return DoorFacts(number, login, bundle.holder_id, bundle.broker, interface, state, latest, earliest)


def _bundles(logins: LoginQuerySet, lost: frozenset[int]) -> dict[int, _Bundle]:
    """What each login brings, by its number. One query, a row for each carrier of each authenticator."""
    bundles: dict[int, _Bundle] = {}
    held: dict[int, tuple[int, str, bool, list[str], list[int]]] = {}
    for login, holder, kind, broker, entity, number, factor, proved, carrier, carrier_kind in _held_rows(logins):
        if login not in bundles:
            bundles[login] = _Bundle(holder, kind == LoginKind.AUTOMATION, broker, entity)
        if number is None:
            continue
        _, _, _, left, away = held.setdefault(number, (login, factor, proved, [], []))
        if carrier in lost:
            away.append(carrier)
        elif carrier is not None:
            left.append(carrier_kind)
    for login, factor, proved, left, away in held.values():
        bundles[login] = _with_factor(bundles[login], factor, proven=proved, left=left, away=len(away))
    return bundles


def _held_rows(logins: LoginQuerySet) -> Iterator[tuple[Any, ...]]:
    """A login whose account the broker books at an entity with doors of its own is judged by that entity's rules."""
    special = Grant.objects.open().filter(login=OuterRef("pk"), account__entity__in=_special_entities())
    return logins.annotate(
        standing=FilteredRelation("authenticators", condition=Q(authenticators__ended_at=None)),
        entity=Subquery(special.values("account__entity")[:1]),
        proved=Q(standing__proved_at__isnull=False),
    ).values_list(
        "pk", "holder_id", "kind", "broker", "entity",
        "standing__pk", "standing__factor", "proved", "standing__carriers", "standing__carriers__kind",
    )  # fmt: skip


def _with_factor(bundle: _Bundle, factor: str, *, proven: bool, left: list[str], away: int) -> _Bundle:
    slugs = activation(bundle.broker, factor)
    bundle = bundle._replace(before=bundle.before | slugs)
    if away and not is_at_hand(catalogue()[bundle.broker].factor(factor), left, away):
        return bundle
    return bundle._replace(now=bundle.now | slugs, proven=bundle.proven | slugs if proven else bundle.proven)


@lru_cache(maxsize=4096)
def _satisfied(broker: str, interface: str, entity: str | None, on: date, held: frozenset[str]) -> bool:
    profile = catalogue()[broker]
    return satisfied(profile.requirement(interface, entity, on), held | profile.assumed)


@lru_cache(maxsize=512)
def activation(broker: str, factor: str) -> frozenset[str]:
    """The factor's slug and those of all that one activation at the broker gives together with it."""
    return activated_with(catalogue()[broker], factor) | {factor}


@lru_cache(maxsize=512)
def is_deviceless(broker: str, interface: str) -> bool:
    """Whether a door recognises no device: statements by file, or the telephone."""
    return catalogue()[broker].door(interface).kind in DEVICELESS


@lru_cache(maxsize=1)
def _special_entities() -> tuple[str, ...]:
    overrides = (override for profile in catalogue().values() for override in profile.door_overrides)
    return tuple(sorted({override.entity for override in overrides}))
