"""Recording what came of trying a door from a device, and stopping to ask for it."""

from __future__ import annotations

from datetime import timedelta

import pytest
import time_machine

from core.trail.models import Event
from devices.models import Validation
from tests import factories
from tests.devices.pages import errors, queries, said, typed, words
from tests.factories import AT

pytestmark = pytest.mark.django_db
DAY, NEW = timedelta(days=1), "/validations/new/"


@pytest.fixture(autouse=True)
def _on_that_monday():
    with time_machine.travel(AT, tick=False):
        yield


@pytest.fixture
def tom(manager, browse):
    return browse(manager)


@pytest.fixture
def maria(trader, browse):
    return browse(trader)


def named(door=None, device=None) -> str:
    parts = [f"door={door.pk}" if door else "", f"device={device.pk}" if device else ""]
    return f"{NEW}?{'&'.join(filter(None, parts))}"


def offered(form, name: str) -> list[str]:
    return [label for _, group in form.fields[name].choices if isinstance(group, list | tuple) for _, label in group]


def test_a_trader_records_that_it_worked_just_now(maria, trader, door, laptop):
    answer = maria.post(named(door, laptop), typed(maria, named(door, laptop)))

    found = Validation.objects.get()
    assert (answer.status_code, answer.url) == (302, f"/devices/{laptop.pk}/")
    assert said(answer) == ["Trader Workstation from ThinkPad X1 is proven."]
    assert (found.door, found.device, found.outcome, found.how) == (door, laptop, "proven", "used")
    assert (found.proved_at, found.proved_by) == (AT, trader)


@pytest.mark.parametrize(
    ("outcome", "verb", "says"),
    [
        ("failed", "validation.failed", "is recorded as failed. Before you try again, read when the broker locks"),
        ("unknown", "validation.confirmed", "is not known to work"),
        ("expected", "validation.expected", "It counts as never proven until somebody has tried"),
    ],
)
def test_whatever_came_of_it_is_written_down(maria, door, laptop, outcome, verb, says):
    answer = maria.post(
        named(door, laptop), typed(maria, named(door, laptop), outcome=outcome, note="Saw a blank page")
    )

    assert says in said(answer)[0]
    assert Event.objects.get().verb == verb
    assert (Validation.objects.get().outcome, Validation.objects.get().note) == (outcome, "Saw a blank page")


def test_the_moment_is_read_on_the_clock_of_the_person_who_types_it(browse, trader, door, laptop):
    trader.timezone = "Asia/Tokyo"
    trader.save()
    client = browse(trader)
    form = client.get(named(door, laptop)).context["form"]
    assert form["proved_at"].value() == "2026-11-23T18:00"

    client.post(named(door, laptop), typed(client, named(door, laptop), proved_at="2026-11-23T07:30"))

    assert Validation.objects.get().proved_at == AT - timedelta(hours=10, minutes=30)


@pytest.mark.parametrize(
    ("proved_at", "says"),
    [
        ("2026-11-23T09:01", "That lies in the future"),
        ("", "Fill this in."),
        ("23.11.2026", "Write year, month, day and hour"),
        ("2026-02-30T09:00", "Write year, month, day and hour"),
    ],
)
def test_a_moment_that_cannot_be_is_refused_on_the_form(maria, door, laptop, proved_at, says):
    posted = typed(maria, named(door, laptop), proved_at=proved_at, note="Keep this")
    answer = maria.post(named(door, laptop), posted)

    assert any(says in line for lines in errors(answer).values() for line in lines)
    assert answer.context["form"]["note"].value() == "Keep this"
    assert Validation.objects.count() == 0


