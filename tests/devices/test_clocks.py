"""Clocks: how far one is off, written down for a device, open before sign-in, offered after a second wrong code."""

from __future__ import annotations

from datetime import timedelta

import pytest
import time_machine
from django.db import IntegrityError, transaction
from hypothesis import given
from hypothesis import strategies as st

from core.errors import Refused
from core.trail.enums import Verb
from core.trail.models import Event
from devices import actions
from devices.clocks import HALF_STEP, Reading, reading_fault
from devices.models import Asset
from tests import factories
from tests.devices.pages import errors, said, words
from tests.factories import AT

CLOCK = "/clock/"
NOW_MS = round(AT.timestamp() * 1000)
MEASURED = {"offset_ms": "-21000", "margin_ms": "90"}


@pytest.fixture(autouse=True)
def _on_that_monday():
    with time_machine.travel(AT, tick=False):
        yield


# What a reading says


@pytest.mark.parametrize(
    ("offset", "margin", "state", "said"),
    [
        (0, 40, "ok", "right"),
        (-900, 40, "ok", "right"),
        (3000, 40, "ok", "3.0 seconds ahead"),
        (-9000, 100, "due", "9.0 seconds behind"),
        (15_100, 100, "due", "15 seconds ahead"),
        (15_101, 100, "late", "15 seconds ahead"),
        (-21_000, 90, "late", "21 seconds behind"),
        (0, 20_000, "unknown", "right as far as can be told"),
        (7_200_000, 90, "late", "2 hours ahead"),
        (-56 * 365 * 86_400_000, 90, "late", "56 years behind"),
    ],
)
def test_a_reading_is_told_in_words_and_by_what_it_does_to_codes(offset, margin, state, said):
    reading = Reading(offset, margin)

    assert (reading.state, reading.words) == (state, said)


@given(st.integers(-(10**12), 10**12), st.integers(0, 60_000))
def test_late_is_said_only_of_a_clock_that_is_off_by_more_than_half_a_code_for_certain(offset, margin):
    reading = Reading(offset, margin)

    assert (reading.state == "late") == (abs(offset) - margin > HALF_STEP / timedelta(milliseconds=1))
    assert reading.state == Reading(-offset, margin).state


@pytest.mark.parametrize(
    ("offset", "margin", "good"),
    [(0, 0, True), (10**13, 1, False), (-(10**13), 1, False), (0, 60_001, False), (0, -1, False), (0, 60_000, True)],
)
def test_what_no_clock_shows_is_refused(offset, margin, good):
    assert (reading_fault(offset, margin) is None) is good


# Writing it down


@pytest.mark.django_db
def test_the_last_measurement_is_kept_with_its_margin_and_told_to_the_trail(laptop, trader, office):
    actions.note_clock(laptop, Reading(-21_000, 90), by=trader, at=AT)

    laptop.refresh_from_db()
    event = Event.objects.get()
    assert (laptop.clock_offset_ms, laptop.clock_margin_ms, laptop.clock_checked_at) == (-21_000, 90, AT)
    assert (event.verb, event.about_id) == (Verb.CLOCK_CHECKED, laptop.pk)
    assert event.facts == {"offset_ms": -21_000, "margin_ms": 90}


@pytest.mark.django_db
@pytest.mark.parametrize("gone", ["lost_at", "retired_at"])
def test_a_thing_that_is_gone_is_not_measured(laptop, trader, office, gone):
    Asset.objects.filter(pk=laptop.pk).update(**{gone: AT})

    with pytest.raises(Refused, match="Measure the device that you are at"):
        actions.note_clock(laptop, Reading(0, 1), by=trader, at=AT)


@pytest.mark.django_db
def test_nobody_measures_a_card_or_another_s_device(laptop, trader, office):
    daniel = factories.make_member("Daniel Reyes")
    card = factories.make_asset("Card 61", kind="card", holder=trader)

    for asset, by in ((laptop, daniel), (card, trader)):
        with pytest.raises(Refused):
            actions.note_clock(asset, Reading(0, 1), by=by, at=AT)

    assert Event.objects.count() == 0


@pytest.mark.django_db
@pytest.mark.parametrize("left_out", ["clock_offset_ms", "clock_margin_ms", "clock_checked_at"])
def test_the_table_refuses_half_a_measurement(laptop, left_out):
    whole = {"clock_offset_ms": 1, "clock_margin_ms": 1, "clock_checked_at": AT}

    with pytest.raises(IntegrityError, match="a_clock_is_measured_wholly_or_not_at_all"), transaction.atomic():
        Asset.objects.filter(pk=laptop.pk).update(**whole | {left_out: None})


