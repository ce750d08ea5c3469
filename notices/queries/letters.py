"""What our letters say. They name things, doors and people, never an account, a hint or a user name (decision 0007)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from urllib.parse import urlencode

from django.conf import settings
from django.urls import reverse

from core import clock
from core.letters import rendering
from core.letters.kinds import Content
from core.letters.rendering import short_day
from identity.models import Member, Office
from notices import rules
from notices.enums import RuleKind, Stage
from notices.models import Acknowledgement, Notice
from notices.rules import Circle, Due, Matter, ladder

MOST_SHOWN = 5
_RANK = {Stage.FAILED: 0, Stage.WEEKLY: 1, Stage.P7: 1, Stage.P2: 1, Stage.D0: 2, Stage.NEVER: 3}
_COUNTED = {
    RuleKind.VALIDATION: "{} devices",
    RuleKind.BACKUP: "{} backups",
    RuleKind.NOTICE: "{} broker notices",
    RuleKind.ENDING: "the access of {} auditors",
    RuleKind.CHECKUP: "{} check-ups",
}
_VERBS = {
    RuleKind.VALIDATION: "confirm",
    RuleKind.BACKUP: "test",
    RuleKind.NOTICE: "answer",
    RuleKind.ENDING: "decide about",
    RuleKind.CHECKUP: "do",
}


@dataclass(frozen=True, slots=True)
class Line:
    """One thing in a letter. `state` colours `when`: late, due or nothing pressing.

    `alone` says when in a letter about this alone, whose heading has the day already.
    """

    deed: str
    when: str
    alone: str
    note: str
    state: str


def reminder(dues: Sequence[Due], *, to: Member, people: Circle, at: datetime, told: Mapping[str, int]) -> Content:
    """One grouped letter about `dues`, all for one person. `told` is how often they heard of each item before."""
    today = clock.local_day(at, to.timezone)
    ordered = sorted(dues, key=_urgency)
    times = min(told.get(one.item, 0) for one in ordered) + 1
    deed = _subject(ordered, people, today)
    return rendering.content(
        "reminder",
        subject=f"[{_ordinal(times)} reminder] {deed}" if times > 1 else deed,
        to=to,
        office=people.office,
        at=at,
        deed=deed,
        lines=[_line(one, people, today) for one in ordered[:MOST_SHOWN]],
        more=len(ordered) - min(len(ordered), MOST_SHOWN),
        otherwise=_otherwise(ordered[0], today),
        next_asked=_next_asked(ordered, people, today),
        url=rendering.link(_page(ordered)),
        button=_button(ordered),
    )


def _urgency(one: Due) -> tuple:
    return (_RANK.get(one.stage, 4), one.last_day or date.max, one.item)


def _page(dues: Sequence[Due]) -> str:
    """Where a letter's one button leads: to the page of the matter, of all one's own proofs at once, or to Today."""
    if len(dues) == 1:
        return page_of(dues[0].context)
    return reverse("dashboard:confirm_things", args=[dues[0].to.pk]) if _are_own_proofs(dues) else "/"


def _are_own_proofs(dues: Sequence[Due]) -> bool:
    proofs = (RuleKind.VALIDATION, RuleKind.BACKUP)
    return all(one.rule in proofs and one.context.holder_id == one.to.pk for one in dues)


def page_of(matter: Matter) -> str:
    """The path of the page on which a matter is dealt with."""
    if matter.rule == RuleKind.VALIDATION:
        door, device = matter.target
        return f"{reverse('devices:add_validation')}?{urlencode({'door': door, 'device': device})}"
    if matter.rule == RuleKind.ENDING:
        return reverse("identity:edit_member", args=matter.target)
    if matter.rule == RuleKind.CHECKUP:
        return reverse("identity:checkup")
    name = "recovery:test_backup" if matter.rule == RuleKind.BACKUP else "notices:show_notice"
    return reverse(name, args=matter.target)


def _ordinal(number: int) -> str:
    ending = "th" if 10 <= number % 100 <= 20 else {1: "st", 2: "nd", 3: "rd"}.get(number % 10, "th")
    return f"{number}{ending}"


# The subject: thing, deed, date.


def _subject(dues: Sequence[Due], people: Circle, today: date) -> str:
    own = [one for one in dues if _is_theirs(one)]
    others = [one for one in dues if not _is_theirs(one)]
    deeds = [_deed([one.context for one in own if one.rule == rule]) for rule in RuleKind]
    if others:
        deeds.append(_ask(others, people))
    words = _and([deed for deed in deeds if deed])
    return f"{words[:1].upper()}{words[1:]}{_by_when(dues, today)}"


def _is_theirs(one: Due) -> bool:
    """Whether the person asked is the one who should act, as the holder or because it is the owners' to decide."""
    return one.is_own or one.context.asks_owners


