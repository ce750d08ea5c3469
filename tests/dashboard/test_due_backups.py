"""A backup that nobody has tried, or not for too long, is on Today and on its holder's page, as it is in letters."""

from __future__ import annotations

from datetime import timedelta

import pytest
import time_machine

from dashboard.queries import today
from devices.enums import Proof
from devices.models import Asset
from notices import rules as notices
from notices.rules import circle
from recovery import rules
from tests import factories
from tests.devices.pages import words
from tests.factories import AT

pytestmark = pytest.mark.django_db
DAY, SECOND = timedelta(days=1), timedelta(seconds=1)


@pytest.fixture(autouse=True)
def _on_that_monday():
    with time_machine.travel(AT, tick=False):
        yield


@pytest.fixture
def login(trader):
    return factories.make_login(trader)


def due(member, office, **facts) -> list[tuple[str, str, str]]:
    tasks, in_all, late = today.due(member, at=AT, office=office, **facts)
    assert (in_all, late) == (len(tasks), sum(task.state == "late" for task in tasks))
    return [(task.title, task.mark, task.words) for task in tasks]


def told(office) -> set[str]:
    """The backups that a letter is about."""
    return {one.context.thing for one in notices.due(AT, circle(AT)) if one.rule == "backup"}


def test_what_was_never_tried_or_too_long_ago_is_to_do_and_what_presses_most_comes_first(manager, office, login):
    for label, days in (("Fresh", 10), ("Soon", 170), ("Old", 190), ("Older", 400)):
        factories.make_backup(login, label=label, proved_at=AT - days * DAY)
    factories.make_backup(login, label="Never")

    assert due(manager, office) == [
        ("Test Older", Proof.OVERDUE, "220 days late"),
        ("Test Old", Proof.OVERDUE, "10 days late"),
        ("Test Never", Proof.NEVER, "Never proven"),
        ("Test Soon", Proof.DUE, ""),
    ]
    assert told(office) == {"Older", "Old", "Never"}


def test_what_cannot_be_tried_is_not_asked_for(manager, trader, office, login):
    lost = factories.make_asset("Lost phone", kind="phone", lost_at=AT)
    sim = factories.make_asset("SIM", kind="sim", carried_by=lost)
    factories.make_backup(login, kind="rescue", label="Rescue")
    factories.make_backup(login, label="On a lost card", carriers=[factories.make_asset(kind="card", lost_at=AT)])
    factories.make_backup(login, label="In a lost phone", kind="number", carriers=[sim])
    factories.make_backup(login, label="Burnt", place=factories.make_asset("Safe", kind="place", retired_at=AT))
    factories.make_backup(login, label="Used up", kind="printed-codes", codes_left=0)
    factories.make_backup(login, label="Ended", ended_at=AT)
    factories.make_backup(factories.make_login(trader, label="Old login", ended_at=AT), label="Of an ended login")
    factories.make_backup(login, label="To try", kind="printed-codes", codes_left=1)

    assert due(manager, office) == [("Test To try", Proof.NEVER, "Never proven")]
    assert told(office) == {"To try"}

    Asset.objects.filter(pk=lost.pk).update(lost_at=None)
    assert {title for title, *_ in due(manager, office)} == {"Test To try", "Test In a lost phone"}
    assert told(office) == {"To try", "In a lost phone"}


@pytest.mark.parametrize("zone", ["Europe/London", "Pacific/Auckland", "America/New_York"])
@pytest.mark.parametrize("days", [165, 166, 167, 179, 180, 181])
def test_the_database_and_the_rule_agree_to_the_second(manager, office, login, zone, days):
    """Around midnight of the day on which it lapses, and of the one on which it is warned of."""
    office.timezone = zone
    office.save()
    for number, moment in enumerate(
        rules.tried_before(AT, days=days, zone=zone) + shift for shift in (-SECOND, 0 * SECOND)
    ):
        factories.make_backup(login, label=f"Backup {number}", proved_at=moment)

    def stands(moment):
        facts = {"at": AT, "days": office.backup_days, "warn_days": office.warn_days, "zone": zone}
        return rules.proof_since(moment, **facts)

    expected = {}
    for backup in login.backups.all():
        if (proof := stands(backup.proved_at)) != Proof.PROVEN:
            expected[f"Test {backup.label}"] = proof
    tasks, _, late = today.due(manager, at=AT, office=office)
    assert {task.title: task.mark for task in tasks} == expected
    assert late == sum(proof == Proof.OVERDUE for proof in expected.values())


def test_a_trader_is_asked_for_their_own_only_and_a_person_s_page_for_theirs(browse, manager, trader, office, login):
    daniel = factories.make_member("Daniel Reyes")
    factories.make_backup(login, label="Of Maria")
    factories.make_backup(factories.make_login(daniel, label="Daniel at IBKR"), label="Of Daniel", custodian=trader)

    assert [title for title, *_ in due(trader, office)] == ["Test Of Maria"]
    assert [title for title, *_ in due(manager, office, holder=daniel)] == ["Test Of Daniel"]
    assert "Test Of Maria" in words(browse(trader).get("/"))
    assert "Of Daniel" not in words(browse(trader).get("/"))
    assert "Test Of Daniel" in words(browse(manager).get(f"/people/{daniel.pk}/"))
    assert "Test Of Maria" not in words(browse(manager).get(f"/people/{daniel.pk}/"))


def test_the_late_ones_of_both_kinds_stand_before_the_rest(manager, trader, office):
    login = factories.make_login(trader, label="With a door", doors=["tws"])
    factories.make_validation(login.doors.get(), factories.make_asset(holder=trader), outcome="expected")
    factories.make_backup(login, label="Old", proved_at=AT - 400 * DAY)

    assert [title for title, *_ in due(manager, office)] == ["Test Old", "Prove Maria’s ThinkPad X1 at TWS"]


def test_of_many_the_eight_that_press_most_are_shown_and_all_are_counted(manager, office, login):
    for number in range(12):
        factories.make_backup(login, label=f"Backup {number}", proved_at=AT - (200 + number) * DAY)

    tasks, in_all, late = today.due(manager, at=AT, office=office)

    assert [task.title for task in tasks] == [f"Test Backup {number}" for number in range(11, 3, -1)]
    assert (in_all, late) == (12, 12)


def test_it_is_tried_from_there(browse, trader, office, login):
    backup = factories.make_backup(login, label="Card")

    page = browse(trader).get("/").content.decode()

    assert f'href="/backups/{backup.pk}/"' in page
    assert f'href="/backups/{backup.pk}/test/"' in page


def test_nobody_is_mailed_about_a_page_that_is_not_there_for_them(manager, trader, office):
    program = factories.make_login(label="Router")
    factories.make_backup(program, label="Kept by Maria", custodian=trader)
    factories.make_backup(program, label="Kept by Tom", custodian=manager)

    asked = {(one.context.thing, one.to) for one in notices.due(AT, circle(AT)) if one.rule == "backup"}

    assert asked == {("Kept by Maria", manager), ("Kept by Tom", manager)}
