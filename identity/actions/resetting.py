"""Lost factors: a reset is opened, confirmed, waits, and lets the person enrol anew; or it is stopped."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta

from django.db import transaction

from core.clock import local_day
from core.errors import Refused
from core.letters import rendering
from core.letters.actions import enqueue
from core.letters.enums import LetterKind
from core.trail.actions import record
from core.trail.enums import Verb
from identity import codes, policies, queries, rules, sealing
from identity.actions.browsers import forget_browsers
from identity.actions.enrolment import drop_factors
from identity.actions.helping import acting, as_they_are, here_today
from identity.actions.inviting import LINK_GOES_HERE
from identity.actions.sessions import end_sessions
from identity.actions.telling import tell_news, tell_security
from identity.enums import Ending, ResetStage, Role
from identity.models import FactorReset, Member, TotpDevice

# How long a reset waits for its second person before it lapses, and how long its link opens afterwards.
CONFIRM_WITHIN = timedelta(days=3)
LINK_LASTS = timedelta(hours=24)
CONSOLE_LINK_LASTS = timedelta(minutes=15)


@transaction.atomic
def open_reset(member: Member, *, reason: str, by: Member, at: datetime) -> FactorReset:
    """Let a person who lost their factors enrol anew, after a waiting time in which it can be stopped.

    For whoever runs the office, or did within 30 days, the waiting time begins only when a second person has confirmed.
    """
    by, held = acting(by, member, at=at)
    _check_opening(held, by, reason, at)
    two_people = queries.ran_lately(held, at=at)
    if two_people:
        _check_one_of_two(by, at)
    FactorReset.objects.filter(member=held, ended_at=None, expires_at__lte=at).update(ended_at=at)
    if FactorReset.objects.filter(member=held, ended_at=None).exists():
        raise Refused(f"A reset for {held.name} is open already. Its page says how far it is.")
    reset = FactorReset(
        member=held, address=held.email or "", reason=reason.strip(), opened_by=by, opened_at=at,
        expires_at=at + CONFIRM_WITHIN, two_people=two_people,
    )  # fmt: skip
    if not two_people:
        _begin_waiting(reset, at)
    reset.save()
    record(
        Verb.RESET_OPENED, by=by, about=held, at=at,
        reset=reset.pk, reason=reset.reason, second_person=two_people, waits_until=reset.waits_until,
    )  # fmt: skip
    _warn(reset, at=at)
    _tell_office(reset, what=f"A reset for {held.name} was opened", by=by, at=at)
    if reset.waits_until is not None:
        _send_link(reset, at=at)
    return reset


def _check_opening(held: Member, by: Member, reason: str, at: datetime) -> None:
    if by.pk == held.pk:
        raise Refused("Nobody resets their own factors. Ask another owner or manager.")
    if not policies.may_open_reset(by, held):
        raise Refused("Only an owner or a manager opens a reset.")
    if not held.is_active or held.is_over(at):
        raise Refused(f"{held.name} has left, or their last day is over.")
    if held.joined_at is None:
        raise Refused(f"{held.name} has not joined yet. Send an invitation instead.")
    if not reason.strip():
        raise Refused("Say what happened, for whoever reads this later.")


def _check_one_of_two(person: Member, at: datetime) -> None:
    """Refuse whoever was only just made owner or manager: one owner could have made them, and be both people."""
    since = queries.runs_since(person)
    if rules.counts_as_one_of_two(runs_since=since, set_up_at=queries.office().set_up_at, at=at):
        return
    begun = f"{local_day(since, person.timezone):%-d %B %Y}" if since else "today"
    raise Refused(
        f"{person.name} runs the office only since {begun}. A reset of somebody who runs it, or did until lately, "
        "takes two people who have for 30 days. Without them: an owner is recovered on the server’s console, and a "
        "manager whose access is ended can be invited anew."
    )


def _begin_waiting(reset: FactorReset, at: datetime) -> None:
    office = queries.office()
    waits = rules.reset_waits(
        guards_the_office=reset.guards_the_office,
        address_is_new=bool(queries.changed_lately(reset.member, at=at)),
        hours=office.reset_hours,
        trader_hours=office.trader_reset_hours,
    )
    reset.waits_until = at + waits
    reset.expires_at = at + waits + LINK_LASTS


@transaction.atomic
def confirm_reset(reset: FactorReset, *, by: Member, at: datetime) -> FactorReset:
    """The second person says yes: from now on the reset of an owner or manager waits."""
    by, member, opener = acting(by, reset.member, reset.opened_by or by, at=at)
    held = _held(reset)
    held.member = member
    if by.pk == member.pk:
        raise Refused("Nobody confirms their own reset. Ask another owner or manager.")
    if by.pk == held.opened_by_id:
        raise Refused("Whoever opened a reset does not confirm it. Ask another owner or manager.")
    if not policies.may_confirm_reset(by, held):
        raise Refused("Only an owner or a manager confirms a reset.")
    if held.stage(at) != ResetStage.ASKS:
        raise Refused(f"That reset waits for nobody: {held.stage(at).label}.")
    if not opener.is_manager or not here_today(opener, at):
        raise Refused(f"{opener.name}, who opened it, may not do so any more. Stop it and open a new one.")
    for person in (opener, by):
        _check_one_of_two(person, at)
    held.confirmed_by, held.confirmed_at = by, at
    _begin_waiting(held, at)
    held.save(update_fields=["confirmed_by", "confirmed_at", "waits_until", "expires_at"])
    record(Verb.RESET_CONFIRMED, by=by, about=member, at=at, reset=held.pk, waits_until=held.waits_until)
    _warn(held, at=at)
    _tell_office(held, what=f"The reset for {member.name} was confirmed", by=by, at=at)
    _send_link(held, at=at)
    return held


@transaction.atomic
def stop_reset(reset: FactorReset, *, by: Member | None, at: datetime) -> FactorReset:
    """Stop a reset before it is used. `by` is None when it was stopped with the link in the person's letter."""
    if by is not None:
        by = acting(by, reset.member, at=at)[0]
    else:
        as_they_are(reset.member)
    held = _held(reset)
    if by is not None and not policies.may_stop_reset(by, held):
        raise Refused("Only an owner or a manager stops the reset of somebody else.")
    stage = held.stage(at)
    if stage == ResetStage.USED:
        raise Refused("That came too late: somebody has enrolled anew with it. Ring the office at once.")
    if stage == ResetStage.STOPPED:
        raise Refused("It was stopped already.")
    if stage == ResetStage.LAPSED:
        raise Refused("It ran out by itself. There is nothing left to stop.")
    held.ended_at, held.stopped_by = at, by
    held.save(update_fields=["ended_at", "stopped_by"])
    record(Verb.RESET_STOPPED, by=by, about=held.member, at=at, reset=held.pk, by_letter=by is None)
    what = f"The reset for {held.member.name} was stopped"
    _tell_office(held, what=what, by=by, at=at)
    _tell_person(
        held.member, what="The reset of your factors was stopped", text="Your factors stay as they were.", at=at
    )
    return held


