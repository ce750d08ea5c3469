"""Inviting a person to sign in."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.db import transaction

from core.clock import local_day
from core.errors import Refused
from core.letters import rendering
from core.letters.actions import enqueue
from core.letters.enums import LetterKind
from core.trail.actions import record
from core.trail.enums import Verb
from identity import policies, queries
from identity.actions.helping import acting
from identity.actions.people import check_last_day
from identity.models import Invitation, Member

INVITATION_LASTS = timedelta(hours=24)
# What stands in a stored invitation in place of the token, which is put in on the wire only.
LINK_GOES_HERE = "your-own-link"


@transaction.atomic
def invite(member: Member, *, by: Member, at: datetime) -> Invitation:
    """Send a person a link, good once and for 24 hours; an earlier open one is revoked."""
    by, held = acting(by, member, at=at)
    if not policies.may_change_member(by, held):
        raise Refused("Only an owner can invite an owner or a manager.")
    if not held.email:
        raise Refused(f"{held.name} has no e-mail address. Add one first.")
    if held.joined_at is not None or not held.is_active:
        raise Refused(f"{held.name} has joined already, or has left.")
    check_last_day(held)
    if held.ends_on is not None and held.ends_on < local_day(at, held.timezone):
        raise Refused(f"The last day of {held.name} is over. Move it first.")
    Invitation.objects.filter(member=held, used_at=None, revoked_at=None).update(revoked_at=at)
    invitation = Invitation.objects.create(
        member=held, address=held.email, made_at=at, expires_at=at + INVITATION_LASTS
    )
    office = queries.office()
    said = rendering.content(
        "invitation",
        subject=f"Join Postern at {office.name} by {invitation.expires_at:%a %d %b}",
        to=held,
        office=office,
        by=by,
        expires_at=invitation.expires_at,
        url=f"{rendering.link('/join/')}{LINK_GOES_HERE}/",
    )
    enqueue(key=f"invitation:{invitation.pk}", kind=LetterKind.INVITATION, to=held, content=said, at=at)
    record(Verb.MEMBER_INVITED, by=by, about=held, at=at, until=invitation.expires_at)
    return invitation


@transaction.atomic
def revoke_invitation(invitation: Invitation, *, by: Member, at: datetime) -> Invitation:
    """Make an invitation void before it is used; its letter, if it still waits, does not leave."""
    by, member = acting(by, invitation.member, at=at)
    held = Invitation.objects.select_for_update(no_key=True).get(pk=invitation.pk)
    if not policies.may_change_member(by, member):
        raise Refused("Only an owner can take back the invitation of an owner or a manager.")
    if held.used_at is not None:
        raise Refused(f"{member.name} has joined with it already.")
    if not held.is_open(at):
        raise Refused("That invitation opens nothing any more.")
    held.revoked_at = at
    held.save(update_fields=["revoked_at"])
    record(Verb.INVITATION_REVOKED, by=by, about=member, at=at)
    return held
