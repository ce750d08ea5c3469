"""What happened to one backup."""

from __future__ import annotations

from core.trail.enums import Verb
from core.trail.models import Event
from devices.queries import SHOWN, Line
from identity.models import Member
from recovery.models import AuthenticatorBackup

_DEEDS = {
    Verb.BACKUP_ADDED: ("put it on file.", ""),
    Verb.BACKUP_CHANGED: ("changed what is on file.", ""),
    Verb.BACKUP_TESTED: ("tested it.", "ok"),
    Verb.BACKUP_ENDED: ("ended it.", "unknown"),
}


def history_of(backup: AuthenticatorBackup, member: Member) -> list[Line]:
    """The newest events about a backup. Two queries."""
    events = list(Event.objects.visible_to(member).about(backup).order_by("-pk")[:SHOWN])
    people = Member.objects.in_bulk({event.actor_id for event in events if event.actor_id})
    return [_line(event, people) for event in events]


def _line(event: Event, people: dict[int, Member]) -> Line:
    deed, state = _DEEDS.get(Verb(event.verb), (Verb(event.verb).label, ""))
    person = people.get(event.actor_id or 0)
    return Line(event.at, person.name if person else "Postern", deed, "", state)
