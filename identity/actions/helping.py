"""What several actions need: one at a time, whole seconds, a free key."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.db import connection
from django.utils.text import slugify

from core.clock import local_day
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
    other pass one after the other, and the second is no owner any more.
    """
    one_at_a_time("people")
    numbers = {person.pk for person in people}
    held = {one.pk: one for one in Member.objects.select_for_update().filter(pk__in=numbers).order_by("pk")}
    return [held[person.pk] for person in people]


def here_today(member: Member, at: datetime) -> bool:
    """Whether a person may enter at this moment, by the day of their own zone."""
    return member.may_enter(local_day(at, member.timezone))
