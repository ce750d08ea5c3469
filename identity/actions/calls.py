"""Calling back somebody who is locked out."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction

from core.errors import Refused
from core.letters import rendering
from core.letters.actions import enqueue
from core.letters.enums import LetterKind
from core.trail.actions import record
from core.trail.enums import Verb
from identity import queries, rules
from identity.actions.helping import one_at_a_time
from identity.enums import Stage
from identity.models import (
    CallRequest,
    Member,
    SignIn,
)


@transaction.atomic
def request_call(*, name: str, number: str, lost: str, address: str | None, at: datetime) -> CallRequest:
    """Write down that somebody without a way in wants to be called; managers see it on Today and by letter.

    Refused when enough requests have come from the same network within the hour; they are counted one at a time.
    """
    one_at_a_time("lost")
    if queries.calls_from(address, since=at - rules.WINDOW) >= rules.MOST_CALLS:
        raise Refused("Enough requests have come from here. Ring the number above.")
    call = CallRequest.objects.create(at=at, name=name, number=number, lost=lost)
    SignIn.objects.create(at=at, stage=Stage.LOST, name="lost", network=address, ok=True)
    record(Verb.CALL_REQUESTED, by=None, about=call, at=at, address=address)
    for person in Member.objects.managers():
        said = rendering.content(
            "call_request",
            subject="Somebody asks to be called back",
            to=person,
            office=queries.office_if_any(),
            call=call,
            url=rendering.link("/"),
        )
        enqueue(key=f"call:{call.pk}:{person.pk}", kind=LetterKind.SECURITY, to=person, content=said, at=at)
    return call


@transaction.atomic
def call_done(call: CallRequest, *, by: Member, at: datetime) -> CallRequest:
    """Tick a call request off."""
    held = CallRequest.objects.select_for_update(no_key=True).get(pk=call.pk)
    if held.done_at is None:
        held.done_at, held.done_by = at, by
        held.save(update_fields=["done_at", "done_by"])
    return held
