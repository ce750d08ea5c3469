"""A row of the inventory as it was: from its field history, with the deed in the trail behind each change."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from django.apps import apps
from django.db import models

from accounts.brokers import Profile, catalogue
from accounts.models import Account, Door, Grant, Login
from core.clock import end_of_day, local_day
from core.trail.models import Event
from devices.models import Asset, Authenticator, Validation
from identity.models import Member
from recovery.models import AuthenticatorBackup

# No transaction of ours lasts longer; after a restore, numbers of transactions begin anew.
LONGEST = timedelta(hours=1)
LEFT_OUT = frozenset(("id", "key", "created_at", "pgh_id", "pgh_created_at", "pgh_label", "transaction"))
WORDS = {
    "hint": "Last four",
    "is_spare": "Is a spare",
    "carried_by": "Carried by",
    "proved_at": "Proved",
    "proved_by": "Proved by",
    "lapses_at": "Good until before",
    "ended_at": "Ended",
    "closed_at": "Closed",
    "lost_at": "Lost",
    "retired_at": "Retired",
    "enrolled_on": "Enrolled",
    "granted_on": "Granted",
    "codes_left": "Codes left",
    "factor": "Which factor",
    "interface": "Door",
    "how": "How it was proven",
    "used": "In use",
}


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of row with a history: its word, the page it is seen on, and where its carriers' history is, if any."""

    word: str
    history: str
    carriers: tuple[str, str] = ("", "")


KINDS: dict[type[models.Model], Kind] = {
    Account: Kind("Account", "accounts.AccountHistory"),
    Login: Kind("Login", "accounts.LoginHistory"),
    Door: Kind("Door", "accounts.DoorHistory"),
    Grant: Kind("Rights", "accounts.GrantHistory"),
    Asset: Kind("Thing", "devices.AssetHistory"),
    Validation: Kind("Validation", "devices.ValidationHistory"),
    Authenticator: Kind(
        "Authenticator", "devices.AuthenticatorHistory", ("devices.AuthenticatorCarrierHistory", "authenticator")
    ),
    AuthenticatorBackup: Kind(
        "Backup", "recovery.BackupHistory", ("recovery.BackupCarrierHistory", "authenticatorbackup")
    ),
}


@dataclass(slots=True)
class Step:
    """What one deed did to the row. `state` is how it stood afterwards, None once it is gone."""

    at: datetime
    label: str
    transaction: int
    event: Event | None
    state: dict[str, Any] | None
    changed: list[tuple[str, Any, Any]] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Told:
    """One line of the timeline."""

    at: datetime
    day: date
    who: str
    deed: str
    address: str
    outside: bool
    changes: tuple[tuple[str, str, str], ...]


@dataclass(frozen=True, slots=True)
class Value:
    """One field: as it was, as it is, and who changed it last since then."""

    name: str
    then: str
    now: str
    by: str
    at: datetime | None

    @property
    def is_changed(self) -> bool:
        return self.then != self.now


@dataclass(frozen=True, slots=True)
class Page:
    """The history of one row. `then` says in words why there is nothing to show for the day, else it is empty."""

    word: str
    day: date
    then: str
    values: tuple[Value, ...]
    timeline: tuple[Told, ...]
    begun_at: datetime | None

    @property
    def changed(self) -> int:
        return sum(value.is_changed for value in self.values)


def page(row: models.Model, *, day: date, zone: str) -> Page:
    """A row as it was at the end of `day` in a zone, beside now, and all its changes, newest first.

    Its own changes, its carriers' if it has any, the deeds behind them, and one query for each kind of row they name.
    """
    kind = KINDS[type(row)]
    steps = _steps(row, kind)
    names = _Names(row, steps, zone)
    until = end_of_day(day, zone)
    before = [step for step in steps if step.at < until]
    return Page(
        word=kind.word,
        day=day,
        then=_why_nothing(before, steps),
        values=tuple(_values(before, steps, names)),
        timeline=tuple(names.told(step) for step in reversed(steps)),
        begun_at=steps[0].at if steps else None,
    )


def _why_nothing(before: list[Step], steps: list[Step]) -> str:
    if not steps:
        return "Nothing was kept of it yet. Its history begins with the next change."
    if before:
        return ""
    if steps[0].label == "begun":
        return "That is before its history begins."
    return "It was not on file yet."


