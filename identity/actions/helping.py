"""What several actions need: one at a time, whole seconds, a free key."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.db import connection
from django.utils.text import slugify

from core.clock import local_day
from core.errors import Refused
from identity.models import Member


def one_at_a_time(*names: str | None) -> None:
    """Let one transaction at a time pass that names the same things, so that a limit counts all before it."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))", [" ".join(map(str, names))])


def seconds(span: timedelta) -> int:
    return max(1, round(span.total_seconds()))


def free_key(model, text: str) -> str:
    """A key for a row made by hand: the text as a slug, with a number when it is taken."""
    stem = slugify(text)[:50] or model._meta.model_name
    taken = set(model.objects.filter(key__startswith=stem).values_list("key", flat=True))
    return next(key for key in [stem, *(f"{stem}-{n}" for n in range(2, len(taken) + 3))] if key not in taken)


def as_they_are(*people: Member) -> list[Member]:
    """These people as they stand now, locked. Nobody else changes people meanwhile.

    What somebody may do is read from here and never from the row that a request began with: two owners who demote each
    other pass one after the other, and the second is no owner any more. Rows that point to these people can be written
    meanwhile (no_key), or whoever holds another lock and writes such a row would wait for us, and we for them.
    """
    one_at_a_time("people")
    numbers = {person.pk for person in people}
    rows = Member.objects.get_queryset().select_for_update(no_key=True).filter(pk__in=numbers).order_by("pk")
    held = {one.pk: one for one in rows}
    return [held[person.pk] for person in people]


def acting(by: Member, *others: Member, at: datetime) -> list[Member]:
    """The same, for a deed of `by`: Refused when their own access has ended since their request began."""
    held = as_they_are(by, *others)
    if not here_today(held[0], at):
        raise Refused("You may not do that any more: your own access has ended.")
    return held


def here_today(member: Member, at: datetime) -> bool:
    """Whether a person may enter at this moment, by the day of their own zone."""
    return member.may_enter(local_day(at, member.timezone))
