"""Adding, changing and ending people."""

from __future__ import annotations

from datetime import datetime

from django.db import IntegrityError, transaction

from core.errors import Refused
from core.trail.actions import changes, record, snapshot
from core.trail.enums import Verb
from identity import policies
from identity.actions.browsers import forget_browsers
from identity.actions.helping import free_key
from identity.actions.sessions import end_sessions
from identity.actions.telling import tell_security
from identity.enums import Ending, Role
from identity.models import (
    Invitation,
    Member,
)

MEMBER_FIELDS = ["name", "email", "role", "timezone", "digest_hour", "phone", "note", "ends_on"]
OWN_FIELDS = ["timezone", "digest_hour", "phone", "theme"]


@transaction.atomic
def add_member(*, by: Member, at: datetime, key: str = "", **facts) -> Member:
    """Add a person; they sign in once invited, or never, and can hold things either way."""
    _check_role(by, facts.get("role", Role.TRADER))
    member = Member(key=key or free_key(Member, facts["name"]), created_at=at, **facts)
    member.email = member.email or None
    member.set_unusable_password()
    _save_member(member)
    record(Verb.MEMBER_ADDED, by=by, about=member, at=at, name=member.name, role=member.role)
    return member


@transaction.atomic
def change_member(member: Member, *, by: Member, at: datetime, keep: str = "", **facts) -> Member:
    """Change a person's facts; a role only by those who may give both the old and the new one.

    A new role or last day ends all their sessions but the one whose key has the digest `keep`.
    """
    held = Member.objects.select_for_update().get(pk=member.pk)
    if by.pk != held.pk and not policies.may_change_member(by, held):
        raise Refused("Only an owner can change an owner or a manager.")
    before = snapshot(held, MEMBER_FIELDS)
    role = facts.get("role", held.role)
    if role != held.role:
        _check_role(by, role)
        if held.role == Role.OWNER:
            _keep_an_owner(held)
    for name, value in facts.items():
        setattr(held, name, value)
    held.email = held.email or None
    _save_member(held)
    what = changes(held, before, MEMBER_FIELDS)
    if what:
        record(Verb.ROLE_CHANGED if "role" in what else Verb.MEMBER_CHANGED, by=by, about=held, at=at, changes=what)
    if "role" in what or "ends_on" in what:
        why = Ending.ROLE if "role" in what else Ending.MEMBERSHIP
        end_sessions(held, why=why, by=by, at=at, keep=keep)
    if held.joined_at is not None and "email" in what:
        for address in dict.fromkeys(what["email"]):
            tell_security(
                held,
                address,
                at=at,
                what="Your e-mail address was changed",
                text=f"{by.name} changed it to {held.email}.",
            )
    return held


def _save_member(member: Member) -> None:
    try:
        with transaction.atomic():
            member.save()
    except IntegrityError as clash:
        if "an_address_belongs_to_one_person" in str(clash):
            raise Refused("Somebody else has that address already.") from clash
        if "who_joined_has_an_address" in str(clash):
            raise Refused("Who signs in needs an e-mail address.") from clash
        raise


def _check_role(by: Member, role: str) -> None:
    if not policies.may_give_role(by, role):
        raise Refused("Only an owner can make somebody owner or manager.")


def _keep_an_owner(leaving: Member) -> None:
    others = Member.objects.owners().select_for_update().exclude(pk=leaving.pk).filter(joined_at__isnull=False)
    if not others:
        raise Refused("This is the last owner who can sign in. Make somebody else owner first.")


@transaction.atomic
def change_own_settings(member: Member, *, at: datetime, **facts) -> Member:
    """A person's own zone, hour, phone and appearance; no role, name or address can be changed this way."""
    held = Member.objects.select_for_update().get(pk=member.pk)
    before = snapshot(held, OWN_FIELDS)
    for name in OWN_FIELDS:
        setattr(held, name, facts.get(name, getattr(held, name)))
    held.save(update_fields=OWN_FIELDS)
    what = changes(held, before, OWN_FIELDS)
    if what:
        record(Verb.MEMBER_CHANGED, by=member, about=held, at=at, changes=what)
    return held


@transaction.atomic
def end_membership(member: Member, *, by: Member, at: datetime) -> Member:
    """End a person's access; what they hold stays on file under their name until it is handed over."""
    held = Member.objects.select_for_update().get(pk=member.pk)
    if not policies.may_change_member(by, held):
        raise Refused("Only an owner can end the membership of an owner or a manager.")
    if held.pk == by.pk:
        raise Refused("Nobody ends their own membership. Ask another owner.")
    if held.left_at is not None:
        raise Refused(f"{held.name} has left already.")
    if held.role == Role.OWNER:
        _keep_an_owner(held)
    held.left_at = at
    held.save(update_fields=["left_at"])
    Invitation.objects.filter(member=held, used_at=None, revoked_at=None).update(revoked_at=at)
    forget_browsers(held, by=by, at=at)
    record(Verb.MEMBER_LEFT, by=by, about=held, at=at)
    end_sessions(held, why=Ending.MEMBERSHIP, by=by, at=at)
    return held
