"""Today: is anybody locked out, what needs doing, who is ready. A fixed number of queries."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import NamedTuple

from django.db.models import (
    BigIntegerField,
    Case,
    CharField,
    Count,
    DateTimeField,
    OuterRef,
    Q,
    QuerySet,
    Subquery,
    Value,
    When,
    Window,
)

from accounts.brokers import catalogue
from accounts.models import Door
from core.addresses import address
from core.clock import local_day
from core.prepared import Prepared, Reader, Slot
from devices import rules as device_rules
from devices.enums import Outcome, Proof
from devices.models import Asset, Validation
from identity.models import Member, Office
from notices.enums import AckState
from notices.models import Acknowledgement
from recovery import picture as doors
from recovery.accessgraph import State
from recovery.models import AuthenticatorBackup
from recovery.picture import Picture
from recovery.rules import proof_since, tried_before

TASKS_SHOWN = 8
PEOPLE_SHOWN = 10
TROUBLE: dict[State, str] = {
    "shut": "shut",
    "bolted": "with a bolt that sticks",
    "unknown": "not proven by anybody",
}
LATE = (Proof.FAILED, Proof.OVERDUE)
UNTRIED = (Proof.OVERDUE, Proof.NEVER)


@dataclass(frozen=True, slots=True)
class Task:
    """One thing to do. `state` is late, due or empty; `words` say by when; `day` is shown instead when it is set."""

    mark: str
    title: str
    text: str
    state: str
    words: str
    day: date | None
    url: str
    action_url: str
    action: str


class Holder(NamedTuple):
    """Who holds a login, as far as Today says it."""

    pk: int
    name: str

    @property
    def first_name(self) -> str:
        return self.name.split()[0]


@dataclass(frozen=True, slots=True)
class Ready:
    """One person's ways in. `open` of the `used` doors stand open today."""

    member: Holder | Member
    used: int
    open: int
    bolted: int
    shut: int
    unknown: int

    @classmethod
    def of(cls, member: Holder | Member, facts: Iterable[doors.DoorFacts]) -> Ready:
        """From the doors of all of a person's logins."""
        states = [door.state for door in facts]
        counts = {state: states.count(state) for state in ("open", "bolted", "shut", "unknown")}
        return cls(member=member, used=sum(counts.values()), **counts)

    @property
    def url(self) -> str:
        """The person's page."""
        return address("dashboard:show_member", self.member.pk)

    @property
    def state(self) -> str:
        """ok, due or late: ready, thin or at risk."""
        if self.open == 0:
            return "late"
        return "due" if self.open == 1 or self.shut else "ok"

    @property
    def words(self) -> str:
        if self.open == 0:
            return "No proven way in"
        return {"ok": "Ready", "due": "Thin"}[self.state]


@dataclass(frozen=True, slots=True)
class Today:
    """The first screen. `tasks` are the most pressing of `to_do`; `cannot_wait` of them are late."""

    verdict: str
    lede: str
    picture: Picture
    census: Mapping[State, int]
    tasks: list[Task]
    to_do: int
    cannot_wait: int
    people: list[Ready]
    people_more: int
    is_empty: bool


def today(member: Member, *, at: datetime, office: Office, has_notices: bool = True) -> Today:
    """What `member` sees first at `at`. `has_notices` False says that none waits for an answer of theirs."""
    picture = doors.door_picture(member, at=at, office=office)
    tasks, to_do, late = due(member, at=at, office=office)
    answers = notices_to_answer(member, at=at) if has_notices else []
    people = readiness(picture)
    locked = [one for one in people if one.used and not one.open and one.shut == one.used]
    late += sum(task.state == "late" for task in answers)
    to_do += len(answers)
    own, census = not member.sees_everything, picture.census()
    return Today(
        verdict=_own_verdict(people, to_do) if own else verdict(locked, people, late),
        lede=_lede(picture, census, own=own),
        picture=picture,
        census=census,
        tasks=(answers + tasks)[:TASKS_SHOWN],
        to_do=to_do,
        cannot_wait=late,
        people=[] if own else people[:PEOPLE_SHOWN],
        people_more=max(len(people) - PEOPLE_SHOWN, 0),
        is_empty=not picture.doors,
    )


def verdict(locked: list[Ready], people: list[Ready], late: int) -> str:
    """The h1 of Today for those who run the office: first who is locked out, then what can't wait."""
    return f"{_who_is_out(locked, people)} {_what_waits(late)}"


def _who_is_out(locked: list[Ready], people: list[Ready]) -> str:
    if len(locked) > 2:
        return f"{_number(len(locked)).capitalize()} people are locked out."
    if locked:
        names = " and ".join(one.member.first_name for one in locked)
        return f"{names} {'is' if len(locked) == 1 else 'are'} locked out."
    without = sum(one.used > 0 and one.open == 0 for one in people)
    if without:
        return f"Nobody is known to be locked out, but {_number(without)} {_have(without)} no proven way in."
    return "Nobody is locked out."


def _have(count: int) -> str:
    return "person has" if count == 1 else "people have"


