"""Adding, changing and ending people."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime

from django.db import IntegrityError, transaction

from core.clock import local_day
from core.errors import Refused
from core.letters import rendering
from core.trail.actions import changes, record, snapshot
from core.trail.enums import Verb
from identity import policies, queries
from identity.actions.browsers import forget_browsers
from identity.actions.ending import end_links
from identity.actions.helping import acting, free_key
from identity.actions.sessions import end_sessions
from identity.actions.telling import tell_news, tell_security
from identity.enums import Ending, Role
from identity.models import AddressChange, Member

MEMBER_FIELDS = ["name", "email", "role", "timezone", "digest_hour", "phone", "note", "ends_on"]
OWN_FIELDS = ["timezone", "digest_hour", "phone", "theme"]


@transaction.atomic
def add_member(*, by: Member, at: datetime, key: str = "", **facts) -> Member:
    """Add a person; they sign in once invited, or never, and can hold things either way."""
    by = acting(by, at=at)[0]
    _check_role(by, facts.get("role", Role.TRADER))
    member = Member(key=key or free_key(Member, facts["name"]), created_at=at, **facts)
    member.email = member.email or None
    member.set_unusable_password()
    check_last_day(member)
    save_member(member)
    record(Verb.MEMBER_ADDED, by=by, about=member, at=at, name=member.name, role=member.role)
    _tell_owners(member, was="", by=by, at=at)
    return member


@transaction.atomic
def change_member(member: Member, *, by: Member, at: datetime, keep: str = "", **facts) -> Member:
    """Change a person's facts; a role only by those who may give both the old and the new one.

    An owner who is one no more, or gets a last day, must leave another one behind. A new role or last day ends all of a
    person's sessions but the one whose key has the digest `keep`.
    """
    by, held = acting(by, member, at=at)
    if by.pk != held.pk and not policies.may_change_member(by, held):
        raise Refused("Only an owner can change an owner or a manager.")
    before = snapshot(held, MEMBER_FIELDS)
    role = facts.get("role", held.role)
    if role != held.role:
        _check_role(by, role)
    for name, value in facts.items():
        setattr(held, name, value)
    held.email = held.email or None
    what = changes(held, before, MEMBER_FIELDS)
    if by.pk == held.pk:
        _check_own_changes(held, what)
    if "role" in what or "ends_on" in what:
        check_last_day(held)
        if before["role"] == Role.OWNER and (held.role != Role.OWNER or held.ends_on is not None):
            keep_an_owner(held)
    save_member(held)
    if what:
        record(Verb.ROLE_CHANGED if "role" in what else Verb.MEMBER_CHANGED, by=by, about=held, at=at, changes=what)
    if "role" in what or "ends_on" in what:
        why = Ending.ROLE if "role" in what else Ending.MEMBERSHIP
        end_sessions(held, why=why, by=by, at=at, keep=keep)
    _tell_owners(held, was=before["role"], by=by, at=at)
    if held.joined_at is not None and "email" in what:
        note_changed_address(held, old=before["email"], by=by, at=at)
    return held


def _tell_owners(member: Member, *, was: str, by: Member, at: datetime) -> None:
    """Who runs the office, and who does no more, is news to every other owner: two hands of one person are seen."""
    if member.role == was or not (member.is_manager or was in (Role.OWNER, Role.MANAGER)):
        return
    text = f"{by.name} made {member.name} {member.role}. Before that: {was or 'not on file'}."
    for owner in Member.objects.lasting_owners().exclude(pk__in=(by.pk, member.pk)):
        key, url = f"role:{member.pk}:{owner.pk}:{at.isoformat()}", rendering.link(f"/people/{member.pk}/")
        tell_news(owner, key=key, what="Who runs the office has changed", text=text, url=url, at=at)


def note_changed_address(member: Member, *, old: str | None, by: Member, at: datetime) -> None:
    """Keep the old address for as long as a reset must be told there too, and tell both."""
    AddressChange.objects.filter(member=member, confirmed_at=None, revoked_at=None).update(revoked_at=at)
    AddressChange.objects.create(
        member=member, old=old or "", new=member.email or "", made_at=at, expires_at=at, confirmed_at=at
    )
    who = "You" if by.pk == member.pk else by.name
    for address in dict.fromkeys([old, member.email]):
        tell_security(
            member, address, at=at, what="Your e-mail address was changed", text=f"{who} changed it to {member.email}."
        )


def _check_own_changes(held: Member, what: dict) -> None:
    if "email" in what and held.joined_at is not None:
        raise Refused("Change your own address on your own page. It counts once you have confirmed it there.")
    if "ends_on" in what and not held.is_owner:
        raise Refused("Nobody moves their own last day. Ask an owner.")


def check_last_day(member: Member) -> None:
    """An auditor never stays for an open time."""
    if member.is_auditor and member.ends_on is None:
        raise Refused("An auditor’s access has a last day. Write it down; it can be moved later.")


def save_member(member: Member) -> None:
    """Save a person; Refused in words when the address is somebody else's, or missing where one is needed."""
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


