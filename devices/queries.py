"""Reading things: the list, one thing's past, what may be chosen in a form."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from django.db import models
from django.db.models import Q
from django.urls import reverse

from accounts.models import Door, Login
from core.clock import local_day, start_of_day
from core.letters import rendering
from core.letters.kinds import Content
from core.templatetags.looks import MONTHS
from core.trail.enums import Verb
from core.trail.models import Event
from devices import rules
from devices.enums import CLOCKED_KINDS, VALIDATED_KINDS, AssetState, Outcome
from devices.models import Asset, AssetQuerySet, HandOver, Validation
from identity.models import Member, Office

SHOWN = 20

# What an event says on the page of the thing it is about, and how it is marked.
_DEEDS = {
    Verb.ASSET_ADDED: ("put it on file.", ""),
    Verb.ASSET_CHANGED: ("changed what is on file.", ""),
    Verb.ASSET_LOST: ("marked it as lost.", "late"),
    Verb.ASSET_FOUND: ("found it again.", "ok"),
    Verb.ASSET_RETIRED: ("retired it.", "unknown"),
    Verb.CLOCK_CHECKED: ("measured its clock.", ""),
    Verb.HAND_OVER_OFFERED: ("began to hand it over.", "due"),
    Verb.HAND_OVER_ACCEPTED: ("took it over.", "ok"),
    Verb.HAND_OVER_DECLINED: ("did not take it over.", "late"),
    Verb.HAND_OVER_WITHDRAWN: ("took the hand-over back.", "unknown"),
    Verb.HAND_OVER_NOTED: ("took note that it was not taken.", ""),
    Verb.VALIDATION_EXPECTED: ("asked for a proof at", "due"),
    Verb.VALIDATION_CONFIRMED: ("proved it at", "ok"),
    Verb.VALIDATION_FAILED: ("tried in vain at", "late"),
    Verb.VALIDATION_CHANGED: ("corrected what is on file for", ""),
    Verb.AUTHENTICATOR_ADDED: ("put it on file.", ""),
    Verb.AUTHENTICATOR_CHANGED: ("changed what is on file.", ""),
    Verb.AUTHENTICATOR_CONFIRMED: ("saw it work.", "ok"),
    Verb.AUTHENTICATOR_ENDED: ("ended it.", "unknown"),
    Verb.VALIDATION_ENDED: ("stopped asking for it at", "unknown"),
    Verb.BACKUP_ADDED: ("put it on file.", ""),
    Verb.BACKUP_CHANGED: ("changed what is on file.", ""),
    Verb.BACKUP_TESTED: ("tested it.", "ok"),
    Verb.BACKUP_ENDED: ("ended it.", "unknown"),
}


def found(member: Member, *, kind: str = "", holder: str = "", state: str = "", text: str = "") -> AssetQuerySet:
    """The things a member sees, by kind and name, narrowed down. `holder` is a number or “none” for shared ones.

    Without a state, what was retired stays out.
    """
    things = Asset.objects.visible_to(member).select_related("holder", "place", "carried_by")
    if kind:
        things = things.filter(kind=kind)
    if holder:
        things = things.filter(holder=None if holder == "none" else int(holder))
    if text:
        things = things.filter(
            Q(name__icontains=text) | Q(model__icontains=text) | Q(hint__iexact=text) | Q(place__name__icontains=text)
        )
    return _in_state(things, state).order_by("kind", "name", "pk")


def _in_state(things: AssetQuerySet, state: str) -> AssetQuerySet:
    if state == AssetState.RETIRED:
        return things.filter(retired_at__isnull=False)
    if state == AssetState.LOST:
        return things.kept().filter(lost_at__isnull=False)
    if state in (AssetState.SPARE, AssetState.IN_USE):
        return things.at_hand().filter(is_spare=state == AssetState.SPARE)
    return things.kept()


def hanging(asset: Asset, member: Member) -> tuple[list[Asset], list[Asset]]:
    """What a thing carries, and what is kept in it: things that have not been retired. One query."""
    around = Asset.objects.visible_to(member).kept().filter(Q(carried_by=asset) | Q(place=asset)).order_by("name")
    rows = list(around)
    return [row for row in rows if row.carried_by_id == asset.pk], [row for row in rows if row.place_id == asset.pk]


# Hand-overs


def hand_overs_of(asset: Asset, member: Member) -> list[HandOver]:
    """What a thing's page has to say about its hand-overs: the one that waits, and those declined unnoticed."""
    rows = HandOver.objects.visible_to(member).unsettled().filter(asset=asset)
    return list(rows.select_related("receiver").order_by("-pk"))


