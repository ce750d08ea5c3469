"""Importing for real: all or nothing, once, by keys; and what the trail says of it."""

from __future__ import annotations

from datetime import timedelta

import pytest

from accounts.models import Account, Door, Grant, Login
from core.errors import Refused
from core.trail.enums import Verb
from core.trail.models import Event
from core.trail.queries import verify
from devices.models import Asset, Authenticator, Validation
from exchange import actions, queries
from exchange.enums import BatchState, Verdict
from exchange.models import ImportBatch, ImportChange, ImportRow
from exchange.sheets.files import Upload
from exchange.sheets.reading import read_uploads
from identity.models import Member
from recovery.models import AuthenticatorBackup
from tests import factories
from tests.exchange.books import SMALL, csv, read, table, with_rows

pytestmark = pytest.mark.django_db
INVENTORY = (Account, Login, Door, Asset, Validation, Authenticator, AuthenticatorBackup, Grant)
BROKEN = with_rows(people=[["key", "name", "email"], ["lena", "Lena Brandt", "x"], ["nico", "Nico Ferrari", ""]])


def written() -> int:
    """How many rows the inventory has."""
    return sum(model.objects.count() for model in INVENTORY)


# --- the dry run -----------------------------------------------------------------------------------------------------
def test_a_dry_run_writes_nothing_and_tells_every_row(owner, at):
    batch = actions.upload(read(BROKEN), by=owner, at=at)

    rows = list(batch.rows.order_by("rank", "position").values_list("sheet", "number", "verdict"))
    assert written() == 0
    assert Event.objects.count() == 0
    assert rows[0] == ("people", 2, "problem")
    assert [verdict for _, _, verdict in rows] == sorted(
        [verdict for _, _, verdict in rows], key=lambda verdict: Verdict(verdict).rank
    )
    assert (batch.size, batch.new, batch.problems) == (11, 2, 9)
    assert batch.rows.get(sheet="people", number=2).troubles == [
        ["people!C2", "That is not an e-mail address. Write it like lena@brandt.example."]
    ]


def test_no_secret_reaches_the_database(owner, at):
    sheets = with_rows(people=[["key", "name", "note"], ["lena", "Lena", "password: hunter2"]])

    batch = actions.upload(read(sheets), by=owner, at=at)

    row = batch.rows.get(sheet="people")
    assert "hunter2" not in f"{row.cells}{row.faults}{row.troubles}{row.changes}{batch.remarks}{batch.layout}"
    assert row.troubles[0][0] == "people!C2"


def test_a_file_name_with_a_secret_is_not_kept_either(owner, at):
    reading = read_uploads([Upload("people PIN: 4921.csv", csv([["key", "name"], ["a", "A"]]))])

    assert actions.upload(reading, by=owner, at=at).file_name == "A file"


def test_only_who_runs_the_inventory_imports(trader, auditor, at):
    for member in (trader, auditor):
        with pytest.raises(Refused, match="Only owners and managers import"):
            actions.upload(read(SMALL), by=member, at=at)


def test_the_rows_of_what_is_done_with_go_with_the_next_upload(owner, bring, at):
    done = bring(SMALL)
    fresh = actions.upload(read(SMALL), by=owner, at=at)
    old = actions.upload(read(SMALL), by=owner, at=at - timedelta(days=3))

    actions.upload(read(SMALL), by=owner, at=at)

    assert not done.rows.exists()
    assert fresh.rows.exists()
    assert not old.rows.exists()
    assert ImportBatch.objects.get(pk=old.pk).state == BatchState.DISCARDED


# --- pressing --------------------------------------------------------------------------------------------------------
def test_a_press_only_says_that_it_waits(owner, at):
    batch = actions.press(actions.upload(read(SMALL), by=owner, at=at), by=owner, at=at)

    assert (batch.state, batch.pressed_by, batch.pressed_at) == (BatchState.WAITING, owner, at)
    assert written() == 0


def test_a_row_with_a_problem_holds_the_import_up_unless_it_is_left_out(owner, at):
    batch = actions.upload(read(BROKEN), by=owner, at=at)

    with pytest.raises(Refused, match="Some rows have problems"):
        actions.press(batch, by=owner, at=at)
    actions.press(batch, leave_out=True, by=owner, at=at)
    done = actions.run_next(at=at)

    assert done.state == BatchState.DONE
    assert set(Member.objects.get_queryset().values_list("key", flat=True)) == {owner.key, "nico"}
    assert written() == 1  # the account; all else hangs on Lena
    assert Event.objects.get(verb=Verb.IMPORT_RUN).detail["left_out"] == 9


def test_there_is_nothing_to_press_when_nothing_would_change(owner, bring, at):
    bring(SMALL)
    batch = actions.upload(read(SMALL), by=owner, at=at)

    with pytest.raises(Refused, match="There is nothing to import"):
        actions.press(batch, by=owner, at=at)