def test_the_form_offers_what_one_person_can_reach(tom, trader, door, laptop, phone):
    daniel = factories.make_member("Daniel Reyes")
    factories.make_login(daniel, label="Daniel at IBKR", doors=["tws"])
    factories.make_login(None, label="Order router", doors=["ib-gateway"])
    factories.make_asset("MacBook", holder=daniel)
    factories.make_asset("Desk PC")
    factories.make_asset("Lost PC", holder=trader, lost_at=AT)
    factories.make_asset("Card", kind="card", holder=trader)

    from_laptop = tom.get(named(device=laptop)).context["form"]
    at_door = tom.get(named(door=door)).context["form"]

    assert offered(from_laptop, "door") == [
        "Trader Workstation, Maria at IBKR",
        "Client Portal / Advisor Portal, Maria at IBKR",
        "IB Gateway (login), Order router",
    ]
    assert offered(at_door, "device") == ["ThinkPad X1", "iPhone 15", "Desk PC"]
    assert set(offered(at_door, "door")) == {*offered(from_laptop, "door"), "Trader Workstation, Daniel at IBKR"}


def test_the_broker_s_rules_on_lock_outs_stand_beside_the_form(tom, login, laptop):
    portal = login.doors.get(interface="client-portal")

    assert "Ten failed portal logins in a row within 24 hours" in words(tom.get(named(portal, laptop)))
    saxo = factories.make_login(login.holder, label="Saxo", broker="saxo", doors=["web"]).doors.get()
    assert "Nothing is known of when this broker locks a login." in words(tom.get(named(saxo, laptop)))
    assert "If it does not work" not in words(tom.get(NEW))


def test_a_refusal_of_the_office_s_rules_lands_on_the_form(tom, door, laptop):
    posted = typed(tom, named(door, laptop))
    door.used = False
    door.save()

    answer = tom.post(named(door, laptop), posted)

    assert "door" in errors(answer)
    assert Validation.objects.count() == 0


def test_a_newer_answer_is_not_overwritten_by_an_older_one(tom, door, laptop):
    factories.make_validation(door, laptop, proved_at=AT - DAY)

    answer = tom.post(named(door, laptop), typed(tom, named(door, laptop), proved_at="2026-11-20T09:00"))

    assert errors(answer) == {"__all__": ["There is a newer answer on file already. Nothing was changed."]}


def test_a_secret_is_not_taken_in_a_note(maria, door, laptop):
    answer = maria.post(named(door, laptop), typed(maria, named(door, laptop), note="password: Tr0ub4dor&3"))

    assert errors(answer)["note"][0].startswith("This looks like a password")
    assert Validation.objects.count() == 0


# One press


def test_one_press_proves_it_anew_and_goes_back_where_it_was_pressed(maria, trader, door, laptop):
    old = factories.make_validation(door, laptop)

    answer = maria.post(f"/validations/{old.pk}/confirm/", {"next": "/?due"})

    new = Validation.objects.standing().get()
    assert (answer.url, said(answer)) == ("/?due", ["Trader Workstation from ThinkPad X1 is proven."])
    assert (new.proved_at, new.proved_by, new.how) == (AT, trader, "used")


@pytest.mark.parametrize("elsewhere", ["https://evil.example/", "//evil.example", "", "/\\evil.example"])
def test_one_press_leads_nowhere_else(maria, door, laptop, elsewhere):
    old = factories.make_validation(door, laptop)

    assert maria.post(f"/validations/{old.pk}/confirm/", {"next": elsewhere}).url in ("/", f"/devices/{laptop.pk}/")


def test_a_second_press_adds_nothing_and_says_so(maria, door, laptop):
    old = factories.make_validation(door, laptop)
    maria.post(f"/validations/{old.pk}/confirm/")
    with time_machine.travel(AT + timedelta(seconds=20), tick=False):
        answer = maria.post(f"/validations/{old.pk}/confirm/")

    assert said(answer)[-1] == "Trader Workstation from ThinkPad X1 was recorded a moment ago. Nothing was added."
    assert Validation.objects.count() == 2
    assert Event.objects.count() == 1


def test_one_press_on_a_stale_list_proves_the_pair_that_was_meant(maria, door, laptop):
    old = factories.make_validation(door, laptop, ended_at=AT - DAY, proved_at=AT - 90 * DAY)
    factories.make_validation(door, laptop, proved_at=AT - DAY)

    maria.post(f"/validations/{old.pk}/confirm/")

    assert Validation.objects.standing().get().proved_at == AT