def keep_an_owner(leaving: Member) -> None:
    """Refuse to let go of the last owner on whom the office can count, or of the last but one with a single factor."""
    left = queries.owner_routes(without=leaving)
    if not left:
        raise Refused("This is the last owner who can sign in. Make somebody else owner first.")
    if sum(left.values()) < 2:
        name = next(iter(left)).name
        raise Refused(
            f"Then {name} would be the only owner, with a single factor: one lost phone would shut the office out. "
            f"{name} prints new backup codes or adds a second factor first."
        )


@transaction.atomic
def change_own_settings(member: Member, *, at: datetime, **facts) -> Member:
    """A person's own zone, hour, phone and appearance; no role, name or address can be changed this way.

    Who has a last day keeps the zone in which it ends.
    """
    held = Member.objects.select_for_update(no_key=True).get(pk=member.pk)
    before = snapshot(held, OWN_FIELDS)
    for name in OWN_FIELDS:
        setattr(held, name, facts.get(name, getattr(held, name)))
    if held.ends_on is not None and held.timezone != before["timezone"]:
        raise Refused("Your zone decides when your last day ends, so somebody who runs the office changes it.")
    held.save(update_fields=OWN_FIELDS)
    what = changes(held, before, OWN_FIELDS)
    if what:
        record(Verb.MEMBER_CHANGED, by=member, about=held, at=at, changes=what)
    return held


@transaction.atomic
def end_membership(
    member: Member,
    *,
    by: Member,
    at: datetime,
    last_day: date | None = None,
    stays: Mapping[str, Sequence[int]] | None = None,
) -> Member:
    """End a person's access: at once, or with the end of `last_day` in their own zone, which no job has to notice.

    `stays` names, by kind, the rows that stay on file under their name until they are handed over; the trail keeps it.
    """
    by, held = acting(by, member, at=at)
    if not policies.may_change_member(by, held):
        raise Refused("Only an owner can end the membership of an owner or a manager.")
    if held.pk == by.pk:
        raise Refused("Nobody ends their own membership. Ask another owner.")
    if held.left_at is not None:
        raise Refused(f"{held.name} has left already.")
    if held.role == Role.OWNER:
        keep_an_owner(held)
    if last_day is not None:
        return _set_last_day(held, last_day, by=by, at=at, stays=stays or {})
    held.left_at = at
    held.save(update_fields=["left_at"])
    end_links(held, at=at)
    forget_browsers(held, by=by, at=at)
    record(Verb.MEMBER_LEFT, by=by, about=held, at=at, stays=stays or {})
    end_sessions(held, why=Ending.MEMBERSHIP, by=by, at=at)
    return held


def _set_last_day(
    held: Member, last_day: date, *, by: Member, at: datetime, stays: Mapping[str, Sequence[int]]
) -> Member:
    if last_day < local_day(at, held.timezone):
        raise Refused("That day is over. Choose today or later, or end the membership at once.")
    before = snapshot(held, ["ends_on"])
    held.ends_on = last_day
    held.save(update_fields=["ends_on"])
    what = changes(held, before, ["ends_on"])
    if what:
        record(Verb.MEMBER_CHANGED, by=by, about=held, at=at, changes=what, stays=stays)
    return held