def test_the_question_about_days_comes_first(owner, at):
    rows = [["login", "account", "rights", "granted on"], ["lena-ibkr", "lago", "view", "04/03/2026"]]
    batch = actions.upload(read(with_rows(grants=rows)), by=owner, at=at)
    assert batch.must_ask
    with pytest.raises(Refused, match="Say first whether the day"):
        actions.press(batch, leave_out=True, by=owner, at=at)
    with pytest.raises(Refused, match="Say whether the day"):
        actions.answer_days(batch, order="sideways", by=owner, at=at)

    answered = actions.answer_days(batch, order="mdy", by=owner, at=at)
    actions.press(answered, by=owner, at=at)
    actions.run_next(at=at)

    assert not answered.must_ask
    assert Grant.objects.get().granted_on.isoformat() == "2026-04-03"


def test_what_was_pressed_thrown_away_or_done_is_not_pressed_again(owner, bring, at):
    done = bring(SMALL)
    waiting = actions.upload(read({"people": [["key", "name"], ["nico", "Nico"]]}), by=owner, at=at)
    actions.press(waiting, by=owner, at=at)
    away = actions.upload(read({"people": [["key", "name"], ["a", "A"]]}), by=owner, at=at)
    away = actions.discard(away, by=owner, at=at)

    for batch, words in ((done, "imported already"), (waiting, "under way already"), (away, "thrown away")):
        with pytest.raises(Refused, match=words):
            actions.press(batch, by=owner, at=at)
        with pytest.raises(Refused, match=words):
            actions.discard(batch, by=owner, at=at)
    assert not away.rows.exists()


# --- running ---------------------------------------------------------------------------------------------------------
def test_an_import_writes_every_sheet_with_all_that_belongs_to_it(bring, at):
    bring(
        with_rows(
            things=[
                ["key", "name", "kind", "holder", "place", "carried by", "last four", "spare", "model"],
                ["laptop", "Laptop", "computer", "lena", "", "", "7QK4", "no", "X1"],
                ["sim", "SIM", "sim", "lena", "", "phone", "0142", "", ""],
                ["phone", "Phone", "phone", "lena", "", "", "", "", ""],
                ["card", "Card", "card", "", "safe", "", "", "yes", ""],
                ["safe", "Safe", "place", "", "", "", "", "", ""],
            ],
            backups=[
                ["key", "login", "authenticator", "kind", "label", "carriers", "place", "custodian", "proved on"],
                ["b", "lena-ibkr", "ib-key", "second-factor", "Card", "card, sim", "safe", "lena", "2026-09-03"],
            ],
        )
    )

    login, sim, backup = Login.objects.get(), Asset.objects.get(key="sim"), AuthenticatorBackup.objects.get()
    assert (login.holder.key, login.created_at, list(login.doors.values_list("interface", "used"))) == (
        "lena", at, [("tws", True)],
    )  # fmt: skip
    assert (sim.carried_by.key, sim.hint) == ("phone", "0142")
    assert Asset.objects.get(key="card").place.key == "safe"
    assert [thing.key for thing in Authenticator.objects.get().carriers.all()] == ["phone"]
    assert {thing.key for thing in backup.carriers.all()} == {"card", "sim"}
    assert (backup.place.key, backup.custodian.key, backup.authenticator.key) == ("safe", "lena", "ib-key")
    assert Grant.objects.get().rights == ["view", "trade"]


def test_the_same_file_twice_changes_nothing(owner, bring, at):
    bring(SMALL)
    before = {model: list(model.objects.order_by("pk").values()) for model in INVENTORY}

    again = actions.upload(read(SMALL), by=owner, at=at + timedelta(days=1))

    assert (again.writes, again.same) == (0, again.size)
    assert {model: list(model.objects.order_by("pk").values()) for model in INVENTORY} == before


def test_a_second_file_updates_what_the_first_made(bring):
    bring(SMALL)

    bring(
        with_rows(
            logins=table("key, label, broker, holder, last four / lena-ibkr, Lena IBKR, ibkr, lena, ndt7"),
            doors=table("login, door, used / lena-ibkr, tws, no / lena-ibkr, client-portal, yes"),
            authenticators=table(
                "key, login, factor, carriers, proved on / ib-key, lena-ibkr, ib-key-push, , 1.11.2026"
            ),
        )
    )

    login = Login.objects.get()
    assert (login.label, login.hint) == ("Lena IBKR", "ndt7")
    assert dict(Door.objects.values_list("interface", "used")) == {"tws": False, "client-portal": True}
    assert list(Authenticator.objects.get().carriers.all()) == []
    assert [model.objects.count() for model in INVENTORY] == [1, 1, 2, 2, 1, 1, 1, 1]


