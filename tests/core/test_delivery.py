"""Handing letters to a real SMTP server that takes them, refuses, hangs, breaks off, or is not there."""

from __future__ import annotations

import logging
import threading
import time
from datetime import timedelta

import pytest
from django.db import OperationalError, connections

from core.letters import actions, delivery, kinds, rules, tasks
from core.letters.enums import LetterKind, LetterState
from core.letters.kinds import Content
from core.letters.models import Attempt, Letter, Pulse
from tests.factories import make_member
from tests.mail import Fate, Sink, free_port, make_certificate, running_sink, talk_to

pytestmark = pytest.mark.django_db


def queue(to, number: int, at, *, kind: str = LetterKind.SELF_TEST, **facts) -> Letter:
    said = Content(subject=f"Letter {number}", text=f"Text {number}.\n", html=f"<p>HTML {number}</p>")
    letter = actions.enqueue(key=f"k:{number}", kind=kind, to=to, content=said, at=at, **facts)
    assert letter is not None
    return letter


def states() -> dict[str, str]:
    return dict(Letter.objects.order_by("pk").values_list("key", "state"))


def replies() -> list[tuple[str, str]]:
    return list(Attempt.objects.order_by("pk").values_list("outcome", "reply"))


def only(key: int, fate: Fate):
    """A script under which one letter fares so and the others well."""
    return lambda number, recipient: fate if number == key else Fate()


@pytest.fixture
def kind_registry(monkeypatch):
    """The registry of kinds, as it was again after the test."""
    for name in ("_refreshers", "_finishers", "_stops"):
        monkeypatch.setattr(kinds, name, type(getattr(kinds, name))(getattr(kinds, name)))


# What goes out


def test_a_letter_goes_out_with_text_html_and_the_headers_it_promises(sink, trader, at, settings):
    queue(trader, 1, at, kind=LetterKind.SECURITY, thread="item:1")

    assert delivery.deliver_waiting(at=at) == {"accepted": 1}

    mail = sink.kept[0].mail
    assert (mail["Subject"], mail["To"], mail["From"]) == ("Letter 1", trader.email, settings.DEFAULT_FROM_EMAIL)
    assert (sink.kept[0].part("plain").strip(), sink.kept[0].part("html").strip()) == ("Text 1.", "<p>HTML 1</p>")
    assert (mail["Auto-Submitted"], mail["X-Postern-Key"]) == ("auto-generated", "k:1")
    assert mail["Message-ID"] == delivery.message_id("k:1")
    assert mail["References"] == delivery.message_id("thread:item:1")
    assert mail["Date"] is not None
    assert mail["List-Unsubscribe"] is None
    letter = Letter.objects.get()
    assert (letter.state, letter.settled_at, letter.tries) == ("accepted", at, 1)


def test_only_reminders_name_the_page_where_they_are_set(sink, trader, at, kind_registry):
    kinds.register("reminder", refresh=lambda letter, moment: Content("S", "T\n", "<p>H</p>"))
    queue(trader, 1, at, kind=LetterKind.REMINDER)

    delivery.deliver_waiting(at=at)

    assert sink.kept[0].mail["List-Unsubscribe"] == "<http://localhost:8000/me/>"
    assert sink.kept[0].mail["List-Unsubscribe-Post"] is None


def test_a_batch_shares_one_connection_and_leaves_in_order(sink, trader, at):
    for number in range(5):
        queue(trader, number, at)

    delivery.deliver_waiting(at=at, limit=3)

    assert sink.keys == ["k:0", "k:1", "k:2"]
    assert sink.connections == 1
    assert list(states().values()) == ["accepted"] * 3 + ["queued"] * 2


def test_a_relay_that_takes_few_letters_a_connection_gets_them_over_several(sink, trader, at):
    sink.per_connection = 2
    for number in range(5):
        queue(trader, number, at)

    assert delivery.deliver_waiting(at=at) == {"accepted": 5}

    assert sink.keys == [f"k:{n}" for n in range(5)]
    assert sink.connections == 3


def test_what_a_finisher_adds_is_sent_and_not_kept(sink, trader, at, kind_registry):
    kinds.register("self_test", finish=lambda letter, said: Content(said.subject, said.text + "secret\n", said.html))
    queue(trader, 1, at)

    delivery.deliver_waiting(at=at)

    assert "secret" in sink.kept[0].part("plain")
    assert "secret" not in Letter.objects.get().text


