"""From what is due to one letter a person: grouping, hours, weeks, outages, doing it in between, two schedulers."""

from __future__ import annotations

import threading
from datetime import UTC, date, datetime, timedelta

import pytest
from django.db import connection, connections
from django.test.utils import CaptureQueriesContext

from core import clock
from core.letters import delivery
from core.letters.models import Letter, Pulse
from devices.models import Validation
from notices import actions
from notices.models import Reminder
from notices.queries import letters
from tests.factories import (
    make_answer,
    make_asset,
    make_backup,
    make_door,
    make_login,
    make_member,
    make_notice,
    make_office,
    make_validation,
)

pytestmark = pytest.mark.django_db
DAY = timedelta(days=1)


def raise_due(at: datetime) -> int:
    return actions.raise_due(at=at).letters


def subjects() -> list[str]:
    return list(Letter.objects.order_by("pk").values_list("subject", flat=True))


def devices(holder, login, count: int, **facts) -> list[Validation]:
    door = login.doors.first() or make_door(login)
    facts = {"outcome": "expected"} | facts
    return [make_validation(door, make_asset(f"Device {n}", holder=holder), **facts) for n in range(1, count + 1)]


# One letter


def test_everything_new_for_one_person_is_one_letter(owner, trader, login, at):
    devices(trader, login, 3)
    make_backup(login)
    notice = make_notice(owner, answer_by=clock.local_day(at, "Europe/London"))
    make_answer(notice, trader)

    assert raise_due(at) == 1

    letter = Letter.objects.get()
    assert letter.recipient == trader
    assert letter.kind == "reminder"
    assert Reminder.objects.filter(letter=letter, member=trader, settled_at=None).count() == 5
    assert set(Reminder.objects.values_list("rule", "stage")) == {
        ("validation", "never"),
        ("backup", "never"),
        ("notice", "0"),
    }
    assert letter.subject == (
        "Confirm 3 devices, test Security card 61 and answer “A second factor at every sign-in” by today, Mon 23 Nov"
    )


def test_a_second_run_raises_nothing_again(trader, login, at):
    devices(trader, login, 3)

    assert [raise_due(at), raise_due(at), raise_due(at + timedelta(hours=5))] == [1, 0, 0]
    assert Reminder.objects.count() == 3


def test_each_person_gets_their_own(owner, trader, at):
    other = make_member("Priya Nair")
    for person in (trader, other):
        devices(person, make_login(person, label=f"{person.first_name} at IBKR", doors=["tws"]), 2)

    assert raise_due(at) == 2

    assert set(Letter.objects.values_list("recipient__name", "subject")) == {
        ("Maria Santos", "Confirm 2 devices this week"),
        ("Priya Nair", "Confirm 2 devices this week"),
    }


def test_before_the_office_is_set_up_nothing_is_raised(db, at):
    assert actions.raise_due(at=at) == actions.Raised(letters=0, settled=0, failed=0)

    make_office(set_up_at=None)
    trader = make_member("Maria Santos")
    devices(trader, make_login(trader), 1)
    assert raise_due(at) == 0


# The hour


@pytest.mark.parametrize(
    ("zone", "hour", "utc"),
    [("Europe/London", 7, 7), ("Europe/Zurich", 8, 7), ("Asia/Tokyo", 18, 9), ("America/New_York", 6, 11)],
)
def test_nobody_is_written_to_before_their_own_hour(trader, login, at, zone, hour, utc):
    trader.timezone, trader.digest_hour = zone, hour
    trader.save()
    devices(trader, login, 1)
    moment = at.replace(hour=utc, minute=0)

    assert raise_due(moment - timedelta(minutes=1)) == 0
    assert raise_due(moment) == 1


@pytest.mark.parametrize(("day", "hour"), [(date(2027, 3, 28), 2), (date(2027, 10, 31), 2), (date(2028, 2, 29), 7)])
def test_on_odd_days_too_each_local_day_has_its_one_letter(office, day, hour):
    office.timezone = "Europe/Zurich"
    office.save()
    trader = make_member("Maria Santos", timezone="Europe/Zurich", digest_hour=hour)
    door = make_door(make_login(trader))
    first = day - 2 * DAY
    for n in range(5):  # one thing runs out on each of five days around it
        last = first + n * DAY
        ends = clock.end_of_day(last, "Europe/Zurich")
        make_validation(door, make_asset(f"Device {n}", holder=trader), proved_at=ends - timedelta(hours=30), days=1)
        Validation.objects.filter(device__name=f"Device {n}").update(lapses_at=ends)
    moment, end = clock.start_of_day(first, "Europe/Zurich"), clock.start_of_day(first + 5 * DAY, "Europe/Zurich")

    sent: dict[date, int] = {}
    while moment < end:
        if raise_due(moment):
            local = clock.local_day(moment, "Europe/Zurich")
            sent[local] = sent.get(local, 0) + 1
        moment += timedelta(hours=1)

    assert sent == {first + n * DAY: 1 for n in range(5)}


