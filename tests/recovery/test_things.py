"""What a thing means for doors: what it helps open, what stands in for it, what its loss would do."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from recovery import queries
from recovery.queries import Cell
from tests import factories
from tests.factories import AT

pytestmark = pytest.mark.django_db
DAY = timedelta(days=1)


def summary(asset, member, office) -> queries.Summary:
    return queries.summaries([asset], member, at=AT, office=office)[asset.pk]


def page(asset, member, office) -> queries.ThingPage:
    return queries.thing_page(asset, member, at=AT, office=office)


def test_a_thing_helps_open_the_doors_that_know_it_and_those_that_take_what_it_carries(
    manager, office, trader, login, door, laptop, phone
):
    factories.make_authenticator(login, carriers=[phone])
    factories.make_door(login, "flex")
    factories.make_validation(door, laptop)
    second = factories.make_login(trader, label="Second", doors=["tws"])
    factories.make_validation(second.doors.get(), laptop)

    assert summary(laptop, manager, office).opens == "2 doors, two logins"
    assert summary(phone, manager, office).opens == "2 doors, Maria at IBKR"
    assert summary(factories.make_asset("Unused"), manager, office).opens == ""


def test_a_phone_helps_open_what_the_sim_in_it_does(manager, office, trader, login, phone):
    sim = factories.make_asset("SIM", kind="sim", holder=trader, carried_by=phone)
    factories.make_authenticator(login, "sms", carriers=[sim])

    assert [summary(one, manager, office).doors for one in (phone, sim)] == [2, 2]
    assert [key.name for key in page(phone, manager, office).keys] == ["Text-message code"]


def test_the_proof_that_needs_somebody_most_is_the_one_in_the_list(manager, office, login, door, laptop):
    portal = login.doors.get(interface="client-portal")
    factories.make_validation(door, laptop, proved_at=AT - 100 * DAY)
    assert summary(laptop, manager, office).proof.left == -10

    factories.make_validation(portal, laptop, outcome="failed", proved_at=AT)
    assert summary(laptop, manager, office).proof.proof == "failed"


@pytest.mark.parametrize(
    ("other", "cell"),
    [
        (None, Cell("late", "None")),
        ({"proved_at": AT - 10 * DAY}, Cell("ok", "Desk PC")),
        ({"proved_at": AT - 85 * DAY}, Cell("ok", "Desk PC")),
        ({"proved_at": AT - 95 * DAY}, Cell("late", "None")),
        ({"outcome": "expected"}, Cell("late", "None")),
    ],
)
def test_another_device_stands_in_while_its_own_proof_holds(manager, office, door, laptop, other, cell):
    factories.make_validation(door, laptop)
    if other is not None:
        factories.make_validation(door, factories.make_asset("Desk PC"), **other)

    assert summary(laptop, manager, office).spare == cell


def test_doors_without_a_stand_in_are_counted(manager, office, login, door, laptop):
    desk = factories.make_asset("Desk PC")
    factories.make_validation(door, laptop)
    factories.make_validation(door, desk)
    factories.make_validation(login.doors.get(interface="client-portal"), laptop)

    assert summary(laptop, manager, office).spare == Cell("late", "None for 1 of 2")


@pytest.mark.parametrize(
    ("facts", "cell"),
    [
        (None, Cell("late", "None")),
        ({"proved_at": AT - DAY}, Cell("ok", "Security card 61")),
        ({}, Cell("due", "Security card 61", note="Never tested")),
    ],
)
def test_a_backup_stands_in_for_what_carries_the_authenticator(manager, office, login, phone, card, facts, cell):
    factories.make_authenticator(login, carriers=[phone])
    if facts is not None:
        factories.make_backup(login, carriers=[card], **facts)

    assert summary(phone, manager, office).spare == cell


def test_a_spare_says_so_and_what_is_gone_or_opens_nothing_has_none(manager, office, door):
    spare = factories.make_asset("Spare", is_spare=True)
    lost = factories.make_asset("Lost", lost_at=AT)
    factories.make_validation(door, lost)
    safe = factories.make_asset("Safe", kind="place")

    assert summary(spare, manager, office).spare == Cell("unknown", "Is a spare")
    assert [summary(one, manager, office).spare for one in (lost, safe)] == [Cell("none", ""), Cell("none", "")]


def test_a_loss_says_what_shuts_and_what_needs_action(manager, office, login, door, laptop, phone):
    factories.make_authenticator(login, carriers=[phone])
    factories.make_validation(door, laptop)
    other = factories.make_login(login.holder, label="Other", doors=["tws-read-only"])
    factories.make_validation(other.doors.get(), phone)

    if_lost = page(phone, manager, office).if_lost

    changes = [(one.before.login, one.before.state, one.after.state, one.after.reason) for one in if_lost.changes]
    assert changes == [
        ("Maria at IBKR", "open", "shut", "IB Key is on a lost phone."),
        ("Maria at IBKR", "unknown", "shut", "IB Key is on a lost phone."),
        ("Other", "open", "bolted", "Maria’s iPhone 15 proved it, and is gone."),
    ]
    assert if_lost.words == "One door needs action first, and two doors shut."
    assert page(laptop, manager, office).if_lost.words == "One door needs action first."


def test_a_loss_that_shuts_nothing_says_so(manager, office, login, door, laptop, phone):
    factories.make_authenticator(login)
    factories.make_validation(door, laptop)
    assert page(phone, manager, office).if_lost.words == "Nothing shuts. No door in use rests on it."

    factories.make_validation(door, factories.make_asset("Desk PC"))
    assert page(laptop, manager, office).if_lost.words == "Nothing shuts. Every door it helps open has another way."

    factories.make_validation(login.doors.get(interface="client-portal"), laptop, outcome="failed", proved_at=AT)
    assert page(laptop, manager, office).if_lost.words == "Nothing shuts. Its doors stand as they do now."


def test_a_foretold_loss_is_what_then_happens(manager, office, login, door, laptop, phone):
    factories.make_authenticator(login, carriers=[phone])
    factories.make_validation(door, laptop)
    foretold = {card.id: card.state for card in page(phone, manager, office).if_lost.after}

    phone.lost_at = AT
    phone.save()

    now = {card.id: card.state for card in queries.door_picture(manager, at=AT, office=office).doors}
    assert foretold == now


def test_a_page_lists_what_is_carried_and_kept(manager, office, login, phone, card):
    safe = factories.make_asset("Office safe", kind="place")
    key = factories.make_authenticator(login, carriers=[phone])
    there = factories.make_backup(login, place=safe, kind="printed-codes", label="Envelope")
    on_it = factories.make_backup(login, carriers=[card])
    factories.make_backup(login, carriers=[card], ended_at=AT)

    assert [one.id for one in page(phone, manager, office).keys] == [key.pk]
    assert [one.id for one in page(safe, manager, office).spares] == [there.pk]
    assert [one.id for one in page(card, manager, office).spares] == [on_it.pk]


def test_a_trader_s_page_of_a_shared_thing_shows_own_doors_only(manager, trader, office, door):
    desk = factories.make_asset("Desk PC")
    factories.make_validation(door, desk)
    daniel = factories.make_login(factories.make_member("Daniel"), label="Daniel at IBKR", doors=["tws"])
    factories.make_validation(daniel.doors.get(), desk)
    factories.make_authenticator(daniel, "totp", carriers=[desk])

    assert {one.card.login for one in page(desk, manager, office).doors} == {"Maria at IBKR", "Daniel at IBKR"}
    assert {one.card.login for one in page(desk, trader, office).doors} == {"Maria at IBKR"}
    assert page(desk, trader, office).keys == ()
    assert summary(desk, trader, office).doors == 1


def test_failures_are_the_doors_at_which_it_was_tried_in_vain(manager, office, login, door, laptop):
    factories.make_validation(door, laptop)
    factories.make_validation(login.doors.get(interface="client-portal"), laptop, outcome="failed", proved_at=AT)

    (failed,) = page(laptop, manager, office).failed

    assert failed.card.interface == "client-portal"
    assert [rule.slug for rule in failed.lockouts] == ["ten-bad-logins", "competing-session", "clock-drift"]


def test_a_fixed_number_of_queries(manager, office, login, door, laptop, phone):
    def asked(read) -> int:
        with CaptureQueriesContext(connection) as found:
            read()
        return len(found)

    def both() -> tuple[int, int]:
        return (
            asked(lambda: page(laptop, manager, office)),
            asked(lambda: queries.summaries([laptop, phone], manager, at=AT, office=office)),
        )

    factories.make_authenticator(login, carriers=[phone])
    factories.make_backup(login, carriers=[laptop], kind="second-factor")
    factories.make_validation(door, laptop)
    before = both()
    for number in range(3):
        other = factories.make_login(login.holder, label=f"Login {number}", doors=["tws"])
        factories.make_authenticator(other, carriers=[phone])
        factories.make_backup(other, carriers=[laptop], kind="second-factor")
        factories.make_validation(other.doors.get(), laptop)

    assert both() == before