def _values(before: list[Step], steps: list[Step], names: _Names) -> Iterator[Value]:
    now = steps[-1].state if steps else None
    then = before[-1].state if before else None
    since = steps[len(before) :]
    for name in now or then or {}:
        last = next((step for step in reversed(since) if any(name == changed for changed, *_ in step.changed)), None)
        yield Value(
            name=names.of_field(name),
            then=names.shown(name, then[name]) if then else "",
            now=names.shown(name, now[name]) if now else "gone",
            by=names.who(last) if last and before else "",
            at=last.at if last and before else None,
        )


# --- from rows to steps ----------------------------------------------------------------------------------------------
def _steps(row: models.Model, kind: Kind) -> list[Step]:
    """Every change of the row, oldest first; what one deed did to it and to its carriers is one step."""
    rows = [(change["pgh_created_at"], change) for change in _kept(kind.history, id=row.pk)]
    if kind.carriers[0]:
        moves = _kept(kind.carriers[0], **{f"{kind.carriers[1]}_id": row.pk})
        rows += [(change["pgh_created_at"], change) for change in moves]
    rows.sort(key=lambda pair: pair[0])
    changes = [change for _, change in rows]
    deeds = _deeds({change["transaction"] for change in changes})
    steps: list[Step] = []
    for change in changes:
        event = _deed_behind(change, deeds.get(change["transaction"], []), row)
        step = _joined(steps, change, event) or _begun(steps, change, event)
        _apply(step, change, bool(kind.carriers[0]))
    for earlier, later in zip([None, *steps], steps, strict=False):
        later.changed = _differences(earlier.state if earlier else None, later.state)
    return [step for step in steps if step.changed or step.label != "update"]


def _kept(label: str, **which: Any) -> list[dict[str, Any]]:
    return list(apps.get_model(label)._base_manager.filter(**which).order_by("pgh_id").values())


def _deeds(transactions: set[int]) -> dict[int, list[Event]]:
    """The events of these transactions, in order."""
    found: dict[int, list[Event]] = {}
    for event in Event.objects.filter(transaction__in=transactions).order_by("pk"):
        if event.transaction is not None:
            found.setdefault(event.transaction, []).append(event)
    return found


def _deed_behind(change: dict[str, Any], events: list[Event], row: models.Model) -> Event | None:
    """The deed that a change belongs to: of the same transaction, the next after it that is about this row.

    Where none is about the row, the last one stands for all: that a file was imported, that the demo was loaded.
    """
    at, label = change["pgh_created_at"], row._meta.label_lower
    near = [event for event in events if event.recorded_at and abs(event.recorded_at - at) < LONGEST]
    own = [event for event in near if (event.about_type, event.about_id) == (label, row.pk)]
    after = next((event for event in own if event.recorded_at and event.recorded_at >= at), None)
    return after or next(iter([*own[-1:], *near[-1:]]), None)


def _joined(steps: list[Step], change: dict[str, Any], event: Event | None) -> Step | None:
    """The last step, when this change is part of the same deed."""
    if not steps or steps[-1].transaction != change["transaction"]:
        return None
    last = steps[-1]
    return last if (last.event.pk if last.event else None) == (event.pk if event else None) else None


def _begun(steps: list[Step], change: dict[str, Any], event: Event | None) -> Step:
    state = dict(steps[-1].state) if steps and steps[-1].state is not None else None
    label = change["pgh_label"] if "asset_id" not in change else "update"
    steps.append(Step(change["pgh_created_at"], label, change["transaction"], event, state))
    return steps[-1]


def _apply(step: Step, change: dict[str, Any], has_carriers: bool) -> None:
    step.at = change["pgh_created_at"]
    if "asset_id" in change:
        step.state = step.state if step.state is not None else {}
        carriers = set(step.state.get("carriers", ()))
        move = carriers.discard if change["pgh_label"] == "delete" else carriers.add
        move(change["asset_id"])
        step.state["carriers"] = tuple(sorted(carriers))
        return
    if change["pgh_label"] == "delete":
        step.state, step.label = None, "delete"
        return
    carriers = (step.state or {}).get("carriers", ())
    step.state = {name: value for name, value in change.items() if name not in LEFT_OUT}
    if has_carriers:
        step.state["carriers"] = carriers


