"""Doors with reasons and bolts, their plates, and the matrix of devices."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from accounts.models import Door
from recovery import queries
from recovery.queries import Cell
from tests import factories
from tests.factories import AT

pytestmark = pytest.mark.django_db
DAY = timedelta(days=1)


@pytest.fixture
def account(login):
    account = factories.make_account()
    factories.make_grant(login, account)
    return account


def cards(account, member, office) -> dict[tuple[str, str], queries.DoorCard]:
    found = queries.doors_of_account(account, member, at=AT, office=office)
    return {(card.login, card.interface): card for card in found}


def test_the_doors_of_an_account_are_those_of_the_logins_that_reach_it(account, manager, trader, office, login):
    daniel = factories.make_member("Daniel Reyes")
    theirs = factories.make_login(daniel, label="Daniel at IBKR", doors=["tws"])
    factories.make_grant(theirs, account)
    factories.make_login(daniel, label="Elsewhere", doors=["tws"])
    ended = factories.make_login(daniel, label="Ended", doors=["tws"], ended_at=AT)
    factories.make_grant(ended, account)
    taken = factories.make_login(daniel, label="Taken away", doors=["tws"])
    factories.make_grant(taken, account, ended_at=AT)

    own = {("Maria at IBKR", "tws"), ("Maria at IBKR", "client-portal")}
    assert set(cards(account, manager, office)) == own | {("Daniel at IBKR", "tws")}
    assert set(cards(account, trader, office)) == own


def test_a_card_says_how_its_door_stands_why_and_what_each_bolt_does(
    account, manager, office, login, door, laptop, phone, card
):
    factories.make_authenticator(login, carriers=[phone], label="IB Key on her phone")
    factories.make_backup(login, carriers=[card], proved_at=AT - 81 * DAY)
    factories.make_validation(door, laptop, proved_at=AT - 102 * DAY)
    factories.make_validation(door, factories.make_asset("Desk PC"), proved_at=AT - 31 * DAY)

    found = cards(account, manager, office)["Maria at IBKR", "tws"]

    assert (found.state, found.reason) == ("open", "Maria’s ThinkPad X1 is 12 days late.")
    assert (found.name, found.short, found.holder) == ("Trader Workstation", "TWS", "Maria Santos")
    assert found.bolts == (
        Cell("ok", "Worked", at=AT - 31 * DAY),
        Cell("late", "1 of 2 known", note="ThinkPad X1 12 days late"),
        Cell("ok", "IB Key on her phone"),
        Cell("ok", "Security card 61", note="Tested", at=AT - 81 * DAY),
    )
    assert [(proof.whose, proof.proof, proof.days, proof.left) for proof in found.proofs] == [
        ("Desk PC", "proven", 31, 59),
        ("Maria’s ThinkPad X1", "overdue", 102, -12),
    ]


@pytest.mark.parametrize(
    ("proof", "cell"),
    [
        ({"proved_at": AT - 30 * DAY}, Cell("ok", "1 of 1 known")),
        ({"proved_at": AT - 80 * DAY}, Cell("due", "1 of 1 known", "ThinkPad X1 10 days left")),
        ({"proved_at": AT - 91 * DAY}, Cell("late", "0 of 1 known", "ThinkPad X1 1 day late")),
        ({"outcome": "failed", "proved_at": AT}, Cell("late", "0 of 1 known", "ThinkPad X1 failed")),
        ({"outcome": "expected"}, Cell("unknown", "0 of 1 known", "ThinkPad X1 never proven")),
        ({"outcome": "unknown"}, Cell("unknown", "0 of 1 known", "ThinkPad X1 unknown")),
        (None, Cell("unknown", "None on file")),
    ],
)
def test_the_bolt_of_the_known_device(account, manager, office, door, laptop, proof, cell):
    if proof is not None:
        factories.make_validation(door, laptop, **proof)

    assert cards(account, manager, office)["Maria at IBKR", "tws"].device == cell


def test_a_device_that_is_gone_is_said_to_be_gone(account, manager, office, login, door, laptop, phone):
    factories.make_authenticator(login, carriers=[phone])
    factories.make_validation(door, laptop)
    laptop.lost_at = AT
    laptop.save()

    found = cards(account, manager, office)["Maria at IBKR", "tws"]

    assert (found.state, found.reason) == ("bolted", "Maria’s ThinkPad X1 proved it, and is gone.")
    assert found.device == Cell("unknown", "0 of 1 known", "ThinkPad X1 is gone")


def test_the_bolt_of_the_second_factor_says_where_it_went(account, manager, office, login, phone):
    assert cards(account, manager, office)["Maria at IBKR", "tws"].factor == Cell("unknown", "None on file")

    factories.make_authenticator(login, carriers=[phone])
    factories.make_authenticator(login, "flex-token")
    phone.lost_at = AT
    phone.save()
    found = cards(account, manager, office)["Maria at IBKR", "tws"]

    assert (found.state, found.reason) == ("shut", "IB Key is on a lost phone.")
    assert found.factor == Cell("late", "IB Key", note="Is on a lost phone")


@pytest.mark.parametrize(
    ("facts", "cell"),
    [
        (None, Cell("late", "None", note="Nothing stands in")),
        ({}, Cell("due", "Security card 61", note="Never tested")),
        ({"proved_at": AT - 200 * DAY}, Cell("due", "Security card 61", note="Tested too long ago")),
        ({"proved_at": AT - 170 * DAY}, Cell("due", "Security card 61", note="Tested", at=AT - 170 * DAY)),
        ({"proved_at": AT - 10 * DAY}, Cell("ok", "Security card 61", note="Tested", at=AT - 10 * DAY)),
    ],
)
def test_the_bolt_of_the_spare(account, manager, office, login, phone, card, facts, cell):
    factories.make_authenticator(login, carriers=[phone])
    if facts is not None:
        factories.make_backup(login, carriers=[card], **facts)

    assert cards(account, manager, office)["Maria at IBKR", "tws"].spare == cell


def test_bolts_that_a_door_does_not_have_are_none(account, manager, office, login):
    for interface in ("phone-desk", "flex"):
        factories.make_door(login, interface)

    found = cards(account, manager, office)

    assert [cell.state for cell in found["Maria at IBKR", "phone-desk"].bolts] == ["none"] * 4
    assert [cell.state for cell in found["Maria at IBKR", "flex"].bolts] == ["none", "none", "unknown", "late"]
    assert found["Maria at IBKR", "phone-desk"].state == "open"


def test_a_plate_shows_the_login_that_needs_most(account, manager, office, login, door, laptop, phone):
    factories.make_authenticator(login, carriers=[phone])
    factories.make_validation(door, laptop)
    alone = queries.plates(queries.doors_of_account(account, manager, at=AT, office=office))
    daniel = factories.make_member("Daniel Reyes")
    theirs = factories.make_login(daniel, label="Daniel at IBKR", doors=["tws", "flex"])
    factories.make_grant(theirs, account)
    Door.objects.filter(login=theirs, interface="flex").update(used=False)

    together = queries.plates(queries.doors_of_account(account, manager, at=AT, office=office))

    assert [(plate.interface, plate.state, plate.reason) for plate in alone] == [
        ("tws", "open", "One computer known."),
        ("client-portal", "unknown", "Nobody has proven this door yet."),
    ]
    assert [(plate.interface, plate.state, plate.reason) for plate in together] == [
        ("tws", "unknown", "Daniel: No authenticator on file opens it."),
        ("client-portal", "unknown", "Maria: Nobody has proven this door yet."),
    ]


def test_the_matrix_has_a_row_for_each_device_and_a_column_for_each_door_that_knows_one(
    account, manager, office, login, door, laptop
):
    portal = login.doors.get(interface="client-portal")
    factories.make_door(login, "ibkr-mobile")
    desk = factories.make_asset("Desk PC")
    factories.make_validation(door, laptop, proved_at=AT - 40 * DAY)
    factories.make_validation(door, desk, proved_at=AT - 85 * DAY)
    factories.make_validation(portal, desk, outcome="expected")
    second = factories.make_login(login.holder, label="Second", doors=["tws"])
    factories.make_grant(second, account)
    factories.make_validation(second.doors.get(), desk, proved_at=AT - 95 * DAY)

    matrix = queries.validated_devices(queries.doors_of_account(account, manager, at=AT, office=office))

    assert matrix.columns == (("tws", "Trader Workstation"), ("client-portal", "Client Portal / Advisor Portal"))
    shown = [
        (device.device, [cell and (cell.proof.value, cell.days, cell.left, cell.bar) for cell in cells])
        for device, cells in matrix.rows
    ]
    assert shown == [
        ("Desk PC", [("overdue", 95, -5, "late"), ("never", None, None, "unknown")]),
        ("ThinkPad X1", [("proven", 40, 50, "ok"), None]),
    ]


def test_a_trader_reads_no_name_of_another_s_thing(account, trader, office, login, door):
    daniel = factories.make_member("Daniel Reyes")
    pixel = factories.make_asset("Pixel 8", kind="phone", holder=daniel)
    factories.make_authenticator(login, carriers=[pixel])
    factories.make_validation(door, pixel, proved_at=AT - 100 * DAY)

    found = cards(account, trader, office)["Maria at IBKR", "tws"]

    assert (found.reason, found.proofs[0].is_shown) == ("Phone of another person is 10 days late.", False)
    assert "Pixel" not in repr(found)
    assert "Daniel" not in repr(found)


def test_five_queries_however_many_doors(account, manager, office, login, door, laptop, phone):
    def asked() -> int:
        with CaptureQueriesContext(connection) as found:
            queries.doors_of_account(account, manager, at=AT, office=office)
        return len(found)

    before = asked()
    for number in range(3):
        other = factories.make_login(login.holder, label=f"Login {number}", doors=["tws", "flex"])
        factories.make_grant(other, account)
        factories.make_authenticator(other, carriers=[phone])
        factories.make_backup(other, carriers=[phone], kind="second-factor")
        factories.make_validation(other.doors.first(), laptop)

    assert (before, asked()) == (5, 5)
