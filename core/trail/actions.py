"""Writing to the trail."""

from __future__ import annotations

import time
from datetime import datetime
from typing import Any

from django.db import connection, models, transaction

from core.trail import chain, queries
from core.trail.enums import Verb
from core.trail.models import GENESIS, Event, Walk

# Takes the chain's lock, held until the surrounding transaction is over, and only then looks where the chain ends.
BEGIN = "SELECT * FROM trail_end()"
KEEP = (
    "INSERT INTO trail_typed (event_id, digest, salt, text, member_id) "
    "SELECT %s, digest, salt, text, %s FROM unnest(%s::text[], %s::text[], %s::text[]) AS word (digest, salt, text)"
)
PEOPLE = "identity.member"


def record(verb: Verb, *, by, at: datetime, about: models.Model | None = None, address: str | None = None, **detail):
    """Append one event to the chain; call it inside the transaction that does the deed.

    `by` is a Member or None for Postern itself; the address is the one they came from when none is given. `detail` may
    hold numbers, days, words of our lists and typed text, never a secret. Typed text is kept beside the chain, which
    gets its salted digest. Returns the Event.
    """
    if not connection.in_atomic_block:
        raise RuntimeError("A deed and its event belong to one transaction: call record() inside atomic().")
    with connection.cursor() as cursor:
        cursor.execute(BEGIN)
        number, now, last = cursor.fetchone()
    facts, words = chain.apart(detail)
    event = Event(
        at=at,
        recorded_at=now,
        transaction=number,
        verb=verb,
        actor_id=by.pk if by else None,
        about_type=about._meta.label_lower if about is not None else "",
        about_id=about.pk if about is not None else None,
        address=address or getattr(by, "came_from", None),
        facts=facts,
        previous=last or GENESIS,
    )
    event.digest = event.link.computed_digest()
    event.save(force_insert=True)
    _keep_words(event, words)
    return event


def _keep_words(event: Event, words: list[chain.Word]) -> None:
    member = event.about_id if event.about_type == PEOPLE else None
    vars(event)["words"] = {word.digest: word.text for word in words}
    if words:
        with connection.cursor() as cursor:
            columns = zip(*((word.digest, word.salt, word.text) for word in words), strict=True)
            cursor.execute(KEEP, [event.pk, member, *map(list, columns)])


def changes(thing: models.Model, before: dict[str, Any], fields) -> dict[str, list[Any]]:
    """What changed between `before` and the row as it is now: {field: [old, new]}, unchanged fields left out."""
    after = snapshot(thing, fields)
    return {name: [before[name], after[name]] for name in fields if before[name] != after[name]}


def snapshot(thing: models.Model, fields) -> dict[str, Any]:
    """The named fields of a row by their stored value (a foreign key as its number)."""
    names = {field.name: field.attname for field in thing._meta.concrete_fields}
    return {name: getattr(thing, names[name]) for name in fields}


@transaction.atomic
def note_list_export(name: str, *, rows: int, asked: dict[str, str], by, at: datetime) -> Event:
    """The trail’s line for a list that somebody took out as a file: which, how many rows of it, narrowed how."""
    return record(Verb.LIST_EXPORTED, by=by, at=at, list=name, rows=rows, asked=asked)


@transaction.atomic
def walk(*, at: datetime) -> Walk:
    """Walk the whole chain and keep what was found, sealed, so that a page need only look at what came since."""
    begun = time.monotonic()
    verdict = queries.verify()
    made = Walk(
        at=at,
        events=verdict.events,
        last=verdict.last,
        head=verdict.head,
        broken_at=verdict.broken_at,
        why=verdict.why,
        took_ms=round(1000 * (time.monotonic() - begun)),
    )
    made.seal = queries.seal_of(made)
    made.save()
    return made
