"""From an upload to a verdict on each of its rows, and to the press that has it imported."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict
from datetime import datetime, timedelta
from itertools import groupby

from django.db import transaction

from core.errors import Refused
from core.secrets import find
from core.trail.actions import record
from core.trail.enums import Verb
from core.trail.files import Head
from exchange import queries
from exchange.enums import BatchState, DayOrder, Origin, Verdict
from exchange.models import ImportBatch, ImportRow
from exchange.policies import may_import
from exchange.rules.plan import Plan, ambiguous_columns, make_plan
from exchange.rules.world import Importer, PlannedRow, Trouble, World
from exchange.sheets.cells import show
from exchange.sheets.columns import BY_NAME
from exchange.sheets.reading import Reading, ReadRow, ReadSheet
from identity.models import Member
from identity.policies import may_change_member, may_give_role

# How long a dry run that nobody applied keeps its rows when others follow.
KEPT = timedelta(days=2)
AT_ONCE = 1000


@transaction.atomic
def upload(reading: Reading, *, by: Member, at: datetime, origin: str = Origin.FILE) -> ImportBatch:
    """Keep what was read and give every row its verdict. Nothing of it reaches the inventory yet."""
    if not may_import(by):
        raise Refused("Only owners and managers import.")
    _forget_rows(at)
    names = ", ".join(reading.names)
    batch = ImportBatch.objects.create(
        origin=origin,
        file_name="A file" if find(names) else names[:300],
        digest=reading.digest,
        uploaded_by=by,
        uploaded_at=at,
        asks=[asdict(ask) for ask in ambiguous_columns(reading.sheets)],
        layout=[{"name": one.name, "title": one.title, "letters": one.letters} for one in reading.sheets],
        remarks=reading.remarks,
    )
    plan = make_plan(reading.sheets, queries.world(at), importer=importer(by))
    _keep_rows(batch, reading.sheets, plan)
    return batch


def _forget_rows(at: datetime) -> None:
    """The rows of what is done with, and of dry runs that were left lying."""
    waiting = ImportRow.objects.exclude(batch__state=BatchState.WAITING)
    waiting.exclude(batch__state=BatchState.CHECKED, batch__uploaded_at__gt=at - KEPT).delete()
    stale = ImportBatch.objects.filter(state=BatchState.CHECKED, uploaded_at__lte=at - KEPT)
    stale.update(state=BatchState.DISCARDED)


def importer(by: Member) -> Importer:
    """What this person may do with people, as the planner asks it."""
    return Importer(
        may_give=lambda role: may_give_role(by, role),
        may_change=lambda role: may_change_member(by, Member(role=role)),
    )


def _keep_rows(batch: ImportBatch, sheets: Iterable[ReadSheet], plan: Plan) -> None:
    typed = [(sheet, row) for sheet in sheets for row in sheet.rows]
    rows = [
        ImportRow(
            batch=batch,
            position=position,
            sheet=sheet.name,
            number=read.number,
            cells=read.cells,
            faults=read.faults,
            **_verdict(sheet, planned),
        )
        for position, ((sheet, read), planned) in enumerate(zip(typed, plan.rows, strict=True))
    ]
    ImportRow.objects.bulk_create(rows, batch_size=AT_ONCE)
    batch.counts = plan.by_sheet()
    batch.save(update_fields=["counts"])


def _verdict(sheet: ReadSheet, row: PlannedRow) -> dict:
    """What the planner says of a row, as it is stored and shown."""
    return {
        "name": row.name[:200],
        "verdict": row.verdict,
        "rank": Verdict(row.verdict).rank,
        "word": row.word[:300],
        "troubles": [[sheet.address(row.number, one.column), one.words] for one in _in_order(row)],
        "changes": [[column, show(before), show(after)] for column, before, after in row.changes],
    }


def _in_order(row: PlannedRow) -> list[Trouble]:
    """The troubles of a row from left to right, those of the row as a whole first."""
    places = {column.name: place for place, column in enumerate(BY_NAME[row.sheet].columns)}
    return sorted(row.troubles, key=lambda one: places.get(one.column or "", -1))


def plan_again(batch: ImportBatch, world: World, by: Member) -> Plan:
    """The plan for the stored rows against the office as it is now."""
    return make_plan(stored_sheets(batch), world, order=batch.day_order, importer=importer(by))


def stored_sheets(batch: ImportBatch) -> list[ReadSheet]:
    """What was read, out of the stored rows."""
    rows = {name: list(group) for name, group in groupby(batch.rows.order_by("position"), key=lambda row: row.sheet)}
    return [
        ReadSheet(
            name=sheet["name"],
            title=sheet["title"],
            letters=sheet["letters"],
            rows=[ReadRow(row.number, row.cells, row.faults) for row in rows.get(sheet["name"], ())],
        )
        for sheet in batch.layout
    ]


def differences(batch: ImportBatch, plan: Plan) -> int:
    """How many rows would now end otherwise than the stored dry run says."""
    stored = batch.rows.order_by("position").values_list("verdict", "changes")
    return sum(
        (str(row.verdict), [[column, show(before), show(after)] for column, before, after in row.changes])
        != (verdict, changes)
        for row, (verdict, changes) in zip(plan.rows, stored, strict=True)
    )


def keep_verdicts(batch: ImportBatch, plan: Plan) -> None:
    """Put the new verdicts in the place of the stored ones; writing all rows anew is far quicker than changing them."""
    sheets = stored_sheets(batch)
    batch.rows.all().delete()
    _keep_rows(batch, sheets, plan)


# --- what a person decides -------------------------------------------------------------------------------------------
@transaction.atomic
def answer_days(batch: ImportBatch, *, order: str, by: Member, at: datetime) -> ImportBatch:
    """Say whether day or month stands first, and have the rows judged again."""
    held = _held(batch, BatchState.CHECKED)
    if order not in (DayOrder.DAY_FIRST, DayOrder.MONTH_FIRST):
        raise Refused("Say whether the day or the month stands first.")
    held.day_order = order
    held.save(update_fields=["day_order"])
    keep_verdicts(held, plan_again(held, queries.world(at), by))
    return held


@transaction.atomic
def press(batch: ImportBatch, *, leave_out: bool = False, by: Member, at: datetime) -> ImportBatch:
    """Have a checked upload imported: the worker takes it from here. A second press finds it under way."""
    held = _held(batch, BatchState.CHECKED)
    if held.must_ask:
        raise Refused("Say first whether the day or the month stands first.")
    if held.problems and not leave_out:
        raise Refused("Some rows have problems. Mend them and upload the file again, or tick that they are left out.")
    if not held.writes:
        raise Refused("There is nothing to import: no row is new, and none changes anything.")
    held.state, held.leaves_out, held.tries, held.trouble = BatchState.WAITING, leave_out, 0, ""
    held.pressed_by, held.pressed_at = by, at
    held.save(update_fields=["state", "leaves_out", "tries", "trouble", "pressed_by", "pressed_at"])
    return held


@transaction.atomic
def discard(batch: ImportBatch, *, by: Member, at: datetime) -> ImportBatch:
    """Throw a dry run away with everything that was read."""
    held = _held(batch, BatchState.CHECKED)
    held.state = BatchState.DISCARDED
    held.save(update_fields=["state"])
    held.rows.all().delete()
    return held


def _held(batch: ImportBatch, state: str) -> ImportBatch:
    """The batch, locked, in the state that the deed needs."""
    held = ImportBatch.objects.select_for_update(no_key=True).get(pk=batch.pk)
    if held.state != state:
        raise Refused(_OTHERWISE[held.state])
    return held


_OTHERWISE: dict[str, str] = {
    BatchState.WAITING: "That import is under way already.",
    BatchState.DONE: "That was imported already.",
    BatchState.FAILED: "That import stopped. Upload the file again.",
    BatchState.UNDONE: "That import was undone. Upload the file again to import it once more.",
    BatchState.DISCARDED: "That upload was thrown away. Upload the file again.",
    BatchState.CHECKED: "That upload was not imported yet.",
}


@transaction.atomic
def note_export(*, rows: dict[str, int], form: str, by: Member, at: datetime) -> None:
    """The trail’s line for an export: who took how much out, in which form."""
    record(Verb.EXPORT_MADE, by=by, at=at, form=form, rows=rows)


@transaction.atomic
def note_trail_export(*, head: Head, form: str, by: Member, at: datetime) -> None:
    """The trail’s line for an export of the trail: who took how much of it, asked for how, up to which head."""
    record(Verb.TRAIL_EXPORTED, by=by, at=at, form=form, events=head.events, head=head.head, asked=head.chosen)
