"""The trail with names put to its numbers."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from django.apps import apps
from django.db import models

from core.trail.models import Event
from identity.models import Member

# What a row's own name is made of, so that naming fifty of a kind stays one query.
NAMED_BY = {
    "accounts.door": ("login",),
    "accounts.grant": ("login", "account"),
    "devices.validation": ("door__login", "device"),
    "devices.authenticator": ("login",),
    "notices.acknowledgement": ("notice", "member"),
}


@dataclass(frozen=True, slots=True)
class Line:
    """One event as a page tells it. `about` is empty when the row is gone or the deed was about nothing."""

    event: Event
    who: str
    about: str
    changes: tuple[tuple[str, str, str], ...]


def told(events: Iterable[Event]) -> list[Line]:
    """Events with names put to their numbers: one query for people and one for each kind of row."""
    events = list(events)
    people = Member.objects.in_bulk({event.actor_id for event in events if event.actor_id})
    rows = _rows_about(events)
    return [
        Line(
            event=event,
            who=people[event.actor_id].name if event.actor_id in people else "Postern",
            about=_about(event, rows),
            changes=_changes(event),
        )
        for event in events
    ]


def _rows_about(events: list[Event]) -> dict[tuple[str, int], models.Model]:
    wanted: dict[str, set[int]] = {}
    for event in events:
        if event.about_type and event.about_id:
            wanted.setdefault(event.about_type, set()).add(event.about_id)
    found: dict[tuple[str, int], models.Model] = {}
    for label, numbers in wanted.items():
        queryset = apps.get_model(label)._base_manager.select_related(*NAMED_BY.get(label, ()))
        found |= {(label, row.pk): row for row in queryset.filter(pk__in=numbers)}
    return found


def _about(event: Event, rows: dict[tuple[str, int], models.Model]) -> str:
    row = rows.get((event.about_type, event.about_id or 0))
    if row is None:
        return str(event.detail.get("name", ""))
    return "" if event.about_type == "identity.member" and event.about_id == event.actor_id else str(row)


def _changes(event: Event) -> tuple[tuple[str, str, str], ...]:
    changed = event.detail.get("changes", {})
    return tuple((name.replace("_", " "), _shown(old), _shown(new)) for name, (old, new) in changed.items())


def _shown(value: Any) -> str:
    return "nothing" if value in (None, "", []) else str(value)
