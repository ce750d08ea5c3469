"""From a matter that needs somebody to the people who are asked about it, each at their own hour of the ladder."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date, datetime

from core import clock
from devices.rules import last_good_day
from identity.models import Member
from notices.enums import RuleKind, Stage
from notices.rules import ladder
from notices.rules.circle import Circle


@dataclass(frozen=True, slots=True, kw_only=True)
class Matter:
    """One thing that is due, before it is known who is asked.

    A dated matter has `ends_at` (a moment, whose last good day depends on the reader's zone) or `last_day` (a calendar
    day for everybody), and stands on a ladder. One without stands on `standing`, a rung that repeats. `thing` and
    `place` are names, safe in a letter; `target` are the numbers its page is found by. `asks_owners` says that
    the owners decide it, whoever it is about.
    """

    item: str
    rule: RuleKind
    holder_id: int | None
    thing: str
    place: str = ""
    ends_at: datetime | None = None
    last_day: date | None = None
    begun_at: datetime | None = None
    standing: Stage | None = None
    steps: ladder.Ladder = ()
    tells_owners: bool = True
    asks_owners: bool = False
    target: tuple[int, ...] = ()

    def last_day_in(self, zone: str) -> date | None:
        """The last good day as the named zone counts days; None for what has no date."""
        return last_good_day(self.ends_at, zone) if self.ends_at else self.last_day

    def stage_in(self, zone: str, at: datetime) -> Stage | None:
        """The rung it stands on for a reader in the named zone."""
        if self.standing:
            return self.standing
        last_day = self.last_day_in(zone)
        if last_day is None:
            return None
        begun = clock.local_day(self.begun_at, zone) if self.begun_at else None
        return ladder.rung(self.steps, last_day=last_day, today=clock.local_day(at, zone), begun=begun)


@dataclass(frozen=True, slots=True)
class Due:
    """One rung for one person. The key says what, until when, which rung, which week of a repeat, who.

    `instead_of` is the person who is away, when the one asked stands in for them.
    """

    key: str
    item: str
    rule: RuleKind
    to: Member
    due_at: datetime | None
    stage: Stage
    context: Matter = field(compare=False)
    instead_of: Member | None = field(default=None, compare=False)

    @property
    def repeats(self) -> bool:
        return self.stage in ladder.REPEATED

    @property
    def last_day(self) -> date | None:
        return self.context.last_day_in(self.to.timezone)

    @property
    def is_own(self) -> bool:
        """Whether the person asked is the one who should act."""
        return self.context.holder_id == self.to.pk


def dues_of(matter: Matter, people: Circle, at: datetime) -> Iterator[Due]:
    """Who is asked about a matter at `at`: first its holder, later managers and owners too, each at most once.

    Beside each of them who is away, their stand-in is asked, unless that one is asked anyway.
    """
    first = people.owners if matter.asks_owners else people.asked_first(matter.holder_id)
    later = people.managers + (people.owners if matter.tells_owners else ())
    everybody = {member.pk: member for member in first + later}.values()
    asked = {one.pk: one for one in everybody if one in first or _is_told(one, people, matter, at)}
    beside = {other.pk: (other, one) for one in asked.values() for other in people.instead_of(one)}
    pairs = [(one, None) for one in asked.values()] + [pair for pk, pair in beside.items() if pk not in asked]
    for person, absent in pairs:
        stage = matter.stage_in(person.timezone, at)
        if stage:
            yield _due(matter, person, stage, people.office.timezone, at, absent)


def _is_told(person: Member, people: Circle, matter: Matter, at: datetime) -> bool:
    """Whether somebody other than the holder hears of a matter that climbs the ladder, by how many days it is late."""
    last_day = matter.last_day_in(person.timezone)
    if matter.standing or last_day is None:
        return False
    late = (clock.local_day(at, person.timezone) - last_day).days
    if person in people.managers and late >= ladder.MANAGERS_FROM:
        return True
    return matter.tells_owners and person in people.owners and late >= ladder.OWNERS_FROM


def _due(matter: Matter, person: Member, stage: Stage, office_zone: str, at: datetime, absent: Member | None) -> Due:
    last_day = matter.last_day_in(person.timezone)
    when = ladder.week(clock.local_day(at, person.timezone)) if stage in ladder.REPEATED else ""
    parts = [matter.item, last_day.isoformat() if last_day else "", f"{stage}{when and '@'}{when}", str(person.pk)]
    ends_at = matter.ends_at or (clock.end_of_day(matter.last_day, office_zone) if matter.last_day else None)
    return Due(
        key=":".join(parts),
        item=matter.item,
        rule=matter.rule,
        to=person,
        due_at=ends_at,
        stage=stage,
        context=matter,
        instead_of=absent,
    )


def wanted(items, rule: RuleKind) -> list[int] | None:
    """The row numbers in item names such as `validation:17` that belong to a rule; None when all rows are meant."""
    if items is None:
        return None
    pairs = (item.partition(":") for item in items)
    return [int(number) for kind, _, number in pairs if kind == rule]
