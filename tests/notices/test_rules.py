"""Who is asked about what: each rule with its yes and its no."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from core import clock
from notices import rules
from notices.enums import Stage
from tests.factories import (
    make_answer,
    make_asset,
    make_backup,
    make_door,
    make_login,
    make_notice,
    make_validation,
)

LONDON = "Europe/London"


def due(at: datetime) -> list[rules.Due]:
    return rules.due(at, rules.circle(at))


def asked(at: datetime) -> list[tuple[str, str]]:
    """Who is asked, on which rung, in the order of names."""
    return sorted((one.to.name, one.stage) for one in due(at))


def morning(day: date) -> datetime:
    return clock.at_hour(day, 9, LONDON)


@pytest.fixture
def people(owner, manager, trader, auditor):
    return owner, manager, trader, auditor


# Validations


@pytest.mark.parametrize(("outcome", "stage"), [("expected", "never"), ("unknown", "never"), ("failed", "failed")])
def test_what_nobody_proved_is_due_at_once_for_the_holder_alone(people, validate, at, outcome, stage):
    validate(outcome=outcome)

    assert asked(at) == [("Maria Santos", stage)]
    assert asked(at + timedelta(days=200)) == [("Maria Santos", stage)]


def test_a_proof_climbs_the_ladder_from_holder_to_manager_to_owner(people, validate, at):
    validate(proved_at=at - timedelta(days=60), days=90)
    last_day = clock.local_day(at + timedelta(days=30), LONDON)
    validation = due(at)[0].context
    assert validation.last_day_in(LONDON) == last_day

    seen = {days: asked(morning(last_day + timedelta(days=days))) for days in (-31, -30, -7, -1, 0, 1, 2, 6, 7, 14, 60)}

    maria, tom, eleanor = "Maria Santos", "Tom Okafor", "Eleanor Hartwell"
    assert seen == {
        -31: [],
        -30: [(maria, "30")],
        -7: [(maria, "7")],
        -1: [(maria, "1")],
        0: [(maria, "0")],
        1: [(maria, "0")],
        2: [(maria, "+2"), (tom, "+2")],
        6: [(maria, "+2"), (tom, "+2")],
        7: [(eleanor, "+7"), (maria, "+7"), (tom, "+7")],
        14: [(eleanor, "weekly"), (maria, "weekly"), (tom, "weekly")],
        60: [(eleanor, "weekly"), (maria, "weekly"), (tom, "weekly")],
    }


@pytest.mark.parametrize(
    "change",
    [
        lambda one: type(one).objects.filter(pk=one.pk).update(ended_at=one.created_at),
        lambda one: type(one.device).objects.filter(pk=one.device_id).update(lost_at=one.created_at),
        lambda one: type(one.device).objects.filter(pk=one.device_id).update(retired_at=one.created_at),
        lambda one: type(one.door).objects.filter(pk=one.door_id).update(used=False),
        lambda one: type(one.door.login).objects.filter(pk=one.door.login_id).update(ended_at=one.created_at),
    ],
    ids=["replaced", "device lost", "device retired", "door not used", "login ended"],
)
def test_what_is_not_in_force_is_nobodys_business(people, validate, at, change):
    validation = validate(outcome="expected")
    assert asked(at) == [("Maria Santos", "never")]

    change(validation)

    assert asked(at) == []


def test_a_programs_login_is_the_device_holders_to_prove(people, trader, at):
    login = make_login(None, label="Order router", doors=["tws"])
    make_validation(login.doors.get(), make_asset("Server 1", kind="server", holder=trader), outcome="expected")

    assert asked(at) == [("Maria Santos", "never")]


def test_what_nobody_holds_goes_to_the_managers(people, at):
    login = make_login(None, label="Order router", doors=["tws"])
    make_validation(login.doors.get(), make_asset("Server 1", kind="server"), outcome="expected")

    assert asked(at) == [("Tom Okafor", "never")]


# Who can be asked


@pytest.mark.parametrize(
    "facts",
    [
        {"email": None, "joined_at": None},
        {"joined_at": None},
        {"left_at": datetime(2026, 11, 20, tzinfo=UTC)},
        {"ends_on": date(2026, 11, 22)},
        {"role": "auditor"},
    ],
    ids=["no mailbox", "no sign-in", "left", "access over", "auditor"],
)
def test_who_may_not_act_is_not_mailed_and_the_managers_are(people, trader, validate, at, facts):
    validate(outcome="expected")
    for name, value in facts.items():
        setattr(trader, name, value)
    trader.save()

    assert asked(at) == [("Tom Okafor", "never")]
    assert not due(at)[0].is_own


def test_access_that_ends_today_is_still_access(people, trader, validate, at):
    validate(outcome="expected")
    trader.ends_on = clock.local_day(at, LONDON)
    trader.save()

    assert asked(at) == [("Maria Santos", "never")]


def test_an_office_without_managers_falls_back_on_its_owners(owner, trader, validate, at):
    trader.email = trader.joined_at = None
    trader.save()
    validate(outcome="expected")
    validate(door=make_door(make_login(owner), "tws"), device=make_asset("iMac", holder=owner), outcome="expected")

    assert asked(at) == [("Eleanor Hartwell", "never")] * 2


def test_nobody_at_all_to_ask_is_no_error(trader, validate, at):
    trader.email = trader.joined_at = None
    trader.save()
    validate(outcome="expected")

    assert asked(at) == []


def test_a_manager_who_is_late_is_asked_once_on_one_rung(owner, manager, at):
    login = make_login(manager, doors=["tws"])
    make_validation(login.doors.get(), make_asset(holder=manager), proved_at=at - timedelta(days=100), days=90)

    assert asked(at) == [("Eleanor Hartwell", "+7"), ("Tom Okafor", "+7")]


# Backups


def test_a_backup_is_due_until_tested_and_again_after_the_offices_limit(people, login, at):
    backup = make_backup(login)
    assert asked(at) == [("Maria Santos", "never")]

    backup.proved_at = at
    backup.save()
    last_day = clock.local_day(at, LONDON) + timedelta(days=180)

    assert asked(morning(last_day)) == []
    assert asked(morning(last_day + timedelta(days=1))) == [("Maria Santos", "weekly")]
    assert asked(morning(last_day + timedelta(days=90))) == [("Maria Santos", "weekly")]


def test_backups_that_cannot_be_tested_or_are_over_are_not_asked_for(people, login, trader, at):
    make_backup(login, kind="rescue", label="Rescue by telephone")
    make_backup(login, label="Lost card", carriers=[make_asset("Card", kind="card", lost_at=at)])
    make_backup(login, label="Retired card", carriers=[make_asset("Card", kind="card", retired_at=at)])
    make_backup(login, label="Ended", ended_at=at)
    make_backup(make_login(trader, label="Old", ended_at=at), label="Of an ended login")
    make_backup(login, label="Card in the safe", carriers=[make_asset("Card", kind="card")])

    assert [one.context.thing for one in due(at)] == ["Card in the safe"]


# Notices


def test_an_unanswered_notice_is_asked_about_by_its_own_ladder(people, owner, trader, at):
    notice = make_notice(owner, answer_by=date(2026, 12, 31))
    make_answer(notice, trader)
    days = (-8, -7, -1, 0, 2, 8, 9, 30)

    seen = {days: asked(morning(notice.answer_by + timedelta(days=days))) for days in days}

    maria, tom = "Maria Santos", "Tom Okafor"
    assert seen == {
        -8: [],
        -7: [(maria, "7")],
        -1: [(maria, "1")],
        0: [(maria, "0")],
        2: [(maria, "+2"), (tom, "+2")],
        8: [(maria, "+2"), (tom, "+2")],
        9: [(maria, "weekly"), (tom, "weekly")],
        30: [(maria, "weekly"), (tom, "weekly")],
    }


def test_answered_and_closed_notices_are_nobodys_business(people, owner, trader, manager, at):
    answered, closed = make_notice(owner), make_notice(owner, title="Another", closed_at=at)
    make_answer(answered, trader, state="confirmed", answered_at=at)
    make_answer(answered, manager, state="declined", answered_at=at, reason="No phone")
    make_answer(closed, trader)
    late = morning(answered.answer_by + timedelta(days=30))

    assert asked(late) == []


# Keys


def test_the_key_says_what_until_when_which_rung_and_who(people, validate, trader, manager, at):
    dated = validate(proved_at=at - timedelta(days=92), days=90)
    standing = validate(device=make_asset("iPad", kind="tablet", holder=trader), outcome="expected")

    assert sorted(one.key for one in due(at)) == sorted(
        [
            f"validation:{dated.pk}:2026-11-21:+2:{trader.pk}",
            f"validation:{dated.pk}:2026-11-21:+2:{manager.pk}",
            f"validation:{standing.pk}::never@2026-W48:{trader.pk}",
        ]
    )


def test_a_moved_date_is_another_key(people, validate, at):
    validation = validate(proved_at=at - timedelta(days=88), days=90)
    before = {one.key for one in due(at)}

    validation.lapses_at += timedelta(days=1)
    validation.save()

    assert before.isdisjoint({one.key for one in due(at)})


# Size


def test_two_thousand_validations_cost_as_many_queries_as_two(people, trader, login, at):
    def queries() -> int:
        with CaptureQueriesContext(connection) as asked_for:
            due(at)
        return len(asked_for)

    doors = list(login.doors.all())
    device = make_asset("Phone", kind="phone", holder=trader)
    for door in doors:
        make_validation(door, device, outcome="expected")
    few = queries()
    model = type(doors[0].validations.first())
    devices = type(device).objects.bulk_create(
        type(device)(key=f"d{n}", kind="phone", name=f"Phone {n}", holder=trader, created_at=at) for n in range(1000)
    )
    model.objects.bulk_create(
        model(door=door, device=one, outcome="expected", created_at=at) for one in devices for door in doors
    )

    assert model.objects.count() == 2002
    assert queries() == few == 7
    assert len(due(at)) == 2002


@pytest.mark.parametrize("zone", ["Europe/Zurich", "Asia/Tokyo", "America/New_York", "Pacific/Kiritimati"])
def test_the_rung_is_reached_at_the_holders_midnight(people, trader, validate, at, zone):
    trader.timezone = zone
    trader.save()
    validation = validate(proved_at=at - timedelta(days=40), days=90)
    last_day = rules.due(at + timedelta(days=50), rules.circle(at))[0].last_day
    begins = clock.start_of_day(last_day - timedelta(days=7), zone)

    def mine(moment):
        return [one.stage for one in due(moment) if one.to == trader]

    assert mine(begins - timedelta(seconds=1)) == [Stage.D30]
    assert mine(begins) == [Stage.D7]
    assert validation.lapses_at <= clock.end_of_day(last_day, zone)
