"""Raising reminders, and everything that happens to a notice."""

from __future__ import annotations

import hashlib
import logging
import time
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from itertools import takewhile

from django.db import IntegrityError, InterfaceError, OperationalError, transaction
from django.db.models import Exists, OuterRef

from core import clock
from core.errors import Refused
from core.letters.actions import beat_pulse, cancel_unsent, enqueue
from core.letters.enums import LetterKind, LetterState
from core.letters.models import Letter
from core.trail import queries as trail
from core.trail.actions import changes, record, snapshot, walk
from core.trail.enums import Verb
from identity.models import Member, Office
from identity.queries import is_set_up
from notices import policies, queries, rules
from notices.enums import AckState
from notices.models import Acknowledgement, Notice, Reminder
from notices.queries import letters, weekly
from notices.rules import Circle, Due
from notices.rules.circle import can_be_asked

log = logging.getLogger(__name__)

# Who has just had a letter gets the next one an hour later, with all that has become due by then.
GAP = timedelta(hours=1)
# A run ends well within the life of its task (`task_soft_time_limit` in config/celery.py).
RUN_SECONDS = 60
# How old the last whole walk along the trail may become; a little under a day, so that it is made once a day.
WALK_EVERY = timedelta(hours=20)
NOTICE_FIELDS = ["title", "answer_by", "effective_on"]


# Reminders


@dataclass(frozen=True, slots=True)
class Raised:
    """What one run came to: letters queued, reminders settled, people whose letter could not be made."""

    letters: int
    settled: int
    failed: int


@dataclass(frozen=True, slots=True)
class _Told:
    """What people were told already: the keys, and when each last heard of each item that is still due."""

    keys: frozenset[str]
    last: dict[tuple[str, int], datetime]
    lately: frozenset[int]


def raise_due(*, at: datetime) -> Raised:
    """Turn what is due into letters, one grouped letter a person; run twice, or on two machines, each is raised once.

    Nobody gets a reminder before their own hour of the day. Of each thing only the most pressing rung is raised, so
    days of outage leave no backlog. Reminders of what is done are settled, and their unsent letters called back.
    """
    if not is_set_up():
        return Raised(letters=0, settled=0, failed=0)
    people = rules.circle(at)
    dues = rules.due(at, people)
    settled = _settle_done(dues, at)
    told = _told(at)
    by_person: dict[int, list[Due]] = defaultdict(list)
    for one in dues:
        if _is_new(one, told, at):
            by_person[one.to.pk].append(one)
    ready = [pk for pk in sorted(by_person) if pk not in told.lately and _is_the_hour(people.askable[pk], at)]
    outcomes = list(_in_time(_tell_safely(by_person[pk], people, at) for pk in ready))
    failed = outcomes.count(None)
    if not failed:
        beat_pulse("rules", at=at)
    return Raised(letters=outcomes.count(True), settled=settled, failed=failed)


def _in_time(outcomes: Iterator[bool | None]) -> Iterator[bool | None]:
    """As many as one run has time for; the next run finds the rest as new as they were."""
    begun = time.monotonic()
    return takewhile(lambda _: time.monotonic() - begun < RUN_SECONDS, outcomes)


@transaction.atomic
def _settle_done(dues: Iterable[Due], at: datetime) -> int:
    """Settle reminders whose thing no longer waits for their person, and call back letters that hold no other."""
    still = {(one.item, one.to.pk) for one in dues}
    open_ones = Reminder.objects.open().values_list("pk", "item", "member")
    done = [pk for pk, item, member in open_ones if (item, member) not in still]
    Reminder.objects.filter(pk__in=done).update(settled_at=at)
    needed = Reminder.objects.open().filter(letter=OuterRef("pk"))
    unsent = Letter.objects.filter(kind=LetterKind.REMINDER, state=LetterState.QUEUED)
    cancel_unsent(unsent.filter(~Exists(needed)), at=at)
    return len(done)


