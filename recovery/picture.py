"""The slim picture of all doors that a member sees: four queries, plain tuples, no model instances.

It is asked for on every page that shows doors, so it is kept fast: the database adds proofs up, moments stay numbers
until somebody looks at one, and whether a set of factors satisfies a door is worked out once for each set.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from functools import lru_cache
from typing import Any, NamedTuple, TypeVar

from django.contrib.postgres.aggregates import BoolOr
from django.contrib.postgres.fields import ArrayField
from django.db.models import (
    BigIntegerField,
    Case,
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
    When,
)

from accounts.brokers import catalogue, satisfied
from accounts.enums import LoginKind
from accounts.models import Account, Door, Grant, Login
from core.clock import local_day
from core.prepared import NoneOf, Prepared, Reader, Slot
from devices.enums import Outcome
from devices.models import Asset, Validation
from devices.rules import activated_with, is_at_hand
from identity.models import Member, Office
from recovery.accessgraph import STATES, State, gone, judge, parts, proof_in_sum

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
    """How every door of some logins stands at one moment, in the order of the rows in the database.

    `people` are the names of those who hold one of the logins and have not left, by number.
    """

    doors: tuple[DoorFacts, ...]
    people: Mapping[int, str] = field(default_factory=dict)

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

    holder: int | None
    broker: str
    kind: str
    entity: str | None
    now: frozenset[str] = frozenset()
    before: frozenset[str] = frozenset()
    proven: frozenset[str] = frozenset()


# What the standing validations of a door add up to, where there are none: spent, latest and earliest lapse.
_NO_PROOF = (None, None, None)


class _Number(Field):
    """A number as the database driver hands it over, without a pass through a converter for each row."""


class _Epoch(Func):
    """A moment as seconds since 1970."""

    template = "date_part('epoch', %(expressions)s)"
    output_field = _Number()


def door_picture(member: Member, *, at: datetime, office: Office) -> Picture:
    """The picture of all doors that a member sees, of logins that have not ended. Four queries.

    Doors that are not used are among them, in state `none`. What carries an authenticator counts whoever holds it, for
    a door does not ask who may see the phone.
    """
    lost = things().gone()
    asked = {"reader": member.pk}
    bundles, people = _bundles(_LOGINS.rows(member.sees_everything, **asked), lost)
    proofs = {door: sums for door, *sums in _PROOFS.rows(member.sees_everything, **asked, lost=sorted(lost))}
    on, now = local_day(at, office.timezone), at.timestamp()
    rows = sorted(_DOORS.rows(member.sees_everything, **asked))
    # A login may have been added between the two questions; its doors wait for the next page.
    known = (row for row in rows if row[1] in bundles)
    doors = tuple(_facts(row, bundles[row[1]], proofs.get(row[0], _NO_PROOF), on, now) for row in known)
    return Picture(doors, people)


@dataclass(frozen=True, slots=True)
class Things:
    """Which things are lost or retired, what carries what, and what is kept where, by number."""

    away: frozenset[int]
    carried_by: Mapping[int, int]
    kept_at: Mapping[int, int] = field(default_factory=dict)

    def gone(self, also_lost: Collection[int] = ()) -> frozenset[int]:
        """All that no longer counts: what is away, what would be, and what is carried by such."""
        return gone(self.away.union(also_lost), self.carried_by)

    def parts(self, numbers: Iterable[int]) -> frozenset[int]:
        """These things with all that carries them and where all of that is kept: what they fall with."""
        return parts(numbers, self.carried_by, self.kept_at)


def things(*, with_places: bool = False) -> Things:
    """Read them: one query, only for things that are away or carried, and with places for those kept somewhere."""
    away, carried_by, kept_at = set(), {}, {}
    for thing, carrier, place, is_away in _THINGS.rows(with_places):
        if is_away:
            away.add(thing)
        if carrier:
            carried_by[thing] = carrier
        if place:
            kept_at[thing] = place
    return Things(frozenset(away), carried_by, kept_at)


def _thing_rows(with_places: bool) -> QuerySet[Asset, Any]:
    away = Q(lost_at__isnull=False) | Q(retired_at__isnull=False)
    placed = Q(place__isnull=False) if with_places else Q()
    rows = Asset.objects.filter(away | Q(carried_by__isnull=False) | placed).annotate(is_away=away)
    return rows.values_list("pk", "carried_by", "place", "is_away")


_THINGS = Prepared(_thing_rows)


def _reader(sees_everything: bool) -> Reader:
    return Reader(BigIntegerField(), sees_everything=sees_everything)


def _door_rows(sees_everything: bool) -> QuerySet[Door, Any]:
    rows = Door.objects.visible_to(_reader(sees_everything)).filter(login__ended_at=None)
    return rows.values_list("pk", "login_id", "interface", "used")


_DOORS = Prepared(_door_rows)


def _proof_rows(sees_everything: bool) -> QuerySet[Validation, Any]:
    """A row for each door with a standing validation; `spent` says whether there is any proof, good or not.

    Added up before anything is joined, which takes the database a third of the time. Whoever sees a door sees what its
    validations come to, whosever the devices are.
    """
    at_hand = Q(NoneOf("device", Slot("lost", ArrayField(BigIntegerField()))))
    standing = Validation.objects.standing()
    if not sees_everything:
        standing = standing.filter(door__in=Door.objects.visible_to(_reader(sees_everything)))
    return (
        standing.order_by()
        .values("door_id")
        .annotate(
            spent=BoolOr(Q(outcome__in=[Outcome.PROVEN, Outcome.FAILED])),
            latest=_Epoch(Max("lapses_at", filter=at_hand)),
            earliest=_Epoch(Min("lapses_at", filter=at_hand)),
        )
        .values_list("door_id", "spent", "latest", "earliest")
    )


_PROOFS = Prepared(_proof_rows)


def _facts(row: tuple[Any, ...], bundle: _Bundle, proof: Sequence[Any], on: date, now: float) -> DoorFacts:
    (number, login, interface, used), (spent, latest, earliest) = row, proof
    fresh = latest is not None and latest > now
    state: State = _state(bundle[1:], interface, spent, fresh, on) if used else "none"
    return DoorFacts(number, login, bundle.holder, bundle.broker, interface, state, latest, earliest)


@lru_cache(maxsize=8192)
def _state(brought: tuple[Any, ...], interface: str, spent: bool | None, fresh: bool, on: date) -> State:
    """How a used door stands; `brought` is all of a bundle but its holder. Most logins bring what others bring too."""
    broker, kind, entity, at_hand, before, proven = brought
    if spent is None and (kind == LoginKind.AUTOMATION or is_deviceless(broker, interface)):
        fresh = _satisfied(broker, interface, entity, on, proven)
    held = _satisfied(broker, interface, entity, on, at_hand)
    had = held or _satisfied(broker, interface, entity, on, before)
    return judge(now=held, before=had, proof=proof_in_sum(fresh=fresh, spent=bool(spent)))


def _bundles(rows: Iterable[tuple[Any, ...]], lost: frozenset[int]) -> tuple[dict[int, _Bundle], dict[int, str]]:
    """What each login brings, by its number; and the names of those who hold one and have not left.

    A login whose account is booked at an entity with rules of its own is judged by those.
    """
    bundles: dict[int, _Bundle] = {}
    people: dict[int, str] = {}
    held: dict[int, tuple[Any, ...]] = {}
    for login, holder, name, left_at, broker, kind, entity, number, factor, proven, carrier, carrier_kind in rows:
        if login not in bundles:
            bundles[login] = _Bundle(holder, broker, kind, entity)
            if holder is not None and left_at is None:
                people[holder] = name
        if number is not None:
            *_, left, away = held.setdefault(number, (login, factor, proven, [], []))
            if carrier is not None:
                (away if carrier in lost else left).append(carrier_kind)
    for login, factor, proven, left, away in held.values():
        bundles[login] = _with_factor(bundles[login], factor, proven=proven, left=left, away=len(away))
    return bundles, people


def _login_rows(sees_everything: bool) -> QuerySet[Login, Any]:
    """A row for each carrier of each standing authenticator of each login; one for a login without any."""
    return (
        Login.objects.visible_to(_reader(sees_everything))
        .open()
        .annotate(
            standing=FilteredRelation("authenticators", condition=Q(authenticators__ended_at=None)),
            entity=special_entity("pk"),
            proven=Q(standing__proved_at__isnull=False),
        )
        .values_list(
            "pk", "holder_id", "holder__name", "holder__left_at", "broker", "kind", "entity",
            "standing__pk", "standing__factor", "proven", "standing__carriers", "standing__carriers__kind",
        )
    )  # fmt: skip


_LOGINS = Prepared(_login_rows)


def _with_factor(bundle: _Bundle, factor: str, *, proven: bool, left: list[str], away: int) -> _Bundle:
    slugs, before = activation(bundle.broker, factor), bundle.before
    if away and not is_at_hand(catalogue()[bundle.broker].factor(factor), left, away):
        return bundle._replace(before=before | slugs)
    was_proven = bundle.proven | slugs if proven else bundle.proven
    return bundle._replace(now=bundle.now | slugs, before=before | slugs, proven=was_proven)


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


def special_entity(login: str) -> Case:
    """The legal entity that books every account a login reaches, where the broker has special rules for it, else None.

    `login` is the name of the row's column that holds the login. An office without accounts at such entities, as most
    are, is not asked login by login.
    """
    elsewhere = (
        Grant.objects.open().filter(login=OuterRef("login")).exclude(account__entity=OuterRef("account__entity"))
    )
    sole = Grant.objects.open().filter(login=OuterRef(login), account__entity__in=_special_entities())
    entity = Subquery(sole.filter(~Exists(elsewhere)).values("account__entity")[:1])
    return Case(When(Exists(Account.objects.filter(entity__in=_special_entities())), then=entity))


@lru_cache(maxsize=1)
def _special_entities() -> tuple[str, ...]:
    overrides = (override for profile in catalogue().values() for override in profile.door_overrides)
    return tuple(sorted({override.entity for override in overrides}))