def test_what_nobody_needs_any_more_does_not_leave(sink, trader, at, kind_registry):
    kinds.register("self_test", refresh=lambda letter, moment: None)
    queue(trader, 1, at)

    assert delivery.deliver_waiting(at=at) == {"not_needed": 1}

    assert (sink.connections, states()) == (0, {"k:1": "cancelled"})


def test_a_letter_that_must_not_leave_is_refused_without_asking_the_mail_server(sink, trader, at, kind_registry):
    kinds.register_stop(lambda letter: "A made-up address." if letter.key == "k:1" else "")
    queue(trader, 1, at)
    queue(trader, 2, at)

    delivery.deliver_waiting(at=at)

    assert states() == {"k:1": "refused", "k:2": "accepted"}
    assert replies()[0] == ("refused", "A made-up address.")
    assert sink.seen == 1


# What the relay says no to


def test_an_unknown_recipient_is_final_and_the_others_still_get_theirs(sink, trader, at):
    for number in range(3):
        queue(trader, number, at)
    sink.script = only(1, Fate(at_recipient="550 No such user here"))

    assert delivery.deliver_waiting(at=at) == {"accepted": 2, "refused": 1}

    assert states() == {"k:0": "accepted", "k:1": "refused", "k:2": "accepted"}
    assert replies()[1] == ("refused", "550 No such user here")
    assert sink.connections == 1


@pytest.mark.parametrize("fate", [Fate(at_recipient="451 Try later"), Fate(at_data="452 Mailbox full")])
def test_a_letter_that_is_put_off_rests_and_the_others_go_on(sink, trader, at, fate):
    for number in range(3):
        queue(trader, number, at)
    sink.script = only(1, fate)

    assert delivery.deliver_waiting(at=at) == {"accepted": 2, "deferred": 1}

    letter = Letter.objects.get(key="k:1")
    assert (letter.state, letter.deferrals) == ("queued", 1)
    assert timedelta(seconds=8) <= letter.not_before - at <= timedelta(seconds=12)
    assert delivery.deliver_waiting(at=at + timedelta(seconds=7)) == {}
    assert delivery.deliver_waiting(at=at + timedelta(seconds=13)) == {"accepted": 1}


def test_content_that_is_refused_is_final(sink, trader, at):
    queue(trader, 1, at)
    sink.script = only(0, Fate(at_data="554 Looks like spam"))

    assert delivery.deliver_waiting(at=at) == {"refused": 1}

    assert states() == {"k:1": "refused"}


@pytest.mark.parametrize("code", ["530 Authentication required", "535 Bad credentials", "538 Encryption required"])
def test_trouble_with_our_own_sign_in_is_tried_again_and_stops_the_batch(sink, trader, at, code):
    for number in range(3):
        queue(trader, number, at)
    sink.script = lambda number, recipient: Fate(at_recipient=code)

    assert delivery.deliver_waiting(at=at) == {"away": 1}

    assert set(states().values()) == {"queued"}
    assert sink.seen == 1
    assert replies() == [("away", code)]


# A relay that is not itself


def test_a_relay_that_is_not_there_is_asked_once_a_batch_and_every_minute(settings, sink, trader, at):
    settings.EMAIL_PORT = free_port()
    for number in range(3):
        queue(trader, number, at)

    assert delivery.deliver_waiting(at=at) == {"away": 1}

    assert list(Letter.objects.order_by("pk").values_list("tries", "deferrals")) == [(1, 0), (0, 0), (0, 0)]
    wait = Letter.objects.order_by("pk").first().not_before - at
    assert timedelta(seconds=48) <= wait <= timedelta(seconds=72)
    settings.EMAIL_PORT = sink.port
    assert delivery.deliver_waiting(at=at + timedelta(seconds=73)) == {"accepted": 3}


@pytest.mark.parametrize("greeting", ["554 No service here", "421 Closing"])
def test_a_relay_that_sends_everybody_away_refuses_no_letter(sink, trader, at, greeting):
    sink.greeting = greeting
    queue(trader, 1, at)

    assert delivery.deliver_waiting(at=at) == {"away": 1}

    assert states() == {"k:1": "queued"}
    assert replies()[0][1].startswith(greeting[:3])


