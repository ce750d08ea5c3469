"""One invented letter of every kind, for the mail self-test. Nothing here is anybody's; nothing is saved."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

from core import clock
from core.letters import rendering
from core.letters.kinds import Content
from core.trail.queries import Verdict
from devices.models import Asset, HandOver
from devices.queries import declined_letter, offered_letter
from devices.rules import lapse
from identity.enums import Ending
from identity.models import AddressChange, CallRequest, FactorReset, Member, Office
from identity.throttle import MOST_IN_A_ROW
from notices.enums import RuleKind, Stage
from notices.models import Acknowledgement, Notice
from notices.queries import letters, weekly
from notices.rules import Circle, Due, Matter, ladder

# The number of a row that is not there, so that no link of a sample leads to something real.
NOBODY = 999_999_999


def samples(to: Member, *, office: Office, at: datetime) -> Iterator[tuple[str, Content]]:
    """Pairs of a name and a letter to `to`, one for each template that leaves this house."""
    hans = Member(pk=NOBODY, name="Hans Beispiel", timezone=to.timezone)
    people = Circle(office, {to.pk: to, NOBODY: hans}, {to.pk: to}, managers=(to,), owners=(to,))
    matters = [*_own(to, at), *_of(hans)]
    yield "reminder-one", _reminder(matters[:1], to, people, at)
    yield "reminder-many", _reminder(matters[:-1], to, people, at)
    yield "reminder-in-person", _reminder(matters[-1:], to, people, at)
    notice = _notice(to, at)
    yield "notice", letters.notice_letter(notice, to=to, office=office, at=at)
    answer = Acknowledgement(notice=notice, member=hans, reason="My telephone is too old for the new app.")
    yield "notice-declined", letters.declined_letter(answer, to=to, office=office, at=at)
    offer = HandOver(pk=NOBODY, asset=Asset(name="ThinkPad X1"), giver=hans, receiver=to, reason="It did not arrive.")
    yield "hand-over", offered_letter(offer, office=office, at=at)
    offer.giver, offer.receiver = to, hans
    yield "hand-over-declined", declined_letter(offer, to=to, office=office, at=at)
    yield from _of_the_gate(to, hans, office, at)
    verdict = Verdict(events=212, broken_at=None, head="5f3a90c1" * 8)
    late = weekly.Late(Counter({RuleKind.VALIDATION: 2, RuleKind.NOTICE: 1}), unproven=1)
    yield "weekly", weekly.weekly_letter(to, office=office, verdict=verdict, late=late, at=at)
    url = rendering.link("/letters/")
    yield "self-test", rendering.content("self_test", subject="Mail works", to=to, office=office, at=at, url=url)


def _own(to: Member, at: datetime) -> list[Matter]:
    facts: dict[str, Any] = {"rule": RuleKind.VALIDATION, "holder_id": to.pk, "place": "Trader Workstation"}
    ends_at = lapse(at, 7, to.timezone)
    dated = [
        Matter(
            item=f"validation:{n}",
            thing=thing,
            ends_at=ends_at,
            steps=ladder.PROOFS,
            target=(NOBODY, NOBODY + n),
            **facts,
        )
        for n, thing in enumerate(("ThinkPad X1", "iPad", "iMac", "Office PC", "Spare laptop"))
    ]
    target = (NOBODY, NOBODY + 9)
    dated.append(
        Matter(
            item="checkup:1",
            rule=RuleKind.CHECKUP,
            holder_id=to.pk,
            thing="the sign-in check-up",
            last_day=clock.local_day(at, to.timezone),
            steps=ladder.ANSWERS,
            target=(NOBODY,),
        )
    )
    failed = Matter(item="validation:9", thing="Old laptop", standing=Stage.FAILED, target=target, **facts)
    return [*dated, failed]


def _of(other: Member) -> list[Matter]:
    return [
        Matter(
            item="backup:1",
            rule=RuleKind.BACKUP,
            holder_id=other.pk,
            thing="Security card",
            standing=Stage.NEVER,
            target=(NOBODY,),
        )
    ]


def _reminder(matters: list[Matter], to: Member, people: Circle, at: datetime) -> Content:
    dues = [
        Due(key=one.item, item=one.item, rule=one.rule, to=to, due_at=one.ends_at, stage=stage, context=one)
        for one in matters
        if (stage := one.stage_in(to.timezone, at))
    ]
    return letters.reminder(dues, to=to, people=people, at=at, told={})


def _notice(to: Member, at: datetime) -> Notice:
    today = clock.local_day(at, to.timezone)
    return Notice(
        pk=NOBODY,
        broker="ibkr",
        title="A second factor at every sign-in",
        answer_by=today + timedelta(days=7),
        effective_on=today + timedelta(days=11),
        owner=to,
    )


def _of_the_gate(to: Member, other: Member, office: Office, at: datetime) -> Iterator[tuple[str, Content]]:
    facts: dict[str, Any] = {"to": to, "office": office, "at": at}
    yield (
        "invitation",
        rendering.content(
            "invitation",
            subject=f"Join Postern at {office.name}",
            by=other,
            expires_at=at + timedelta(days=1),
            url=rendering.link("/join/this-link-opens-nothing/"),
            **facts,
        ),
    )
    yield (
        "backup-code-used",
        rendering.content(
            "backup_code_used",
            subject=f"A backup code of {other.name} was used",
            member=other,
            left=9,
            used_at=at,
            url=rendering.link("/me/"),
            **facts,
        ),
    )
    what, text = "You have new backup codes", "The sheet you had before is void."
    yield (
        "security",
        rendering.content("security", subject=what, what=what, said=text, url=rendering.link("/me/"), **facts),
    )
    subject = f"{other.name} can no longer sign in with a new browser"
    url = rendering.link("/people/failures/")
    yield (
        "sign-in-shut",
        rendering.content("sign_in_shut", subject=subject, member=other, most=MOST_IN_A_ROW, url=url, **facts),
    )
    url = rendering.link("/me/sessions/")
    known: dict[str, Any] = {
        "browser": "Firefox on Windows",
        "place": "the network 203.0.113.7",
        "when": at,
        "url": url,
    }
    news = "You have not signed in with that browser before."
    subject = "New sign-in to Postern: Firefox on Windows"
    yield "new-sign-in", rendering.content("new_sign_in", subject=subject, news=news, **known, **facts)
    ended: dict[str, Any] = {"ended": 2, "why": Ending.ROLE.label, "by": other, "when": at, "url": url}
    subject = "You were signed out of Postern"
    yield "sessions-ended", rendering.content("sessions_ended", subject=subject, **ended, **facts)
    yield from _ways_back(to, other, office, at)
    call = CallRequest(at=at, name=other.name, number="+41 44 555 01 23", lost="My telephone")
    subject = "Somebody asks to be called back"
    yield (
        "call-request",
        rendering.content("call_request", subject=subject, call=call, url=rendering.link("/"), **facts),
    )


def _ways_back(to: Member, other: Member, office: Office, at: datetime) -> Iterator[tuple[str, Content]]:
    facts: dict[str, Any] = {"to": to, "office": office, "at": at}
    nowhere = "this-link-opens-nothing/"
    later = at + timedelta(hours=24)
    reset = FactorReset(member=to, reason="Telephone stolen", opened_by=other, opened_at=at, waits_until=later)
    for name, subject, path, more in (
        (
            "factor_reset_opened",
            "Your factors for Postern are to be reset",
            "/reset/stop/",
            {"reset": reset, "opener": other, "second": None},
        ),
        ("factor_reset_link", "Enrol anew at Postern", "/reset/link/", {"expires_at": later}),
        ("password_link", "Choose a new password for Postern", "/password/", {"expires_at": later}),
        (
            "address_link",
            "Confirm your new address for Postern",
            "/me/address/",
            {"change": AddressChange(old="old@postern.example", new=to.email or "", expires_at=later)},
        ),
    ):
        url = f"{rendering.link(path)}{nowhere}"
        yield name.replace("_", "-"), rendering.content(name, subject=subject, url=url, **more, **facts)
    news = f"A reset for {other.name} was opened"
    said, url = "Done by Hans Beispiel. Reason given: Telephone stolen", rendering.link("/people/")
    yield "people-news", rendering.content("people_news", subject=news, said=said, url=url, **facts)