def _told(at: datetime) -> _Told:
    open_ones = Reminder.objects.open().order_by("raised_at")
    rows = list(open_ones.values_list("key", "item", "member", "raised_at"))
    lately = Letter.objects.filter(kind=LetterKind.REMINDER, queued_at__gt=at - GAP).exclude(
        state=LetterState.CANCELLED
    )
    return _Told(
        keys=frozenset(key for key, *_ in rows),
        last={(item, member): raised_at for _, item, member, raised_at in rows},
        lately=frozenset(lately.values_list("recipient", flat=True)),
    )


def _is_new(one: Due, told: _Told, at: datetime) -> bool:
    if one.key in told.keys:
        return False
    last = told.last.get((one.item, one.to.pk))
    if not one.repeats or last is None:
        return True
    zone = one.to.timezone
    return rules.may_repeat(clock.local_day(last, zone), clock.local_day(at, zone))


def _is_the_hour(member: Member, at: datetime) -> bool:
    """Whether the person's digest hour has come today, on their own clock."""
    today = clock.local_day(at, member.timezone)
    return at >= clock.at_hour(today, member.digest_hour, member.timezone)


def _tell_safely(dues: list[Due], people: Circle, at: datetime) -> bool | None:
    """Whether a letter was queued; None when it could not be made, which must not keep others from theirs."""
    try:
        return _tell(dues, people, at)
    except (OperationalError, InterfaceError):
        raise  # the database is away, for everybody
    except Exception:
        log.exception("reminders of member %s could not be raised", dues[0].to.pk)
        return None


@transaction.atomic
def _tell(dues: list[Due], people: Circle, at: datetime) -> bool:
    """One letter about what is new for one person; their row is locked, so a second scheduler finds it told."""
    to = Member.objects.get_queryset().select_for_update(no_key=True).get(pk=dues[0].to.pk)
    known = Reminder.objects.filter(key__in=[one.key for one in dues])
    # A rung reached before, left (a lost thing, a changed date) and reached again: it was told, so it only reopens.
    known.filter(settled_at__isnull=False).update(settled_at=None)
    keys = set(known.values_list("key", flat=True))
    fresh = [one for one in dues if one.key not in keys]
    if not fresh:
        return False
    items = [one.item for one in fresh]
    said = letters.reminder(fresh, to=to, people=people, at=at, told=letters.times_told(to, items))
    letter = enqueue(
        key=_letter_key(fresh), kind=LetterKind.REMINDER, to=to, content=said, at=at, thread=_thread(fresh)
    )
    if letter is None:
        return False
    Reminder.objects.bulk_create(_reminder(one, letter, at) for one in fresh)
    return True


def _letter_key(dues: list[Due]) -> str:
    digest = hashlib.sha256("\n".join(sorted(one.key for one in dues)).encode()).hexdigest()[:20]
    return f"reminder:{dues[0].to.pk}:{digest}"


def _thread(dues: list[Due]) -> str:
    """Letters about one thing hang together in the mailbox, and so do a person's grouped ones."""
    return dues[0].item if len(dues) == 1 else f"reminders:{dues[0].to.pk}"


def _reminder(one: Due, letter: Letter, at: datetime) -> Reminder:
    return Reminder(
        key=one.key,
        rule=one.rule,
        item=one.item,
        stage=one.stage,
        member=one.to,
        due_at=one.due_at,
        raised_at=at,
        letter=letter,
    )


# Notices


@transaction.atomic
def add_notice(
    *, broker: str, title: str, text: str, answer_by: date, effective_on: date | None = None, by: Member, at: datetime
) -> Notice:
    """Put a broker's notice on file, ask everybody who holds an open login there, and write to those with a mailbox."""
    if answer_by < clock.local_day(at, by.timezone):
        raise Refused("That day to answer by is over. Choose today or later.")
    notice = _new_notice(
        Notice(
            broker=broker,
            title=title,
            text=text,
            digest=digest_of(broker, text),
            answer_by=answer_by,
            effective_on=effective_on,
            owner=by,
            created_at=at,
        )
    )
    asked = list(queries.concerned(broker))
    Acknowledgement.objects.bulk_create(Acknowledgement(notice=notice, member=member) for member in asked)
    for member in asked:
        if can_be_asked(member, at):
            _send_notice(notice, member, at)
    record(Verb.NOTICE_ADDED, by=by, about=notice, at=at, broker=broker, answer_by=answer_by, asked=len(asked))
    return notice