# The page


@pytest.mark.django_db
def test_one_press_writes_it_down_and_the_device_s_page_says_so(laptop, trader, browse):
    client = browse(trader)

    answer = client.post(CLOCK, MEASURED | {"device": str(laptop.pk)})

    assert answer.url == f"/devices/{laptop.pk}/"
    assert said(answer) == ["The clock of ThinkPad X1 is 21 seconds behind."]
    assert "21 seconds behind measured by its browser on" in words(client.get(answer.url))


@pytest.mark.django_db
def test_only_looking_writes_nothing_and_says_how_to_set_it(laptop, trader, browse):
    answer = browse(trader).post(CLOCK, MEASURED | {"device": ""})

    text = words(answer)
    assert "This clock is 21 seconds behind , give or take less than 0.1 seconds. Brokers begin" in text
    assert "Settings, Time &amp; language, Date &amp; time" in text
    assert Event.objects.filter(verb=Verb.CLOCK_CHECKED).count() == 0


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("typed", "offset"),
    [("09:00:00", 0), ("09:00:21", 21_000), ("08:59:39", -21_000), ("14:30:21", 21_000), ("9:00:21", 21_000)],
)
def test_what_is_typed_is_compared_within_a_quarter_of_an_hour_whatever_the_zone(laptop, trader, browse, typed, offset):
    browse(trader).post(CLOCK, {"shown": typed, "device": str(laptop.pk)})

    laptop.refresh_from_db()
    assert (laptop.clock_offset_ms, laptop.clock_margin_ms) == (offset, 4000)


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("sent", "field"),
    [
        ({}, "shown"),
        ({"shown": "half past nine"}, "shown"),
        ({"shown": "25:00:00"}, "shown"),
        ({"offset_ms": "x", "margin_ms": "9"}, "offset_ms"),
        ({"offset_ms": str(10**18), "margin_ms": "9"}, "__all__"),
        ({"offset_ms": "1", "margin_ms": "70000"}, "__all__"),
    ],
)
def test_what_makes_no_sense_is_said_and_writes_nothing(laptop, trader, browse, sent, field):
    answer = browse(trader).post(CLOCK, sent | {"device": str(laptop.pk)})

    assert answer.status_code == 200
    assert field in errors(answer)
    laptop.refresh_from_db()
    assert laptop.clock_checked_at is None


@pytest.mark.django_db
def test_another_s_device_is_not_offered_and_not_taken(laptop, trader, browse):
    daniel = factories.make_member("Daniel Reyes")
    own = factories.make_asset("His phone", kind="phone", holder=daniel)
    client = browse(daniel)

    answer = client.post(CLOCK, MEASURED | {"device": str(laptop.pk)})

    assert [one.pk for one in client.get(CLOCK).context["devices"]] == [own.pk]
    assert "device" in errors(answer)
    laptop.refresh_from_db()
    assert laptop.clock_checked_at is None


@pytest.mark.django_db
def test_an_auditor_looks_and_writes_nothing_down(laptop, auditor, browse):
    answer = browse(auditor).post(CLOCK, MEASURED | {"device": str(laptop.pk)})

    assert answer.context["devices"] == []
    assert "21 seconds behind" in words(answer)
    laptop.refresh_from_db()
    assert laptop.clock_checked_at is None


# Before sign-in


@pytest.mark.django_db
def test_it_is_open_and_knows_nobody(client, laptop, office):
    page, answer = client.get(CLOCK), client.post(CLOCK, MEASURED | {"device": str(laptop.pk)})

    assert page.status_code == 200
    assert "21 seconds behind" in words(answer)
    assert "ThinkPad" not in page.content.decode() + answer.content.decode()
    laptop.refresh_from_db()
    assert laptop.clock_checked_at is None


@pytest.mark.django_db
def test_the_time_is_all_that_the_server_tells(client, django_assert_num_queries):
    with django_assert_num_queries(0):
        answer = client.get("/clock/now/")

    assert answer.json() == {"now": NOW_MS}
    assert "no-store" in answer["Cache-Control"]
    assert client.post("/clock/now/").status_code == 405


@pytest.mark.django_db
def test_a_second_wrong_code_in_a_row_offers_the_check(client, trader):
    factories.make_totp(trader)
    client.post("/signin/", {"email": trader.email, "password": factories.PASSWORD})

    offered = [CLOCK in client.post("/signin/code/", {"code": "000000"}).content.decode() for _ in range(2)]

    assert offered == [False, True]
