"""The reminder of the check-up: whom it asks, when, and that doing it calls it back."""

from __future__ import annotations

from datetime import timedelta

import pytest

from core.letters.enums import LetterState
from core.letters.models import Letter
from identity import actions as identity
from identity.models import Office
from notices import actions, rules
from notices.models import Reminder

pytestmark = pytest.mark.django_db


@pytest.fixture
def _quarterly(office):
    Office.objects.update(checkup_days=91)


def asked(at) -> list[tuple[str, str]]:
    return sorted((one.to.name, one.stage) for one in rules.due(at, rules.circle(at)))


@pytest.mark.usefixtures("_quarterly")
def test_it_asks_a_week_before_on_the_day_and_then_the_manager_too(trader, manager, auditor, at):
    manager.factors_checked_at = at + timedelta(days=80)
    manager.save()

    seen = {days: asked(at + timedelta(days=days)) for days in (20, 21, 28, 29, 30, 37)}

    assert seen == {
        20: [],
        21: [("Maria Santos", "7")],
        28: [("Maria Santos", "0")],
        29: [("Maria Santos", "0")],
        30: [("Maria Santos", "+2"), ("Tom Okafor", "+2")],
        37: [("Maria Santos", "weekly"), ("Tom Okafor", "weekly")],
    }


@pytest.mark.usefixtures("_quarterly")
def test_the_next_one_is_a_quarter_after_the_last(trader, at):
    trader.factors_checked_at = at
    trader.save()

    assert asked(at + timedelta(days=83)) == []
    assert asked(at + timedelta(days=91)) == [("Maria Santos", "0")]


def test_an_office_that_asks_for_none_reminds_nobody(trader, at):
    assert asked(at + timedelta(days=200)) == []


@pytest.mark.usefixtures("_quarterly")
def test_it_comes_by_letter_once_and_doing_it_calls_it_back(trader, at):
    day = at + timedelta(days=28)
    actions.raise_due(at=day)
    actions.raise_due(at=day)
    [letter] = Letter.objects.all()
    assert letter.subject.startswith("Do the sign-in check-up by today")
    assert "/me/checkup/" in letter.text
    assert Reminder.objects.get().key == f"checkup:{trader.pk}:2026-12-21:0:{trader.pk}"

    identity.finish_checkup(trader, tried=[], at=day)
    actions.raise_due(at=day + timedelta(minutes=5))

    letter.refresh_from_db()
    assert letter.state == LetterState.CANCELLED
    assert not Reminder.objects.open().exists()
