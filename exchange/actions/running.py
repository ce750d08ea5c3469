"""The worker’s part: take a waiting import, look again, and write it all or nothing."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from django.core.cache import cache
from django.db import transaction
from redis.exceptions import RedisError

from core.errors import Refused
from core.trail.actions import record
from core.trail.enums import Verb
from exchange import queries
from exchange.actions.checking import differences, keep_verdicts, plan_again
from exchange.actions.writing import Writer
from exchange.enums import BatchState, Verdict
from exchange.models import ImportBatch
from exchange.policies import may_import
from exchange.queries import progress_key
from exchange.rules.plan import Plan
from exchange.rules.world import PlannedRow
from identity.models import Member

# A batch that stops the worker each time is given up; one that lost its worker is simply begun again.
MOST_TRIES = 5
KEPT_SECONDS = 600


class OfficeChangedError(Exception):
    """The office is no longer what the dry run saw. Carries the new plan."""

    def __init__(self, plan: Plan, rows: int) -> None:
        self.plan, self.rows = plan, rows
        super().__init__(rows)


def run_next(*, at: datetime) -> ImportBatch | None:
    """Import the batch that waits longest; None when none does, or another worker has it.

    Looking and writing are one transaction. When the worker dies in it nothing was written, and the batch still waits.
    """
    claimed = _claim()
    if claimed is None:
        return None
    try:
        return _run(claimed, at=at)
    except Refused as no:
        return _stop(claimed, str(no))
    except OfficeChangedError as changed:
        return _show_again(claimed, changed)


@transaction.atomic
def _claim() -> ImportBatch | None:
    """Count the try before it is made, so that what kills its worker every time comes to an end."""
    batch = (
        ImportBatch.objects.waiting()
        .select_for_update(skip_locked=True, no_key=True)
        .order_by("pressed_at", "pk")
        .first()
    )
    if batch is None:
        return None
    if batch.tries >= MOST_TRIES:
        _give_up(batch)
        return None
    batch.tries += 1
    batch.save(update_fields=["tries"])
    return batch


def _give_up(batch: ImportBatch) -> None:
    batch.state = BatchState.FAILED
    batch.trouble = f"It stopped {MOST_TRIES} times without an end. Nothing was written. Split the file and try again."
    batch.save(update_fields=["state", "trouble"])


@transaction.atomic
def _run(claimed: ImportBatch, *, at: datetime) -> ImportBatch | None:
    """Only the worker that counted the last try goes on."""
    waiting = ImportBatch.objects.waiting().filter(pk=claimed.pk, tries=claimed.tries)
    batch = waiting.select_for_update(skip_locked=True, no_key=True).first()
    if batch is None:
        return None
    by = batch.pressed_by
    if by is None or not (may_import(by) and by.is_active):
        raise Refused(f"{by} may no longer import. Ask an owner or a manager to press it.")
    return carry_out(batch, by=by, at=at)


def carry_out(batch: ImportBatch, *, by: Member, at: datetime) -> ImportBatch:
    """Look again and write. Call it inside a transaction that holds the batch; raises when the office has changed."""
    tell_progress(batch, 0, "Looking again")
    world = queries.world(at, lock=True)
    plan = plan_again(batch, world, by)
    changed = differences(batch, plan)
    if changed:
        raise OfficeChangedError(plan, changed)
    if plan.count(Verdict.PROBLEM) and not batch.leaves_out:
        raise Refused("Some rows have problems. Mend them and upload the file again.")
    Writer(batch, world, plan.rows, at=at, tell=lambda done, sheet: tell_progress(batch, done, sheet)).write()
    batch.state, batch.finished_at, batch.trouble = BatchState.DONE, at, ""
    batch.save(update_fields=["state", "finished_at", "trouble"])
    _tell_trail(batch, plan, by=by, at=at)
    return batch


def _tell_trail(batch: ImportBatch, plan: Plan, *, by: Member, at: datetime) -> None:
    """One event for the import; people get one each, for roles are what an auditor asks about first."""
    people = [row for row in plan.rows if row.sheet == "people"]
    numbers = dict(Member.objects.filter(key__in=[row.key for row in people]).values_list("key", "pk"))
    for row in _written(people):
        member = Member(pk=numbers[row.key])
        if row.is_new:
            facts = {"name": row.facts["name"], "role": row.facts["role"]}
            record(Verb.MEMBER_ADDED, by=by, about=member, at=at, import_=batch.pk, **facts)
        else:
            changes = {column: [before, after] for column, before, after in row.changes}
            verb = Verb.ROLE_CHANGED if "role" in changes else Verb.MEMBER_CHANGED
            record(verb, by=by, about=member, at=at, import_=batch.pk, changes=changes)
    facts = {"new": batch.new, "changed": batch.changed, "left_out": batch.problems if batch.leaves_out else 0}
    record(Verb.IMPORT_RUN, by=by, about=batch, at=at, files=batch.file_name, digest=batch.digest, **facts)


def _written(rows: Iterable[PlannedRow]) -> Iterable[PlannedRow]:
    return (row for row in rows if row.verdict in (Verdict.NEW, Verdict.CHANGES))


def tell_progress(batch: ImportBatch, done: int, doing: str) -> None:
    """Let the page know how far it is. The page can do without, so a cache that is away stops nothing."""
    try:
        cache.set(progress_key(batch), {"done": done, "total": batch.writes, "doing": doing}, KEPT_SECONDS)
    except (RedisError, OSError):
        return


@transaction.atomic
def _stop(claimed: ImportBatch, words: str) -> ImportBatch:
    batch = ImportBatch.objects.select_for_update(no_key=True).get(pk=claimed.pk)
    batch.state, batch.trouble = BatchState.FAILED, words[:400]
    batch.save(update_fields=["state", "trouble"])
    return batch


@transaction.atomic
def _show_again(claimed: ImportBatch, changed: OfficeChangedError) -> ImportBatch:
    """Back to the dry run, with the verdicts of now."""
    batch = ImportBatch.objects.select_for_update(no_key=True).get(pk=claimed.pk)
    keep_verdicts(batch, changed.plan)
    rows = "One row ends" if changed.rows == 1 else f"{changed.rows} rows end"
    batch.state = BatchState.CHECKED
    batch.trouble = f"The office changed after this was checked. Nothing was written. {rows} otherwise now: look again."
    batch.save(update_fields=["state", "trouble"])
    return batch
