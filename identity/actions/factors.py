"""A person's own factors after they have joined: adding, naming, removing, trying each."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction

from core.errors import Refused
from core.trail.actions import changes, record, snapshot
from core.trail.enums import Verb
from identity import passkeys, queries, rules
from identity.actions.enrolment import note_added
from identity.actions.gate import spend
from identity.actions.sessions import end_sessions
from identity.actions.telling import tell_security
from identity.enums import Ending
from identity.models import Member, Office, Passkey, TotpDevice

# More than anybody uses; an end to what one session can fill.
MOST_OF_A_KIND = 10
FACTOR_FIELDS = ["name", "carrier"]


def add_passkey(
    member: Member, *, answer: str, challenge: str, carrier: str, name: str = "", keep: str = "", at: datetime
) -> Passkey:
    """Take a passkey into use that was just made for this challenge; the person is told by letter.

    Using the challenge up is a transaction of its own, so that it stays used although the rest is refused here.
    """
    with transaction.atomic():
        is_new = bool(challenge) and spend(challenge, at=at)
    if not is_new:
        raise Refused("That took too long, or was begun in another window. Try once more.")
    return _take_into_use(member, answer=answer, challenge=challenge, carrier=carrier, name=name, keep=keep, at=at)


@transaction.atomic
def _take_into_use(
    member: Member, *, answer: str, challenge: str, carrier: str, name: str, keep: str, at: datetime
) -> Passkey:
    held = Member.objects.select_for_update(no_key=True).get(pk=member.pk)
    if Passkey.objects.filter(user=held).count() >= MOST_OF_A_KIND:
        raise Refused(f"You have {MOST_OF_A_KIND} passkeys. Remove one that you do not use first.")
    facts = {"carrier": carrier, "name": name or f"Passkey on {carrier}"[:64]}
    try:
        made = passkeys.make(held, answer, challenge=challenge, **facts)
    except passkeys.NotAccepted as no:
        raise Refused("That passkey could not be taken into use. Try once more, or with another device.") from no
    Office.objects.filter(pk=1).exclude(passkey_host=made.host).update(passkey_host=made.host)
    note_added(made, held, at=at, keep=keep)
    return made


@transaction.atomic
def begin_another(member: Member, *, at: datetime) -> None:
    """Refuse a further authenticator where there are many already."""
    if TotpDevice.objects.filter(user=member, confirmed=True).count() >= MOST_OF_A_KIND:
        raise Refused(f"You have {MOST_OF_A_KIND} authenticators. Remove one that you do not use first.")


@transaction.atomic
def change_factor(factor: TotpDevice | Passkey, *, name: str, carrier: str, by: Member, at: datetime) -> None:
    """Give a factor another name, or say that it is on another device; the office's rule has to hold afterwards too."""
    Member.objects.select_for_update(no_key=True).get(pk=factor.user_id)
    held = type(factor).objects.select_for_update(no_key=True).get(pk=factor.pk)
    before, stood = snapshot(held, FACTOR_FIELDS), queries.standing_of(by)
    held.name, held.carrier = name, carrier
    held.save(update_fields=FACTOR_FIELDS)
    what = changes(held, before, FACTOR_FIELDS)
    if stood.due_at is None and queries.standing_of(by).due_at is not None:
        raise Refused(
            "Then all your factors would be on one device, and the office asks for two that are independent. "
            "Add one on another device first."
        )
    if what:
        record(Verb.FACTOR_CHANGED, by=by, about=by, at=at, factor=held.kind, number=held.pk, fields=sorted(what))


@transaction.atomic
def remove_factor(factor: TotpDevice | Passkey, *, by: Member, at: datetime, keep: str = "") -> None:
    """Take a factor of one's own out of use for good; never the last one, and none that the office's rule needs.

    All other sessions end; `keep` is the digest of the key of the one that stays.
    """
    Member.objects.select_for_update(no_key=True).get(pk=factor.user_id)
    found = type(factor).objects.select_for_update(no_key=True).filter(pk=factor.pk, user=by, confirmed=True).first()
    if found is None:
        raise Refused("That factor is gone already.")
    works = not isinstance(found, Passkey) or found.host == passkeys.host()
    standing = queries.standing_of(by)
    if works and not rules.may_go(standing.held, without=queries.held(found), needed=standing.needed):
        raise Refused(_why_it_stays(standing))
    name, kind, number = found.name, found.kind, found.pk
    found.delete()
    record(Verb.FACTOR_REMOVED, by=by, about=by, at=at, factor=kind, number=number)
    end_sessions(by, why=Ending.FACTOR, by=by, at=at, keep=keep)
    an = "An" if kind[0] in "aeiou" else "A"
    text = f"“{name}” opens nothing any more."
    tell_security(by, by.email, at=at, what=f"{an} {kind} was removed", text=text)


def _why_it_stays(standing: rules.Standing) -> str:
    if len(standing.held) == 1:
        return "This is your last factor. Add another one first, then remove this."
    return "The office asks you for two independent factors, and this is one of them. Add another one first."


@transaction.atomic
def finish_checkup(member: Member, *, tried: list[str], at: datetime) -> None:
    """Write down that a person has tried each of their factors and has their backup codes in hand."""
    held = Member.objects.select_for_update(no_key=True).get(pk=member.pk)
    held.factors_checked_at = at
    held.save(update_fields=["factors_checked_at"])
    record(Verb.FACTORS_CHECKED, by=held, about=held, at=at, tried=tried)