def test_a_relay_that_hangs_holds_a_worker_for_the_timeout_alone(settings, sink, trader, at):
    settings.EMAIL_TIMEOUT = 1
    sink.hang_at_greeting = True
    for number in range(3):
        queue(trader, number, at)
    begun = time.monotonic()

    assert delivery.deliver_waiting(at=at) == {"away": 1}

    assert time.monotonic() - begun < 4
    assert set(states().values()) == {"queued"}


def test_no_answer_to_the_whole_letter_is_not_taken_for_a_no(settings, sink, trader, at, monkeypatch):
    settings.EMAIL_TIMEOUT = 1
    monkeypatch.setattr(rules, "PATIENCE", (1, 1, 1))
    queue(trader, 1, at)
    sink.script = only(0, Fate(lose=True))

    assert delivery.deliver_waiting(at=at) == {"unanswered": 1}
    assert delivery.deliver_waiting(at=at + timedelta(seconds=40)) == {"accepted": 1}

    assert [one.message_id for one in sink.kept] == [delivery.message_id("k:1")] * 2
    assert [outcome for outcome, _ in replies()] == ["unanswered", "accepted"]


def test_a_slow_relay_is_given_longer_the_second_time(settings, sink, trader, at, monkeypatch):
    settings.EMAIL_TIMEOUT = 1
    monkeypatch.setattr(rules, "PATIENCE", (1, 4, 4))
    queue(trader, 1, at)
    sink.script = lambda number, recipient: Fate(wait=2)

    assert delivery.deliver_waiting(at=at) == {"unanswered": 1}
    assert delivery.deliver_waiting(at=at + timedelta(seconds=40)) == {"accepted": 1}


def test_a_line_that_breaks_after_the_letter_leaves_it_open_and_the_next_goes_on(sink, trader, at):
    for number in range(3):
        queue(trader, number, at)
    sink.script = only(1, Fate(drop=True))

    assert delivery.deliver_waiting(at=at) == {"accepted": 2, "unanswered": 1}

    assert states() == {"k:0": "accepted", "k:1": "queued", "k:2": "accepted"}
    assert sink.connections == 2


def test_a_connection_that_died_between_two_letters_is_opened_anew(sink, trader, at):
    for number in range(2):
        queue(trader, number, at)
    relay = delivery.Relay()
    first, second = actions.claim(at=at)

    assert delivery._deliver(first, relay, at).outcome == "accepted"
    relay.talk.sock.shutdown(2)
    assert delivery._deliver(second, relay, at).outcome == "accepted"
    relay.close()

    assert sink.connections == 2


# TLS and a password

PASSWORD = "mail server's own"


@pytest.fixture(scope="module")
def certificate(tmp_path_factory):
    return make_certificate(tmp_path_factory.mktemp("tls"))


@pytest.mark.parametrize(("tls", "password"), [("starttls", PASSWORD), ("ssl", "")])
def test_a_letter_goes_over_tls_with_a_password(settings, trader, at, certificate, monkeypatch, tls, password):
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
    queue(trader, 1, at)
    with running_sink(Sink(tls=tls, password=password), certificate) as secret:
        talk_to(secret, settings, password=password)

        assert delivery.deliver_waiting(at=at) == {"accepted": 1}

    assert secret.keys == ["k:1"]


def test_a_wrong_password_is_our_trouble_and_loses_nothing(settings, trader, at, certificate, monkeypatch):
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
    queue(trader, 1, at)
    with running_sink(Sink(tls="starttls", password=PASSWORD), certificate) as secret:
        talk_to(secret, settings, password="not that one")

        assert delivery.deliver_waiting(at=at) == {"away": 1}

    assert replies()[0][1].startswith("535 ")
    assert states() == {"k:1": "queued"}


@pytest.mark.parametrize("tls", ["starttls", "ssl"])
def test_a_mail_server_nobody_vouches_for_is_told_nothing(settings, trader, at, certificate, monkeypatch, tls):
    monkeypatch.delenv("SSL_CERT_FILE", raising=False)
    queue(trader, 1, at)
    with running_sink(Sink(tls=tls), certificate) as stranger:
        talk_to(stranger, settings)

        assert delivery.deliver_waiting(at=at) == {"away": 1}

    assert "CERTIFICATE_VERIFY_FAILED" in replies()[0][1]
    assert stranger.seen == 0


