"""Sessions: beginning one, moving it to a new key, ending it for good; and forms whose session was over."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

from django.contrib.sessions.models import Session
from django.db import transaction

from core.errors import Refused
from core.letters import rendering
from core.letters.actions import enqueue
from core.letters.enums import LetterKind
from core.trail.actions import record
from core.trail.enums import Verb
from identity import policies, queries
from identity.actions.helping import acting
from identity.enums import Ending
from identity.models import Member, OpenSession, UnsentForm
from identity.models.sessions import UNSENT_LASTS

MOST_UNSENT = 5
# Reasons of which a person is told by another letter, or which they know of.
TOLD_OTHERWISE = (Ending.FACTOR, Ending.PASSWORD)


@transaction.atomic
def begin_session(
    member: Member, *, digest: str, browser: str, network: str | None, is_new_browser: bool, at: datetime
) -> OpenSession:
    """Write down a session that has just passed both questions; `digest` is that of its key.

    When it is from a browser or a network that the member has not signed in from before, they are told by letter.
    """
    session = OpenSession.objects.create(
        member=member, digest=digest, browser=browser[:80], network=network, began_at=at, seen_at=at
    )
    is_new_network = not queries.knows_network(member, network, before=session)
    if is_new_browser or is_new_network:
        _tell_of_sign_in(session, is_new_browser=is_new_browser, is_new_network=is_new_network)
    return session


def _tell_of_sign_in(session: OpenSession, *, is_new_browser: bool, is_new_network: bool) -> None:
    said = rendering.content(
        "new_sign_in",
        subject=f"New sign-in to Postern: {session.browser}",
        to=session.member,
        office=queries.office(),
        browser=session.browser,
        place=session.place,
        news=_news(is_new_browser=is_new_browser, is_new_network=is_new_network),
        when=session.began_at,
        url=rendering.link("/me/sessions/"),
    )
    enqueue(
        key=f"new-sign-in:{session.pk}", kind=LetterKind.SECURITY, to=session.member, content=said, at=session.began_at
    )


def _news(*, is_new_browser: bool, is_new_network: bool) -> str:
    if is_new_browser and is_new_network:
        return "You have not signed in with that browser or from that network before."
    if is_new_browser:
        return "You have not signed in with that browser before."
    return "You have not signed in from that network before."


def note_seen(digest: str, *, at: datetime) -> bool:
    """Write down that a session was used; False when it is not open, and so must not be used."""
    return OpenSession.objects.open().filter(digest=digest).update(seen_at=at) == 1


def hold_open(digest: str) -> OpenSession | None:
    """The open session of this key, locked until the transaction is over; None once somebody has ended it.

    Whoever moves a session to a new key takes this lock first, and so does whoever ends it: a session that was ended
    while it was being moved is not carried on under the new key.
    """
    return OpenSession.objects.open().select_for_update(no_key=True).filter(digest=digest).first()


@transaction.atomic
def close_session(digest: str, *, why: Ending, at: datetime) -> None:
    """End one session by its key, because it ran out or its member signed out or may not enter."""
    _end(list(OpenSession.objects.open().select_for_update(no_key=True).filter(digest=digest)), why=why, at=at)


@transaction.atomic
def end_session(session: OpenSession, *, by: Member, at: datetime) -> OpenSession:
    """End one of one’s own sessions, at once and for good. Ending it twice changes nothing."""
    if session.member_id != by.pk:
        raise Refused("Only the person themselves ends one session. End all of theirs on their page.")
    _one_deed_of(by)
    held = OpenSession.objects.select_for_update(no_key=True).get(pk=session.pk)
    if held.ended_at is None:
        _end([held], why=Ending.BY_HAND, at=at)
        record(Verb.SESSIONS_ENDED, by=by, about=held.member, at=at, sessions=1, why=str(Ending.BY_HAND))
    return held


@transaction.atomic
def end_sessions(member: Member, *, why: Ending, by: Member | None, at: datetime, keep: str = "") -> int:
    """End all sessions of a member, at once and for good, but the one whose key has the digest `keep`.

    Returns how many were open. The person is told by letter unless another letter of the same deed tells them.
    """
    _one_deed_of(member)
    ended = _end(list(_all_open(member).exclude(digest=keep)), why=why, at=at)
    if ended:
        record(Verb.SESSIONS_ENDED, by=by, about=member, at=at, sessions=ended, why=str(why))
        if why not in TOLD_OTHERWISE and member.is_active:
            _tell(member, ended=ended, why=why, by=by, at=at)
    return ended


@transaction.atomic
def end_sessions_of(member: Member, *, by: Member, at: datetime) -> int:
    """End all sessions of somebody else; by who may change them."""
    by, member = acting(by, member, at=at)
    if by.pk == member.pk or not policies.may_change_member(by, member):
        raise Refused("Only an owner can end the sessions of an owner or a manager, and your own are on your own page.")
    return end_sessions(member, why=Ending.BY_OFFICE, by=by, at=at)


def _one_deed_of(member: Member) -> None:
    """Lock the person before their sessions, as every deed does that ends sessions among other things.

    Who held the sessions and then waited for the trail would wait for a deed that holds the trail and comes to them.
    """
    Member.objects.select_for_update(no_key=True).get(pk=member.pk)


def _all_open(member: Member):
    return OpenSession.objects.open().select_for_update(no_key=True).filter(member=member).order_by("pk")


def _end(sessions: Sequence[OpenSession], *, why: Ending, at: datetime) -> int:
    """Delete Django’s rows, so that the next request finds no session, and write down why."""
    Session.objects.filter(session_key__in=[session.digest for session in sessions]).delete()
    for session in sessions:
        session.ended_at, session.why = at, why
        session.save(update_fields=["ended_at", "why"])
    return len(sessions)


def _tell(member: Member, *, ended: int, why: Ending, by: Member | None, at: datetime) -> None:
    said = rendering.content(
        "sessions_ended",
        subject="You were signed out of Postern" if why != Ending.BY_HAND else "You ended your other sessions",
        to=member,
        office=queries.office(),
        ended=ended,
        why=why.label,
        by=by,
        when=at,
        url=rendering.link("/me/sessions/"),
    )
    key = f"sessions-ended:{member.pk}:{at.isoformat()}:{why}"
    enqueue(key=key, kind=LetterKind.SECURITY, to=member, content=said, at=at)


@transaction.atomic
def keep_unsent(member: Member, *, path: str, fields: Mapping[str, list[str]], at: datetime) -> UnsentForm:
    """Keep what a member typed for when they are back; only the newest few, and none that is too old."""
    UnsentForm.objects.filter(kept_at__lte=at - UNSENT_LASTS).delete()
    kept = UnsentForm(member=member, path=path, kept_at=at)
    kept.close(dict(fields))
    kept.save()
    newest = UnsentForm.objects.filter(member=member).order_by("-pk").values_list("pk", flat=True)[:MOST_UNSENT]
    UnsentForm.objects.filter(member=member).exclude(pk__in=list(newest)).delete()
    return kept


def drop_unsent(member: Member, number: int) -> None:
    """It was sent after all."""
    UnsentForm.objects.filter(member=member, pk=number).delete()


@transaction.atomic
def tidy_sessions(*, at: datetime) -> int:
    """Write down the end of sessions that ran out, and drop old unsent forms. Nothing depends on when this runs."""
    UnsentForm.objects.filter(kept_at__lte=at - UNSENT_LASTS).delete()
    office = queries.office_if_any()
    if office is None:
        return 0
    standing = OpenSession.objects.standing(at, office=office)
    gone = OpenSession.objects.open().exclude(pk__in=standing)
    return gone.update(ended_at=at, why=Ending.RESTED)
