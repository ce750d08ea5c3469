"""The trail with names put to its numbers, and what of it is asked for."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date
from typing import Any

from django.apps import apps
from django.db import models
from django.db.models import Q

from core.clock import end_of_day, start_of_day
from core.trail.chain import GONE
from core.trail.enums import Verb
from core.trail.models import Event, EventQuerySet, with_words
from identity.models import Member

# What a row's own name is made of, so that naming fifty of a kind stays one query.
NAMED_BY = {
    "accounts.door": ("login",),
    "accounts.grant": ("login", "account"),
    "devices.validation": ("door__login", "device"),
    "devices.authenticator": ("login",),
    "notices.acknowledgement": ("notice", "member"),
}
# Kinds of rows that events are about: their word, and the column a name is looked for in, if they have one.
KINDS = {
    "identity.member": ("Person", "name"),
    "accounts.account": ("Account", "name"),
    "accounts.login": ("Login", "label"),
    "accounts.door": ("Door", ""),
    "accounts.grant": ("Rights", ""),
    "devices.asset": ("Thing", "name"),
    "devices.validation": ("Validation", ""),
    "devices.authenticator": ("Authenticator", "label"),
    "recovery.authenticatorbackup": ("Backup", "label"),
    "notices.notice": ("Broker notice", "title"),
    "notices.acknowledgement": ("Answer to a notice", ""),
    "letters.letter": ("Letter", "subject"),
    "exchange.importbatch": ("Import", "file_name"),
    "identity.office": ("Office", "name"),
}
# Numbers in an event's detail that stand for rows, by the name of the field.
STANDS_FOR = {
    "holder": "identity.member",
    "custodian": "identity.member",
    "member": "identity.member",
    "proved_by": "identity.member",
    "place": "devices.asset",
    "carried_by": "devices.asset",
    "carriers": "devices.asset",
    "device": "devices.asset",
    "login": "accounts.login",
    "account": "accounts.account",
    "authenticator": "devices.authenticator",
}
# Routes of the pages that show a row as it was.
HISTORIES = {
    "accounts.account": "dashboard:history_account",
    "accounts.login": "dashboard:history_login",
    "accounts.door": "dashboard:history_door",
    "accounts.grant": "dashboard:history_grant",
    "devices.asset": "dashboard:history_asset",
    "devices.validation": "dashboard:history_validation",
    "devices.authenticator": "dashboard:history_authenticator",
    "recovery.authenticatorbackup": "dashboard:history_backup",
}
GROUPS = {
    "office": "Office",
    "member": "People and sign-in",
    "account": "Accounts",
    "login": "Logins",
    "door": "Doors",
    "grant": "Rights",
    "asset": "Things",
    "validation": "Validations",
    "authenticator": "Authenticators",
    "backup": "Backups",
    "notice": "Broker notices",
}
OTHER = "Everything else"

# Shown by its beginning, which is enough to know it again.
DIGEST = re.compile(r"\b[0-9a-f]{64}\b")

Rows = dict[tuple[str, int], models.Model]


@dataclass(frozen=True, slots=True)
class Line:
    """One event as a page tells it. `about` is empty when the row is gone or the deed was about nothing.

    `history` names the route of the row's own history, if it has one and is still there.
    """

    event: Event
    who: str
    about: str
    changes: tuple[tuple[str, str, str], ...]
    facts: tuple[tuple[str, str], ...] = ()
    history: str = ""


def verb_groups() -> list[tuple[str, list[tuple[str, str]]]]:
    """Every deed under the noun it is about, as the choices of a field."""
    groups: dict[str, list[tuple[str, str]]] = {}
    for verb in Verb:
        label = verb.label
        groups.setdefault(GROUPS.get(verb.value.partition(".")[0], OTHER), []).append(
            (verb.value, label[0].upper() + label[1:])
        )
    return [(noun, groups[noun]) for noun in [*GROUPS.values(), OTHER] if noun in groups]


def asked_for(
    events: EventQuerySet,
    *,
    zone: str,
    person: Member | None = None,
    verb: str = "",
    kind: str = "",
    name: str = "",
    from_day: date | None = None,
    until_day: date | None = None,
) -> EventQuerySet:
    """Those events by a person, of a deed, about a kind of row or rows of a name, between two days, both included."""
    if person:
        events = events.filter(actor_id=person.pk)
    if verb:
        events = events.filter(verb=verb)
    if kind:
        events = events.filter(about_type=kind)
    if name:
        events = events.filter(_named(name, kind))
    if from_day:
        events = events.filter(at__gte=start_of_day(from_day, zone))
    if until_day:
        events = events.filter(at__lt=end_of_day(until_day, zone))
    return events


def _named(name: str, kind: str) -> Q:
    """About a row whose name holds this; one condition, whatever number of kinds is looked through."""
    found = Q(pk=None)
    for label, (_, column) in KINDS.items():
        if column and kind in ("", label):
            rows = apps.get_model(label)._base_manager.filter(**{f"{column}__icontains": name})
            found |= Q(about_type=label, about_id__in=rows.values("pk"))
    return found


def told(events: Iterable[Event]) -> list[Line]:
    """Events with names put to their numbers: one query for words, and one for each kind of row."""
    events = with_words(events)
    rows = _rows(events)
    return [
        Line(
            event=event,
            who=_person(event.actor_id, rows),
            about=_about(event, rows),
            changes=tuple(_changes(event, rows)),
            facts=tuple(_facts(event, rows)),
            history=HISTORIES.get(event.about_type, "") if (event.about_type, event.about_id) in rows else "",
        )
        for event in events
    ]


def _rows(events: list[Event]) -> Rows:
    """The rows that these events are by, about, or mention."""
    wanted: dict[str, set[int]] = {"identity.member": {event.actor_id for event in events if event.actor_id}}
    for event in events:
        if event.about_type and event.about_id:
            wanted.setdefault(event.about_type, set()).add(event.about_id)
        for name, value in _mentioned(event):
            wanted.setdefault(STANDS_FOR[name], set()).update(_numbers(value))
    found: Rows = {}
    for label, numbers in wanted.items():
        queryset = apps.get_model(label)._base_manager.select_related(*NAMED_BY.get(label, ()))
        found |= {(label, row.pk): row for row in (queryset.filter(pk__in=numbers) if numbers else ())}
    return found


def _mentioned(event: Event) -> Iterator[tuple[str, Any]]:
    """Pairs of a field's name and a number, or numbers, that stand for rows."""
    for name, value in event.facts.items():
        if name in STANDS_FOR:
            yield name, value
    for name, pair in event.facts.get("changes", {}).items():
        if name in STANDS_FOR:
            yield from ((name, value) for value in pair)