def _differences(before: dict[str, Any] | None, after: dict[str, Any] | None) -> list[tuple[str, Any, Any]]:
    if before is None or after is None:
        return []
    return [(name, before.get(name), value) for name, value in after.items() if before.get(name) != value]


# --- from values to words --------------------------------------------------------------------------------------------
class _Names:
    """Puts words to the values of one kind of row: other rows by their names, choices and brokers' slugs by theirs."""

    def __init__(self, row: models.Model, steps: Iterable[Step], zone: str) -> None:
        self.row, self.zone = row, zone
        self.fields = {one.attname: one for one in row._meta.concrete_fields}
        self.rows: dict[tuple[type[models.Model], int], str] = {}
        self._fetch(list(steps))

    def _fetch(self, steps: list[Step]) -> None:
        wanted: dict[type[models.Model], set[int]] = {Member: set()}
        wanted[Member] = {step.event.actor_id for step in steps if step.event and step.event.actor_id}
        for step in steps:
            for name, value in (step.state or {}).items():
                target = self._target(name)
                if target and value:
                    wanted.setdefault(target, set()).update(value if isinstance(value, tuple) else (value,))
        for model, numbers in wanted.items():
            related = ("login",) if model in (Door, Authenticator) else ()
            found = model._base_manager.filter(pk__in=numbers).select_related(*related) if numbers else ()
            self.rows |= {(model, one.pk): str(one) for one in found}

    def _target(self, name: str) -> type[models.Model] | None:
        if name == "carriers":
            return Asset
        known = self.fields.get(name)
        return known.related_model if known is not None and known.is_relation else None

    def of_field(self, name: str) -> str:
        plain = name.removesuffix("_id")
        return WORDS.get(plain, plain.replace("_", " ").capitalize())

    def shown(self, name: str, value: Any) -> str:
        """A value in words; “nothing” for what is empty."""
        if value in (None, "", (), []):
            return "nothing"
        target = self._target(name)
        if target is not None:
            numbers = value if isinstance(value, tuple) else (value,)
            return ", ".join(self.rows.get((target, number), f"number {number}, gone since") for number in numbers)
        if isinstance(value, bool):
            return "yes" if value else "no"
        if isinstance(value, datetime):
            return f"{value.astimezone(ZoneInfo(self.zone)):%-d %b %Y, %H:%M}"
        if isinstance(value, date):
            return f"{value:%-d %b %Y}"
        return self._word(name, value)

    def _word(self, name: str, value: Any) -> str:
        known = self.fields.get(name)
        base = getattr(known, "base_field", known)
        choices = dict(getattr(base, "flatchoices", ()))
        if isinstance(value, list):
            return ", ".join(str(choices.get(each, each)) for each in value)
        return str(choices.get(value) or self._of_broker(name, str(value)))

    def _of_broker(self, name: str, slug: str) -> str:
        """What the broker calls it; the slug itself when the profile does not know it any more."""
        profile = self._profile()
        try:
            if name == "broker":
                return catalogue()[slug].name
            if profile and name == "interface":
                return profile.door(slug).name
            if profile and name == "factor":
                return profile.factor(slug).name
            if profile and name == "entity":
                return profile.entity(slug).name
        except LookupError:
            pass
        return slug

    def _profile(self) -> Profile | None:
        owner = self.row if hasattr(self.row, "profile") else getattr(self.row, "login", None)
        return owner.profile if owner is not None else None

    def who(self, step: Step) -> str:
        if step.label == "begun":
            return "Postern"
        if step.event is None:
            return "Somebody in the database itself"
        number = step.event.actor_id
        return self.rows.get((Member, number), f"Person {number}") if number else "Postern"

    def told(self, step: Step) -> Told:
        """One step as the timeline tells it."""
        deed = step.event.get_verb_display() if step.event else "changed it, around Postern"
        return Told(
            at=step.at,
            day=local_day(step.at, self.zone),
            who=self.who(step),
            deed="began to keep its history" if step.label == "begun" else deed,
            address=(step.event.address or "") if step.event else "",
            outside=step.event is None and step.label != "begun",
            changes=tuple(
                (self.of_field(name), self.shown(name, old), self.shown(name, new)) for name, old, new in step.changed
            ),
        )
