"""Importing in one call, for tests that are about something else."""

from __future__ import annotations

from typing import Any

import pytest

from exchange import actions, queries
from exchange.actions.checking import importer
from exchange.enums import BatchState
from exchange.models import ImportBatch
from exchange.rules.plan import Plan, make_plan
from exchange.sheets.cells import show
from tests.exchange.books import Sheets, read


@pytest.fixture
def look(owner, at):
    """A function from sheets to the plan that importing them now would follow."""

    def look(sheets: Sheets, *, by: Any = None, order: str = "") -> Plan:
        return make_plan(read(sheets).sheets, queries.world(at), order=order, importer=importer(by or owner))

    return look


@pytest.fixture
def bring(owner, at):
    """A function that imports sheets to the end and returns the batch, which must be done."""

    def bring(sheets: Sheets, *, by: Any = None, when: Any = None) -> ImportBatch:
        batch = actions.upload(read(sheets), by=by or owner, at=when or at)
        actions.press(batch, by=by or owner, at=when or at)
        done = actions.run_next(at=when or at)
        assert done is not None
        assert done.state == BatchState.DONE, done.trouble
        return done

    return bring


@pytest.fixture
def said():
    """A function from a plan to what it says of each row, by sheet and number; what is the same is left out."""

    def said(plan: Plan) -> dict[str, Any]:
        return {f"{row.sheet} {row.number}": _words(row) for row in plan.rows if row.verdict != "same" or row.word}

    return said


def _words(row: Any) -> Any:
    if row.troubles:
        return [f"{one.column}: {one.words}" for one in row.troubles]
    if row.changes:
        return {column: (show(before), show(after)) for column, before, after in row.changes}
    return f"{row.verdict}: {row.word}" if row.word else str(row.verdict)
