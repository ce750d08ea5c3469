"""The slim picture of all doors that a member sees: three queries, plain tuples, no model instances.

It is asked for on every page that shows doors, so it is kept fast: the database adds proofs up, moments stay numbers
until somebody looks at one, and whether a set of factors satisfies a door is worked out once for each set.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from functools import lru_cache
from operator import itemgetter
from typing import Any, NamedTuple, TypeVar

from django.contrib.postgres.aggregates import BoolOr
from django.contrib.postgres.fields import ArrayField
from django.db.models import (
    BigIntegerField,
    BooleanField,
    Exists,
    Field,
    FilteredRelation,
    Func,
    Max,
    Min,
    OuterRef,
    Q,
    QuerySet,
    Subquery,
)

from accounts.brokers import catalogue, satisfied
from accounts.enums import LoginKind
from accounts.models import Door, Grant
from core.clock import local_day
from core.prepared import Prepared, Reader, Slot
from devices.enums import Outcome
from devices.models import Asset, Authenticator
from devices.rules import activated_with, is_at_hand
from identity.models import Member, Office
from recovery.accessgraph import STATES, State, gone, judge, proof_in_sum

# Kinds of door that recognise no device.
DEVICELESS = ("reports", "voice")
# Which of several doors needs most attention.
WORST_FIRST: tuple[State, ...] = ("shut", "bolted", "unknown", "open", "none")
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

    entity: str | None = None
    now: frozenset[str] = frozenset()
    before: frozenset[str] = frozenset()
    proven: frozenset[str] = frozenset()


_EMPTY = _Bundle()


class _Number(Field):
    """A number as the database driver hands it over, without a pass through a converter for each row."""


class _Epoch(Func):
    """A moment as seconds since 1970."""

    template = "EXTRACT(EPOCH FROM %(expressions)s)::float8"
    output_field = _Number()


def door_picture(member: Member, *, at: datetime, office: Office) -> Picture:
    """The picture of all doors that a member sees, of logins that have not ended. Three queries.

    Doors that are not used are among them, in state `none`. What carries an authenticator counts whoever holds it, for
    a door does not ask who may see the phone.
    """
    lost = things().gone()
    bundles = _bundles(member, lost)
    on, now = local_day(at, office.timezone), at.timestamp()
    rows = sorted(_DOORS.rows(member.sees_everything, reader=member.pk, lost=sorted(lost)), key=itemgetter(0))
    return Picture(tuple(_facts(row, bundles.get(row[1], _EMPTY), on, now) for row in rows))


@dataclass(frozen=True, slots=True)
class Things:
    """Which things are lost or retired, and what carries what, by number."""

    away: frozenset[int]
    carried_by: Mapping[int, int]

    def gone(self, also_lost: Collection[int] = ()) -> frozenset[int]:
        """All that no longer counts: what is away, what would be, and what is carried by such."""
        return gone(self.away.union(also_lost), self.carried_by)


def things() -> Things:
    """Read them: one query, only for things that are away or carried."""
    rows = Asset.objects.filter(Q(lost_at__isnull=False) | Q(retired_at__isnull=False) | Q(carried_by__isnull=False))
    away, carried_by = set(), {}
    for thing, carrier, lost_at, retired_at in rows.values_list("pk", "carried_by", "lost_at", "retired_at"):
        if lost_at or retired_at:
            away.add(thing)
        if carrier:
            carried_by[thing] = carrier
    return Things(frozenset(away), carried_by)


class _NoneOf(Func):
    """Whether a number is in none of the places of an array."""

    template = "(%(expressions)s))"
    arg_joiner = " <> ALL("
    output_field = BooleanField()


def _door_rows(sees_everything: bool) -> QuerySet[Door, Any]:
    """A row for each door; `spent` says whether there is any proof, good or not, and is None without a validation."""
    number = BigIntegerField()
    at_hand = Q(_NoneOf("standing__device", Slot("lost", ArrayField(number))))
    return (
        Door.objects.visible_to(Reader(number, sees_everything=sees_everything))
        .filter(login__ended_at=None)
        .annotate(
            standing=FilteredRelation("validations", condition=Q(validations__ended_at=None)),
            spent=BoolOr(Q(standing__outcome__in=[Outcome.PROVEN, Outcome.FAILED])),
            latest=_Epoch(Max("standing__lapses_at", filter=at_hand)),
            earliest=_Epoch(Min("standing__lapses_at", filter=at_hand)),
        )
        .values_list(
            "pk", "login_id", "login__holder_id", "login__broker", "interface", "used", "login__kind",
            "spent", "latest", "earliest",
        )
    )  # fmt: skip


_DOORS = Prepared(_door_rows)


def _facts(row: tuple[Any, ...], bundle: _Bundle, on: date, now: float) -> DoorFacts:
    number, login, holder, broker, interface, used, kind, spent, latest, earliest = row
    state: State = "none"
    if used:
        door = (broker, interface, bundle.entity, on)
        fresh = latest is not None and latest > now
        if spent is None and (kind == LoginKind.AUTOMATION or is_deviceless(broker, interface)):
            fresh = _satisfied(*door, bundle.proven)
        held = _satisfied(*door, bundle.now)
        before = held or _satisfied(*door, bundle.before)
        state = judge(now=held, before=before, proof=proof_in_sum(fresh=fresh, spent=bool(spent)))
    return DoorFacts(number, login, holder, broker, interface, state, latest, earliest)


def _bundles(member: Member, lost: frozenset[int]) -> dict[int, _Bundle]:
    """What each login brings, by its number. One query, a row for each carrier of each authenticator.

    A login whose account is booked at an entity with rules of its own is judged by those.
    """
    held: dict[int, tuple[Any, ...]] = {}
    for number, *facts, carrier, kind in _AUTHENTICATORS.rows(member.sees_everything, reader=member.pk):
        _, left, away = held.setdefault(number, (facts, [], []))
        if carrier is not None:
            (away if carrier in lost else left).append(kind)
    bundles: dict[int, _Bundle] = {}
    for (login, broker, entity, factor, proven), left, away in held.values():
        bundle = bundles.get(login) or _Bundle(entity)
        bundles[login] = _with_factor(bundle, broker, factor, proven=proven, left=left, away=len(away))
    return bundles


def _authenticator_rows(sees_everything: bool) -> QuerySet[Authenticator, Any]:
    return (
        Authenticator.objects.visible_to(Reader(BigIntegerField(), sees_everything=sees_everything))
        .standing()
        .annotate(entity=special_entity("login_id"), proven=Q(proved_at__isnull=False))
        .values_list("pk", "login_id", "login__broker", "entity", "factor", "proven", "carriers", "carriers__kind")
    )


_AUTHENTICATORS = Prepared(_authenticator_rows)


def _with_factor(bundle: _Bundle, broker: str, factor: str, *, proven: bool, left: list[str], away: int) -> _Bundle:
    entity, now, before, was_proven = bundle
    slugs = activation(broker, factor)
    if away and not is_at_hand(catalogue()[broker].factor(factor), left, away):
        return _Bundle(entity, now, before | slugs, was_proven)
    return _Bundle(entity, now | slugs, before | slugs, was_proven | slugs if proven else was_proven)


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


def special_entity(login: str) -> Subquery:
    """The legal entity that books every account a login reaches, where the broker has special rules for it, else None.

    `login` is the name of the row's column that holds the login. It starts from the few accounts at such entities.
    """
    elsewhere = (
        Grant.objects.open().filter(login=OuterRef("login")).exclude(account__entity=OuterRef("account__entity"))
    )
    sole = Grant.objects.open().filter(login=OuterRef(login), account__entity__in=_special_entities())
    return Subquery(sole.filter(~Exists(elsewhere)).values("account__entity")[:1])


@lru_cache(maxsize=1)
def _special_entities() -> tuple[str, ...]:
    overrides = (override for profile in catalogue().values() for override in profile.door_overrides)
    return tuple(sorted({override.entity for override in overrides}))