def test_the_trail_says_who_imported_which_file_and_each_persons_role(owner, bring):
    batch = bring(with_rows(people=[["key", "name", "role"], ["lena", "Lena Brandt", "manager"]]))

    run, added = Event.objects.get(verb=Verb.IMPORT_RUN), Event.objects.get(verb=Verb.MEMBER_ADDED)
    assert (run.actor_id, run.about_id, run.detail) == (
        owner.pk,
        batch.pk,
        {"files": "office.xlsx", "digest": batch.digest, "new": 10, "changed": 0, "left_out": 0},
    )
    assert (added.actor_id, added.detail["role"]) == (owner.pk, "manager")
    assert Member.objects.get_queryset().get(pk=added.about_id).key == "lena"

    bring({"people": [["key", "name", "role"], ["lena", "Lena Brandt", "trader"]]})

    assert Event.objects.get(verb=Verb.ROLE_CHANGED).detail["changes"] == {"role": ["manager", "trader"]}
    assert verify().intact


def test_an_office_that_changed_since_the_dry_run_is_looked_at_again(owner, at):
    batch = actions.upload(read(SMALL), by=owner, at=at)
    actions.press(batch, by=owner, at=at)
    factories.make_account("Lago", key="lago", hint="5512")

    stopped = actions.run_next(at=at)

    assert stopped.state == BatchState.CHECKED
    assert stopped.trouble == (
        "The office changed after this was checked. Nothing was written. One row ends otherwise now: look again."
    )
    assert (Account.objects.count(), Login.objects.count(), Asset.objects.count()) == (1, 0, 0)
    assert stopped.rows.get(sheet="accounts").verdict == "same"
    assert actions.press(stopped, by=owner, at=at).trouble == ""
    assert actions.run_next(at=at).state == BatchState.DONE


def test_who_may_no_longer_import_when_the_worker_comes_does_not(manager, at):
    batch = actions.upload(read(SMALL), by=manager, at=at)
    actions.press(batch, by=manager, at=at)
    manager.role = "trader"
    manager.save()

    stopped = actions.run_next(at=at)

    assert (stopped.state, written()) == (BatchState.FAILED, 0)
    assert "may no longer import" in stopped.trouble


def test_a_manager_who_became_one_after_the_check_brings_in_no_managers(owner, manager, at):
    sheets = with_rows(people=[["key", "name", "role"], ["lena", "Lena", "manager"]])
    batch = actions.upload(read(sheets), by=owner, at=at)

    actions.press(batch, by=manager, at=at)
    stopped = actions.run_next(at=at)

    assert (stopped.state, written()) == (BatchState.CHECKED, 0)
    assert stopped.rows.get(sheet="people").troubles[0][1].startswith("Only an owner brings in")


def test_what_waits_is_run_in_the_order_of_the_presses_and_then_nothing_is_left(owner, at):
    first = actions.upload(read({"people": [["key", "name"], ["a", "A"]]}), by=owner, at=at)
    second = actions.upload(read({"people": [["key", "name"], ["b", "B"]]}), by=owner, at=at)
    actions.press(second, by=owner, at=at)
    actions.press(first, by=owner, at=at + timedelta(seconds=5))

    done = [actions.run_next(at=at), actions.run_next(at=at), actions.run_next(at=at)]

    assert [batch and batch.pk for batch in done] == [second.pk, first.pk, None]


def test_what_stops_the_worker_every_time_is_given_up_in_words(owner, at, monkeypatch):
    batch = actions.press(actions.upload(read(SMALL), by=owner, at=at), by=owner, at=at)
    ImportBatch.objects.filter(pk=batch.pk).update(tries=5)

    assert actions.run_next(at=at) is None

    batch.refresh_from_db()
    assert (batch.state, written()) == (BatchState.FAILED, 0)
    assert "stopped 5 times" in batch.trouble


def test_progress_is_told_and_its_absence_stops_nothing(owner, at, monkeypatch):
    told = []
    monkeypatch.setattr("exchange.actions.running.cache.set", lambda key, value, seconds: told.append((key, value)))
    batch = actions.press(actions.upload(read(SMALL), by=owner, at=at), by=owner, at=at)
    actions.run_next(at=at)

    assert {key for key, _ in told} == {f"import:{batch.pk}"}
    assert [value["done"] for _, value in told] == sorted(value["done"] for _, value in told)
    assert told[-1][1] == {"done": 10, "total": 10, "doing": "grants"}


def test_a_cache_that_is_away_stops_nothing(owner, bring, monkeypatch):
    def away(*args):
        raise ConnectionError

    monkeypatch.setattr("exchange.actions.running.cache.set", away)
    monkeypatch.setattr("exchange.queries.cache.get", away)

    batch = bring(SMALL)

    assert queries.progress(batch) is None


def test_every_row_that_was_written_is_noted_with_what_was_there_before(bring):
    bring(SMALL)
    batch = bring(with_rows(accounts=[["key", "name", "broker", "last four"], ["lago", "Lago Two", "ibkr", "5512"]]))

    [change] = ImportChange.objects.filter(batch=batch)
    assert (change.model, change.object_id) == ("accounts", Account.objects.get().pk)
    assert (change.before, change.after) == ({"name": "Lago"}, {"name": "Lago Two"})
    assert ImportRow.objects.filter(batch=batch, verdict="changes").count() == 1
