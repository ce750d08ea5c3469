"""From the rows of a file to a verdict on each: new, changes, same, left alone, problem. Nothing is written."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from django.utils.text import slugify

from accounts.brokers import Profile, catalogue
from devices.enums import How, Outcome
from exchange.enums import DayOrder, Verdict
from exchange.rules.desk import Desk
from exchange.rules.judges import judge
from exchange.rules.world import OWNER, Facts, Importer, PlannedRow, World
from exchange.sheets import cells
from exchange.sheets.cells import BadCell
from exchange.sheets.columns import BY_NAME, SHEETS, Column, Kind, Sheet
from exchange.sheets.reading import ReadRow, ReadSheet


@dataclass(frozen=True, slots=True)
class Ask:
    """A column whose days can be read two ways, with one of its cells."""

    sheet: str
    title: str
    column: str
    sample: str


@dataclass(frozen=True, slots=True)
class Plan:
    """A verdict on every row, in the order of the sheets, and what must be asked first."""

    rows: list[PlannedRow]
    asks: list[Ask]

    def count(self, verdict: str) -> int:
        return sum(1 for row in self.rows if row.verdict == verdict)

    def by_sheet(self) -> dict[str, dict[str, int]]:
        """How many rows of each verdict, by sheet; sheets without rows are left out."""
        counted = Counter((row.sheet, str(row.verdict)) for row in self.rows)
        return {
            sheet.name: {verdict: counted[sheet.name, verdict] for verdict in Verdict.values}
            for sheet in SHEETS
            if any(counted[sheet.name, verdict] for verdict in Verdict.values)
        }


def make_plan(
    sheets: Sequence[ReadSheet], world: World, *, order: str = DayOrder.UNKNOWN, importer: Importer = OWNER
) -> Plan:
    """Compare a file with the office. Sheets are taken in the order in which they depend on each other."""
    desk = Desk(world, importer)
    asks = list(ambiguous_columns(sheets))
    rows: list[PlannedRow] = []
    read = {sheet.name: sheet for sheet in sheets}
    for sheet in SHEETS:
        if sheet.name in read:
            rows.extend(_SheetPlanner(sheet, read[sheet.name], desk, order).plan())
    return Plan(rows=rows, asks=asks if order == DayOrder.UNKNOWN else [])


def ambiguous_columns(sheets: Iterable[ReadSheet]) -> Iterable[Ask]:
    """The columns of days that do not say by themselves whether day or month stands first."""
    for sheet in sheets:
        for column in BY_NAME[sheet.name].columns:
            if column.kind == Kind.DAY and column.name in sheet.letters:
                texts = [row.cells[column.name] for row in sheet.rows]
                if cells.day_order(texts) == DayOrder.UNKNOWN:
                    sample = next(text for text in texts if cells.is_two_days(text))
                    yield Ask(sheet.name, sheet.title, column.name, sample)


class _SheetPlanner:
    """One sheet at the desk: first every row is read, then each is judged, so that rows may name later ones."""

    def __init__(self, sheet: Sheet, read: ReadSheet, desk: Desk, order: str) -> None:
        self.sheet, self.read, self.desk = sheet, read, desk
        self.typed = {slugify(row.cells.get("key", "")) for row in read.rows}
        self.orders = {column.name: self._order(column, order) for column in sheet.columns if column.kind == Kind.DAY}

    def _order(self, column: Column, told: str) -> str:
        """The column’s own order where its cells show it, else what the person said."""
        texts = [row.cells[column.name] for row in self.read.rows if column.name in row.cells]
        return cells.day_order(texts) or told

    def plan(self) -> list[PlannedRow]:
        rows = [self._row(row) for row in self.read.rows]
        for row in rows:
            self._weigh(row)
        while self._spread(rows):
            pass
        return rows

    # --- reading and finding -----------------------------------------------------------------------------------------
    def _row(self, read: ReadRow) -> PlannedRow:
        row = PlannedRow(sheet=self.sheet.name, number=read.number, key=None, facts={})
        given = self._given(read, row)
        row.key = self._key_of(row, given)
        row.known = self.desk.world.known(self.sheet.name, row.key) if row.key is not None else None
        row.facts = self._whole(row, given)
        self._need(row)
        self._take_key(row)
        return row

    def _given(self, read: ReadRow, row: PlannedRow) -> Facts:
        """The values of the columns that the file has."""
        given: Facts = {}
        for name, text in read.cells.items():
            column = self.sheet.by_name[name]
            row.trouble(name, read.faults.get(name))
            try:
                given[name] = cells.read(column, text, self.orders.get(name, DayOrder.UNKNOWN))
            except BadCell as no:
                row.trouble(name, str(no))
                given[name] = cells.read(column, "")
        return given

    def _key_of(self, row: PlannedRow, given: Facts) -> Any:
        if self.sheet.key == ("key",):
            made_of = given.get("name") or given.get("label") or ""
            key = given.get("key") or slugify(made_of)[:60]
            if not key:
                row.trouble("key", "Give the row a key, for example lena-brandt.")
            return self._real_key(row, key, given) or None
        if "door" in given:
            given["door"] = self._entry(row, "door", given.get("login", ""), given["door"])
        parts = tuple(given.get(name, "") for name in self.sheet.key)
        return parts if all(parts) else None

    def _real_key(self, row: PlannedRow, key: str, given: Facts) -> str:
        """The key by which the office knows a person; a new key with a known address means the known person."""
        address = (given.get("email") or "").casefold()
        holder = self.desk.addresses.get(address) if self.sheet.name == "people" and address else None
        if holder is None or self.desk.world.known("people", key) or holder in self.typed or row.troubles:
            return key
        self.desk.also_called[key] = holder
        row.word = f"Known here as “{holder}”."
        return holder

    def _entry(self, row: PlannedRow, noun: str, login: str, text: str, column: str = "") -> str:
        """The slug of a door or a factor beside its login; as typed where there is no such login, as is said later."""
        profile = self.desk.profile_of(login)
        if profile is None or not text:
            return text
        entries = profile.doors if noun == "door" else [one for one in profile.factors if one.enrolled]
        try:
            return cells.entry(entries, text, noun, profile.name)
        except BadCell as no:
            row.trouble(column or noun, str(no))
            return text

    def _whole(self, row: PlannedRow, given: Facts) -> Facts:
        """The row as it would be: what the file says, else what is on file, else the default."""
        facts: Facts = {}
        for column in self.sheet.columns:
            value = given.get(column.name)
            if column.name not in given or (column.stays and value in ("", None)):
                value = row.known.facts[column.name] if row.known else self._default(column)
            facts[column.name] = value
        if "key" in facts:
            facts["key"] = row.key
        self._settle(row, facts, given)
        return facts

    def _default(self, column: Column) -> Any:
        if column.kind == Kind.ZONE:
            return self.desk.world.zone
        return cells.read(column, column.default or "")

    def _settle(self, row: PlannedRow, facts: Facts, given: Facts) -> None:
        """What one cell means beside another: doors, factors and entities are a broker’s, a date is a proof."""
        if self.sheet.name == "validations":
            _settle_proof(row, facts, given)
        elif self.sheet.name == "authenticators":
            facts["factor"] = self._entry(row, "factor", facts["login"], facts["factor"])
        elif self.sheet.name == "backups":
            named = facts["second factor"]
            facts["second factor"] = self._entry(row, "factor", facts["login"], named, column="second factor")
        elif self.sheet.name == "accounts" and facts["entity"] and facts["broker"]:
            facts["entity"] = self._entity(row, catalogue()[facts["broker"]], facts["entity"])
        for column in self.sheet.columns:
            if column.to == "people" and facts[column.name]:
                facts[column.name] = self.desk.also_called.get(facts[column.name], facts[column.name])

    def _entity(self, row: PlannedRow, profile: Profile, text: str) -> str:
        try:
            return cells.entry(profile.entities, text, "legal entity", profile.name)
        except BadCell as no:
            row.trouble("entity", str(no))
            return text

    def _need(self, row: PlannedRow) -> None:
        told = {trouble.column for trouble in row.troubles}
        for column in self.sheet.required:
            if row.facts[column.name] in ("", None, ()) and column.name not in told:
                row.trouble(column.name, f"Fill this in. {column.help}")

    def _take_key(self, row: PlannedRow) -> None:
        if row.key is None:
            return
        first = self.desk.planned[self.sheet.name].setdefault(row.key, row)
        if first is not row:
            row.trouble(self.sheet.key[0], f"Row {first.number} is the same {self.sheet.one}. Keep one of them.")

    # --- judging -----------------------------------------------------------------------------------------------------
    def _weigh(self, row: PlannedRow) -> None:
        if not row.troubles:
            row.changes = self._changes(row)
            if row.known is not None and (not row.changes or self._is_left(row)):
                row.verdict = Verdict.LEFT if row.changes else Verdict.SAME
                row.changes = []
                return
            self._refer(row)
        if not row.troubles:
            judge(row, self.desk)
        row.verdict = Verdict.PROBLEM if row.troubles else Verdict.CHANGES if row.known else Verdict.NEW

    def _changes(self, row: PlannedRow) -> list[tuple[str, Any, Any]]:
        before = row.known.facts if row.known else {}
        return [
            (column.name, before.get(column.name), row.facts[column.name])
            for column in self.sheet.columns
            if row.known and before[column.name] != row.facts[column.name] and column.name not in self.sheet.key
        ]

    def _is_left(self, row: PlannedRow) -> bool:
        """Whether the office’s word stands although the file says otherwise; the row says why."""
        if row.known is None:
            return False
        if row.known.gone:
            row.word = f"{row.name} {row.known.gone}; what is on file stays as it was."
            return True
        if self.sheet.name != "validations":
            return False
        row.word, row.replaces = _older_or_newer(row.known.facts, row.facts)
        return bool(row.word)

    def _refer(self, row: PlannedRow) -> None:
        """Every row that a cell names is here or in the file."""
        for column in self.sheet.columns:
            named = row.facts[column.name]
            if column.kind == Kind.REF and named:
                self.desk.find(row, column, column.to, named, named)
            elif column.kind == Kind.REFS:
                for one in named:
                    self.desk.find(row, column, column.to, one, one)
        if self.sheet.name == "validations" and not row.troubles:
            pair = (row.facts["login"], row.facts["door"])
            self.desk.find(row, self.sheet.by_name["door"], "doors", pair, " · ".join(pair))

    def _spread(self, rows: list[PlannedRow]) -> bool:
        """What names a row of its own sheet that turned out to have a problem has one too. True if any was new."""
        spread = False
        for row in rows:
            if row.verdict in (Verdict.NEW, Verdict.CHANGES) and self.sheet.name == "things":
                self._refer(row)
                if row.troubles:
                    row.verdict, spread = Verdict.PROBLEM, True
        return spread


def _settle_proof(row: PlannedRow, facts: Facts, given: Facts) -> None:
    """A date without outcome is a proof; neither is an expectation, unless the file has no such columns at all."""
    silent = "outcome" not in given and "proved on" not in given
    before = (row.known.facts["outcome"], row.known.facts["proved on"]) if row.known else None
    if not given.get("outcome") and not (silent and before):
        facts["outcome"] = Outcome.PROVEN.value if facts["proved on"] else Outcome.EXPECTED.value
    if before and "proved on" not in given and facts["outcome"] != before[0]:
        facts["proved on"] = None
    if facts["outcome"] == Outcome.EXPECTED and facts["proved on"] is not None:
        row.trouble("outcome", "There is a date, so somebody tried it. Write proven, failed or unknown.")
    if facts["outcome"] in (Outcome.EXPECTED, Outcome.UNKNOWN):
        facts["how"] = ""
    elif not given.get("how") and before != (facts["outcome"], facts["proved on"]):
        facts["how"] = How.IMPORTED.value


def _older_or_newer(before: Facts, after: Facts) -> tuple[str, bool]:
    """Why the standing answer stays, or "" and whether the file’s answer takes its place."""
    if (before["outcome"], before["proved on"]) == (after["outcome"], after["proved on"]):
        return "", False
    said = f"{Outcome(before['outcome']).label}, {cells.show(before['proved on']) or 'no date'}"
    if after["outcome"] == Outcome.EXPECTED:
        return f"More is known already: {said}.", False
    older = before["proved on"] and (after["proved on"] is None or after["proved on"] < before["proved on"])
    return (f"A newer answer is on file: {said}." if older else ""), not older