def _new_notice(notice: Notice) -> Notice:
    try:
        with transaction.atomic():
            notice.save(force_insert=True)
    except IntegrityError as clash:
        first = Notice.objects.filter(digest=notice.digest).first()
        if first is None:
            raise
        raise Refused(
            f"That text is on file already, as “{first.title}”, to be answered by {first.answer_by:%d.%m.%Y}. "
            "Change that one instead."
        ) from clash
    return notice


def digest_of(broker: str, text: str) -> str:
    """The SHA-256 (hex) of a broker and a text, whatever its line breaks, spaces and capitals."""
    return hashlib.sha256(f"{broker}\n{' '.join(text.split()).casefold()}".encode()).hexdigest()


def _send_notice(notice: Notice, member: Member, at: datetime) -> None:
    enqueue(
        key=f"notice:{notice.pk}:{member.pk}",
        kind=LetterKind.NOTICE,
        to=member,
        content=letters.notice_letter(notice, to=member, office=Office.objects.get(), at=at),
        at=at,
        thread=f"notice:{notice.pk}",
    )


@transaction.atomic
def change_notice(notice: Notice, *, by: Member, at: datetime, **facts) -> Notice:
    """Change title or days of an open notice; reminders follow the new day by themselves."""
    held = _open_notice(notice)
    before = snapshot(held, NOTICE_FIELDS)
    for name, value in facts.items():
        setattr(held, name, value)
    if held.answer_by != before["answer_by"] and held.answer_by < clock.local_day(at, by.timezone):
        raise Refused("That day to answer by is over. Choose today or later.")
    held.save()
    what = changes(held, before, NOTICE_FIELDS)
    if what:
        record(Verb.NOTICE_CHANGED, by=by, about=held, at=at, changes=what)
    return held


@transaction.atomic
def close_notice(notice: Notice, *, by: Member, at: datetime) -> Notice:
    """Nobody is asked about it any more; letters still waiting are called back, answers stay on file."""
    held = _open_notice(notice)
    held.closed_at = at
    held.save(update_fields=["closed_at"])
    cancel_unsent(Letter.objects.filter(kind=LetterKind.NOTICE, key__startswith=f"notice:{held.pk}:"), at=at)
    unanswered = held.answers.filter(state__in=queries.WAITING).count()
    record(Verb.NOTICE_CLOSED, by=by, about=held, at=at, unanswered=unanswered)
    return held


def _open_notice(notice: Notice) -> Notice:
    held = Notice.objects.select_for_update(no_key=True).get(pk=notice.pk)
    if held.closed_at is not None:
        raise Refused("That notice is closed. Nothing about it changes any more.")
    return held


@transaction.atomic
def mark_seen(answer: Acknowledgement, *, by: Member, at: datetime) -> Acknowledgement:
    """Write down that a person has read the notice and will answer later."""
    held = _held_answer(answer, by=by, at=at)
    if held.state == AckState.SENT:
        held.state, held.seen_at = AckState.SEEN, at
        held.save(update_fields=["state", "seen_at"])
    return held


@transaction.atomic
def acknowledge(answer: Acknowledgement, *, by: Member, at: datetime) -> Acknowledgement:
    """The person has read and understood the notice and is ready for it. Whoever declined may still come round."""
    held = _held_answer(answer, by=by, at=at)
    if held.state == AckState.CONFIRMED:
        raise Refused("That is confirmed already.")
    _answer(held, AckState.CONFIRMED, by=by, at=at)
    record(Verb.NOTICE_ACKNOWLEDGED, by=by, about=held, at=at, notice=held.notice_id, member=held.member_id)
    return held


