"""The owners' weekly letter: one a week, at their hour, with the head of the trail and what is late."""

from __future__ import annotations

import threading
from datetime import UTC, datetime, timedelta

import pytest
from django.db import connection, transaction

from config.celery import SCHEDULE, app
from core.letters.models import Letter
from core.trail.actions import record
from core.trail.enums import Verb
from core.trail.models import Event, Walk
from identity.models import Member
from notices import actions, rules
from notices.queries import weekly
from tests.factories import make_answer, make_member, make_notice
from tests.trail.tampering import tampering

pytestmark = pytest.mark.django_db
# The Monday's hour of an owner in London whose digest comes at seven.
MONDAY = datetime(2026, 11, 23, 7, 0, tzinfo=UTC)


LONG_AGO = MONDAY - timedelta(days=30)


def joined(name: str, at: datetime = LONG_AGO, **facts) -> Member:
    """A person who joined then."""
    member = make_member(name, digest_hour=7, **facts)
    Member.objects.get_queryset().filter(pk=member.pk).update(joined_at=at)
    return member


@pytest.fixture
def owner(office):
    return joined("Eleanor Hartwell", role="owner")


@pytest.fixture
def three_events(owner):
    with transaction.atomic():
        return [record(Verb.SIGNED_IN, by=owner, about=owner, at=MONDAY - timedelta(days=1)) for _ in range(3)]


def keys() -> list[str]:
    return list(Letter.objects.order_by("pk").values_list("key", flat=True))


def test_the_letter_comes_at_the_owner_s_hour_on_monday(owner, three_events):
    assert actions.write_weekly(at=MONDAY - timedelta(minutes=1)) == 0
    assert actions.write_weekly(at=MONDAY) == 1

    letter = Letter.objects.get()
    assert (letter.key, letter.kind, letter.recipient) == (f"weekly:{owner.pk}:2026-W48", "weekly", owner)
    assert letter.subject == "Week 48: 3 of 3 events, chain intact"


def test_it_comes_once_a_week_and_again_the_next(owner, three_events):
    for hours in (0, 1, 30, 24 * 6 + 16):
        actions.write_weekly(at=MONDAY + timedelta(hours=hours))
    actions.write_weekly(at=MONDAY + timedelta(days=7))

    assert keys() == [f"weekly:{owner.pk}:2026-W48", f"weekly:{owner.pk}:2026-W49"]


def test_after_an_outage_it_comes_late_and_once(owner, three_events):
    actions.write_weekly(at=MONDAY + timedelta(days=9))

    assert keys() == [f"weekly:{owner.pk}:2026-W49"]


def test_the_week_is_that_of_the_owner_s_own_calendar(office):
    far = joined("Kiri Te", role="owner", timezone="Pacific/Auckland")
    at_seven = datetime(2026, 11, 22, 18, 0, tzinfo=UTC)  # Monday, 07:00 in Auckland

    assert actions.write_weekly(at=at_seven - timedelta(minutes=1)) == 0
    assert actions.write_weekly(at=at_seven) == 1

    assert keys() == [f"weekly:{far.pk}:2026-W48"]


def test_only_owners_who_can_read_it_are_written_to(owner, office):
    joined("Tom Okafor", role="manager")
    joined("Ada Voss", role="auditor")
    joined("Gone Away", role="owner", left_at=LONG_AGO)
    joined("Just Joined", at=MONDAY, role="owner")
    second = joined("Olga Owner", role="owner")

    actions.write_weekly(at=MONDAY)

    assert set(Letter.objects.values_list("recipient", flat=True)) == {owner.pk, second.pk}


def test_both_parts_hold_head_verdict_and_what_is_late(owner, three_events, office):
    notice = make_notice(owner, answer_by=(MONDAY - timedelta(days=2)).date())
    make_answer(notice, owner)

    actions.write_weekly(at=MONDAY)

    letter, head = Letter.objects.get(), Event.objects.latest("pk").digest
    for part in (letter.text, letter.html):
        assert "3 of 3 events, chain intact" in part
        assert weekly.groups(head)[0] in part
        assert weekly.groups(head)[1] in part
        assert "1 broker notice is late." in part
    assert "".join("".join(weekly.groups(head)).split()) == head
    assert "http://localhost:8000/trail/check/" in letter.text


@pytest.mark.parametrize(
    ("past", "unproven", "words"),
    [
        ({}, 4, "4 were never proven or failed."),
        ({}, 0, "Nothing is late."),
        ({"validation": 1}, 0, "1 validation is late."),
        ({"validation": 3, "backup": 1}, 0, "1 backup and 3 validations are late."),
        ({"backup": 3, "notice": 2}, 1, "3 backups and 2 broker notices are late; 1 was never proven or failed."),
    ],
)  # fmt: skip
def test_what_is_late_is_one_line(past, unproven, words):
    from collections import Counter

    assert weekly.Late(Counter(past), unproven).in_words == words


def test_what_is_not_past_its_day_is_not_late(owner, office):
    make_answer(make_notice(owner, answer_by=MONDAY.date()), owner)

    assert weekly.late(MONDAY, rules.circle(MONDAY)).in_words == "Nothing is late."


def test_a_broken_chain_is_the_letter_s_subject(owner, three_events):
    with tampering() as cursor:
        cursor.execute("UPDATE trail_event SET actor_id = 0 WHERE id = %s", [three_events[1].pk])

    actions.write_weekly(at=MONDAY)

    letter = Letter.objects.get()
    assert letter.subject == "The trail was changed"
    for part in (letter.text, letter.html):
        assert f"the chain breaks at event {three_events[1].pk}, after 1 good one: what it says was changed" in part
        assert weekly.groups(three_events[0].digest)[0] in part


@pytest.mark.django_db(transaction=True)
def test_two_schedulers_at_once_write_one_letter(owner, three_events):
    def write() -> None:
        actions.write_weekly(at=MONDAY)
        connection.close()

    threads = [threading.Thread(target=write) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert keys() == [f"weekly:{owner.pk}:2026-W48"]


def test_before_set_up_nothing_is_written(db):
    assert (actions.write_weekly(at=MONDAY), actions.watch_trail(at=MONDAY)) == (0, None)


# The daily walk


def test_the_trail_is_walked_once_a_day(owner, three_events):
    assert actions.watch_trail(at=MONDAY) is True
    assert actions.watch_trail(at=MONDAY + timedelta(hours=19)) is None
    assert actions.watch_trail(at=MONDAY + timedelta(hours=21)) is True

    assert list(Walk.objects.values_list("events", "broken_at")) == [(3, None), (3, None)]
    assert keys() == []


def test_a_break_is_told_to_the_owners_at_once_and_once(owner, three_events):
    with tampering() as cursor:
        cursor.execute("UPDATE trail_event SET actor_id = 0 WHERE id = %s", [three_events[1].pk])

    for hours in (0, 21, 42):
        assert actions.watch_trail(at=MONDAY + timedelta(hours=hours)) is False

    letter = Letter.objects.get()
    assert (letter.kind, letter.subject, letter.recipient) == ("security", "The trail was changed", owner)


def test_both_stand_in_the_schedule():
    app.loader.import_default_modules()
    named = {entry["task"] for entry in SCHEDULE.values()}

    assert named >= {"notices.write_weekly", "notices.watch_trail"}
    assert named <= set(app.tasks)