def _deed(matters: Sequence[Matter]) -> str:
    """`confirm 3 devices`, `confirm ThinkPad X1 at 2 doors`, `test Security card`; empty without matters."""
    if not matters:
        return ""
    rule, things = matters[0].rule, {matter.thing for matter in matters}
    if rule == RuleKind.NOTICE and len(matters) == 1:
        return f"answer “{matters[0].thing}”"
    if rule != RuleKind.VALIDATION or len({matter.target[1] for matter in matters}) > 1:
        counted = len({matter.target[-1] for matter in matters})
        return f"{_VERBS[rule]} {_COUNTED[rule].format(counted) if counted > 1 else things.pop()}"
    where = matters[0].place if len(matters) == 1 else f"{len(matters)} doors"
    return f"confirm {things.pop()} at {where}"


def _ask(others: Sequence[Due], people: Circle) -> str:
    holders = {one.context.holder_id for one in others}
    absent = {one.instead_of.name for one in others if one.instead_of and one.instead_of.pk == one.context.holder_id}
    if len(holders) == 1 and len(absent) == 1 and all(one.instead_of for one in others):
        words = _deed([others[0].context]) if len(others) == 1 else f"see to {len(others)} things"
        return f"{words} for {absent.pop()}, who is away"
    if len(holders) > 1:
        return f"ask {len(holders)} people about {len(others)} things"
    name = _name(people, holders.pop())
    if len(others) == 1:
        return f"ask {name} to {_deed([others[0].context])}"
    return f"ask {name} about {len(others)} things"


def _name(people: Circle, holder_id: int | None) -> str:
    return people.everybody[holder_id].name if holder_id else "somebody"


def _by_when(dues: Sequence[Due], today: date) -> str:
    days = [one.last_day for one in dues if one.last_day]
    if not days:
        return " this week"
    late = (today - min(days)).days
    if late > 0:
        return f", {late} {'day' if late == 1 else 'days'} late"
    return f" by {'today, ' if late == 0 else ''}{short_day(min(days), today)}"


def _and(words: Sequence[str]) -> str:
    return " and ".join([", ".join(words[:-1]), words[-1]] if len(words) > 1 else words)


# The lines of the body.


def _line(one: Due, people: Circle, today: date) -> Line:
    deed = _deed([one.context])
    if one.instead_of is not None and one.instead_of.pk == one.context.holder_id:
        deed = f"{deed} for {one.instead_of.name}"
    elif not _is_theirs(one):
        deed = f"ask {_name(people, one.context.holder_id)} to {deed}"
    return Line(
        deed=f"{deed[:1].upper()}{deed[1:]}",
        when=_when(one, today),
        alone=_alone(one, today),
        note=_why_you(one, people),
        state="late" if _RANK.get(one.stage, 4) < 2 else "due" if _RANK.get(one.stage, 4) < 4 else "",
    )


def _when(one: Due, today: date) -> str:
    if one.last_day is None:
        never = "never tested" if one.rule == RuleKind.BACKUP else "never proven"
        return "did not work" if one.stage == Stage.FAILED else never
    left = (one.last_day - today).days
    if left < 0:
        return f"{-left} {'day' if left == -1 else 'days'} late"
    return {0: "today", 1: "tomorrow"}.get(left, f"by {short_day(one.last_day, today)}")


