"""Taking a person's name away for good."""

from __future__ import annotations

from datetime import datetime

from django.contrib.auth.hashers import make_password
from django.db import transaction

from core.errors import Refused
from core.letters.actions import cancel_unsent
from core.letters.models import Letter
from core.trail.actions import record
from core.trail.enums import Verb
from identity import policies, traces
from identity.actions.enrolment import drop_factors
from identity.models import AddressChange, Invitation, KnownBrowser, Member, OpenSession, PasswordReset


@transaction.atomic
def pseudonymise(member: Member, *, reason: str, by: Member, at: datetime) -> Member:
    """Replace a person who has left by a pseudonym, everywhere they stand in clear, letters and history included.

    What they did stays: the trail's facts are numbers and stay as they are, with their chain. What was typed about them
    is taken away from beside it. This can't be undone.
    """
    held = Member.objects.select_for_update(no_key=True).get(pk=member.pk)
    _check(held, reason, by)
    swaps = [*traces.own_swaps(held), *traces.names_with_parts(held)]
    swaps.sort(key=lambda swap: -len(swap.needle))
    if any(swap.needle.casefold() in reason.casefold() for swap in traces.own_swaps(held)):
        raise Refused("Write the reason without the name: it stays in the trail.")
    words = list(traces.words_of(held, swaps).values_list("pk", flat=True))
    deed = record(Verb.MEMBER_PSEUDONYMISED, by=by, about=held, at=at, reason=reason.strip(), words=len(words))
    traces.Typed.objects.filter(pk__in=words).update(text=None, salt=None, taken_by=deed.pk)
    cancel_unsent(Letter.objects.filter(recipient=held), at=at)
    traces.replace_everywhere(swaps)
    return _empty(held, at)


def _check(held: Member, reason: str, by: Member) -> None:
    if not policies.is_owner(by):
        raise Refused("Only an owner takes a name away.")
    if held.left_at is None:
        raise Refused(f"{held.name} has not left. End the membership first.")
    if held.pseudonymised_at is not None:
        raise Refused("That name was taken away already.")
    if not reason.strip():
        raise Refused("Say why. The reason stays in the trail.")


def _empty(held: Member, at: datetime) -> Member:
    """The person's own row, whatever the search made of it; nothing of what they signed in with is left."""
    drop_factors(held)
    for kind in (Invitation, PasswordReset, AddressChange, KnownBrowser, OpenSession):
        kind._default_manager.filter(member=held).delete()
    held.name, held.key = traces.pseudonym(held), traces.key_of(held)
    held.email = traces.address_of(held) if held.email else None
    held.phone = held.note = ""
    held.password, held.pseudonymised_at = make_password(None), at
    held.save()
    return held
