"""A notice from the day it arrives to the day it is closed: who is asked, who answers, who is told."""

from __future__ import annotations

import threading
from datetime import date, timedelta

import pytest
from django.db import connections, transaction
from django.db.utils import IntegrityError

from core.errors import Refused
from core.letters import delivery
from core.letters.models import Letter
from core.trail.models import Event
from notices import actions
from notices.models import Acknowledgement, Notice
from tests.factories import make_answer, make_login, make_member, make_notice, make_office

TEXT = "From 1 December the portal asks for a second factor at every sign-in."
FACTS = {
    "broker": "ibkr",
    "title": "A second factor at every sign-in",
    "text": TEXT,
    "answer_by": date(2026, 11, 27),
    "effective_on": date(2026, 12, 1),
}


@pytest.fixture
def notice(manager, login, at):
    """A notice that concerns Maria, put on file by Tom."""
    return actions.add_notice(**FACTS, by=manager, at=at)


@pytest.fixture
def answer(notice, trader):
    return notice.answers.get(member=trader)


def verbs() -> list[tuple[str, int | None]]:
    return list(Event.objects.order_by("pk").values_list("verb", "actor_id"))


# On file


def test_everybody_who_holds_an_open_login_at_the_broker_is_asked_once(manager, trader, at):
    elsewhere, ended, left, hans, ada = (
        make_member("Priya Nair"),
        make_member("Otto Kern"),
        make_member("Gone Girl", left_at=at),
        make_member("Hans Meier", signs_in=False),
        make_member("Ada Voss", role="auditor"),
    )
    make_login(trader, label="one")
    make_login(trader, label="two")
    make_login(elsewhere, label="three", broker="saxo")
    make_login(ended, label="four", ended_at=at)
    for n, person in enumerate((left, hans, ada)):
        make_login(person, label=f"five {n}")

    notice = actions.add_notice(**FACTS, by=manager, at=at)

    assert {answer.member for answer in notice.answers.all()} == {trader, hans, ada}
    assert list(Letter.objects.values_list("recipient", "kind")) == [(trader.pk, "notice")]
    assert verbs() == [("notice.added", manager.pk)]
    assert Event.objects.get().detail == {"broker": "ibkr", "answer_by": "2026-11-27", "asked": 3}


def test_the_letter_names_title_and_day_and_not_the_text(notice, trader):
    letter = Letter.objects.get()

    assert letter.subject == "Answer by Fri 27 Nov: A second factor at every sign-in"
    for part in (letter.text, letter.html):
        assert "Interactive Brokers changes something at a login of yours" in part
        assert "Friday 27 November 2026" in part
        assert "Tuesday 1 December 2026" in part
        assert f"http://localhost:8000/notices/{notice.pk}/" in part
        assert TEXT not in part


def test_the_same_text_is_one_notice_whatever_its_spaces_and_the_first_is_named(notice, manager, at):
    again = FACTS | {"text": f"  {TEXT.upper()}\r\n\r\n ", "title": "Portal"}

    with pytest.raises(Refused, match="on file already, as “A second factor at every sign-in”"):
        actions.add_notice(**again, by=manager, at=at)
    assert Notice.objects.count() == 1

    actions.add_notice(**again | {"broker": "saxo"}, by=manager, at=at)
    assert Notice.objects.count() == 2


def test_a_day_that_is_over_is_refused(manager, at):
    with pytest.raises(Refused, match="That day to answer by is over"):
        actions.add_notice(**FACTS | {"answer_by": date(2026, 11, 22)}, by=manager, at=at)

    assert not Notice.objects.exists()
    assert actions.add_notice(**FACTS | {"answer_by": date(2026, 11, 23)}, by=manager, at=at).pk


# Answers


def test_confirming_stops_what_has_not_left(sink, answer, trader, at):
    actions.acknowledge(answer, by=trader, at=at)

    assert delivery.deliver_waiting(at=at) == {"not_needed": 1}
    answer.refresh_from_db()
    assert (answer.state, answer.answered_at, answer.answered_by) == ("confirmed", at, None)
    assert verbs()[-1] == ("notice.acknowledged", trader.pk)


