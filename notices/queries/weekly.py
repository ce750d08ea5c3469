"""The owners' weekly letter: how the trail stands, its head as an anchor outside the house, and what is late."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from core import clock
from core.letters import rendering
from core.letters.kinds import Content
from core.trail.queries import Verdict
from identity.models import Member, Office
from notices import rules
from notices.enums import RuleKind
from notices.rules import Circle
from notices.rules.circle import can_be_asked

# A head is read from paper and typed: eight groups of eight.
GROUP = 8
NOUNS = {
    RuleKind.VALIDATION: ("validation", "validations"),
    RuleKind.BACKUP: ("backup", "backups"),
    RuleKind.NOTICE: ("broker notice", "broker notices"),
}


@dataclass(frozen=True, slots=True)
class Late:
    """What is past its day, and what was never proven or failed, each counted by its rule."""

    past: Counter[str]
    unproven: int

    @property
    def in_words(self) -> str:
        """One line for a letter."""
        counted = [f"{n} {NOUNS[RuleKind(rule)][n != 1]}" for rule, n in sorted(self.past.items())]
        listed = f"{', '.join(counted[:-1])} and {counted[-1]}" if len(counted) > 1 else "".join(counted)
        parts = [f"{listed} {'is' if self.past.total() == 1 else 'are'} late"] if listed else []
        if self.unproven:
            parts.append(f"{self.unproven} {'was' if self.unproven == 1 else 'were'} never proven or failed")
        said = "; ".join(parts)
        return f"{said[0].upper()}{said[1:]}." if said else "Nothing is late."


def late(at: datetime, people: Circle) -> Late:
    """What is late at `at` in the days of the office; one query a rule."""
    zone, past, unproven = people.office.timezone, Counter[str](), 0
    today = clock.local_day(at, zone)
    for matter in (one for rule in rules.ALL for one in rule(at, people.office, None)):
        last_day = matter.last_day_in(zone)
        if matter.standing:
            unproven += 1
        elif last_day is not None and last_day < today:
            past[matter.rule] += 1
    return Late(past, unproven)


def due_owners(at: datetime, people: Circle) -> Iterator[tuple[Member, str]]:
    """Owners whose week has begun, at their hour of its Monday on their own clock, with the key of that week's letter.

    Whoever joined since waits for the next one.
    """
    for owner in people.owners:
        monday = monday_of(clock.local_day(at, owner.timezone))
        begins = clock.at_hour(monday, owner.digest_hour, owner.timezone)
        if can_be_asked(owner, at) and at >= begins and owner.joined_at and owner.joined_at < begins:
            yield owner, key_of(owner, monday)


def monday_of(day: date) -> date:
    return day - timedelta(days=day.weekday())


def key_of(owner: Member, day: date) -> str:
    """One letter per person and ISO week, whatever number of schedulers runs."""
    year, week, _ = day.isocalendar()
    return f"weekly:{owner.pk}:{year}-W{week:02d}"


def weekly_letter(to: Member, *, office: Office, verdict: Verdict, late: Late, at: datetime) -> Content:
    """The letter as it leaves; it says the same when the chain is broken, but not first."""
    week = clock.local_day(at, to.timezone).isocalendar().week
    subject = f"Week {week}: {verdict}" if verdict.intact else "The trail was changed"
    return rendering.content(
        "weekly",
        subject=subject,
        to=to,
        office=office,
        at=at,
        verdict=verdict,
        groups=groups(verdict.head),
        late=late.in_words,
        url=rendering.link("/trail/check/"),
        button="Compare it with an older letter",
    )


def groups(head: str) -> list[str]:
    """A head in two lines of four groups."""
    parts = [head[start : start + GROUP] for start in range(0, len(head), GROUP)]
    return [" ".join(parts[:4]), " ".join(parts[4:])]