def _alone(one: Due, today: date) -> str:
    left = (one.last_day - today).days if one.last_day else -1
    if left < 0:
        return _when(one, today)
    return {0: "today is the last day", 1: "tomorrow is the last day"}.get(left, f"{left} days left")


def _why_you(one: Due, people: Circle) -> str:
    """Why this person of all people is asked."""
    if one.instead_of is not None:
        return _why_stand_in(one.instead_of, one.to, people)
    if one.context.asks_owners:
        return "You are an owner, and an auditor’s access ends that day."
    if one.is_own:
        return {
            RuleKind.VALIDATION: "It is your login, or on your device.",
            RuleKind.BACKUP: "It is the second way into a login of yours.",
            RuleKind.NOTICE: f"{one.context.place} changes something at a login of yours.",
            RuleKind.CHECKUP: "You enter a code from each app, show each passkey, and find your printed codes.",
        }[one.rule]
    holder = people.everybody.get(one.context.holder_id) if one.context.holder_id else None
    if holder is None:
        return "No person holds this login, so you are asked."
    if holder.pk in people.askable:
        return f"{holder.name} was asked and has not done it."
    return f"Tell {holder.first_name} in person: {_why_not_by_mail(holder)}."


def _why_stand_in(absent: Member, to: Member, people: Circle) -> str:
    away = people.aways[absent.pk]
    until = short_day(away.until_on, away.from_on)
    if away.stand_in_id == to.pk:
        return f"{absent.name} is away until {until}, and you stand in."
    return f"{absent.name} is away until {until}, and the stand-in cannot be asked."


def _why_not_by_mail(holder: Member) -> str:
    if not holder.is_active:
        return "they have left, and still hold it"
    if holder.is_auditor:
        return "an auditor changes nothing here"
    return "no mailbox is on file" if not holder.email else "they cannot sign in here"


def _otherwise(one: Due, today: date) -> str:
    """What happens if nothing is done, from the most pressing thing."""
    if one.rule == RuleKind.BACKUP:
        return "If nothing is done, you learn whether this second way works on the day you need it."
    if one.rule == RuleKind.ENDING:
        return "If nothing is done, the access ends by itself when that day is over."
    if one.rule == RuleKind.NOTICE:
        return "If nobody answers, the broker’s change comes all the same, and nobody here is known to be ready for it."
    if one.rule == RuleKind.CHECKUP:
        return "If nothing is done, you learn on the day a phone is gone whether the rest still lets you into Postern."
    if one.last_day is None or one.last_day < today:
        return "If nothing is done, you learn whether this way in works on the morning you need it."
    return "If nothing is done, it counts as late after that day, and nobody can rely on this way in."


def _next_asked(dues: Sequence[Due], people: Circle, today: date) -> str:
    """Who is asked next, and when, about the first of the reader's own things; else when they are asked again."""
    climbing = [one for one in dues if one.context.steps and not one.context.standing]
    own = next((one for one in climbing if one.is_own), None)
    asked = _asked_later(own, people, today) if own else []
    if asked:
        return f"If it is not done by then, we ask {_and(asked)}."
    if all(one.rule == RuleKind.ENDING for one in dues):
        return "You are asked once."
    rungs = [day for one in climbing[:1] for day in _rungs_to_come(one, today)]
    if rungs:
        return f"You are asked again on {short_day(rungs[0], today)}."
    return f"You are asked again on {short_day(ladder.next_monday(today), today)}, and each Monday until it is done."


def _rungs_to_come(one: Due, today: date) -> list[date]:
    """The days of the rungs after today's, without the weekly ones."""
    days = [
        (one.last_day or date.min) + timedelta(days=first)
        for stage, first in one.context.steps
        if stage != Stage.WEEKLY
    ]
    return [day for day in days if day > today]