def test_what_becomes_due_within_the_hour_comes_together_in_the_next_letter(trader, login, at):
    devices(trader, login, 1)
    assert raise_due(at) == 1

    for minutes, count in ((5, 2), (20, 3)):
        for number in range(count):
            device = make_asset(f"Later {minutes} {number}", holder=trader)
            make_validation(login.doors.first(), device, outcome="expected")
        assert raise_due(at + timedelta(minutes=minutes)) == 0
    assert raise_due(at + timedelta(minutes=61)) == 1

    assert subjects() == ["Confirm Device 1 at Trader Workstation this week", "Confirm 5 devices this week"]


def test_a_letter_that_was_called_back_holds_up_nothing(trader, login, at):
    (validation,) = devices(trader, login, 1)
    raise_due(at)
    confirm(validation, at)
    make_validation(login.doors.first(), make_asset("Another", holder=trader), outcome="expected")

    assert raise_due(at + timedelta(minutes=1)) == 1

    assert list(Letter.objects.order_by("pk").values_list("state", flat=True)) == ["cancelled", "queued"]


# Weeks and outages


def test_what_has_no_date_is_raised_again_each_monday(trader, login, at):
    devices(trader, login, 1)
    wednesday = at + 2 * DAY

    days = [n for n in range(30) if raise_due(wednesday + n * DAY)]

    assert [(wednesday + n * DAY).strftime("%a %d") for n in days] == ["Wed 25", "Mon 30", "Mon 07", "Mon 14", "Mon 21"]
    assert subjects()[2] == "[3rd reminder] Confirm Device 1 at Trader Workstation this week"


def test_the_things_of_a_week_come_in_one_letter_whatever_day_they_began(trader, login, at):
    for n, validation in enumerate(devices(trader, login, 4)):
        Validation.objects.filter(pk=validation.pk).update(created_at=at + n * DAY)
    moments = [at + timedelta(hours=h) for h in range(24 * 15)]

    weeks = [moment.strftime("%a %d") for moment in moments if raise_due(moment)]

    assert weeks == ["Mon 23", "Mon 30", "Mon 07"]


def test_after_nine_days_without_a_scheduler_there_is_one_letter_and_no_backlog(owner, manager, trader, login, at):
    devices(trader, login, 2, outcome="proven", proved_at=at - timedelta(days=88), days=90)
    devices(trader, login, 1)

    assert raise_due(at + 11 * DAY) == 3

    assert set(Letter.objects.values_list("recipient__name", "subject")) == {
        ("Maria Santos", "Confirm 3 devices, 9 days late"),
        ("Tom Okafor", "Ask Maria Santos about 2 things, 9 days late"),
        ("Eleanor Hartwell", "Ask Maria Santos about 2 things, 9 days late"),
    }
    assert set(Reminder.objects.values_list("stage", flat=True)) == {"+7", "never"}


def test_a_whole_ladder_is_one_letter_for_each_rung(trader, login, at):
    devices(trader, login, 1, outcome="proven", proved_at=at - timedelta(days=50), days=90)
    start = at + timedelta(days=1)

    sent = [n - 39 for n in range(60) if raise_due(start + n * DAY)]

    assert sent == [-30, -7, -1, 0, 2, 7, 16]  # weekly from the 14th day on, so on the Monday after
    assert subjects() == [
        "Confirm Device 1 at Trader Workstation by Sat 2 Jan 2027",
        "[2nd reminder] Confirm Device 1 at Trader Workstation by Sat 2 Jan 2027",
        "[3rd reminder] Confirm Device 1 at Trader Workstation by Sat 2 Jan",
        "[4th reminder] Confirm Device 1 at Trader Workstation by today, Sat 2 Jan",
        "[5th reminder] Confirm Device 1 at Trader Workstation, 2 days late",
        "[6th reminder] Confirm Device 1 at Trader Workstation, 7 days late",
        "[7th reminder] Confirm Device 1 at Trader Workstation, 16 days late",
    ]


