"""What the database itself refuses about imports."""

from __future__ import annotations

import pytest
from django.db import IntegrityError, transaction

from exchange.models import ImportBatch, ImportChange, ImportRow

pytestmark = pytest.mark.django_db


@pytest.fixture
def make(owner, at):
    def make(**facts):
        return ImportBatch.objects.create(uploaded_by=owner, uploaded_at=at, file_name="office.xlsx", **facts)

    return make


def refused(constraint: str, do) -> None:
    with pytest.raises(IntegrityError, match=constraint), transaction.atomic():
        do()


def test_what_waits_was_asked_for(make, owner, at):
    refused("what_waits_was_asked_for", lambda: make(state="waiting"))
    assert make(state="waiting", pressed_by=owner, pressed_at=at).pk


@pytest.mark.parametrize("facts", [{"state": "done"}, {"state": "undone"}, {"state": "undone", "finished_at": "at"}])
def test_what_was_done_or_undone_has_its_moment(make, at, facts):
    facts = {name: at if value == "at" else value for name, value in facts.items()}

    refused("what_was_done_or_undone_has_its_moment", lambda: make(**facts))
    assert make(state="undone", finished_at=at, undone_at=at).pk


def test_rows_and_changes_have_their_places(make):
    batch = make()
    row = {"batch": batch, "position": 0, "sheet": "people", "number": 2, "verdict": "new", "rank": 1}
    change = {"batch": batch, "position": 0, "model": "people", "object_id": 1, "after": {}}
    ImportRow.objects.create(**row)
    ImportChange.objects.create(**change)

    refused("a_row_of_an_upload_has_its_place", lambda: ImportRow.objects.create(**row))
    refused("a_change_of_an_import_has_its_place", lambda: ImportChange.objects.create(**change))


def test_imports_are_seen_by_those_who_see_everything(make, owner, manager, auditor, trader):
    batch = make()

    seen = {member.role: list(ImportBatch.objects.visible_to(member)) for member in (owner, manager, auditor, trader)}

    assert seen == {"owner": [batch], "manager": [batch], "auditor": [batch], "trader": []}


def test_rows_go_with_their_batch(make):
    batch = make()
    ImportRow.objects.create(batch=batch, position=0, sheet="people", number=2, verdict="new", rank=1)

    batch.delete()

    assert ImportRow.objects.count() == 0


def test_a_batch_counts_its_rows_over_all_sheets(make):
    batch = make(counts={"people": {"new": 3, "problem": 1}, "grants": {"new": 2, "changes": 4, "same": 5, "left": 6}})

    assert (batch.new, batch.changed, batch.problems, batch.same, batch.left) == (5, 4, 1, 5, 6)
    assert (batch.writes, batch.size) == (9, 21)
