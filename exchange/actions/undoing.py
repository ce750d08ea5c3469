"""Taking the last import back: what it made goes, what it changed stands again as before, or a word on why not."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import Any

from django.db import models, transaction
from django.db.models import ManyToManyRel, QuerySet

from core.errors import Refused
from core.letters.enums import LetterState
from core.letters.models import Letter
from core.trail.actions import record
from core.trail.enums import Verb
from exchange import queries
from exchange.actions.writing import AT_ONCE, MODELS, stored
from exchange.enums import BatchState, Origin
from exchange.models import ImportBatch, ImportChange
from identity.enums import Role
from identity.models import Member
from notices.models import Reminder

ABOVE = (Role.OWNER, Role.MANAGER)


@transaction.atomic
def undo(batch: ImportBatch, *, by: Member, at: datetime) -> ImportBatch:
    """Undo the last import in one piece. Refused when it is not the last, or when something since rests on it."""
    held = ImportBatch.objects.select_for_update(no_key=True).get(pk=batch.pk)
    _check_turn(held)
    written = list(held.written.order_by("position"))
    rows = _rows_now(written)
    _check_roles(written, by)
    _check_untouched(written, rows)
    made = _made(written)
    _put_back([change for change in written if change.before is not None and not _was_replaced(change)], rows)
    _forget_unsent(made["people"])
    _check_nothing_rests_on(made)
    _take_away(made)
    _put_back([change for change in written if _was_replaced(change)], rows)
    held.state, held.undone_at = BatchState.UNDONE, at
    held.save(update_fields=["state", "undone_at"])
    held.written.all().delete()
    record(Verb.IMPORT_UNDONE, by=by, about=held, at=at, files=held.file_name, digest=held.digest, rows=len(written))
    return held


def _check_turn(batch: ImportBatch) -> None:
    if batch.state == BatchState.UNDONE:
        raise Refused("That import was undone already.")
    if batch.state != BatchState.DONE:
        raise Refused("That upload was never imported, so there is nothing to undo.")
    if batch.origin == Origin.DEMO:
        raise Refused("That is the demo office. Remove it as a whole instead.")
    last = queries.last_done()
    if last is not None and last.pk != batch.pk:
        raise Refused(f"Only the last import can be undone, and that is “{last}”. Undo that one first.")


def _rows_now(written: Iterable[ImportChange]) -> dict[str, dict[int, Any]]:
    """The rows as they are, locked, by sheet and number."""
    numbers: dict[str, set[int]] = defaultdict(set)
    for change in written:
        numbers[change.model].add(change.object_id)
    found: dict[str, dict[int, Any]] = {sheet: {} for sheet in MODELS}
    for sheet, model in MODELS.items():
        rows: QuerySet = model._default_manager.filter(pk__in=numbers[sheet]).order_by("pk")
        if sheet in ("authenticators", "backups"):
            rows = rows.prefetch_related("carriers")
        found[sheet] = {row.pk: row for row in rows.select_for_update(of=("self",), no_key=True)}
    return found


def _check_roles(written: Iterable[ImportChange], by: Member) -> None:
    roles = {(change.before or change.after).get("role") for change in written if change.model == "people"}
    roles |= {change.after.get("role") for change in written if change.model == "people"}
    if roles.intersection(ABOVE) and not by.is_owner:
        raise Refused("That import wrote owners or managers. Only an owner can undo it.")


# --- may it go -------------------------------------------------------------------------------------------------------
def _check_untouched(written: Iterable[ImportChange], rows: dict[str, dict[int, Any]]) -> None:
    for change in written:
        row = rows[change.model].get(change.object_id)
        if row is None:
            raise Refused("Something that was imported is no longer there, so the import can’t be undone as a whole.")
        if _facts_now(row, change.after) != change.after:
            raise Refused(f"“{row}” was changed after the import. Undo would lose that; change things by hand instead.")


def _facts_now(row: Any, like: dict[str, Any]) -> dict[str, Any]:
    facts = {name: getattr(row, name) for name in like if name != "carriers"}
    if "carriers" in like:
        facts["carriers"] = sorted(thing.pk for thing in row.carriers.all())
    return stored(facts)


def _made(written: Iterable[ImportChange]) -> dict[str, set[int]]:
    """The numbers of the rows that the import made, by sheet."""
    made: dict[str, set[int]] = {sheet: set() for sheet in MODELS}
    for change in written:
        if change.before is None:
            made[change.model].add(change.object_id)
    return made


def _forget_unsent(people: set[int]) -> None:
    """Letters that never left, and the reminders that called for them, go with the people they were for."""
    unsent = Letter.objects.filter(recipient__in=people, tries=0, state__in=[LetterState.QUEUED, LetterState.CANCELLED])
    Reminder.objects.filter(member__in=people, letter__in=unsent).delete()
    unsent.delete()


def _check_nothing_rests_on(made: dict[str, set[int]]) -> None:
    sheets = {model: sheet for sheet, model in MODELS.items()}
    for sheet, numbers in made.items():
        if not numbers:
            continue
        for relation in MODELS[sheet]._meta.related_objects:
            own = made.get(sheets.get(relation.related_model, ""), set())
            found = _resting(relation, numbers).exclude(pk__in=own).first()
            if found is not None:
                raise Refused(_rests(found, relation, numbers))


def _resting(relation: Any, numbers: set[int]) -> QuerySet:
    return relation.related_model._default_manager.filter(**{f"{relation.field.name}__in": numbers})


def _rests(found: Any, relation: Any, numbers: set[int]) -> str:
    """“The letter “Three things to confirm” came after the import and rests on Priya Nair.”"""
    value = getattr(found, relation.field.name)
    target = value.filter(pk__in=numbers).first() if isinstance(relation, ManyToManyRel) else value
    kind = found._meta.verbose_name
    return f"The {kind} “{found}” came after the import and rests on {target}. Take it away first, or leave the import."


# --- away and back ---------------------------------------------------------------------------------------------------
def _take_away(made: dict[str, set[int]]) -> None:
    for sheet in reversed(MODELS):
        rows: QuerySet = MODELS[sheet]._default_manager.filter(pk__in=made[sheet])
        if sheet == "things":
            rows.update(place=None, carried_by=None)
        rows.delete()


def _was_replaced(change: ImportChange) -> bool:
    """Whether it is a validation that got a successor: it can only stand again once that one is gone."""
    return change.model == "validations" and change.before is not None and "ended_at" in change.before


def _put_back(changes: list[ImportChange], rows: dict[str, dict[int, Any]]) -> None:
    for sheet, fields, group in _alike(changes):
        manager = MODELS[sheet]._default_manager
        changed = [_as_before(rows[sheet][change.object_id], change, fields) for change in group]
        if fields:
            manager.bulk_update(changed, fields, batch_size=AT_ONCE)


def _alike(changes: list[ImportChange]) -> Iterator[tuple[str, list[str], list[ImportChange]]]:
    """Changes of the same fields of the same sheet, together."""
    groups: dict[tuple[str, tuple[str, ...]], list[ImportChange]] = defaultdict(list)
    for change in changes:
        names = _fields(MODELS[change.model], change.before or {})
        groups[change.model, tuple(names)].append(change)
    for (sheet, fields), group in groups.items():
        yield sheet, list(fields), group


def _fields(model: type[models.Model], facts: dict[str, Any]) -> list[str]:
    return [field.name for field in model._meta.concrete_fields if field.attname in facts]


def _as_before(row: Any, change: ImportChange, fields: list[str]) -> Any:
    before = change.before or {}
    for name in fields:
        field = row._meta.get_field(name)
        setattr(row, field.attname, field.to_python(before[field.attname]))
    if "carriers" in before:
        row.carriers.set(before["carriers"])
    return row