@transaction.atomic
def new_seed_for(reset: FactorReset) -> bytes:
    """A seed for one browser that opened a reset's link, sealed and bound to the reset; its session keeps it."""
    return sealing.seal(codes.new_seed(), context=_seed_context(reset))


def seed_of(reset: FactorReset, sealed: bytes) -> bytes:
    """The seed that a session kept; raises CannotUnseal when it was made for another reset or by another key."""
    return sealing.unseal(sealed, context=_seed_context(reset))


def _seed_context(reset: FactorReset) -> bytes:
    return f"reset:{reset.pk}:{reset.member_id}".encode()


@transaction.atomic
def use_reset(reset: FactorReset, *, seed: bytes, step: int, address: str | None, at: datetime) -> TotpDevice:
    """The person has shown link, password and a right code of the new authenticator: from now on that one counts.

    All earlier factors and all sessions end. Whether it may still happen is judged here, with the row locked, so that
    of two who use it, or of one who uses and one who stops it, exactly one comes first. `step` is the time step of the
    code that was shown, which opens nothing a second time.
    """
    member = as_they_are(reset.member)[0]
    held = _held(reset)
    if not queries.opens(held, at):
        raise Refused("This link opens nothing any more: the reset was used, stopped, or has run out.")
    held.used_at = held.ended_at = at
    held.save(update_fields=["used_at", "ended_at"])
    drop_factors(member)
    device = TotpDevice(user=member, name="Authenticator", confirmed=True, last_step=step)
    device.sealed = sealing.seal(seed, context=device.seal_context())
    device.save()
    forget_browsers(member, by=member, at=at)
    end_sessions(member, why=Ending.FACTOR, by=member, at=at)
    record(Verb.RESET_USED, by=member, about=member, at=at, address=address, reset=held.pk)
    record(Verb.FACTOR_ADDED, by=member, about=member, at=at, factor="authenticator")
    _tell_person(
        member,
        what="You enrolled anew",
        text="Your earlier factors and backup codes are void, and all sessions ended.",
        at=at,
    )
    _tell_office(held, what=f"{member.name} enrolled anew", by=member, at=at)
    return device