# One bad letter


def test_a_letter_that_cannot_be_made_is_put_off_with_its_error_and_the_rest_leave(
    sink, trader, at, kind_registry, caplog
):
    def refresh(letter, moment):
        if letter.key == "k:1":
            raise ZeroDivisionError("a bug in a template")
        return Content(letter.subject, letter.text, letter.html)

    kinds.register("self_test", refresh=refresh)
    for number in range(3):
        queue(trader, number, at)

    with caplog.at_level(logging.ERROR):
        assert delivery.deliver_waiting(at=at) == {"accepted": 2, "deferred": 1}

    assert states() == {"k:0": "accepted", "k:1": "queued", "k:2": "accepted"}
    assert replies()[1] == ("deferred", "Postern could not send this letter. ZeroDivisionError: a bug in a template")
    assert [record.getMessage() for record in caplog.records] == ["letter k:1 could not be made or sent"]


@pytest.mark.parametrize(
    "facts",
    [
        {"subject": "Confirm\r\nBcc: thief@evil.test"},
        {"address": "maria@hartwell.test\nBcc: thief@evil.test"},
        {"address": "@"},
    ],
)
def test_a_header_that_was_tampered_with_or_a_broken_address_sends_nothing(sink, trader, at, facts):
    for number in range(3):
        queue(trader, number, at)
    Letter.objects.filter(key="k:1").update(**facts)

    delivery.deliver_waiting(at=at)

    assert {key for key, state in states().items() if state == "accepted"} == {"k:0", "k:2"}
    assert sink.keys == ["k:0", "k:2"]
    assert all(one.recipient == trader.email for one in sink.kept)


def test_a_database_that_is_away_is_not_blamed_on_the_letter(sink, trader, at, kind_registry):
    def away(letter, moment):
        raise OperationalError("server closed the connection")

    kinds.register("self_test", refresh=away)
    queue(trader, 1, at)

    with pytest.raises(OperationalError):
        delivery.deliver_waiting(at=at)

    assert states() == {"k:1": "sending"}
    assert replies() == []


# The same id


def test_each_try_has_the_same_id_and_another_key_another():
    ids = {delivery.message_id(key) for key in ("a", "a", "b")}

    assert len(ids) == 2
    assert all(one.startswith("<") and one.endswith("@localhost>") and "a:" not in one for one in ids)


# Several workers, and the task


@pytest.mark.django_db(transaction=True)
def test_four_workers_at_once_send_each_letter_once(sink, at):
    trader = make_member("Maria Santos")
    for number in range(40):
        queue(trader, number, at)

    def work() -> None:
        try:
            while delivery.deliver_waiting(at=at, limit=5):
                pass
        finally:
            connections.close_all()

    workers = [threading.Thread(target=work) for _ in range(4)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()

    assert sorted(sink.keys) == sorted(f"k:{n}" for n in range(40))
    assert set(states().values()) == {"accepted"}


def test_the_task_leaves_a_sign_of_life_and_sends_everything(sink, trader, at):
    for number in range(25):
        queue(trader, number, at)

    tasks.deliver()

    assert set(states().values()) == {LetterState.ACCEPTED}
    assert list(Pulse.objects.values_list("name", flat=True)) == ["worker"]


def test_the_task_stops_when_the_relay_is_away(settings, sink, trader, at):
    settings.EMAIL_PORT = free_port()
    for number in range(25):
        queue(trader, number, at)

    tasks.deliver()

    assert Attempt.objects.count() == 1
    assert set(states().values()) == {LetterState.QUEUED}


def test_how_a_try_ended_is_kept_while_the_database_restarts(sink, trader, at, monkeypatch):
    queue(trader, 1, at)
    settle, away = actions.settle, iter([OperationalError("restarting"), OperationalError("starting up")])

    def shaky(letter, **facts):
        if error := next(away, None):
            raise error
        return settle(letter, **facts)

    monkeypatch.setattr(actions, "settle", shaky)
    monkeypatch.setattr(delivery, "SETTLE_PAUSE", 0)
    monkeypatch.setattr(delivery.connection, "close", lambda: None)

    assert delivery.deliver_waiting(at=at) == {"accepted": 1}

    assert len(sink.kept) == 1
    assert states() == {"k:1": "accepted"}
