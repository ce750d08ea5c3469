"""The daily mail of somebody who is away goes to their stand-in as well; owners hear of an auditor's last day."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest

from core.letters.models import Letter
from identity.models import Away, Member
from notices import actions
from notices.models import Reminder
from tests.factories import (
    AT,
    make_asset,
    make_away,
    make_door,
    make_login,
    make_member,
    make_validation,
)

pytestmark = pytest.mark.django_db
DAY = timedelta(days=1)
HOUR = timedelta(hours=1)


@pytest.fixture
def due(trader, login, laptop, validate):
    """Maria's laptop was never proven at Trader Workstation."""
    return validate(outcome="expected")


def told() -> set[str]:
    return set(Reminder.objects.open().values_list("member__name", flat=True))


def test_who_is_away_and_their_stand_in_get_the_same_reminder(trader, owner, manager, due):
    make_away(trader, owner)

    actions.raise_due(at=AT)

    assert told() == {"Maria Santos", "Eleanor Hartwell"}
    subject = owner.letters.get().subject
    assert "Maria Santos, who is away" in subject
    assert "Maria Santos is away until Sat 28 Nov, and you stand in." in owner.letters.get().text
    assert "It is your login" in trader.letters.get().text


def test_a_second_run_tells_nobody_twice(trader, owner, due):
    make_away(trader, owner)
    for _ in range(3):
        actions.raise_due(at=AT)

    assert Letter.objects.count() == 2


@pytest.mark.parametrize(
    "facts", [{"days": (1, 5)}, {"days": (-5, -1)}, {"ended_at": AT}], ids=["not yet", "back", "called off"]
)
def test_outside_those_days_only_the_person_is_asked(trader, owner, manager, due, facts):
    make_away(trader, owner, **facts)

    actions.raise_due(at=AT)

    assert told() == {"Maria Santos"}


def test_once_the_person_is_back_the_stand_in_is_let_go(trader, owner, manager, due):
    make_away(trader, owner, days=(0, 0))
    actions.raise_due(at=AT)

    actions.raise_due(at=AT + DAY)

    assert told() == {"Maria Santos"}


@pytest.mark.parametrize("change", [{"role": "trader"}, {"left_at": AT}, {"ends_on": AT.date() - DAY}])
def test_a_stand_in_who_cannot_any_more_is_replaced_by_the_managers(trader, manager, due, change):
    stand_in = make_member("Stan Din", role="manager")
    make_away(trader, stand_in)
    Member.objects.filter(pk=stand_in.pk).update(**change)

    actions.raise_due(at=AT)

    assert told() == {"Maria Santos", "Tom Okafor"}
    assert "the stand-in cannot be asked" in manager.letters.get().text


def test_a_manager_who_is_away_is_stood_in_for_when_something_is_late(owner, trader, login, laptop, validate):
    away, stand_in = make_member("Away Manager", role="manager"), make_member("Stan Din", role="owner")
    make_away(away, stand_in)
    validate(proved_at=AT - 93 * DAY, days=90)

    actions.raise_due(at=AT)

    assert told() == {"Maria Santos", "Away Manager", "Stan Din"}


@pytest.mark.parametrize(
    ("day", "hour_before"),
    [
        (date(2027, 3, 28), datetime(2027, 3, 28, 4, 59, tzinfo=UTC)),
        (date(2027, 10, 31), datetime(2027, 10, 31, 5, 59, tzinfo=UTC)),
    ],
)
def test_when_the_clocks_change_the_stand_in_is_asked_on_that_day_at_their_hour_once(office, day, hour_before):
    zurich = {"timezone": "Europe/Zurich"}
    trader = make_member("Maria Santos", **zurich)
    stand_in = make_member("Eleanor Hartwell", role="owner", **zurich)
    Away.objects.create(member=trader, stand_in=stand_in, from_on=day, until_on=day, made_by=stand_in, made_at=AT)
    make_validation(make_door(make_login(trader)), make_asset("ThinkPad X1", holder=trader), outcome="expected")

    actions.raise_due(at=hour_before)
    before = told()
    for minutes in (1, 61, 600, 1020):
        actions.raise_due(at=hour_before + timedelta(minutes=minutes))
    during = told(), stand_in.letters.count()
    actions.raise_due(at=datetime.combine(day + DAY, datetime.min.time(), tzinfo=UTC) + 6 * HOUR)

    assert before == set()
    assert during == ({"Maria Santos", "Eleanor Hartwell"}, 1)
    assert told() == {"Maria Santos"}


# An auditor's last day


def test_owners_hear_of_an_auditors_last_day_a_week_before_and_once(owner, manager, office):
    auditor = make_member("Ada Voss", role="auditor", ends_on=AT.date() + 7 * DAY)

    for moment in (AT - DAY, AT, AT + DAY, AT + 3 * DAY, AT + 7 * DAY, AT + 9 * DAY):
        actions.raise_due(at=moment)

    letter = Letter.objects.get()
    assert (letter.recipient, letter.subject) == (owner, "Decide about Ada Voss’s access by Mon 30 Nov")
    assert letter.queued_at == AT
    assert f"/people/{auditor.pk}/edit/" in letter.text
    assert "the access ends by itself" in letter.text
    assert not Reminder.objects.open().exists()


def test_a_moved_last_day_settles_the_letter(owner, office):
    auditor = make_member("Ada Voss", role="auditor", ends_on=AT.date() + 7 * DAY)
    actions.raise_due(at=AT)
    Member.objects.filter(pk=auditor.pk).update(ends_on=AT.date() + 90 * DAY)

    actions.raise_due(at=AT + timedelta(minutes=1))

    assert Letter.objects.get().state == "cancelled"


def test_nobody_else_and_nobody_gone_makes_such_a_letter(owner, office):
    soon = AT.date() + 5 * DAY
    make_member("Tina Trader", ends_on=soon)
    make_member("Left Auditor", role="auditor", ends_on=soon, left_at=AT)
    make_member("Over Auditor", role="auditor", ends_on=AT.date() - DAY)
    make_member("Invited Auditor", role="auditor", ends_on=soon, signs_in=False)

    actions.raise_due(at=AT)

    assert not Letter.objects.exists()
