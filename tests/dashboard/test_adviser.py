"""Which door for which job: the readiest that suits, or what is missing."""

from __future__ import annotations

from datetime import timedelta

import pytest
import time_machine
from django.db import connection
from django.test.utils import CaptureQueriesContext

from accounts.brokers import catalogue
from dashboard.queries.adviser import JOBS, advice
from tests import factories
from tests.devices.pages import words
from tests.factories import AT

pytestmark = pytest.mark.django_db
DAY = timedelta(days=1)
ALL_RIGHTS = ("view", "trade", "withdraw", "manage-users", "reports")


@pytest.fixture(autouse=True)
def _on_that_monday():
    with time_machine.travel(AT, tick=False):
        yield


@pytest.fixture
def phone(trader):
    return factories.make_asset("Maria’s phone", kind="phone", holder=trader)


@pytest.fixture
def login(trader, phone):
    """Her login with all rights, its push on her phone, and four doors."""
    doors = ["tws", "client-portal", "ibkr-mobile", "ibkr-desktop"]
    login = factories.make_login(trader, doors=doors)
    factories.make_grant(login, factories.make_account(), rights=ALL_RIGHTS)
    factories.make_authenticator(login, carriers=[phone], proved_at=AT - DAY)
    return login


def given(person, reader, office) -> dict[str, tuple[str, str]]:
    return {one.job.slug: (one.state, one.says) for one in advice(person, reader, at=AT, office=office)}


def prove(login, interface: str, device, **facts):
    return factories.make_validation(login.doors.get(interface=interface), device, **facts)


def test_every_job_is_of_a_right_and_of_kinds_of_door_that_some_broker_has():
    kinds = {door.kind for profile in catalogue().values() for door in profile.doors}
    powers = {power for profile in catalogue().values() for door in profile.doors for power in door.powers}

    assert {kind for job in JOBS for kind in job.kinds} == kinds
    assert {str(job.right) for job in JOBS} == powers


def test_the_fittest_of_the_doors_that_open_is_named(trader, login, laptop, phone, office):
    prove(login, "tws", laptop)
    prove(login, "client-portal", laptop)
    prove(login, "ibkr-mobile", phone)

    told = given(trader, trader, office)

    assert told["look"] == ("ok", "Use IBKR Mobile, with Maria at IBKR.")
    assert told["trade"][1].startswith("Use Trader Workstation")
    assert told["complex"][1].startswith("Use Trader Workstation")
    assert told["papers"] == ("ok", "Use Client Portal / Advisor Portal, with Maria at IBKR.")
    assert told["close"] == ("ok", "Use IBKR Mobile, with Maria at IBKR.")


def test_a_less_fitting_door_that_opens_comes_before_a_fitting_one_that_does_not(trader, login, laptop, office):
    prove(login, "tws", laptop, proved_at=AT - 200 * DAY)
    prove(login, "client-portal", laptop)

    told = given(trader, trader, office)

    assert told["trade"] == ("ok", "Use Client Portal / Advisor Portal, with Maria at IBKR.")
    state, says = told["complex"]
    assert state == "due"
    assert "comes nearest." in says


def test_with_the_phone_lost_the_answer_says_why_nothing_is_ready(trader, login, laptop, phone, office):
    prove(login, "tws", laptop)
    phone.lost_at = AT
    phone.save()

    state, says = given(trader, trader, office)["complex"]

    assert state == "late"
    assert "lost phone" in says


@pytest.mark.parametrize(
    ("rights", "doors", "job", "says"),
    [
        (("view",), ["tws"], "trade", "No login here has the right to trade."),
        (("view", "trade"), ["tws"], "program", "No door for it is in use"),
        (("view", "trade"), [], "look", "No login with a door in use is on file."),
    ],
)
def test_what_is_missing_is_said_in_words(trader, office, rights, doors, job, says):
    login = factories.make_login(trader, doors=doors)
    factories.make_grant(login, factories.make_account(), rights=rights)

    state, told = given(trader, trader, office)[job]

    assert state == "unknown"
    assert told.startswith(says)


def test_a_program_s_login_is_advised_for_nothing_that_a_person_does(trader, office):
    robot = factories.make_login(trader, label="Rebalancer", kind="automation", doors=["tws", "ib-gateway"])
    factories.make_grant(robot, factories.make_account(), rights=ALL_RIGHTS)

    told = {one.job.slug: [card.login for card in one.doors] for one in advice(trader, trader, at=AT, office=office)}

    assert told["trade"] == []
    assert told["program"] == ["Rebalancer"]


def test_rights_that_were_taken_away_and_logins_that_ended_count_no_more(trader, login, laptop, office):
    prove(login, "tws", laptop)
    login.grants.update(ended_at=AT)
    other = factories.make_login(trader, label="Old one", doors=["tws"], ended_at=AT)
    factories.make_grant(other, factories.make_account("Other"), rights=ALL_RIGHTS)

    assert given(trader, trader, office)["trade"] == ("unknown", "No login here has the right to trade.")


def test_a_page_for_oneself_and_for_others_by_who_sees_them(trader, manager, auditor, login, browse):
    daniel = factories.make_member("Daniel Reyes")
    page = f"/people/{trader.pk}/doors/"

    assert "What suits you as things stand" in words(browse(trader).get(page))
    assert "What suits Maria as things stand" in words(browse(manager).get(page))
    assert browse(auditor).get(page).status_code == 200
    assert browse(daniel).get(page).status_code == 404


def test_it_asks_as_often_for_many_logins_as_for_one(trader, login, browse):
    client, page = browse(trader), f"/people/{trader.pk}/doors/"
    client.get(page)
    with CaptureQueriesContext(connection) as few:
        client.get(page)
    for number in range(3):
        more = factories.make_login(trader, label=f"Login {number}", doors=["tws", "client-portal"])
        factories.make_grant(more, factories.make_account(f"Vault {number}"), rights=ALL_RIGHTS)

    with CaptureQueriesContext(connection) as many:
        client.get(page)

    assert len(many) == len(few)
