"""One account: its doors and what each asks for, what it rests on, who may do what, what happened."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from django.db.models import Q, QuerySet

from accounts.enums import Right
from accounts.models import Account, Grant
from accounts.queries.brokers import DoorLine, door_lines
from core.clock import local_day
from core.trail.models import Event
from dashboard.queries.trail import Line, told
from identity.models import Member, Office
from recovery import queries as recovery

EVENTS_SHOWN = 15


@dataclass(frozen=True, slots=True)
class GrantRow:
    """One login's rights in the account: (right, whether it has it), in the enum's order."""

    grant: Grant
    rights: list[tuple[str, bool]]


@dataclass(frozen=True, slots=True)
class Page:
    """All that the account's page shows. `devices` are rows of a matrix whose columns are named with each cell."""

    plates: list[tuple[recovery.Plate, str]]
    bolts: list[recovery.DoorCard]
    asks: list[DoorLine]
    columns: tuple[str, ...]
    devices: list[tuple[recovery.DeviceProof, list[tuple[str, recovery.DeviceProof | None]]]]
    grants: list[GrantRow]
    keys: list[tuple[Grant, list[recovery.Key], list[recovery.Spare]]]
    lines: list[Line]


def page(account: Account, member: Member, *, at: datetime, office: Office) -> Page:
    """The page of one account as `member` may see it; a fixed number of queries."""
    grants = list(
        Grant.objects.visible_to(member)
        .open()
        .filter(account=account, login__ended_at=None)
        .select_related("login__holder")
        .order_by("login__label", "pk")
    )
    cards = recovery.doors_of_account(account, member, at=at, office=office)
    asked = door_lines(account.profile, entity=account.entity, on=local_day(at, office.timezone))
    matrix = recovery.validated_devices(cards)
    columns = tuple(account.profile.short_name(slug) for slug, _ in matrix.columns)
    held = recovery.keys_of_logins({grant.login_id for grant in grants}, reader=member, at=at, office=office)
    used = [card for card in recovery.in_order(cards) if card.state != "none"]
    return Page(
        plates=[(plate, account.profile.short_name(plate.interface)) for plate in recovery.plates(cards)],
        bolts=used,
        asks=[line for line in asked if line.door.slug in {card.interface for card in used}],
        columns=columns,
        devices=[(device, list(zip(columns, cells, strict=True))) for device, cells in matrix.rows],
        grants=[GrantRow(grant, [(right, right in grant.rights) for right in Right.values]) for grant in grants],
        keys=[(grant, held.of(grant.login_id), held.backups.get(grant.login_id, [])) for grant in grants],
        lines=told(_events(account, grants).order_by("-pk")[:EVENTS_SHOWN]),
    )


def _events(account: Account, grants: list[Grant]) -> QuerySet[Event]:
    about_grants = Q(about_type="accounts.grant", about_id__in=[grant.pk for grant in grants])
    about_logins = Q(about_type="accounts.login", about_id__in=[grant.login_id for grant in grants])
    about_account = Q(about_type="accounts.account", about_id=account.pk)
    return Event.objects.filter(about_account | about_grants | about_logins)