def test_a_changed_day_is_in_the_letter_when_it_leaves(sink, notice, manager, at):
    actions.change_notice(notice, by=manager, at=at, answer_by=date(2026, 11, 30))

    delivery.deliver_waiting(at=at)

    assert sink.kept[0].mail["Subject"] == "Answer by Mon 30 Nov: A second factor at every sign-in"


def test_seen_is_said_once_and_leaves_the_answer_open(answer, trader, at):
    actions.mark_seen(answer, by=trader, at=at)
    actions.mark_seen(answer, by=trader, at=at + timedelta(hours=1))

    answer.refresh_from_db()
    assert (answer.state, answer.seen_at, answer.is_waiting) == ("seen", at, True)


def test_declining_needs_a_reason_and_tells_whoever_put_the_notice_on_file(answer, trader, manager, owner, at):
    with pytest.raises(Refused, match="Say why"):
        actions.decline(answer, reason="  ", by=trader, at=at)

    actions.decline(answer, reason="My phone is too old.", by=trader, at=at)

    letter = Letter.objects.latest("pk")
    assert (letter.recipient, letter.subject) == (manager, "Maria Santos declined: A second factor at every sign-in")
    assert "My phone is too old." in letter.text
    answer.refresh_from_db()
    assert (answer.state, answer.reason) == ("declined", "My phone is too old.")
    assert verbs()[-1] == ("notice.declined", trader.pk)


def test_a_refusal_reaches_the_managers_when_its_owner_is_away(sink, owner, answer, trader, manager, at):
    manager.left_at = at
    manager.save()

    actions.decline(answer, reason="My phone is too old.", by=trader, at=at)

    assert Letter.objects.latest("pk").recipient == owner
    assert delivery.deliver_waiting(at=at) == {"accepted": 1, "not_needed": 1}


def test_who_declined_may_come_round_and_who_confirmed_has_confirmed(answer, trader, at):
    actions.decline(answer, reason="My phone is too old.", by=trader, at=at)
    actions.acknowledge(answer, by=trader, at=at + timedelta(days=1))

    answer.refresh_from_db()
    assert (answer.state, answer.reason) == ("confirmed", "")
    with pytest.raises(Refused, match="confirmed already"):
        actions.decline(answer, reason="No.", by=trader, at=at)
    with pytest.raises(Refused, match="confirmed already"):
        actions.acknowledge(answer, by=trader, at=at)


@pytest.mark.parametrize("deed", ["acknowledge", "mark_seen", "decline"])
def test_nobody_answers_for_somebody_who_can_answer_here(answer, owner, manager, auditor, at, deed):
    facts = {"reason": "No."} if deed == "decline" else {}
    for other in (owner, manager, auditor, make_member("Priya Nair")):
        with pytest.raises(Refused, match="Maria Santos answers this themselves"):
            getattr(actions, deed)(answer, by=other, at=at, **facts)

    answer.refresh_from_db()
    assert answer.state == "sent"


def test_a_manager_writes_down_what_somebody_without_sign_in_said(manager, at):
    hans = make_member("Hans Meier", signs_in=False)
    make_login(hans)
    notice = actions.add_notice(**FACTS, by=manager, at=at)
    answer = notice.answers.get()

    with pytest.raises(Refused):
        actions.acknowledge(answer, by=make_member("Priya Nair"), at=at)
    actions.acknowledge(answer, by=manager, at=at)

    answer.refresh_from_db()
    assert (answer.state, answer.answered_by) == ("confirmed", manager)


def test_an_auditor_confirms_nothing_even_their_own(manager, auditor, at):
    answer = make_answer(make_notice(manager), auditor)

    with pytest.raises(Refused):
        actions.acknowledge(answer, by=auditor, at=at)


# Closing and changing


