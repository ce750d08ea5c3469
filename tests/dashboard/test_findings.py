"""Findings: what is odd about rights and logins, with reason and next step, for whoever may see it."""

from __future__ import annotations

from datetime import timedelta

import pytest
import time_machine
from django.db import connection
from django.test.utils import CaptureQueriesContext

from core.cells import MARK
from dashboard.enums import FindingKind
from dashboard.queries.findings import found
from tests import factories
from tests.devices.pages import words
from tests.factories import AT

pytestmark = pytest.mark.django_db
DAY = timedelta(days=1)
LIST = "/findings/"


@pytest.fixture(autouse=True)
def _on_that_monday():
    with time_machine.travel(AT, tick=False):
        yield


@pytest.fixture
def vault():
    return factories.make_account("Global Macro", hint="")


@pytest.fixture
def quiet(trader, vault):
    """A login about which nothing is odd: it was proven by hand ten days ago, and its door does what it may."""
    login = factories.make_login(trader, doors=["tws"])
    factories.make_grant(login, vault, rights=("view", "trade"))
    laptop = factories.make_asset("Maria’s laptop", holder=trader)
    factories.make_validation(login.doors.get(), laptop, proved_at=AT - 10 * DAY)
    return login


def kinds(member, office, **asked) -> list[tuple[str, str]]:
    return [(str(one.kind), one.about) for one in found(member, at=AT, office=office, **asked)]


def test_nothing_is_odd_about_what_is_used_held_and_opened(manager, quiet, office):
    assert kinds(manager, office) == []


@pytest.mark.parametrize(
    ("given", "proved", "odd"),
    [(91, None, True), (90, None, False), (400, 91, True), (400, 90, False), (10, 400, False)],
)
def test_a_right_is_unused_after_ninety_days_without_a_proof(manager, quiet, office, given, proved, odd):
    quiet.grants.update(granted_on=None, created_at=AT - given * DAY)
    proof = quiet.doors.get().validations
    if proved is None:
        proof.all().delete()
    else:
        proof.update(proved_at=AT - proved * DAY, lapses_at=AT + DAY)

    assert kinds(manager, office) == [("unused", "Maria at IBKR in Global Macro")] * odd


def test_an_authenticator_that_was_seen_to_work_counts_as_use(manager, quiet, office):
    quiet.grants.update(granted_on=None, created_at=AT - 400 * DAY)
    quiet.doors.get().validations.all().delete()
    factories.make_authenticator(quiet, proved_at=AT - 5 * DAY)

    assert kinds(manager, office) == []


def test_a_day_that_the_office_wrote_down_counts_before_the_day_it_came_on_file(manager, quiet, office):
    quiet.grants.update(granted_on=(AT - 200 * DAY).date(), created_at=AT)
    quiet.doors.get().validations.all().delete()

    assert [one.why for one in found(manager, at=AT, office=office)] == [
        "The rights were given, and nobody has proven it since, 200 days ago."
    ]


def test_a_right_that_no_door_in_use_can_use_is_named(manager, quiet, office):
    quiet.grants.update(rights=["view", "withdraw", "manage-users"])

    assert [(str(one.kind), one.why) for one in found(manager, at=AT, office=office)] == [
        ("single", "Only Maria at IBKR can manage its users. With that login gone, nobody can let anybody in."),
        ("no-door", "No door in use of this login can withdraw or manage users."),
    ]


def test_a_login_proven_by_hand_and_from_a_server_is_shared(manager, quiet, office):
    server = factories.make_asset("Gateway", kind="server")
    factories.make_validation(quiet.doors.get(), server, proved_at=AT - DAY)

    assert kinds(manager, office) == [("shared", "Maria at IBKR")]


def test_what_was_only_tried_in_vain_from_a_server_shares_nothing(manager, quiet, office):
    factories.make_validation(quiet.doors.get(), factories.make_asset("Gateway", kind="server"), outcome="failed")

    assert kinds(manager, office) == []


