"""Writing to the trail."""

from __future__ import annotations

import json
from datetime import date, datetime
from typing import Any

from django.db import connection, models

from core.trail.enums import Verb
from core.trail.models import GENESIS, Event

# One writer at a time: the chain has one end. Held until the surrounding transaction is over.
CHAIN_LOCK = 0x706F7374


def record(verb: Verb, *, by, at: datetime, about: models.Model | None = None, address: str | None = None, **detail):
    """Append one event to the chain; call it inside the transaction that does the deed.

    `by` is a Member or None for Postern itself. `detail` must be JSON-able (dates are written in ISO form) and must
    never hold a secret. Returns the Event.
    """
    if not connection.in_atomic_block:
        raise RuntimeError("A deed and its event belong to one transaction: call record() inside atomic().")
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [CHAIN_LOCK])
    last = Event.objects.order_by("-pk").values_list("digest", flat=True).first()
    event = Event(
        at=at,
        verb=verb,
        actor_id=by.pk if by else None,
        about_type=about._meta.label_lower if about is not None else "",
        about_id=about.pk if about is not None else None,
        address=address,
        detail=json.loads(json.dumps(detail, default=_plain)),
        previous=last or GENESIS,
    )
    event.digest = event.computed_digest()
    event.save(force_insert=True)
    return event


def changes(thing: models.Model, before: dict[str, Any], fields) -> dict[str, list[Any]]:
    """What changed between `before` and the row as it is now: {field: [old, new]}, unchanged fields left out."""
    after = snapshot(thing, fields)
    return {name: [before[name], after[name]] for name in fields if before[name] != after[name]}


def snapshot(thing: models.Model, fields) -> dict[str, Any]:
    """The named fields of a row by their stored value (a foreign key as its number)."""
    names = {field.name: field.attname for field in thing._meta.concrete_fields}
    return {name: getattr(thing, names[name]) for name in fields}


def _plain(value: Any) -> Any:
    if isinstance(value, datetime | date):
        return value.isoformat()
    return str(value)