def offered_letter(offer: HandOver, *, office: Office, at: datetime) -> Content:
    """Asks the receiver whether they have the thing."""
    return _letter("hand_over", f"Do you have it? {offer.asset.name}", offer, offer.receiver, office, at)


def declined_letter(offer: HandOver, *, to: Member, office: Office, at: datetime) -> Content:
    """Tells somebody that a thing was not taken, and why."""
    said = f"{offer.receiver.name} did not take over: {offer.asset.name}"
    return _letter("hand_over_declined", said, offer, to, office, at)


def _letter(name: str, subject: str, offer: HandOver, to: Member, office: Office, at: datetime) -> Content:
    url = rendering.link(reverse("devices:show_hand_over", args=[offer.pk]))
    return rendering.content(name, subject=subject, to=to, office=office, at=at, offer=offer, url=url)


# The past of one thing


@dataclass(frozen=True, slots=True)
class Line:
    """One event on a thing's page: who did what, where, and how it is marked."""

    at: datetime
    who: str
    deed: str
    where: str
    state: str


@dataclass(frozen=True, slots=True)
class YearRow:
    """One door's row of the timeline."""

    door_id: int
    state: str
    name: str
    row: rules.Row


@dataclass(frozen=True, slots=True)
class Year:
    """The timeline of the last twelve months; positions are per cent of its width. `words` say the same."""

    months: tuple[str, ...]
    ticks: tuple[float, ...]
    today: float
    rows: tuple[YearRow, ...]
    words: str


def validations_of(asset: Asset, member: Member) -> list[Validation]:
    """Every validation a thing ever had that a member sees, oldest first, with door and login. One query."""
    rows = Validation.objects.visible_to(member).filter(device=asset)
    return list(rows.select_related("door__login").order_by("created_at", "pk"))


def history(asset: Asset, validations: Iterable[Validation], member: Member) -> list[Line]:
    """The newest events about a thing and its validations that a member may see. Two queries."""
    doors = {validation.pk: validation.door for validation in validations}
    about = Q(about_type=Asset._meta.label_lower, about_id=asset.pk)
    about |= Q(about_type=Validation._meta.label_lower, about_id__in=doors)
    events = list(Event.objects.visible_to(member).filter(about).order_by("-pk")[:SHOWN])
    people = Member.objects.in_bulk({event.actor_id for event in events if event.actor_id})
    return [_line(event, people, doors) for event in events]


def history_of(row: models.Model, member: Member) -> list[Line]:
    """The newest events about one row that a member may see: an authenticator, a backup. Two queries."""
    events = list(Event.objects.visible_to(member).about(row).order_by("-pk")[:SHOWN])
    people = Member.objects.in_bulk({event.actor_id for event in events if event.actor_id})
    return [_line(event, people, {}) for event in events]


def _line(event: Event, people: dict[int, Member], doors: dict[int, Door]) -> Line:
    deed, state = _DEEDS.get(Verb(event.verb), (Verb(event.verb).label, ""))
    if event.facts.get("outcome") == Outcome.UNKNOWN:
        deed, state = "could not say whether it works at", "unknown"
    door = doors.get(event.about_id or 0) if event.about_type == Validation._meta.label_lower else None
    person = people.get(event.actor_id or 0)
    where = f"{door.short}, {door.login.label}" if door else ""
    return Line(event.at, person.name if person else "Postern", deed, where, state)