def _asked_later(one: Due, people: Circle, today: date) -> list[str]:
    """Who else hears of a matter on its ladder, and on which day to come."""
    rungs = [(ladder.MANAGERS_FROM, people.managers)]
    rungs += [(ladder.OWNERS_FROM, people.owners)] if one.context.tells_owners else []
    asked = []
    for late, group in rungs:
        day = (one.last_day or date.min) + timedelta(days=late)
        names = [person.name for person in group if person.pk != one.to.pk]
        if day > today and names:
            asked.append(f"{_and(names)} on {short_day(day, today)}")
    return asked


def _button(dues: Sequence[Due]) -> str:
    if len(dues) > 1:
        return "Go through them" if _are_own_proofs(dues) else "Open Today"
    return {
        RuleKind.VALIDATION: "Record that it works",
        RuleKind.BACKUP: "Record the test",
        RuleKind.NOTICE: "Read and answer",
        RuleKind.ENDING: "Move the last day",
        RuleKind.CHECKUP: "Try each of them",
    }[dues[0].rule]


# Looking at a queued letter again.


def refreshed_reminder(letter, at: datetime) -> Content | None:
    """The reminder as it should leave now: what is still due of what it was about; None when nothing is."""
    items = set(letter.reminders.open().values_list("item", flat=True))
    people = rules.circle(at)
    still = [one for one in rules.due(at, people, items=items) if one.to.pk == letter.recipient_id]
    if not still:
        return None
    to = people.askable[letter.recipient_id]
    return reminder(still, to=to, people=people, at=at, told=times_told(to, items, but=letter))


def times_told(to: Member, items, *, but=None) -> Counter[str]:
    """How often a person was told of each item that is still due, not counting one letter."""
    told = to.reminders.open().filter(item__in=items, letter__isnull=False)
    return Counter((told.exclude(letter=but) if but else told).values_list("item", flat=True))


def refreshed_notice(letter, at: datetime) -> Content | None:
    """The letter about a notice while its answer is owed; what tells of a refusal stays as it was written."""
    kind, _, number = letter.key.partition(":")
    if kind != "notice":
        return Content(subject=letter.subject, text=letter.text, html=letter.html)
    owed = Acknowledgement.objects.waiting().filter(notice_id=number.partition(":")[0], member=letter.recipient)
    answer = owed.select_related("notice", "member").first()
    return notice_letter(answer.notice, to=answer.member, office=Office.objects.get(), at=at) if answer else None


def notice_letter(notice: Notice, *, to: Member, office: Office, at: datetime) -> Content:
    """Tells one holder that a broker changes something, by when to answer, and where. The text itself stays inside."""
    today = clock.local_day(at, to.timezone)
    return rendering.content(
        "notice",
        subject=f"Answer by {short_day(notice.answer_by, today)}: {notice.title}",
        to=to,
        office=office,
        at=at,
        notice=notice,
        url=rendering.link(reverse("notices:show_notice", args=[notice.pk])),
    )


def declined_letter(answer: Acknowledgement, *, to: Member, office: Office, at: datetime) -> Content:
    """Tells the owner of a notice that somebody said no, and why."""
    return rendering.content(
        "notice_declined",
        subject=f"{answer.member.name} declined: {answer.notice.title}",
        to=to,
        office=office,
        at=at,
        answer=answer,
        notice=answer.notice,
        url=rendering.link(reverse("notices:show_notice", args=[answer.notice_id])),
    )


# Names that nobody can own (RFC 2606, RFC 6761), under which the demo office lives.
MADE_UP = ("example", "invalid", "test", "localhost", "example.com", "example.net", "example.org")


def made_up(letter) -> str:
    """Why a letter of the demo office stays here when a real mail server is configured; "" for every other letter."""
    if settings.POSTERN_MAIL_IS_CAUGHT or not _is_made_up(letter.address):
        return ""
    if not Office.objects.filter(is_demo=True).exists():
        return ""
    return "A made-up address of the demo office. The mail server was not asked."


def _is_made_up(address: str) -> bool:
    host = address.rpartition("@")[2].lower().rstrip(".")
    return any(host == name or host.endswith(f".{name}") for name in MADE_UP)
