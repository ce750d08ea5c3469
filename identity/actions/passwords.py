"""A forgotten password, and a changed one. Neither ever stands in for the second factor."""

from __future__ import annotations

from datetime import date, datetime, timedelta

from django.contrib.auth.hashers import make_password
from django.db import transaction

from core.errors import Refused
from core.letters import rendering
from core.letters.actions import enqueue
from core.letters.enums import LetterKind
from core.trail.actions import record
from core.trail.enums import Verb
from identity import codes, queries, rules
from identity.actions.browsers import forget_browsers
from identity.actions.gate import Answer, try_password
from identity.actions.helping import as_they_are, one_at_a_time, seconds
from identity.actions.inviting import LINK_GOES_HERE
from identity.actions.sessions import end_sessions
from identity.actions.telling import tell_security
from identity.enums import Ending
from identity.models import FactorReset, Member, PasswordReset
from identity.passwords import normalise
from identity.queries.recovery import has_a_door

# As long as the limit looks back: whom a stranger's requests keep from asking has a link that works in the mailbox.
PASSWORD_LINK_LASTS = rules.WINDOW
# Names that belong to nobody are kept this long, for the limit to count.
UNKNOWN_KEPT = timedelta(days=1)
AT_ONCE = 200


@transaction.atomic
def forgot_password(*, email: str, network: str | None, at: datetime) -> int:
    """Note that a link to a new password was asked for; returns how many seconds to wait when too often, else 0.

    Known, unknown, left and invited names cost the same queries here. The worker writes the letter, so no answer and
    no delay says who is on file. Earlier links stay good until one of them is used, so that a stranger who asks in
    somebody's name makes no link void while they are using it.
    """
    member = Member.objects.of_address(email)
    known = member.email if member and member.email else email
    name = codes.digest(f"forgotten:{known.strip().lower()}")
    one_at_a_time("forgotten", network)
    one_at_a_time("forgotten", name)
    waiting = queries.forgotten_wait(name=name, network=network, at=at)
    if waiting:
        return seconds(waiting)
    PasswordReset.objects.create(
        name=name,
        network=network,
        member=member,
        address=(member.email or "") if member else "",
        made_at=at,
        expires_at=at + PASSWORD_LINK_LASTS,
    )
    return 0


def post_password_resets(*, at: datetime) -> int:
    """Write the letters that were asked for; returns how many. Safe to run twice and on two machines."""
    waiting = PasswordReset.objects.filter(posted_at=None).order_by("pk").values_list("pk", flat=True)[:AT_ONCE]
    posted = sum(_post(number, at=at) for number in list(waiting))
    PasswordReset.objects.filter(member=None, made_at__lt=at - UNKNOWN_KEPT).delete()
    return posted


@transaction.atomic
def _post(number: int, *, at: datetime) -> bool:
    rows = PasswordReset.objects.select_for_update(of=("self",), skip_locked=True, no_key=True).select_related("member")
    reset = rows.filter(pk=number, posted_at=None).first()
    if reset is None:
        return False
    reset.posted_at = at
    reset.save(update_fields=["posted_at"])
    if reset.member is None or not reset.is_open(at) or not has_a_door(reset.member, at):
        return False
    record(Verb.PASSWORD_FORGOTTEN, by=None, about=reset.member, at=at, address=reset.network)
    said = rendering.content(
        "password_link",
        subject="Choose a new password for Postern",
        to=reset.member,
        office=queries.office(),
        at=at,
        expires_at=reset.expires_at,
        url=f"{rendering.link('/password/')}{LINK_GOES_HERE}/",
    )
    enqueue(key=f"{PasswordReset.LINK}:{reset.pk}", kind=LetterKind.LINK, to=reset.member, content=said, at=at)
    return True


@transaction.atomic
def use_password_reset(reset: PasswordReset, *, password: str, address: str | None, at: datetime) -> Member:
    """Set a new password by the link from a letter; it works once. The second factor is asked for as ever."""
    member = as_they_are(reset.member)[0]  # type: ignore[arg-type]  # a link is only ever sent to somebody
    held = PasswordReset.objects.select_for_update(no_key=True).get(pk=reset.pk)
    good = held.is_open(at) and has_a_door(member, at) and (member.email or "").lower() == held.address.lower()
    if not good:
        raise Refused("This link opens nothing any more. Ask for a new one on the sign-in page.")
    held.used_at = at
    held.save(update_fields=["used_at"])
    set_password(member, password, address=address, at=at)
    return member


@transaction.atomic
def change_password(
    member: Member, *, old: str, new: str, network: str | None, token: str = "", keep: str, today: date, at: datetime
) -> Answer:
    """Change one's own password after showing the old one; a wrong one counts like a wrong one at the door.

    All other sessions end; `keep` is the digest of the key of the one that stays. Other browsers are known no longer.
    """
    answer = try_password(email=member.email or "", password=old, network=network, token=token, today=today, at=at)
    if answer.member is not None:
        set_password(as_they_are(member)[0], new, address=network, keep=keep, at=at)
    return answer


def set_password(member: Member, password: str, *, address: str | None, at: datetime, keep: str = "") -> None:
    """Store a password whose form has judged it, end all sessions but `keep`, and tell the person."""
    member.password = make_password(normalise(password))
    member.save(update_fields=["password"])
    PasswordReset.objects.filter(member=member, used_at=None, revoked_at=None).update(revoked_at=at)
    forget_browsers(member, by=member, at=at)
    end_sessions(member, why=Ending.PASSWORD, by=member, at=at, keep=keep)
    record(Verb.PASSWORD_CHANGED, by=member, about=member, at=at, address=address)
    for to in queries.addresses_of(member, at=at):
        tell_security(
            member, to, at=at,
            what="Your password was changed",
            text="All other sessions ended. Signing in asks for your second factor as before.",
        )  # fmt: skip


@transaction.atomic
def choose_password_anew(reset, *, password: str, at: datetime) -> Member:
    """A new password for an owner who was recovered on the console; the reset stays open until they have enrolled."""
    member = as_they_are(reset.member)[0]
    held = FactorReset.objects.select_for_update(no_key=True).get(pk=reset.pk)
    if not held.on_console:
        raise Refused("This link asks for the password you have.")
    if not queries.opens(held, at):
        raise Refused("This link opens nothing any more.")
    member.password = make_password(normalise(password))
    member.save(update_fields=["password"])
    record(Verb.PASSWORD_CHANGED, by=member, about=member, at=at)
    return member
