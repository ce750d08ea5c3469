"""A person's own address: it changes only once the new one was confirmed, and the old one hears of it at once."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.db import transaction

from core.errors import Refused
from core.letters import rendering
from core.letters.actions import enqueue
from core.letters.enums import LetterKind
from core.trail.actions import record
from core.trail.enums import Verb
from identity import queries
from identity.actions.helping import as_they_are
from identity.actions.inviting import LINK_GOES_HERE
from identity.actions.people import save_member
from identity.actions.telling import tell_security
from identity.models import AddressChange, Member

ADDRESS_LINK_LASTS = timedelta(hours=24)


@transaction.atomic
def ask_address(member: Member, *, new: str, at: datetime) -> AddressChange:
    """Send a link to the new address and a word to the old one; nothing changes until the link was used."""
    held = as_they_are(member)[0]
    if new.lower() == (held.email or "").lower():
        raise Refused("That is your address already.")
    AddressChange.objects.filter(member=held, confirmed_at=None, revoked_at=None).update(revoked_at=at)
    change = AddressChange.objects.create(
        member=held, old=held.email or "", new=new, made_at=at, expires_at=at + ADDRESS_LINK_LASTS
    )
    record(Verb.ADDRESS_ASKED, by=held, about=held, at=at, old=change.old, new=change.new)
    said = rendering.content(
        "address_link",
        subject="Confirm your new address for Postern",
        to=held,
        office=queries.office(),
        at=at,
        change=change,
        url=f"{rendering.link('/me/address/')}{LINK_GOES_HERE}/",
    )
    key = f"{AddressChange.LINK}:{change.pk}"
    enqueue(key=key, kind=LetterKind.LINK, to=held, content=said, at=at, address=change.new)
    text = f"It is to become {change.new}, once that is confirmed. You can call it off on your own page."
    tell_security(held, held.email, what="Your e-mail address is to change", text=text, at=at)
    return change


@transaction.atomic
def confirm_address(change: AddressChange, *, by: Member, at: datetime) -> Member:
    """The person, signed in, followed the link: from now on the new address counts. Both hear of it."""
    member = as_they_are(change.member)[0]
    held = AddressChange.objects.select_for_update(no_key=True).get(pk=change.pk)
    if not held.is_open(at) or by.pk != member.pk:
        raise Refused("This link opens nothing any more. Ask for a new one on your own page.")
    old, member.email = member.email, held.new
    save_member(member)
    held.confirmed_at = at
    held.save(update_fields=["confirmed_at"])
    record(Verb.MEMBER_CHANGED, by=member, about=member, at=at, changes={"email": [old, member.email]})
    for address in dict.fromkeys([old, member.email]):
        tell_security(
            member, address, at=at, what="Your e-mail address was changed", text=f"It is {member.email} from now on."
        )
    return member


@transaction.atomic
def revoke_address(member: Member, *, at: datetime) -> bool:
    """Call off a change of one's own address that waits; whether there was one."""
    waiting = AddressChange.objects.filter(member=member, confirmed_at=None, revoked_at=None)
    called_off = waiting.update(revoked_at=at) > 0
    if called_off:
        record(Verb.ADDRESS_REVOKED, by=member, about=member, at=at)
    return called_off