def _numbers(value: Any) -> list[int]:
    return [number for number in (value if isinstance(value, list) else [value]) if isinstance(number, int)]


def _person(number: int | None, rows: Rows) -> str:
    if number is None:
        return "Postern"
    row = rows.get(("identity.member", number))
    return str(row) if row else f"Person {number}"


def _about(event: Event, rows: Rows) -> str:
    row = rows.get((event.about_type, event.about_id or 0))
    if row is None:
        return str(event.detail.get("name", "")) if event.facts.get("name") else ""
    return "" if event.about_type == "identity.member" and event.about_id == event.actor_id else str(row)


def _changes(event: Event, rows: Rows) -> Iterator[tuple[str, str, str]]:
    for name, (old, new) in event.detail.get("changes", {}).items():
        yield name.replace("_", " "), _shown(name, old, rows), _shown(name, new, rows)


def _facts(event: Event, rows: Rows) -> Iterator[tuple[str, str]]:
    """What else the event says, as pairs; what a page says anyway is left out."""
    for name, value in event.detail.items():
        if name not in ("changes", "name") and value not in (None, "", [], {}):
            yield name.strip("_").replace("_", " "), _shown(name, value, rows)


def _shown(name: str, value: Any, rows: Rows) -> str:
    if value in (None, "", []):
        return "nothing"
    if isinstance(value, list):
        return ", ".join(_shown(name, each, rows) for each in value)
    if isinstance(value, dict):
        return ", ".join(f"{each} {count}" for each, count in value.items())
    if isinstance(value, str):
        return "a word taken away" if value == GONE else DIGEST.sub(lambda whole: f"{whole[0][:16]}…", value)
    return _of_number(name, value, rows)


def _of_number(name: str, value: Any, rows: Rows) -> str:
    """A number, or the row that it stands for."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if name not in STANDS_FOR:
        return str(value)
    row = rows.get((STANDS_FOR[name], value))
    return str(row) if row else f"number {value}"
