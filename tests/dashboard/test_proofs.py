"""Going through all one’s own things: ticks that make a person look, one press, exceptions that lead on."""

from __future__ import annotations

from datetime import timedelta
from itertools import cycle

import pytest
import time_machine
from django.db import connection
from django.test.utils import CaptureQueriesContext

from core import clock
from core.trail.enums import Verb
from core.trail.models import Event
from dashboard import actions
from dashboard.queries.proofs import SECTIONS, sections
from devices.actions import end_validation, retire_asset
from devices.models import Validation
from tests import factories
from tests.devices.pages import errors, said
from tests.factories import AT
from tests.identity.test_gate import race

pytestmark = pytest.mark.django_db
DAY = timedelta(days=1)


@pytest.fixture(autouse=True)
def _on_that_monday():
    with time_machine.travel(AT, tick=False):
        yield


@pytest.fixture
def things(login, door, laptop, trader):
    """What Maria has to keep proven: a door on her laptop, push on her phone, and a sheet of codes in the safe."""
    phone = factories.make_asset("Maria’s phone", kind="phone", holder=trader)
    tried = factories.make_validation(door, laptop, proved_at=AT - 85 * DAY)
    push = factories.make_authenticator(login, label="Push", carriers=[phone])
    codes = factories.make_backup(login, kind="printed-codes", label="Sheet in the safe", codes_left=10)
    return tried, push, codes


def answers(found, **changed: object) -> dict:
    """What a browser sends from the page when everything is looked at and still right."""
    data: dict = {"how": "used"}
    for section in found:
        data[f"look-{section.key}"] = [str(number) for number in range(len(section.looks))]
        for item in section.items:
            data[item.name] = "right"
            if item.counts_codes:
                data[f"codes-{item.id}"] = "9"
    return data | changed


def page(person) -> str:
    return f"/people/{person.pk}/proofs/"


def found_for(person, reader, office):
    return sections(person, reader, at=AT, office=office)


def test_it_lists_everything_of_a_person_by_sort_with_what_to_look_at(trader, things, office):
    tried, push, codes = things

    found = found_for(trader, trader, office)

    assert [(one.key, [item.name for item in one.items]) for one in found] == [
        ("computer", [f"validation-{tried.pk}"]),
        ("app", [f"authenticator-{push.pk}"]),
        ("codes", [f"backup-{codes.pk}"]),
    ]
    assert {len(looks) for _, looks in SECTIONS.values()} <= {3, 4, 5}


def test_what_is_gone_ended_or_of_somebody_else_is_not_asked_about(trader, things, login, door, office, manager):
    daniel = factories.make_member("Daniel Reyes")
    other = factories.make_login(daniel, label="Daniel at IBKR", doors=["tws"])
    factories.make_validation(other.doors.get(), factories.make_asset("His PC", holder=daniel))
    factories.make_authenticator(other)
    factories.make_validation(door, factories.make_asset("Old PC", holder=trader, retired_at=AT))
    factories.make_backup(login, label="Used up", ended_at=AT)

    names = {item.title for section in found_for(trader, manager, office) for item in section.items}

    assert names == {"TWS from ThinkPad X1", "Push", "Sheet in the safe"}


def test_whoever_keeps_a_program_s_backup_is_asked_about_it(manager, trader, things, office):
    robot = factories.make_login(None, label="Rebalancer", kind="automation")
    factories.make_backup(robot, label="Card of the program", custodian=manager)

    titles = [item.title for section in found_for(manager, manager, office) for item in section.items]

    assert titles == ["Card of the program"]


def test_one_press_confirms_all_of_it(trader, things, browse, office):
    tried, push, codes = things

    answer = browse(trader).post(page(trader), answers(found_for(trader, trader, office)))

    assert answer.url == f"/people/{trader.pk}/"
    assert said(answer) == ["3 confirmed."]
    standing = Validation.objects.standing().get()
    assert (standing.outcome, standing.proved_at, standing.proved_by, standing.how) == ("proven", AT, trader, "used")
    for row in (tried, push, codes):
        row.refresh_from_db()
    assert (tried.ended_at, push.proved_at, codes.proved_at, codes.codes_left) == (AT, AT, AT, 9)
    verbs = list(Event.objects.filter(actor_id=trader.pk).order_by("pk").values_list("verb", flat=True))
    assert verbs[-3:] == [Verb.VALIDATION_CONFIRMED, Verb.AUTHENTICATOR_CONFIRMED, Verb.BACKUP_TESTED]


def test_a_second_press_adds_nothing(trader, things, browse, office):
    data, client = answers(found_for(trader, trader, office)), browse(trader)
    client.post(page(trader), data)
    rows, events = Validation.objects.count(), Event.objects.count()
    again = answers(found_for(trader, trader, office))

    with time_machine.travel(AT + timedelta(seconds=5), tick=False):
        answer = client.post(page(trader), again)

    assert (Validation.objects.count(), Event.objects.count()) == (rows, events)
    assert said(answer)[-1].startswith("Nothing was confirmed")


def test_who_has_not_looked_confirms_nothing_of_that_sort(trader, things, browse, office):
    data = answers(found_for(trader, trader, office), **{"look-computer": ["0", "1"], f"codes-{things[2].pk}": ""})

    answer = browse(trader).post(page(trader), data)

    assert errors(answer) == {
        "look-computer": ["Look at each of these and tick it, or answer “Not now” below."],
        f"codes-{things[2].pk}": ["Say how many are left."],
    }
    assert Validation.objects.standing().get() == things[0]