def year(doors: Iterable[tuple[int, str, str]], validations: Iterable[Validation], *, at: datetime, zone: str) -> Year:
    """Lay out what is known of these doors, given as (number, state, name), in the twelve months up to `at`'s."""
    firsts = _month_starts(local_day(at, zone))
    start, end = start_of_day(firsts[0], zone), start_of_day(firsts[-1], zone)
    proofs: dict[int, list[rules.Proved]] = defaultdict(list)
    for one in validations:
        if one.proved_at and one.lapses_at:
            proofs[one.door_id].append(rules.Proved(one.proved_at, one.lapses_at, one.ended_at))
    doors = list(doors)
    rows = tuple(
        YearRow(number, state, name, rules.timeline(proofs[number], start=start, end=end, at=at))
        for number, state, name in doors
    )
    said = [_in_words(name, proofs[number], start, at, zone) for number, _, name in doors]
    return Year(
        months=tuple(MONTHS[first.month - 1][:3] for first in firsts[:-1]),
        ticks=tuple(rules.percent(start_of_day(first, zone), start, end) for first in firsts[1:-1]),
        today=rules.percent(at, start, end),
        rows=rows,
        words=" ".join(["Last twelve months.", *said]),
    )


def _month_starts(today: date) -> list[date]:
    """The first days of the twelve months that end with today's, and of the next."""
    last = today.year * 12 + today.month - 1
    return [date(number // 12, number % 12 + 1, 1) for number in range(last - 11, last + 2)]


def _in_words(name: str, proofs: list[rules.Proved], start: datetime, at: datetime, zone: str) -> str:
    days = [_day(local_day(proof.proved_at, zone)) for proof in proofs if proof.proved_at >= start]
    if not days:
        return f"{name} was not proven."
    proven = f"{name} was proven on {', '.join(days)}"
    newest = max(proofs, key=lambda proof: proof.proved_at)
    if newest.lapses_at <= at and newest.ended_at is None:
        return f"{proven} and has been past its limit since {_day(local_day(newest.lapses_at, zone))}."
    return f"{proven}."


def _day(day: date) -> str:
    return f"{day.day} {MONTHS[day.month - 1]}"


# What may be chosen


def door_choices(member: Member, device: Asset | None = None) -> list[tuple[str, list[tuple[int, str]]]]:
    """The doors in use that a member sees, under their logins; with a device, those its holder can reach. One query."""
    doors = Door.objects.visible_to(member).in_use().select_related("login")
    if device is not None and device.holder_id is not None:
        doors = doors.filter(Q(login__holder=device.holder_id) | Q(login__holder=None))
    groups: dict[tuple[str, int], list[tuple[int, str]]] = {}
    for door in doors.order_by("login__label", "login_id", "pk"):
        groups.setdefault((door.login.label, door.login_id), []).append((door.pk, f"{door.name}, {door.login.label}"))
    return [(label, choices) for (label, _), choices in groups.items()]


def device_choices(member: Member, door: Door | None = None) -> list[tuple[str, list[tuple[int, str]]]]:
    """The devices at hand that a member sees, under their holders; with a door, those its holder has. One query."""
    devices = Asset.objects.visible_to(member).at_hand().filter(kind__in=VALIDATED_KINDS)
    if door is not None and door.login.holder_id is not None:
        devices = devices.filter(Q(holder=door.login.holder_id) | Q(holder=None))
    groups: dict[str, list[tuple[int, str]]] = {}
    for number, name, holder in devices.order_by("holder__name", "name", "pk").values_list(
        "pk", "name", "holder__name"
    ):
        groups.setdefault(holder or "Shared", []).append((number, name))
    return list(groups.items())


def logins_for(member: Member) -> Any:
    """The logins that a member sees and that have not ended, by label."""
    return Login.objects.visible_to(member).open().select_related("holder").order_by("label", "pk")


def devices_with_clocks(member: Member) -> list[Asset]:
    """The devices at hand whose clock a member may measure, own ones first; one query."""
    things = Asset.objects.visible_to(member).at_hand().filter(kind__in=CLOCKED_KINDS).select_related("holder")
    if not member.is_manager:
        things = things.filter(holder=member)
    return sorted(things.order_by("name", "pk"), key=lambda one: one.holder_id != member.pk)
