"""What several actions need: one at a time, whole seconds, a free key."""

from __future__ import annotations

from datetime import timedelta

from django.db import connection
from django.utils.text import slugify


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