@transaction.atomic
def recover_owner(owner: Member, *, at: datetime) -> FactorReset:
    """On the server's console: end an owner's password, factors and sessions, and make a link that starts them anew.

    The link is good for a quarter of an hour and asks for a new password. A last day that is over is taken away.
    """
    held = as_they_are(owner)[0]
    if held.role != Role.OWNER or not held.is_active or held.joined_at is None:
        raise Refused("Only an owner who has joined and has not left can be recovered.")
    FactorReset.objects.filter(member=held, ended_at=None).update(ended_at=at)
    drop_factors(held)
    forget_browsers(held, by=None, at=at)
    end_sessions(held, why=Ending.FACTOR, by=None, at=at)
    held.set_unusable_password()
    if held.is_over(at):
        held.ends_on = None
    held.save(update_fields=["password", "ends_on"])
    reset = FactorReset.objects.create(
        member=held, address=held.email or "", reason="On the server’s console", opened_by=None, opened_at=at,
        waits_until=at, expires_at=at + CONSOLE_LINK_LASTS,
    )  # fmt: skip
    record(Verb.OWNER_RECOVERED, by=None, about=held, at=at, reset=reset.pk, until=reset.expires_at)
    for person in Member.objects.owners():
        tell_news(
            person,
            key=f"recovered:{reset.pk}:{person.pk}",
            what=f"{held.name} was recovered on the server’s console",
            text=(
                "Their password, factors and sessions ended, and a link to start anew was shown there. If nobody of "
                "you did this, somebody else has the server: ring each other now."
            ),
            url=rendering.link("/trail/"),
            at=at,
        )
    return reset


def _held(reset: FactorReset) -> FactorReset:
    rows = FactorReset.objects.select_for_update(of=("self",), no_key=True).select_related(
        "member", "opened_by", "confirmed_by"
    )
    return rows.get(pk=reset.pk)


def _warn(reset: FactorReset, *, at: datetime) -> None:
    """Tell the person at every address on file, with a link to the page that stops it."""
    office = queries.office()
    for number, address in enumerate(queries.addresses_of(reset.member, at=at)):
        said = rendering.content(
            "factor_reset_opened",
            subject="Your factors for Postern are to be reset",
            to=reset.member,
            office=office,
            at=at,
            reset=reset,
            opener=reset.opened_by,
            second=reset.confirmed_by,
            url=f"{rendering.link('/reset/stop/')}{LINK_GOES_HERE}/",
        )
        key = f"{FactorReset.STOP}:{reset.pk}:{int(at.timestamp())}:{number}"
        enqueue(key=key, kind=LetterKind.LINK, to=reset.member, content=said, at=at, address=address)


def _send_link(reset: FactorReset, *, at: datetime) -> None:
    """Queue the letter with the link; it leaves when the waiting time is over, unless the reset was stopped."""
    said = rendering.content(
        "factor_reset_link",
        subject="Enrol anew at Postern",
        to=reset.member,
        office=queries.office(),
        at=reset.waits_until,
        expires_at=reset.expires_at,
        url=f"{rendering.link('/reset/link/')}{LINK_GOES_HERE}/",
    )
    when = reset.waits_until or at
    key = f"{FactorReset.LINK}:{reset.pk}:{int(when.timestamp())}"
    enqueue(key=key, kind=LetterKind.LINK, to=reset.member, content=said, at=at, not_before=when)


def _tell_office(reset: FactorReset, *, what: str, by: Member | None, at: datetime) -> None:
    """Tell those who run the office, except who did it and whom it is for."""
    done_by = by.name if by else "whoever has the letter about it"
    asks = " It waits for a second owner or manager to confirm." if reset.stage(at) == ResetStage.ASKS else ""
    text = f"Done by {done_by}.{asks} Reason given: {reset.reason}"
    for person in _others(Member.objects.managers(), {reset.member_id, by.pk if by else None}):
        key = f"reset-news:{reset.pk}:{int(at.timestamp())}:{person.pk}"
        url = rendering.link(f"/people/{reset.member_id}/")
        tell_news(person, key=key, what=what, text=text, url=url, at=at)


def _others(people: Iterable[Member], without: set[int | None]) -> list[Member]:
    return [person for person in people if person.pk not in without]


def _tell_person(member: Member, *, what: str, text: str, at: datetime) -> None:
    for address in queries.addresses_of(member, at=at):
        tell_security(member, address, what=what, text=text, at=at)