@transaction.atomic
def decline(answer: Acknowledgement, *, reason: str, by: Member, at: datetime) -> Acknowledgement:
    """The person can't do what the notice asks, and says why; the notice's owner is told by letter."""
    held = _held_answer(answer, by=by, at=at)
    if held.state == AckState.CONFIRMED:
        raise Refused("That is confirmed already. Talk to whoever put the notice on file.")
    if not reason.strip():
        raise Refused("Say why, so that somebody can help.")
    _answer(held, AckState.DECLINED, by=by, at=at, reason=reason.strip())
    record(Verb.NOTICE_DECLINED, by=by, about=held, at=at, notice=held.notice_id, member=held.member_id)
    _tell_owner(held, at)
    return held


def _held_answer(answer: Acknowledgement, *, by: Member, at: datetime) -> Acknowledgement:
    """The locked answer, if its notice is open and `by` may give it."""
    held = (
        Acknowledgement.objects.select_for_update(of=("self",), no_key=True)
        .select_related("notice", "member")
        .get(pk=answer.pk)
    )
    if held.notice.closed_at is not None:
        raise Refused("That notice is closed. Nobody needs to answer it any more.")
    is_asked_here = can_be_asked(held.member, at)
    if not (policies.may_answer(by, held) or policies.may_answer_for(by, is_asked_here=is_asked_here)):
        raise Refused(f"{held.member.name} answers this themselves.")
    return held


def _answer(held: Acknowledgement, state: AckState, *, by: Member, at: datetime, reason: str = "") -> None:
    held.state, held.answered_at, held.reason = state, at, reason
    held.seen_at = held.seen_at or at
    held.answered_by = None if by.pk == held.member_id else by
    held.save()


def _tell_owner(held: Acknowledgement, at: datetime) -> None:
    """To whoever put the notice on file; to the managers when that person can't be asked or is the one who declined."""
    owner = held.notice.owner
    tells = [owner] if can_be_asked(owner, at) else [one for one in Member.objects.managers() if can_be_asked(one, at)]
    for to in tells:
        if to.pk != held.member_id:
            enqueue(
                key=f"declined:{held.pk}:{int(at.timestamp())}:{to.pk}",
                kind=LetterKind.NOTICE,
                to=to,
                content=letters.declined_letter(held, to=to, office=Office.objects.get(), at=at),
                at=at,
                thread=f"notice:{held.notice_id}",
            )


# The weekly letter


def write_weekly(*, at: datetime) -> int:
    """One letter to each owner a week: the head of the trail as an anchor outside the house, and what is late.

    Run twice, or on two machines, each is written once. The chain is walked only when somebody's letter is due. Returns
    how many were written.
    """
    if not is_set_up():
        return 0
    people = rules.circle(at)
    due = dict(weekly.due_owners(at, people))
    told = set(Letter.objects.filter(key__in=due.values()).values_list("key", flat=True))
    waiting = [(to, key) for to, key in due.items() if key not in told]
    if not waiting:
        return 0
    verdict, late = trail.verdict_of(walk(at=at)), weekly.late(at, people)
    written = [_write_weekly(to, key, LetterKind.WEEKLY, verdict, late, at) for to, key in waiting]
    return sum(letter is not None for letter in written)


def _write_weekly(
    to: Member, key: str, kind: LetterKind, verdict: trail.Verdict, late: weekly.Late, at: datetime
) -> Letter | None:
    said = weekly.weekly_letter(to, office=Office.objects.get(), verdict=verdict, late=late, at=at)
    with transaction.atomic():
        return enqueue(key=key, kind=kind, to=to, content=said, at=at, thread=f"weekly:{to.pk}")


def watch_trail(*, at: datetime) -> bool | None:
    """Walk the whole chain when the last walk is old; a break is told to the owners at once, each break once.

    Returns whether it is whole, None when it was walked lately.
    """
    last = trail.last_walk()
    if not is_set_up() or (last is not None and at - last.at < WALK_EVERY):
        return None
    verdict = trail.verdict_of(walk(at=at))
    if not verdict.intact:
        log.error("the trail was changed: %s", verdict)
        people = rules.circle(at)
        late = weekly.late(at, people)
        for to in people.owners:
            key = f"trail-broken:{verdict.broken_at}:{verdict.head[:16]}:{to.pk}"
            _write_weekly(to, key, LetterKind.SECURITY, verdict, late, at)
    return verdict.intact