# Doing it


def confirm(validation: Validation, at: datetime) -> None:
    """As the action leaves it: the standing row ended, its successor proven."""
    Validation.objects.filter(pk=validation.pk).update(ended_at=at)
    make_validation(validation.door, validation.device, proved_at=at, days=90)


def test_confirming_between_queue_and_sending_stops_the_letter(sink, trader, login, at):
    (validation,) = devices(trader, login, 1)
    raise_due(at)

    confirm(validation, at + timedelta(seconds=5))
    assert delivery.deliver_waiting(at=at + timedelta(seconds=10)) == {"not_needed": 1}

    assert sink.kept == []
    assert Letter.objects.get().state == "cancelled"


def test_a_letter_leaves_with_what_is_still_due_of_it(sink, trader, login, at):
    first, second, third = devices(trader, login, 3)
    raise_due(at)
    assert subjects() == ["Confirm 3 devices this week"]

    confirm(first, at + timedelta(seconds=5))
    confirm(third, at + timedelta(seconds=6))
    delivery.deliver_waiting(at=at + timedelta(seconds=10))

    text = sink.kept[0].part("plain")
    assert sink.kept[0].mail["Subject"] == "Confirm Device 2 at Trader Workstation this week"
    assert ("Device 1" in text, "Device 2" in text, "Device 3" in text) == (False, True, False)
    assert f"/validations/new/?door={second.door_id}&device={second.device_id}" in text
    assert Letter.objects.get().subject == "Confirm Device 2 at Trader Workstation this week"


def test_what_is_done_is_settled_and_its_letter_called_back_by_the_next_run(trader, login, at):
    first, second = devices(trader, login, 2)
    raise_due(at)
    confirm(first, at)

    assert actions.raise_due(at=at + timedelta(minutes=1)).settled == 1
    assert Letter.objects.get().state == "queued"

    confirm(second, at)
    assert actions.raise_due(at=at + timedelta(minutes=2)).settled == 1
    assert Letter.objects.get().state == "cancelled"
    assert not Reminder.objects.open().exists()


def test_who_leaves_or_is_told_otherwise_gets_nothing_more(sink, manager, trader, login, at):
    devices(trader, login, 1)
    raise_due(at)

    trader.left_at = at
    trader.save()
    assert delivery.deliver_waiting(at=at) == {"not_needed": 1}
    assert raise_due(at + timedelta(minutes=1)) == 1

    assert Letter.objects.latest("pk").recipient == manager
    assert Letter.objects.latest("pk").subject.startswith("Ask Maria Santos to confirm Device 1")


def test_a_thing_that_was_lost_and_found_again_is_not_told_twice_on_the_same_rung(trader, login, at):
    (validation,) = devices(trader, login, 1)
    raise_due(at)
    device = validation.device
    device.lost_at = at
    device.save()
    assert actions.raise_due(at=at + timedelta(minutes=1)).settled == 1

    device.lost_at = None
    device.save()

    assert raise_due(at + timedelta(hours=2)) == 0
    assert Reminder.objects.open().count() == 1
    assert raise_due(at + 7 * DAY) == 1


def test_a_tested_backup_that_runs_out_again_is_a_first_reminder_again(trader, login, at):
    backup = make_backup(login)
    raise_due(at)
    raise_due(at + 7 * DAY)
    backup.proved_at = at + 8 * DAY
    backup.save()
    raise_due(at + 9 * DAY)

    assert raise_due(at + 200 * DAY) == 1

    assert [subject.startswith("[") for subject in subjects()] == [False, True, False]


# What a letter says


def body(letter: Letter) -> str:
    assert letter.subject
    return letter.text


def test_five_things_are_shown_and_the_rest_is_counted(trader, login, at):
    devices(trader, login, 10)
    raise_due(at)

    letter = Letter.objects.get()
    assert letter.subject == "Confirm 10 devices this week"
    for part in (letter.text, letter.html):
        assert sum(f"Confirm Device {n} at" in part for n in range(1, 11)) == 5
        assert "and 5 more" in part
        assert part.count("http://") == 1
        assert "http://localhost:8000/" in part