def test_a_program_s_login_that_nobody_looks_after_is_found(manager, vault, office):
    robot = factories.make_login(None, label="Rebalancer", kind="automation", doors=["ib-gateway"])
    factories.make_grant(robot, vault, rights=("view", "trade"))
    robot.grants.update(granted_on=AT.date())

    assert kinds(manager, office) == [("no-holder", "Rebalancer")]


def test_who_sees_a_part_is_not_told_that_anybody_is_alone(manager, trader, quiet, vault, office):
    factories.make_grant(factories.make_login(manager, label="Tom at IBKR"), vault, rights=("manage-users",))
    quiet.grants.update(rights=["manage-users"])

    assert [kind for kind, _ in kinds(trader, office)] == ["no-door"]


def test_two_logins_that_manage_users_are_not_single(manager, quiet, vault, office, trader):
    for login in (quiet, factories.make_login(manager, label="Tom at IBKR", doors=["client-portal"])):
        login.grants.all().delete()
        factories.make_grant(login, vault, rights=("manage-users",))

    assert "single" not in [kind for kind, _ in kinds(manager, office)]


@pytest.mark.parametrize("ended", ["login", "grant", "account"])
def test_what_has_ended_is_odd_no_more(manager, quiet, vault, office, ended):
    quiet.grants.update(rights=["withdraw"])
    {"login": quiet, "grant": quiet.grants.get(), "account": vault}[ended].__class__.objects.update(
        **{"closed_at" if ended == "account" else "ended_at": AT}
    )

    assert kinds(manager, office) == []


def test_the_page_is_narrowed_by_its_address_and_taken_out_as_it_is_shown(manager, quiet, vault, browse):
    quiet.grants.update(rights=["withdraw"])
    robot = factories.make_login(None, label="Rebalancer", kind="automation", doors=["ib-gateway"])
    client = browse(manager)

    every, one = client.get(LIST).context["rows"], client.get(f"{LIST}?kind=no-holder").context["rows"]
    lines = client.post(f"{LIST}export/?kind=no-holder").content.removeprefix(MARK).decode().splitlines()

    assert [row.kind for row in every] == [FindingKind.NO_HOLDER, FindingKind.NO_DOOR]
    assert [row.about for row in one] == [robot.label]
    why, step = "Nobody is asked when it has to be proven or renewed.", "Say who looks after it."
    assert lines[1:] == [f"A login without a holder,Rebalancer,,{why},{step}"]


def test_a_trader_sees_what_is_odd_about_own_logins_only_and_no_links(trader, quiet, vault, browse):
    daniel = factories.make_member("Daniel Reyes")
    other = factories.make_login(daniel, label="Daniel at IBKR", doors=["tws"])
    for login in (quiet, other):
        login.grants.all().delete()
        factories.make_grant(login, vault, rights=("withdraw",))

    page = browse(trader).get(LIST)

    assert [row.about for row in page.context["rows"]] == ["Maria at IBKR in Global Macro"]
    assert "Daniel" not in page.content.decode()
    assert "/grants/" not in page.content.decode()


def test_an_office_without_anything_odd_reads_what_would_be_here(manager, quiet, browse):
    assert "Nothing is odd" in words(browse(manager).get(LIST))


def test_it_asks_as_often_for_many_findings_as_for_one(manager, quiet, vault, browse):
    quiet.grants.update(rights=["withdraw"])
    client = browse(manager)
    client.get(LIST)
    with CaptureQueriesContext(connection) as few:
        client.get(LIST)
    for number in range(3):
        login = factories.make_login(manager, label=f"Login {number}", doors=["tws"])
        factories.make_grant(login, factories.make_account(f"Vault {number}"), rights=("withdraw",))

    with CaptureQueriesContext(connection) as many:
        client.get(LIST)

    assert len(many) == len(few)