def test_one_press_on_a_lost_device_is_refused_in_words(maria, door, laptop):
    old = factories.make_validation(door, laptop)
    laptop.lost_at = AT
    laptop.save()

    answer = maria.post(f"/validations/{old.pk}/confirm/")

    assert said(answer) == ["ThinkPad X1 is lost. What is tried on it no longer counts."]
    assert Validation.objects.standing().get() == old


def test_looking_changes_nothing(tom, door, laptop):
    old = factories.make_validation(door, laptop)

    assert tom.get(f"/validations/{old.pk}/confirm/").status_code == 405
    assert tom.get(f"/validations/{old.pk}/end/").status_code == 200
    assert list(Validation.objects.standing()) == [old]


# Ending


def test_a_manager_stops_asking_for_a_validation(tom, door, laptop):
    standing = factories.make_validation(door, laptop)

    assert "will no longer be reminded of it" in words(tom.get(f"/validations/{standing.pk}/end/"))
    answer = tom.post(f"/validations/{standing.pk}/end/")
    again = tom.post(f"/validations/{standing.pk}/end/")

    assert answer.url == f"/devices/{laptop.pk}/"
    assert said(again)[-1] == "That validation was ended or replaced already. Reload to see the current one."
    assert not Validation.objects.standing().exists()
    assert Event.objects.count() == 1


# Who may


def test_a_trader_answers_for_own_logins_and_devices_only(browse, maria, trader, login, door, laptop):
    daniel = factories.make_member("Daniel Reyes")
    theirs = factories.make_login(daniel, label="Daniel at IBKR", doors=["tws"]).doors.get()
    macbook = factories.make_asset("MacBook", holder=daniel)
    other = factories.make_validation(theirs, macbook)
    router = factories.make_login(None, label="Router", doors=["ib-gateway"]).doors.get()
    on_mine = factories.make_validation(router, laptop)

    assert maria.get(named(theirs)).status_code == 404
    assert maria.get(named(device=macbook)).status_code == 404
    assert maria.post(f"/validations/{other.pk}/confirm/").status_code == 404
    assert maria.post(f"/validations/{on_mine.pk}/confirm/").status_code == 302
    assert maria.post(f"/validations/{on_mine.pk}/end/").status_code == 403
    forged = maria.post(NEW, typed(maria, NEW, door=theirs.pk, device=macbook.pk))
    assert set(errors(forged)) == {"door", "device"}
    assert Validation.objects.filter(door=theirs).count() == 1
    assert Validation.objects.filter(proved_by=trader).count() == 1


def test_an_auditor_records_nothing(browse, auditor, door, laptop):
    client, standing = browse(auditor), factories.make_validation(door, laptop)

    statuses = [
        client.get(NEW).status_code,
        client.post(named(door, laptop), {}).status_code,
        client.post(f"/validations/{standing.pk}/confirm/").status_code,
        client.get(f"/validations/{standing.pk}/end/").status_code,
        client.post(f"/validations/{standing.pk}/end/").status_code,
    ]

    assert statuses == [403] * 5
    assert Event.objects.count() == 0


@pytest.mark.parametrize("number", ["99999999999999999999", "-1", "x", "0"])
def test_an_address_that_names_nothing_is_no_bug(tom, number):
    assert tom.get(f"{NEW}?door={number}&device={number}").status_code in (200, 404)


# Queries


def test_the_form_asks_as_often_for_three_as_for_one(tom, trader, door, laptop):
    queries(tom, named(door, laptop))
    one = queries(tom, named(door, laptop))
    for number in range(2):
        factories.make_login(trader, label=f"Login {number}", doors=["tws", "client-portal"])
        factories.make_asset(f"PC {number}", holder=trader)

    assert queries(tom, named(door, laptop)) == one
