"""What the pages of notices and letters show."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from django.db.models import Count, Q, QuerySet

from core import clock
from core.letters import queries as post
from core.letters.models import Attempt, Letter
from identity.models import Member
from notices import rules
from notices.enums import AckState
from notices.models import Acknowledgement, Notice
from notices.rules.circle import can_be_asked

MOST_ATTEMPTS = 20
WAITING = [AckState.SENT, AckState.SEEN]


# From how many days before its deadline an open notice is shown as due.
PRESSING = 7


@dataclass(frozen=True, slots=True)
class Line:
    """One notice in the list. `state` colours its deadline: late, due or nothing pressing."""

    notice: Notice
    is_mine: bool
    state: str


@dataclass(frozen=True, slots=True)
class Answer:
    """One person's answer as the page of a notice shows it. Whoever can't be asked by letter is told in person."""

    row: Acknowledgement
    member: Member
    is_asked_here: bool


@dataclass(frozen=True, slots=True)
class NoticePage:
    """One notice with what its reader may see of the answers; `own` is the reader's, None when they owe none."""

    notice: Notice
    own: Acknowledgement | None
    answers: Sequence[Answer]
    asked: int
    given: int
    confirmed: int
    state: str

    @property
    def by_hand(self) -> list[Answer]:
        """Those still to be told in person."""
        return [answer for answer in self.answers if not answer.is_asked_here and answer.row.is_waiting]

    @property
    def state_icon(self) -> str:
        return "circle-alert" if self.state == "late" else "clock"


def notices_for(member: Member, *, closed: bool = False) -> QuerySet[Notice]:
    """The notices a member may read, those that wait for their own answer first, then by deadline."""
    rows = Notice.objects.visible_to(member).filter(closed_at__isnull=not closed)
    own = Q(answers__member=member, answers__state__in=WAITING)
    rows = rows.annotate(own=Count("answers", filter=own))
    return rows.order_by("-closed_at", "-pk") if closed else rows.order_by("-own", "answer_by", "pk")


def lines(rows: Iterable[Notice], today: date) -> list[Line]:
    """Rows of `notices_for` as the list shows them."""
    return [Line(row, bool(getattr(row, "own", 0)), pressure(row, today)) for row in rows]


def pressure(notice: Notice, today: date) -> str:
    """How an open notice's deadline looks `today`: late, due, or nothing pressing."""
    left = (notice.answer_by - today).days
    if notice.closed_at is not None or left > PRESSING:
        return ""
    return "late" if left < 0 else "due"


def notice_page(notice: Notice, member: Member, *, at: datetime) -> NoticePage:
    """A notice and its answers, all of them for those who see everything, else the member's own; one query."""
    rows = list(notice.answers.select_related("member", "answered_by").order_by("member__name", "pk"))
    shown = rows if member.sees_everything else [row for row in rows if row.member_id == member.pk]
    return NoticePage(
        notice=notice,
        own=next((row for row in rows if row.member_id == member.pk), None),
        answers=[Answer(row, row.member, can_be_asked(row.member, at)) for row in shown],
        asked=len(rows),
        given=sum(not row.is_waiting for row in rows),
        confirmed=sum(row.state == AckState.CONFIRMED for row in rows),
        state=pressure(notice, clock.local_day(at, member.timezone)),
    )


def concerned(broker: str) -> QuerySet[Member]:
    """The people a notice of this broker touches: present, and holding a login there that is in use."""
    holders = Member.objects.present().filter(logins__broker=broker, logins__ended_at=None)
    return holders.distinct().order_by("name", "pk")


@dataclass(frozen=True, slots=True)
class InPerson:
    """Somebody who can't be asked by letter, and how many things wait for them."""

    member: Member
    things: int


def in_person(at: datetime) -> list[InPerson]:
    """Who must be told in person of what is due, most things first."""
    people = rules.circle(at)
    items = {one.item: one.context.holder_id for one in rules.due(at, people)}
    counts = Counter(holder for holder in items.values() if holder and holder not in people.askable)
    return [InPerson(people.everybody[pk], count) for pk, count in counts.most_common()]


@dataclass(frozen=True, slots=True)
class Post:
    """Whether the post is working, for the block beside the letters. `trouble` is the mail server's last word."""

    health: post.Health
    last_accepted: datetime | None
    trouble: Attempt | None


def post_office(at: datetime) -> Post:
    """The state of the post at `at`, in a fixed number of queries."""
    health = post.health(at)
    return Post(health, post.last_accepted(at), post.last_trouble(at) if health.waiting else None)


def letters_for(member: Member, *, state: str = "") -> QuerySet[Letter]:
    """The letters a member may read, newest first, in one state when it is named."""
    rows = Letter.objects.visible_to(member).select_related("recipient").defer("text", "html")
    return (rows.filter(state=state) if state else rows).order_by("-pk")


def attempts(letter: Letter) -> Sequence[Attempt]:
    """The newest tries at sending a letter, newest first."""
    return list(letter.attempts.order_by("-number")[:MOST_ATTEMPTS])