def test_a_letter_says_why_what_otherwise_where_and_who_is_next(owner, manager, trader, login, at):
    devices(trader, login, 1, outcome="proven", proved_at=at - timedelta(days=83), days=90)
    raise_due(at)

    text = body(Letter.objects.get())
    assert text.startswith("POSTERN, HARTWELL FAMILY OFFICE\nMonday 23 November 2026\n\nMaria Santos,\n\n")
    assert (
        "Confirm Device 1 at Trader Workstation by Mon 30 Nov.\n\n7 days left. It is your login, or on your device."
        in text
    )
    assert "If nothing is done, it counts as late after that day, and nobody can rely on this way in." in text
    assert "If it is not done by then, we ask Tom Okafor on Wed 2 Dec and Eleanor Hartwell on Mon 7 Dec." in text
    assert "As soon as it is done, nobody is asked any more." in text


def test_who_stands_alone_is_told_when_they_are_asked_again(owner, at):
    login = make_login(owner, doors=["tws"])
    make_validation(login.doors.get(), make_asset("iMac", holder=owner), proved_at=at - timedelta(days=83), days=90)
    raise_due(at)

    assert "You are asked again on Sun 29 Nov." in Letter.objects.get().text


def test_the_most_pressing_thing_comes_first(trader, login, at):
    door = login.doors.first()
    for name, age in (("Soon", 84), ("Late", 95)):
        make_validation(door, make_asset(name), proved_at=at - timedelta(days=age), days=90)
    for name, outcome in (("Never", "expected"), ("Failed", "failed")):
        make_validation(door, make_asset(name), outcome=outcome)
    raise_due(at)

    text = body(Letter.objects.get(recipient=trader))
    order = sorted(("Soon", "Late", "Never", "Failed"), key=lambda name: text.index(f"Confirm {name} at"))
    assert order == ["Failed", "Late", "Never", "Soon"]
    assert "Failed at Trader Workstation: did not work" in text
    assert "Late at Trader Workstation: 5 days late" in text


def test_a_manager_is_told_whom_to_see_in_person_and_why(manager, at):
    hans = make_member("Hans Meier", signs_in=False)
    devices(hans, make_login(hans), 2)
    raise_due(at)

    letter = Letter.objects.get()
    assert (letter.recipient, letter.subject) == (manager, "Ask Hans Meier about 2 things this week")
    assert "1. Ask Hans Meier to confirm Device 1 at Trader Workstation: never proven" in letter.text
    assert "Tell Hans in person: no mailbox is on file." in letter.text


def test_things_of_several_people_are_counted_by_people(manager, at):
    for name in ("Hans Meier", "Greta Vogel", "Urs Frei"):
        person = make_member(name, signs_in=False)
        devices(person, make_login(person, label=name), 1)
    raise_due(at)

    assert subjects() == ["Ask 3 people about 3 things this week"]


def test_no_letter_holds_what_helps_a_thief(owner, manager, trader, at):
    login = make_login(trader, label="LABEL-mso77", hint="so77", note="NOTE-of-login", doors=["tws"])
    device = make_asset("ThinkPad X1", holder=trader, hint="9Z2K", note="NOTE-of-device", model="MODEL-X1")
    make_validation(login.doors.get(), device, proved_at=at - timedelta(days=100), days=90, note="NOTE-of-validation")
    place = make_asset("PLACE-safe", kind="place")
    make_backup(login, label="Security card", place=place, note="NOTE-of-backup", custodian=manager)
    notice = make_notice(owner, title="Portal changes", text="TEXT-U1234417", answer_by=clock.local_day(at, "UTC"))
    make_answer(notice, trader)
    raise_due(at)

    written = "".join(letter.subject + letter.text + letter.html for letter in Letter.objects.all())
    assert Letter.objects.count() == 3
    assert "ThinkPad X1" in written
    for secret in ("LABEL-", "so77", "NOTE-", "9Z2K", "MODEL-", "PLACE-", "TEXT-", "4417", "Interactive Brokers and"):
        assert secret not in written


def test_names_are_shown_as_they_are_in_the_text_and_escaped_in_the_html(trader, login, at):
    make_validation(login.doors.first(), make_asset('<b>Tom\'s</b> & "co"', holder=trader), outcome="expected")
    raise_due(at)

    letter = Letter.objects.get()
    assert 'Confirm <b>Tom\'s</b> & "co" at' in letter.text
    assert "<b>Tom" not in letter.html
    assert "&lt;b&gt;Tom&#x27;s&lt;/b&gt; &amp; &quot;co&quot;" in letter.html