def test_closing_calls_back_letters_and_ends_all_answering(notice, answer, manager, trader, at):
    actions.close_notice(notice, by=manager, at=at)

    assert Letter.objects.get().state == "cancelled"
    assert verbs()[-1] == ("notice.closed", manager.pk)
    assert Event.objects.latest("pk").detail == {"unanswered": 1}
    for deed in (
        lambda: actions.acknowledge(answer, by=trader, at=at),
        lambda: actions.change_notice(notice, by=manager, at=at, title="X"),
        lambda: actions.close_notice(notice, by=manager, at=at),
    ):
        with pytest.raises(Refused, match="is closed"):
            deed()


def test_a_change_is_in_the_trail_and_no_change_is_not(notice, manager, at):
    actions.change_notice(notice, by=manager, at=at, title=notice.title)
    assert verbs() == [("notice.added", manager.pk)]

    actions.change_notice(notice, by=manager, at=at, title="Portal", answer_by=date(2026, 11, 28))

    assert Event.objects.latest("pk").detail == {
        "changes": {
            "title": ["A second factor at every sign-in", "Portal"],
            "answer_by": ["2026-11-27", "2026-11-28"],
        }
    }


def test_a_title_may_be_mended_after_the_day_but_no_new_day_lies_in_the_past(notice, manager, at):
    later = at + timedelta(days=20)

    assert actions.change_notice(notice, by=manager, at=later, title="Portal").title == "Portal"
    with pytest.raises(Refused, match="is over"):
        actions.change_notice(notice, by=manager, at=later, answer_by=date(2026, 11, 28))


# At once


@pytest.mark.django_db(transaction=True)
def test_of_twenty_presses_at_once_one_confirms(at):
    make_office()
    trader, manager = make_member("Maria Santos"), make_member("Tom Okafor", role="manager")
    answer = make_answer(make_notice(manager), trader)
    start, results = threading.Barrier(20), []

    def press() -> None:
        try:
            start.wait(timeout=20)
            actions.acknowledge(answer, by=trader, at=at)
            results.append("confirmed")
        except Refused:
            results.append("refused")
        finally:
            connections.close_all()

    threads = [threading.Thread(target=press) for _ in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert sorted(results) == ["confirmed"] + ["refused"] * 19
    assert verbs() == [("notice.acknowledged", trader.pk)]


@pytest.mark.django_db(transaction=True)
def test_of_two_managers_with_the_same_text_one_puts_it_on_file(at):
    make_office()
    manager = make_member("Tom Okafor", role="manager")
    make_login(make_member("Maria Santos"))
    start, results = threading.Barrier(4), []

    def add() -> None:
        try:
            start.wait(timeout=20)
            actions.add_notice(**FACTS, by=manager, at=at)
            results.append("added")
        except Refused:
            results.append("refused")
        finally:
            connections.close_all()

    threads = [threading.Thread(target=add) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert sorted(results) == ["added", "refused", "refused", "refused"]
    assert (Notice.objects.count(), Acknowledgement.objects.count(), Letter.objects.count()) == (1, 1, 1)


# Constraints


@pytest.mark.parametrize(
    ("facts", "name"),
    [
        ({"state": "declined", "answered_at": "2026-11-23T09:00Z"}, "declining_has_a_reason"),
        ({"state": "confirmed"}, "an_answer_is_dated"),
        ({"answered_at": "2026-11-23T09:00Z"}, "an_answer_is_dated"),
    ],
)
def test_the_database_refuses_an_answer_that_contradicts_itself(manager, trader, facts, name):
    answer = make_answer(make_notice(manager), trader)

    with pytest.raises(IntegrityError, match=name), transaction.atomic():
        Acknowledgement.objects.filter(pk=answer.pk).update(**facts)


def test_a_person_answers_a_notice_once(manager, trader):
    answer = make_answer(make_notice(manager), trader)

    with pytest.raises(IntegrityError, match="one_answer_per_person_and_notice"), transaction.atomic():
        make_answer(answer.notice, trader)