def _what_waits(late: int) -> str:
    if late == 0:
        return "Nothing is late."
    return "One thing can’t wait." if late == 1 else f"{_number(late).capitalize()} things can’t wait."


def _own_verdict(people: list[Ready], to_do: int) -> str:
    used, opened = sum(one.used for one in people), sum(one.open for one in people)
    if not used:
        return "No login is on file for you yet."
    ways = f"You have {_number(used)} way{'s' if used != 1 else ''} in, {_number(opened) if opened else 'none'} proven."
    if not to_do:
        return f"{ways} Nothing for you to do."
    return f"{ways} {'One thing' if to_do == 1 else f'{_number(to_do).capitalize()} things'} for you to do."


def _lede(picture: Picture, census: Mapping[State, int], *, own: bool) -> str:
    parts = [f"{_number(census[state])} {words}" for state, words in TROUBLE.items() if census[state]]
    whose = "your" if own else "all"
    if not parts:
        return f"Every one of {whose} doors in use stands open." if picture.doors else ""
    return f"Of {whose} {len(picture.doors) - census['none']} doors in use, {_and(parts)}."


def _and(parts: list[str]) -> str:
    return " and ".join([", ".join(parts[:-1]), parts[-1]] if len(parts) > 1 else parts)


def _number(count: int) -> str:
    words = ("no", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten")
    return words[count] if count < len(words) else str(count)


class DueRow(NamedTuple):
    """One validation that needs doing; `in_all` such there are, `late` of them late."""

    outcome: str
    lapses_at: datetime | None
    door_id: int
    device_id: int
    login: str
    broker: str
    interface: str
    thing: str
    holder: str | None
    in_all: int
    late: int


class DueBackup(NamedTuple):
    """The same for a backup that nobody has tried, or not for too long."""

    proved_at: datetime | None
    id: int
    login: str
    label: str
    in_all: int
    late: int


def due(member: Member, *, at: datetime, office: Office, holder: Member | None = None) -> tuple[list[Task], int, int]:
    """The most pressing validations and backups, how many need doing in all, how many of those are late; one query.

    With `holder`, only those of that person's logins.
    """
    warned, days = device_rules.warned_until(at, office.warn_days), office.backup_days
    values = {
        "at": at,
        "warned": warned,
        "reader": member.pk,
        "holder": holder.pk if holder else None,
        "lapsed": tried_before(at, days=days, zone=office.timezone),
        "lapsing": tried_before(warned, days=days, zone=office.timezone),
    }
    rows = _DUE.rows(member.sees_everything, holder is not None, **values)
    validations = [DueRow(*row[1:]) for row in rows if not row[0]]
    backups = [DueBackup(row[2], row[3], row[5], row[8], row[10], row[11]) for row in rows if row[0]]
    tasks = [_validation_task(row, at=at, office=office, zone=member.timezone) for row in validations]
    tasks += [_backup_task(row, at=at, office=office) for row in backups]
    counted: list[DueRow | DueBackup] = [*validations[:1], *backups[:1]]
    pressing = sorted(tasks, key=lambda task: task.state != "late")[:TASKS_SHOWN]
    return pressing, sum(row.in_all for row in counted), sum(row.late for row in counted)


def _build_due(sees_everything: bool, of_one: bool) -> QuerySet:
    """Validations and then backups, each by what presses most; the first column tells them apart."""
    validations, backups = _validations_due(sees_everything, of_one), _backups_due(sees_everything, of_one)
    return validations.union(backups, all=True)


def _validations_due(sees_everything: bool, of_one: bool) -> QuerySet:
    """Failed, overdue, never tried, due; within each what lapses first."""
    number, moment = BigIntegerField(), DateTimeField()
    reader = Reader(number, sees_everything=sees_everything)
    over = Q(lapses_at__lte=Slot("at", moment))
    late = Q(outcome=Outcome.FAILED) | over
    urgency = Case(When(outcome=Outcome.FAILED, then=0), When(over, then=1), When(lapses_at=None, then=2), default=3)
    mine = Q(door__login__holder=Slot("holder", number)) if of_one else Q()
    # Counting all of them is quick while their rows are narrow: names are looked up for the few that are shown.
    login = Door.objects.filter(pk=OuterRef("door"))
    thing = Asset.objects.filter(pk=OuterRef("device"))
    return (
        Validation.objects.visible_to(reader)
        .in_force()
        .filter(mine, Q(outcome__in=[Outcome.FAILED, Outcome.EXPECTED]) | Q(lapses_at__lte=Slot("warned", moment)))
        .order_by(urgency, "lapses_at", "pk")
        .values_list(
            Value(value=False), "outcome", "lapses_at", "door", "device",
            Subquery(login.values("login__label")), Subquery(login.values("login__broker")),
            Subquery(login.values("interface")), Subquery(thing.values("name")),
            Subquery(thing.values("holder__name")), Window(Count("pk")), Window(Count("pk", filter=late)),
        )[:TASKS_SHOWN]
    )  # fmt: skip


def _backups_due(sees_everything: bool, of_one: bool) -> QuerySet:
    """Tried too long ago, never tried, lapsing soon."""
    number, moment, nothing = BigIntegerField(), DateTimeField(), Value(None, output_field=CharField())
    reader = Reader(number, sees_everything=sees_everything)
    late = Q(proved_at__lt=Slot("lapsed", moment))
    urgency = Case(When(late, then=0), When(proved_at=None, then=1), default=2)
    mine = Q(login__holder=Slot("holder", number)) if of_one else Q()
    return (
        AuthenticatorBackup.objects.visible_to(reader)
        .to_try()
        .filter(mine, Q(proved_at=None) | Q(proved_at__lt=Slot("lapsing", moment)))
        .order_by(urgency, "proved_at", "pk")
        .values_list(
            Value(value=True), nothing, "proved_at", "pk", Value(None, output_field=number), "login__label", nothing,
            nothing, "label", nothing, Window(Count("pk")), Window(Count("pk", filter=late)),
        )[:TASKS_SHOWN]
    )  # fmt: skip


_DUE = Prepared(_build_due)


def _backup_task(row: DueBackup, *, at: datetime, office: Office) -> Task:
    zone, days = office.timezone, office.backup_days
    proof = proof_since(row.proved_at, at=at, days=days, warn_days=office.warn_days, zone=zone)
    last_day = local_day(row.proved_at, zone) + timedelta(days=days) if row.proved_at else None
    late = (local_day(at, zone) - last_day).days if last_day else 0
    return Task(
        mark=proof,
        title=f"Test {row.label}",
        text=f"{row.login}. {'Nobody knows whether it works.' if proof in UNTRIED else 'Trying it once is enough.'}",
        state="late" if proof in LATE else "due",
        words=_when(proof, late),
        day=last_day if proof == Proof.DUE else None,
        url=address("recovery:show_backup", row.id),
        action_url=address("recovery:test_backup", row.id),
        action="Record it",
    )


def _validation_task(row: DueRow, *, at: datetime, office: Office, zone: str) -> Task:
    proof = device_rules.proof_state(outcome=row.outcome, lapses_at=row.lapses_at, at=at, warn_days=office.warn_days)
    door = catalogue()[row.broker].short_name(row.interface)
    first = row.holder.split()[0] if row.holder else ""
    whose = f"{first}’s " if first and first not in row.thing else ""
    last_day = device_rules.last_good_day(row.lapses_at, zone) if row.lapses_at else None
    days_late = (local_day(at, zone) - last_day).days if last_day else 0
    return Task(
        mark=proof,
        title=f"Prove {whose}{row.thing} at {door}",
        text=f"{row.login}. {_why(proof)}",
        state="late" if proof in LATE else "due",
        words=_when(proof, days_late),
        day=last_day if proof == Proof.DUE else None,
        url=address("devices:show_asset", row.device_id),
        action_url=f"{address('devices:add_validation')}?door={row.door_id}&device={row.device_id}",
        action="Record it",
    )


def _why(proof: str) -> str:
    return {
        Proof.FAILED: "The last try did not work.",
        Proof.OVERDUE: "It may be refused at the next sign-in.",
        Proof.NEVER: "Nobody has ever signed in there with it.",
        Proof.DUE: "Signing in once and recording it is enough.",
    }[Proof(proof)]


def _when(proof: str, days_late: int) -> str:
    if proof == Proof.OVERDUE:
        return f"{days_late} day{'s' if days_late != 1 else ''} late"
    return {Proof.FAILED: "Failed", Proof.NEVER: "Never proven", Proof.DUE: ""}[Proof(proof)]


def notices_to_answer(member: Member, *, at: datetime) -> list[Task]:
    """Notices that wait for this member's own answer, the nearest deadline first; one query."""
    today = local_day(at, member.timezone)
    waiting = (
        Acknowledgement.objects.filter(member=member, notice__closed_at=None, state__in=[AckState.SENT, AckState.SEEN])
        .select_related("notice")
        .order_by("notice__answer_by", "pk")[:TASKS_SHOWN]
    )
    return [_notice_task(answer.notice, today) for answer in waiting]


def _notice_task(notice, today: date) -> Task:
    days = (today - notice.answer_by).days
    url = address("notices:show_notice", notice.pk)
    return Task(
        mark="notice",
        title=f"Answer: {notice.title}",
        text=f"{catalogue()[notice.broker].name} is about to change something.",
        state="late" if days > 0 else "due",
        words=f"{days} day{'s' if days != 1 else ''} late" if days > 0 else "",
        day=None if days > 0 else notice.answer_by,
        url=url,
        action_url=url,
        action="Read it",
    )


def readiness(picture: Picture) -> list[Ready]:
    """Each present holder of a login with how their doors stand, the worst first."""
    by_holder = picture.by_holder()
    people = (Holder(*named) for named in picture.people.items())
    ready = [Ready.of(person, by_holder[person.pk]) for person in people if person.pk in by_holder]
    return sorted(ready, key=lambda one: (one.open > 0, one.state == "ok", one.open, one.member.name))