def test_letters_about_one_thing_hang_together(trader, login, at):
    (validation,) = devices(trader, login, 1)
    raise_due(at)
    raise_due(at + 7 * DAY)

    assert set(Letter.objects.values_list("thread", flat=True)) == {f"validation:{validation.pk}"}


# Robustness


def test_a_letter_that_cannot_be_made_keeps_nobody_else_from_theirs(trader, login, at, monkeypatch, caplog):
    other = make_member("Priya Nair")
    devices(trader, login, 1)
    devices(other, make_login(other), 1)
    write = letters.reminder

    def broken(dues, *, to, **facts):
        if to == trader:
            raise ZeroDivisionError("a bug in a template")
        return write(dues, to=to, **facts)

    monkeypatch.setattr(letters, "reminder", broken)

    assert actions.raise_due(at=at) == actions.Raised(letters=1, settled=0, failed=1)
    assert [letter.recipient for letter in Letter.objects.all()] == [other]
    assert not Pulse.objects.filter(name="rules").exists()
    assert [r.getMessage() for r in caplog.records] == [f"reminders of member {trader.pk} could not be raised"]

    monkeypatch.undo()
    assert raise_due(at + timedelta(minutes=1)) == 1
    assert Pulse.objects.get(name="rules").at == at + timedelta(minutes=1)


def test_a_run_with_nothing_new_costs_few_queries_however_much_is_due(trader, login, at):
    devices(trader, login, 3)
    raise_due(at)

    def cost(moment):
        with CaptureQueriesContext(connection) as asked:
            raise_due(moment)
        return len(asked)

    few = cost(at + timedelta(minutes=1))
    devices_more = [make_asset(f"More {n}", holder=trader) for n in range(30)]
    for device in devices_more:
        make_validation(login.doors.first(), device, outcome="expected")
    raise_due(at + timedelta(hours=2))

    assert cost(at + timedelta(hours=2, minutes=1)) == few
    assert few < 25


@pytest.mark.django_db(transaction=True)
def test_two_schedulers_at_once_raise_each_thing_once(at):
    make_office()
    people = [make_member(f"Person {n}") for n in range(4)]
    for person in people:
        devices(person, make_login(person, label=person.name), 5)
    start, results = threading.Barrier(3), []

    def schedule() -> None:
        try:
            start.wait(timeout=10)
            results.append(actions.raise_due(at=at + timedelta(milliseconds=len(results))).letters)
        finally:
            connections.close_all()

    schedulers = [threading.Thread(target=schedule) for _ in range(3)]
    for one in schedulers:
        one.start()
    for one in schedulers:
        one.join()

    assert sum(results) == 4
    assert sorted(Letter.objects.values_list("recipient", flat=True)) == sorted(person.pk for person in people)
    assert Reminder.objects.count() == 20
    assert set(Letter.objects.values_list("subject", flat=True)) == {"Confirm 5 devices this week"}


# The demo office


@pytest.mark.parametrize(
    ("is_demo", "is_caught", "address", "state"),
    [
        (True, False, "maria@hartwell.example", "refused"),
        (True, False, "maria@EXAMPLE.com", "refused"),
        (True, False, "maria@mail.invalid", "refused"),
        (True, False, "maria@hartwell.li", "accepted"),
        (True, True, "maria@hartwell.example", "accepted"),
        (False, False, "maria@hartwell.example", "accepted"),
    ],
)
def test_letters_of_the_demo_office_to_made_up_people_never_reach_a_real_mail_server(
    sink, office, settings, at, is_demo, is_caught, address, state
):
    office.is_demo = is_demo
    office.save()
    settings.POSTERN_MAIL_IS_CAUGHT = is_caught
    trader = make_member("Maria Santos", email=address)
    devices(trader, make_login(trader), 1)
    raise_due(at)

    delivery.deliver_waiting(at=at)

    assert Letter.objects.get().state == state
    assert len(sink.kept) == (state == "accepted")


def test_the_utc_day_plays_no_part(trader, login):
    trader.timezone, trader.digest_hour = "Pacific/Kiritimati", 7
    trader.save()
    devices(trader, login, 1, outcome="proven", proved_at=datetime(2026, 9, 1, tzinfo=UTC), days=90)
    last_day = clock.local_day(Validation.objects.get().lapses_at - timedelta(seconds=1), trader.timezone)

    assert raise_due(clock.at_hour(last_day - 7 * DAY, 7, trader.timezone)) == 1
    assert "by " in subjects()[0]
