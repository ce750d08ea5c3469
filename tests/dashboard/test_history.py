"""A row as it was on a day: changes of every kind, bulk updates too, with the deed behind each."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from django.db import connection, transaction

from accounts.actions import change_account
from accounts.models import Account, AccountHistory, Login
from core import clock
from core.trail.actions import record
from core.trail.enums import Verb
from dashboard.queries import history
from devices import actions as devices
from devices.models import Asset, AssetHistory
from recovery.actions import change_backup
from tests.factories import (
    make_account,
    make_asset,
    make_authenticator,
    make_backup,
    make_grant,
    make_login,
    make_validation,
)
from tests.trail.tampering import tampering


def long_ago(model, days: int) -> None:
    """Put the whole history kept so far back by so many days."""
    table, back = model._meta.db_table, f"- interval '{int(days)} days'"
    with tampering(table) as cursor:
        cursor.execute(f"UPDATE {table} SET pgh_created_at = pgh_created_at {back}")  # noqa: S608
        cursor.execute(f"UPDATE trail_event SET recorded_at = recorded_at {back}")  # noqa: S608


def values(page: history.Page) -> dict[str, tuple[str, str, str]]:
    """What has changed: as it was, as it is, who changed it."""
    return {value.name: (value.then, value.now, value.by) for value in page.values if value.is_changed}


def lines(page: history.Page) -> list[tuple[str, str, dict[str, tuple[str, str]]]]:
    return [(one.who, one.deed, {name: (old, new) for name, old, new in one.changes}) for one in page.timeline]


def today() -> date:
    return clock.local_day(clock.now(), "Europe/London")


def look(row, *, days_ago: int = 0) -> history.Page:
    row = type(row)._base_manager.get(pk=row.pk)
    return history.page(row, day=today() - timedelta(days=days_ago), zone="Europe/London")


@pytest.mark.django_db(transaction=True)
def test_a_row_as_it_was_beside_now_with_who_changed_it(owner, manager, at):
    account = make_account("Global Macro", hint="4417")
    long_ago(AccountHistory, 5)
    change_account(account, by=manager, at=at, name="Global Macro II", note="Moved")

    page = look(account, days_ago=3)

    assert values(page) == {
        "Name": ("Global Macro", "Global Macro II", "Tom Okafor"),
        "Note": ("nothing", "Moved", "Tom Okafor"),
    }
    assert (page.then, page.changed) == ("", 2)
    assert values(look(account)) == {}


@pytest.mark.django_db(transaction=True)
def test_before_the_first_change_it_was_not_on_file(owner, at):
    account = make_account()

    page = look(account, days_ago=1)

    assert page.then == "It was not on file yet."
    assert {value.now for value in page.values if value.name == "Name"} == {"Global Macro"}


@pytest.mark.django_db(transaction=True)
def test_the_timeline_names_deed_person_and_address(owner, manager, at):
    with transaction.atomic():
        account = make_account("Global Macro")
        record(Verb.ACCOUNT_ADDED, by=owner, about=account, at=at, name=account.name)
    manager.came_from = "203.0.113.9"
    change_account(account, by=manager, at=at, name="Global Macro II")

    page = look(account)

    assert lines(page) == [
        ("Tom Okafor", "changed an account", {"Name": ("Global Macro", "Global Macro II")}),
        ("Eleanor Hartwell", "added an account", {}),
    ]
    assert [one.address for one in page.timeline] == ["203.0.113.9", ""]


@pytest.mark.django_db(transaction=True)
def test_a_change_around_postern_is_seen_and_has_no_deed(owner, at):
    account = make_account("Global Macro")
    with connection.cursor() as cursor:
        cursor.execute("UPDATE accounts_account SET name = 'Mine now' WHERE id = %s", [account.pk])

    first = look(account).timeline[0]

    assert (first.who, first.deed, first.outside) == (
        "Somebody in the database itself", "changed it, around Postern", True
    )  # fmt: skip
    assert first.changes == (("Name", "Global Macro", "Mine now"),)


@pytest.mark.django_db(transaction=True)
def test_bulk_updates_and_bulk_creates_are_kept(owner, at):
    things = [make_asset(f"Thing {n}") for n in range(3)]
    Asset.objects.bulk_create(Asset(key=f"b{n}", name=f"Bulk {n}", kind="phone", created_at=at) for n in range(2))
    Asset.objects.filter(pk=things[1].pk).update(name="Other")
    Asset.objects.filter(name__startswith="Bulk").update(is_spare=True)
    Asset.objects.filter(name__startswith="Bulk").delete()

    kept = list(AssetHistory.objects.order_by("pgh_id").values_list("pgh_label", "name", "is_spare"))

    assert kept == [
        *(("insert", f"Thing {n}", False) for n in range(3)),
        *(("insert", f"Bulk {n}", False) for n in range(2)),
        ("update", "Other", False),
        *(("update", f"Bulk {n}", True) for n in range(2)),
        *(("delete", f"Bulk {n}", True) for n in range(2)),
    ]


@pytest.mark.django_db(transaction=True)
def test_saving_without_a_change_keeps_nothing(owner, at):
    account = make_account()

    account.save()

    assert AccountHistory.objects.count() == 1


@pytest.mark.django_db(transaction=True)
def test_what_a_failed_deed_changed_is_not_kept(owner, at):
    account = make_account()

    with pytest.raises(ZeroDivisionError), transaction.atomic():
        Account.objects.update(name="Never")
        raise ZeroDivisionError

    assert [one.changes for one in look(account).timeline] == [()]


@pytest.mark.django_db(transaction=True)
def test_carriers_of_a_backup_are_part_of_its_history(trader, manager, at):
    old, new = make_asset("Card 1", kind="card"), make_asset("Card 2", kind="card")
    backup = make_backup(make_login(trader), carriers=[old])

    change_backup(backup, by=manager, at=at, carriers=[new])

    page = look(backup)
    assert lines(page)[0] == ("Tom Okafor", "changed a backup", {"Carriers": ("Card 1", "Card 2")})
    assert {value.name: value.now for value in page.values}["Carriers"] == "Card 2"


@pytest.mark.django_db(transaction=True)
def test_values_are_in_words(trader, manager, at):
    login = make_login(trader, doors=["tws"])
    validation = make_validation(login.doors.get(), make_asset("ThinkPad X1"), outcome="expected")
    devices.end_validation(validation, by=manager, at=at)

    shown = {value.name: value.now for value in look(validation).values}

    assert shown["Door"].startswith("Trader Workstation")
    assert shown["Device"] == "ThinkPad X1"
    assert shown["Ended"] != "nothing"


@pytest.mark.django_db(transaction=True)
def test_a_login_handed_over_names_both_people(trader, manager, at):
    login = make_login(trader, hint="ria1")
    Login.objects.filter(pk=login.pk).update(holder=manager, kind="automation")

    assert lines(look(login))[0][2] == {"Holder": ("Maria Santos", "Tom Okafor"), "Kind": ("A person", "A program")}


@pytest.mark.django_db(transaction=True)
def test_numbers_of_transactions_that_begin_anew_after_a_restore_mislead_nobody(owner, manager, at):
    account = make_account()
    change_account(account, by=manager, at=at, name="Two")
    with tampering() as cursor:
        cursor.execute("UPDATE trail_event SET recorded_at = recorded_at - interval '2 hours'")

    assert look(account).timeline[0].outside


@pytest.mark.django_db
def test_each_kind_of_row_has_its_page(office, owner, trader, browse):
    login = make_login(trader, doors=["tws"])
    account, asset = make_account(), make_asset(holder=trader)
    rows = {
        "accounts": account,
        "logins": login,
        "doors": login.doors.get(),
        "grants": make_grant(login, account),
        "devices": asset,
        "validations": make_validation(login.doors.get(), asset),
        "authenticators": make_authenticator(login, carriers=[asset]),
        "backups": make_backup(login, carriers=[asset]),
    }

    for noun, row in rows.items():
        answer = browse(owner).get(f"/{noun}/{row.pk}/history/", {"on": today().isoformat()})
        assert (answer.status_code, answer.context["page"].changed) == (200, 0), noun
        assert "Nothing has changed since." in answer.content.decode()


@pytest.mark.django_db
def test_a_day_that_is_none_shows_yesterday(owner, browse):
    account = make_account()

    answer = browse(owner).get(f"/accounts/{account.pk}/history/", {"on": "soon"})

    assert answer.context["page"].day == today() - timedelta(days=1)
    assert "That is no day. Shown is yesterday." in answer.content.decode()


@pytest.mark.django_db(transaction=True)
def test_history_asks_as_often_for_many_changes_as_for_one(owner, manager, at, django_assert_num_queries):
    asset = make_asset(holder=manager)
    account = make_account()
    for n in range(3):
        change_account(account, by=manager, at=at, name=f"Name {n}")
        devices.change_asset(asset, by=manager, at=at, name=f"Thing {n}", holder=owner if n % 2 else manager)

    with django_assert_num_queries(3):
        assert len(history.page(account, day=today(), zone="UTC").timeline) == 4
    with django_assert_num_queries(3):
        assert len(history.page(asset, day=today(), zone="UTC").timeline) == 4
