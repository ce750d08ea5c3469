"""From planned rows to rows of the office: in bulk, sheet by sheet, with a note of what stood there before."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, date, datetime
from typing import Any

from django.contrib.auth.hashers import make_password
from django.db import models

from accounts.brokers import catalogue
from accounts.models import Account, Door, Grant, Login
from devices import rules
from devices.enums import Outcome
from devices.models import Asset, Authenticator, Validation
from exchange.enums import Verdict
from exchange.models import ImportBatch, ImportChange
from exchange.rules.desk import Desk
from exchange.rules.world import OWNER, Facts, PlannedRow, World
from exchange.sheets.columns import SHEETS
from identity.models import Member
from recovery.models import AuthenticatorBackup

AT_ONCE = 500
MODELS: dict[str, type[models.Model]] = {
    "people": Member,
    "accounts": Account,
    "logins": Login,
    "doors": Door,
    "things": Asset,
    "validations": Validation,
    "authenticators": Authenticator,
    "backups": AuthenticatorBackup,
    "grants": Grant,
}
# What shows that somebody did something with a row since it was written, beside what the sheets say of it.
WATCHED: dict[str, tuple[str, ...]] = {"people": ("joined_at",), "validations": ("ended_at",), "grants": ("ended_at",)}
# One column of a sheet as the model’s attribute, and its value.
Attribute = tuple[str, str, Any]
Tell = Callable[[int, str], None]


class Writer:
    """Writes one plan. `tell` is called with the number of rows written so far and the sheet being written."""

    def __init__(
        self, batch: ImportBatch, world: World, rows: Iterable[PlannedRow], *, at: datetime, tell: Tell
    ) -> None:
        self.batch, self.world, self.at, self.tell = batch, world, at, tell
        self.rows: dict[str, list[PlannedRow]] = defaultdict(list)
        for row in rows:
            if row.verdict in (Verdict.NEW, Verdict.CHANGES):
                self.rows[row.sheet].append(row)
        self.numbers = {sheet: {key: known.pk for key, known in found.items()} for sheet, found in world.rows.items()}
        self.desk = self._desk()
        self.written: list[ImportChange] = []
        self.done = 0

    def _desk(self) -> Desk:
        """The office as it will be, for what a proof depends on: whose login, whose days."""
        desk = Desk(self.world, OWNER)
        for sheet, rows in self.rows.items():
            desk.planned[sheet] = {row.key: row for row in rows}
        return desk

    def write(self) -> None:
        """Write everything and note it. Call it inside the transaction that looked."""
        for sheet in SHEETS:
            rows = self.rows[sheet.name]
            self.tell(self.done, sheet.name)
            self._create([row for row in rows if row.is_new or row.replaces], sheet.name)
            self._change([row for row in rows if not row.is_new and not row.replaces], sheet.name)
        ImportChange.objects.bulk_create(self.written, batch_size=AT_ONCE)

    # --- new rows ----------------------------------------------------------------------------------------------------
    def _create(self, rows: list[PlannedRow], sheet: str) -> None:
        self._end_replaced([row for row in rows if row.replaces])
        model = MODELS[sheet]
        for part in _parts(rows):
            made = [model(**self._new(row)) for row in part]
            model._default_manager.bulk_create(made)
            for row, thing in zip(part, made, strict=True):
                self.numbers[sheet][row.key] = thing.pk
            self._count(len(part), sheet)
        if sheet == "things":
            self._put_things_in_place(rows)
        self._carry(rows, sheet)
        for row in rows:
            after = {name: value for _, name, value in self._attributes(row)} | dict.fromkeys(WATCHED.get(sheet, ()))
            self._note(sheet, row.key, None, after | self._carried(row))

    def _new(self, row: PlannedRow) -> dict[str, Any]:
        late = ("place_id", "carried_by_id") if row.sheet == "things" else ()
        facts = {name: value for _, name, value in self._attributes(row) if name not in late}
        if row.sheet == "people":
            facts["password"] = make_password(None)
        return facts | {"created_at": self.at}

    def _put_things_in_place(self, rows: list[PlannedRow]) -> None:
        """Things may lie in things of later rows, so they are put there once all of them exist."""
        placed = [row for row in rows if row.facts["place"] or row.facts["carried by"]]
        things = Asset.objects.in_bulk([self.numbers["things"][row.key] for row in placed])
        for row in placed:
            thing = things[self.numbers["things"][row.key]]
            thing.place_id = self._number("things", row.facts["place"])
            thing.carried_by_id = self._number("things", row.facts["carried by"])
        Asset.objects.bulk_update(things.values(), ["place", "carried_by"], batch_size=AT_ONCE)

    def _end_replaced(self, rows: list[PlannedRow]) -> None:
        """End the validations that get a successor."""
        numbers = [row.known.pk for row in rows if row.known]
        Validation.objects.filter(pk__in=numbers).update(ended_at=self.at)
        for number in numbers:
            self._note_row("validations", number, {"ended_at": None}, {"ended_at": self.at})

    # --- changed rows ------------------------------------------------------------------------------------------------
    def _change(self, rows: list[PlannedRow], sheet: str) -> None:
        """Rows that change the same columns are written together."""
        alike: dict[tuple[str, ...], list[PlannedRow]] = defaultdict(list)
        for row in rows:
            alike[tuple(sorted(column for column, _, _ in row.changes))].append(row)
        for columns, group in sorted(alike.items()):
            for part in _parts(group):
                self._change_part(part, sheet, set(columns))
                self._count(len(part), sheet)

    def _change_part(self, rows: list[PlannedRow], sheet: str, columns: set[str]) -> None:
        manager = MODELS[sheet]._default_manager
        things = manager.in_bulk([row.known.pk for row in rows if row.known])
        fields: set[str] = set()
        for row in rows:
            number = self.numbers[sheet][row.key]
            thing = things[number]
            new = {name: value for column, name, value in self._attributes(row) if column in columns}
            before = {name: getattr(thing, name) for name in new}
            for name, value in new.items():
                setattr(thing, name, value)
            fields.update(new)
            carried = "carriers" in columns
            self._note_row(
                sheet,
                number,
                before | (self._carried_before(row) if carried else {}),
                new | (self._carried(row) if carried else {}),
            )
        if fields:
            manager.bulk_update(things.values(), [_field(MODELS[sheet], name) for name in sorted(fields)])
        if "carriers" in columns:
            self._uncarry(rows, sheet)
            self._carry(rows, sheet)

    # --- what carries what -------------------------------------------------------------------------------------------
    def _carry(self, rows: list[PlannedRow], sheet: str) -> None:
        if sheet not in ("authenticators", "backups"):
            return
        through, own = _through(sheet)
        links = [
            through(**{f"{own}_id": self.numbers[sheet][row.key], "asset_id": number})
            for row in rows
            for number in self._carriers(row.facts)
        ]
        through._default_manager.bulk_create(links, batch_size=AT_ONCE)

    def _uncarry(self, rows: list[PlannedRow], sheet: str) -> None:
        through, own = _through(sheet)
        numbers = [self.numbers[sheet][row.key] for row in rows]
        through._default_manager.filter(**{f"{own}__in": numbers}).delete()

    def _carriers(self, facts: Facts) -> list[int]:
        return sorted(self.numbers["things"][key] for key in facts["carriers"])

    def _carried(self, row: PlannedRow) -> dict[str, list[int]]:
        return {"carriers": self._carriers(row.facts)} if "carriers" in row.facts else {}

    def _carried_before(self, row: PlannedRow) -> dict[str, list[int]]:
        return {"carriers": self._carriers(row.known.facts)} if row.known else {}

    # --- rows as models ----------------------------------------------------------------------------------------------
    def _attributes(self, row: PlannedRow) -> list[Attribute]:
        """(column, attribute of the model, value) for everything the sheet says of a row but what carries it."""
        return _ATTRIBUTES[row.sheet](self, row.facts)

    def _number(self, sheet: str, key: Any) -> int | None:
        return self.numbers[sheet][key] if key else None

    def _moment(self, day: date | None) -> datetime | None:
        return self.desk.moment(day, self.world.zone)

    def _people(self, facts: Facts) -> list[Attribute]:
        return [
            *_plainly(facts, "key", "name", "role", "phone", "note"),
            ("email", "email", facts["email"] or None),
            ("time zone", "timezone", facts["time zone"]),
            ("digest hour", "digest_hour", facts["digest hour"]),
            ("last day", "ends_on", facts["last day"]),
            ("left on", "left_at", self._moment(facts["left on"])),
        ]

    def _accounts(self, facts: Facts) -> list[Attribute]:
        return [
            *_plainly(facts, "key", "name", "broker", "entity", "note"),
            ("last four", "hint", facts["last four"]),
            ("closed on", "closed_at", self._moment(facts["closed on"])),
        ]

    def _logins(self, facts: Facts) -> list[Attribute]:
        return [
            *_plainly(facts, "key", "label", "broker", "kind", "note"),
            ("last four", "hint", facts["last four"]),
            ("holder", "holder_id", self._number("people", facts["holder"])),
            ("ended on", "ended_at", self._moment(facts["ended on"])),
        ]

    def _doors(self, facts: Facts) -> list[Attribute]:
        return [
            ("login", "login_id", self._number("logins", facts["login"])),
            ("door", "interface", facts["door"]),
            ("used", "used", facts["used"]),
        ]

    def _things(self, facts: Facts) -> list[Attribute]:
        return [
            *_plainly(facts, "key", "kind", "name", "model", "note"),
            ("last four", "hint", facts["last four"]),
            ("holder", "holder_id", self._number("people", facts["holder"])),
            ("place", "place_id", self.numbers["things"].get(facts["place"])),
            ("carried by", "carried_by_id", self.numbers["things"].get(facts["carried by"])),
            ("spare", "is_spare", facts["spare"]),
            ("lost on", "lost_at", self._moment(facts["lost on"])),
            ("retired on", "retired_at", self._moment(facts["retired on"])),
        ]

    def _validations(self, facts: Facts) -> list[Attribute]:
        proved_at, lapses_at = self._proof(facts)
        return [
            *_plainly(facts, "outcome", "how", "note"),
            ("door", "door_id", self._number("doors", (facts["login"], facts["door"]))),
            ("thing", "device_id", self._number("things", facts["thing"])),
            ("proved on", "proved_at", proved_at),
            ("proved on", "lapses_at", lapses_at),
            ("proved by", "proved_by_id", self._number("people", facts["proved by"])),
        ]

    def _proof(self, facts: Facts) -> tuple[datetime | None, datetime | None]:
        """When it was tried, and until when that counts: by the broker’s rule where it has one, else the office’s."""
        zone = self.desk.zone_of(facts["login"], facts["thing"])
        proved_at = self.desk.moment(facts["proved on"], zone)
        if proved_at is None or facts["outcome"] != Outcome.PROVEN:
            return proved_at, None
        login = self.desk.facts("logins", facts["login"])
        of_broker = catalogue()[login["broker"]].validity_days(facts["door"]) if login else None
        return proved_at, rules.lapse(proved_at, rules.validity_days(of_broker, self.world.validity_days), zone)

    def _authenticators(self, facts: Facts) -> list[Attribute]:
        return [
            *_plainly(facts, "key", "factor", "label", "note"),
            ("login", "login_id", self._number("logins", facts["login"])),
            ("enrolled on", "enrolled_on", facts["enrolled on"]),
            ("proved on", "proved_at", self.desk.moment(facts["proved on"], self.desk.zone_of(facts["login"], ""))),
            ("ended on", "ended_at", self._moment(facts["ended on"])),
        ]

    def _backups(self, facts: Facts) -> list[Attribute]:
        return [
            *_plainly(facts, "key", "kind", "label", "note"),
            ("login", "login_id", self._number("logins", facts["login"])),
            ("second factor", "factor", facts["second factor"]),
            ("authenticator", "authenticator_id", self._number("authenticators", facts["authenticator"])),
            ("place", "place_id", self._number("things", facts["place"])),
            ("custodian", "custodian_id", self._number("people", facts["custodian"])),
            ("codes left", "codes_left", facts["codes left"]),
            ("proved on", "proved_at", self.desk.moment(facts["proved on"], self.desk.zone_of(facts["login"], ""))),
            ("ended on", "ended_at", self._moment(facts["ended on"])),
        ]

    def _grants(self, facts: Facts) -> list[Attribute]:
        return [
            ("login", "login_id", self._number("logins", facts["login"])),
            ("account", "account_id", self._number("accounts", facts["account"])),
            ("rights", "rights", list(facts["rights"])),
            ("granted on", "granted_on", facts["granted on"]),
        ]

    # --- notes -------------------------------------------------------------------------------------------------------
    def _note(self, sheet: str, key: Any, before: Mapping[str, Any] | None, after: Mapping[str, Any]) -> None:
        self._note_row(sheet, self.numbers[sheet][key], before, after)

    def _note_row(self, sheet: str, number: int, before: Mapping[str, Any] | None, after: Mapping[str, Any]) -> None:
        self.written.append(
            ImportChange(
                batch=self.batch,
                position=len(self.written),
                model=sheet,
                object_id=number,
                before=None if before is None else stored(before),
                after=stored(after),
            )
        )

    def _count(self, rows: int, sheet: str) -> None:
        self.done += rows
        self.tell(self.done, sheet)


_ATTRIBUTES: dict[str, Callable[[Writer, Facts], list[Attribute]]] = {
    "people": Writer._people,
    "accounts": Writer._accounts,
    "logins": Writer._logins,
    "doors": Writer._doors,
    "things": Writer._things,
    "validations": Writer._validations,
    "authenticators": Writer._authenticators,
    "backups": Writer._backups,
    "grants": Writer._grants,
}


def _plainly(facts: Facts, *columns: str) -> list[Attribute]:
    """Columns that are attributes of the same name."""
    return [(column, column, facts[column]) for column in columns]


def _parts(rows: list[PlannedRow]) -> Iterable[list[PlannedRow]]:
    return (rows[n : n + AT_ONCE] for n in range(0, len(rows), AT_ONCE))


def _field(model: type[models.Model], attribute: str) -> str:
    return next(field.name for field in model._meta.concrete_fields if field.attname == attribute)


def _through(sheet: str) -> tuple[Any, str]:
    """The table of who carries what, and the name of its own side."""
    model: Any = MODELS[sheet]
    return model.carriers.through, model._meta.model_name


def stored(facts: Mapping[str, Any]) -> dict[str, Any]:
    """Facts of a row as JSON keeps them: moments and days in ISO form, to the last digit."""
    return {name: _stored(value) for name, value in facts.items()}


def _stored(value: Any) -> Any:
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat()
    return value.isoformat() if isinstance(value, date) else value