def test_one_tick_sent_three_times_is_one(trader, things, browse, office):
    data = answers(found_for(trader, trader, office), **{"look-computer": ["0", "0", "0"]})

    assert set(errors(browse(trader).post(page(trader), data))) == {"look-computer"}


def test_what_is_not_asked_about_now_needs_no_tick(trader, things, browse, office):
    tried, _push, codes = things
    later = {f"validation-{tried.pk}": "later", "look-computer": [], f"backup-{codes.pk}": "later", "look-codes": []}

    answer = browse(trader).post(page(trader), answers(found_for(trader, trader, office), **later))

    assert said(answer) == ["1 confirmed."]
    assert Validation.objects.standing().get() == tried


def test_what_is_not_right_is_not_confirmed_and_leads_on(trader, things, browse, office, door, laptop):
    tried, push, _ = things
    data = answers(found_for(trader, trader, office), **{f"validation-{tried.pk}": "wrong", "look-computer": []})
    client = browse(trader)

    answer = client.post(page(trader), data)
    text = client.get(answer.url).content.decode()

    assert answer.url == f"{page(trader)}?not=validation-{tried.pk}"
    assert Validation.objects.standing().get() == tried
    assert "Not right: what happened?" in text
    assert f'href="/validations/new/?door={door.pk}&amp;device={laptop.pk}"' in text
    push.refresh_from_db()
    assert push.proved_at == AT


def test_what_nobody_has_seen_work_is_not_right_by_itself(trader, things, browse, office, door):
    never = factories.make_validation(door, factories.make_asset("New PC", holder=trader), outcome="expected")

    form = browse(trader).get(page(trader)).context["form"]

    assert form[f"validation-{never.pk}"].value() == "later"
    assert form[f"validation-{things[0].pk}"].value() == "right"


def test_what_was_ended_meanwhile_is_told_and_the_rest_is_confirmed(trader, manager, things, office, laptop):
    right = [
        (item, 9 if item.counts_codes else None) for one in found_for(trader, trader, office) for item in one.items
    ]
    end_validation(things[0], by=manager, at=AT)
    retire_asset(laptop, by=manager, at=AT)

    done = actions.confirm_things(right, tried_by=trader, how="used", by=trader, at=AT)

    assert done.confirmed == 2
    assert [words.partition(":")[0] for words in done.refused] == ["TWS from ThinkPad X1"]


def test_what_came_to_the_page_later_is_asked_about(trader, things, browse, office, door):
    data = answers(found_for(trader, trader, office))
    new = factories.make_validation(door, factories.make_asset("New PC", holder=trader))

    answer = browse(trader).post(page(trader), data)

    assert errors(answer) == {f"validation-{new.pk}": ["This came to the page after you had opened it. Say how it is."]}


def test_a_manager_confirms_for_somebody_and_names_who_tried(trader, manager, things, browse, office):
    data = answers(found_for(trader, manager, office), tried_by=str(trader.pk), how="drill")

    answer = browse(manager).post(page(trader), data)

    assert said(answer) == ["3 confirmed."]
    standing = Validation.objects.standing().get()
    event = Event.objects.get(verb=Verb.VALIDATION_CONFIRMED)
    assert (standing.proved_by, standing.how) == (trader, "drill")
    assert (event.actor_id, event.facts["proved_by"]) == (manager.pk, trader.pk)


def test_a_trader_names_nobody_and_reaches_nobody_else_s_page(trader, things, browse, office):
    daniel = factories.make_member("Daniel Reyes")
    client = browse(trader)

    assert client.get(page(daniel)).status_code == 404
    assert client.post(page(daniel), {"how": "used"}).status_code == 404
    client.post(page(trader), answers(found_for(trader, trader, office), tried_by=str(daniel.pk)))

    assert Validation.objects.standing().get().proved_by == trader


def test_an_auditor_confirms_nothing(auditor, trader, browse):
    assert browse(auditor).get(page(trader)).status_code == 403


def test_a_page_without_anything_says_what_would_be_there(manager, browse):
    text = browse(manager).get(page(manager)).content.decode()

    assert "Nothing to look at" in text
    assert "Confirm what is right" not in text


def test_it_asks_as_often_for_many_things_as_for_one(trader, things, door, browse):
    client = browse(trader)
    client.get(page(trader))
    with CaptureQueriesContext(connection) as few:
        client.get(page(trader))
    for number in range(5):
        factories.make_validation(door, factories.make_asset(f"PC {number}", holder=trader))

    with CaptureQueriesContext(connection) as many:
        client.get(page(trader))

    assert len(many) == len(few)


@pytest.mark.django_db(transaction=True)
def test_two_people_going_through_the_same_things_in_two_orders_both_end(trader, manager, things, office):
    right = [
        (item, 9 if item.counts_codes else None) for one in found_for(trader, manager, office) for item in one.items
    ]
    at, orders = clock.now(), cycle((right, right[::-1]))

    ended = race(lambda: actions.confirm_things(next(orders), tried_by=trader, how="used", by=manager, at=at), 8)

    assert [type(one).__name__ for one in ended] == ["Confirmed"] * 8
    assert Validation.objects.standing().count() == 1
