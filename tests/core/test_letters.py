"""The outbox: queueing, leasing, settling, and what the post says about itself."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from django.db import connection, transaction
from django.db.utils import IntegrityError
from django.test.utils import CaptureQueriesContext

from core.errors import Refused
from core.letters import actions, queries, rendering, rules
from core.letters.enums import LetterKind, LetterState, Outcome
from core.letters.kinds import Content
from core.letters.models import Attempt, Letter, Pulse
from core.trail.models import Event
from tests.factories import make_member

CONTENT = Content(subject="Confirm ThinkPad X1", text="Please confirm.\n", html="<p>Please confirm.</p>")


def queue(to, key: str = "reminder:1", *, at: datetime, kind: str = LetterKind.REMINDER, **facts) -> Letter:
    letter = actions.enqueue(key=key, kind=kind, to=to, content=CONTENT, at=at, **facts)
    assert letter is not None
    return letter


def settle(letter: Letter, outcome: Outcome, *, at: datetime, reply: str = "") -> Letter:
    assert actions.settle(letter, outcome=outcome, reply=reply, at=at)
    return Letter.objects.get(pk=letter.pk)


# Queueing


def test_a_letter_is_queued_once_for_its_key(trader, at):
    first = queue(trader, at=at)
    again = actions.enqueue(key="reminder:1", kind=LetterKind.REMINDER, to=trader, content=CONTENT, at=at)

    assert again is None
    assert list(Letter.objects.values_list("pk", "address", "state")) == [(first.pk, trader.email, "queued")]


def test_nobody_without_an_address_is_written_to(office, at):
    person = make_member("Hans Meier", signs_in=False)

    assert actions.enqueue(key="k", kind=LetterKind.REMINDER, to=person, content=CONTENT, at=at) is None
    assert not Letter.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_a_letter_of_a_transaction_that_fails_was_never_queued(trader, at):
    @transaction.atomic
    def deed() -> None:
        queue(trader, at=at)
        raise ValueError("the deed failed")

    with pytest.raises(ValueError, match="the deed failed"):
        deed()

    assert not Letter.objects.exists()


# Leasing


def test_what_is_claimed_is_not_claimed_again_until_the_lease_is_over(trader, at):
    letter = queue(trader, at=at)

    assert [one.pk for one in actions.claim(at=at)] == [letter.pk]
    assert actions.claim(at=at + rules.LEASE - timedelta(seconds=1)) == []
    assert [one.pk for one in actions.claim(at=at + rules.LEASE)] == [letter.pk]


def test_nothing_leaves_before_its_moment(trader, at):
    queue(trader, at=at, not_before=at + timedelta(hours=1))

    assert actions.claim(at=at + timedelta(minutes=59)) == []
    assert len(actions.claim(at=at + timedelta(hours=1))) == 1


def test_what_somebody_waits_for_leaves_before_a_backlog(trader, at):
    queue(trader, "reminder:1", at=at - timedelta(hours=2))
    queue(trader, "reminder:2", at=at - timedelta(hours=1))
    queue(trader, "backup-code:1", at=at, kind=LetterKind.SECURITY)
    queue(trader, "invitation:1", at=at, kind=LetterKind.INVITATION)

    assert [one.key for one in actions.claim(at=at)] == ["backup-code:1", "invitation:1", "reminder:1", "reminder:2"]


def test_a_letter_that_ends_five_workers_is_given_up_and_the_next_one_leaves(trader, at):
    killer, other = queue(trader, "reminder:1", at=at), queue(trader, "reminder:2", at=at)
    moments = [at + n * rules.LEASE for n in range(rules.MOST_LOST_LEASES + 1)]
    settled = [settle(one, Outcome.ACCEPTED, at=at) for one in actions.claim(at=at) if one.pk == other.pk]

    claims = [[one.pk for one in actions.claim(at=moment)] for moment in moments[1:]]

    assert [one.state for one in settled] == ["accepted"]
    assert claims == [[killer.pk]] * 4 + [[]]
    killer.refresh_from_db()
    assert (killer.state, killer.settled_at, killer.claimed_until) == ("given_up", moments[-1], None)
    assert [one.reply for one in killer.attempts.all()] == ["5 workers ended while they were sending this letter."]


def test_a_try_that_was_settled_clears_the_suspicion(trader, at):
    queue(trader, at=at)
    actions.claim(at=at)
    lost = actions.claim(at=at + rules.LEASE)[0]

    assert lost.lost_leases == 1
    assert settle(lost, Outcome.AWAY, at=at + rules.LEASE).lost_leases == 0


# Settling


def test_only_the_worker_that_holds_the_lease_settles(trader, at):
    queue(trader, at=at)
    slow = actions.claim(at=at)[0]
    later = at + rules.LEASE
    successor = actions.claim(at=later)[0]

    assert actions.settle(slow, outcome=Outcome.REFUSED, reply="550 no", at=later) is False
    assert actions.settle(successor, outcome=Outcome.ACCEPTED, at=later) is True
    assert actions.settle(slow, outcome=Outcome.REFUSED, reply="550 no", at=later) is False
    assert Letter.objects.get().state == LetterState.ACCEPTED
    assert list(Attempt.objects.values_list("number", "outcome")) == [(2, "accepted")]


@pytest.mark.parametrize(
    ("outcome", "state"),
    [
        (Outcome.ACCEPTED, LetterState.ACCEPTED),
        (Outcome.REFUSED, LetterState.REFUSED),
        (Outcome.NOT_NEEDED, LetterState.CANCELLED),
        (Outcome.DEFERRED, LetterState.QUEUED),
        (Outcome.UNANSWERED, LetterState.QUEUED),
        (Outcome.AWAY, LetterState.QUEUED),
    ],
)
def test_each_outcome_leads_to_its_state(trader, at, outcome, state):
    queue(trader, at=at)

    letter = settle(actions.claim(at=at)[0], outcome, at=at)

    assert letter.state == state
    assert letter.claimed_until is None
    assert (letter.settled_at == at) is letter.is_over is (state != LetterState.QUEUED)


def test_a_letter_that_is_put_off_waits_longer_each_time_a_relay_that_is_away_does_not(trader, at):
    def seconds(outcome, count):
        return [round(rules.wait_after(outcome, n, key="k").total_seconds()) for n in range(1, count + 1)]

    deferred, unanswered, away = (seconds(one, 12) for one in (Outcome.DEFERRED, Outcome.UNANSWERED, Outcome.AWAY))

    plain = [10 * 2**n for n in range(9)] + [3600] * 3
    assert all(0.8 * want <= got <= 1.2 * want for want, got in zip(plain, deferred, strict=True))
    plain = [30, 120, 480, 1920, 7680] + [21600] * 7
    assert all(0.8 * want <= got <= 1.2 * want for want, got in zip(plain, unanswered, strict=True))
    assert all(48 <= got <= 72 for got in away)
    assert len(set(away)) > 6


def test_the_wait_is_the_same_for_the_same_letter_and_another_for_another():
    waits = {rules.wait_after(Outcome.DEFERRED, 3, key=key) for key in ("a", "b", "c", "a")}

    assert len(waits) == 3


def test_a_relay_that_stays_away_is_one_line_that_moves_along(trader, at):
    queue(trader, at=at)
    for minute in range(5):
        moment = at + timedelta(minutes=2 * minute)
        settle(actions.claim(at=moment)[0], Outcome.AWAY, at=moment, reply=f"ConnectionRefusedError {minute}")
    last = at + timedelta(minutes=20)
    settle(actions.claim(at=last)[0], Outcome.DEFERRED, at=last, reply="451 later")

    tries = list(Attempt.objects.order_by("number").values_list("number", "at", "outcome", "reply"))
    assert tries == [
        (5, at + timedelta(minutes=8), "away", "ConnectionRefusedError 4"),
        (6, last, "deferred", "451 later"),
    ]
    assert Letter.objects.get().deferrals == 1


@pytest.mark.parametrize("outcome", [Outcome.DEFERRED, Outcome.UNANSWERED, Outcome.AWAY])
def test_a_letter_is_given_up_after_four_days_and_not_before(trader, at, outcome):
    queue(trader, at=at)
    nearly, over = at + rules.KEEP_TRYING, at + rules.KEEP_TRYING + timedelta(seconds=1)

    assert settle(actions.claim(at=nearly)[0], outcome, at=nearly).state == LetterState.QUEUED
    Letter.objects.update(not_before=over)
    assert settle(actions.claim(at=over)[0], outcome, at=over).state == LetterState.GIVEN_UP


def test_what_was_sent_is_what_stays_on_file(trader, at):
    queue(trader, at=at)
    said = Content(subject="Confirm one", text="One left.\n", html="<p>One left.</p>")

    actions.settle(actions.claim(at=at)[0], outcome=Outcome.ACCEPTED, content=said, at=at)

    letter = Letter.objects.get()
    assert (letter.subject, letter.text, letter.html) == ("Confirm one", "One left.\n", "<p>One left.</p>")


def test_a_long_reply_is_kept_as_one_short_line(trader, at):
    queue(trader, at=at)

    settle(actions.claim(at=at)[0], Outcome.DEFERRED, at=at, reply="451 first\r\nsecond " + "x" * 500)

    reply = Attempt.objects.get().reply
    assert reply.startswith("451 first second xxx")
    assert len(reply) == 300


# By hand


def test_a_letter_that_failed_is_sent_again_to_the_present_address_with_its_history(trader, manager, at):
    queue(trader, at=at)
    settle(actions.claim(at=at)[0], Outcome.REFUSED, at=at, reply="550 no such user")
    trader.email = "maria@new.test"
    trader.save()
    later = at + timedelta(days=6)

    letter = actions.send_again(Letter.objects.get(), by=manager, at=later)

    assert (letter.state, letter.address, letter.not_before) == ("queued", "maria@new.test", later)
    assert [one.reply for one in letter.attempts.all()] == ["550 no such user"]
    assert list(Event.objects.values_list("verb", "actor_id", "about_id")) == [("letter.resent", manager.pk, letter.pk)]
    assert settle(actions.claim(at=later)[0], Outcome.DEFERRED, at=later).state == LetterState.QUEUED


def test_a_letter_with_a_link_goes_to_the_mailbox_it_was_written_to_or_nowhere(trader, manager, at):
    letter = queue(trader, at=at, kind=LetterKind.LINK)
    settle(actions.claim(at=at)[0], Outcome.REFUSED, at=at)
    was, trader.email = trader.email, "thief@elsewhere.test"
    trader.save()

    assert actions.send_again(letter, by=manager, at=at).address == was


def test_only_what_failed_is_sent_again_and_never_to_who_has_left(trader, manager, at):
    letter = queue(trader, at=at)
    with pytest.raises(Refused, match="Only a letter that was refused or given up"):
        actions.send_again(letter, by=manager, at=at)

    settle(actions.claim(at=at)[0], Outcome.REFUSED, at=at)
    trader.left_at = at
    trader.save()
    with pytest.raises(Refused, match="Maria Santos has left"):
        actions.send_again(letter, by=manager, at=at)


def test_a_letter_in_a_workers_hands_is_not_called_back(trader, at):
    held, waiting = queue(trader, "reminder:1", at=at), queue(trader, "reminder:2", at=at)
    assert [one.pk for one in actions.claim(at=at, limit=1)] == [held.pk]

    assert actions.cancel_unsent(Letter.objects.all(), at=at) == 1

    assert dict(Letter.objects.values_list("pk", "state")) == {held.pk: "sending", waiting.pk: "cancelled"}


# Constraints


@pytest.mark.parametrize(
    ("facts", "name"),
    [
        ({"state": "accepted"}, "a_letter_is_settled_when_it_is_over"),
        ({"state": "sending"}, "a_letter_being_sent_is_leased"),
        ({"key": "reminder:2"}, "letters_letter_key"),
    ],
)
def test_the_database_refuses_a_letter_that_contradicts_itself(trader, at, facts, name):
    queue(trader, "reminder:2", at=at)
    letter = queue(trader, "reminder:1", at=at)

    with pytest.raises(IntegrityError, match=name), transaction.atomic():
        Letter.objects.filter(pk=letter.pk).update(**facts)


def test_each_try_is_recorded_once(trader, at):
    letter = queue(trader, at=at)
    Attempt.objects.create(letter=letter, number=1, at=at, outcome=Outcome.DEFERRED)

    with pytest.raises(IntegrityError, match="each_try_is_recorded_once"), transaction.atomic():
        Attempt.objects.create(letter=letter, number=1, at=at, outcome=Outcome.DEFERRED)


# What the post says about itself


def pulses(at, *names):
    for name in names:
        actions.beat_pulse(name, at=at)


def test_the_post_is_well_while_everything_gives_signs_of_life(office, at):
    pulses(at, "beat", "worker", "rules")

    health = queries.health(at + timedelta(minutes=2))

    assert health.ok
    assert health.in_words() == ""


@pytest.mark.parametrize(
    ("silent", "words"),
    [
        ("beat", "The scheduler is not running"),
        ("worker", "The worker is not running"),
        ("rules", "Reminders have not"),
    ],
)
def test_whoever_is_silent_is_named(office, at, silent, words):
    pulses(at, "beat", "worker", "rules")
    later = at + timedelta(minutes=11)
    pulses(later, *{"beat", "worker", "rules"} - {silent})

    health = queries.health(later)

    assert not health.ok
    assert health.in_words().startswith(words)


def test_a_new_installation_has_no_scheduler_yet(office, at):
    assert queries.health(at).in_words().startswith("The scheduler is not running")


def test_mail_that_waits_for_more_than_five_minutes_is_late(trader, at):
    queue(trader, at=at)
    for minutes, late in ((5, False), (6, True)):
        moment = at + timedelta(minutes=minutes)
        pulses(moment, "beat", "worker")
        health = queries.health(moment)
        assert (health.mail_late, health.waiting, health.oldest_waiting) == (late, 1, at)
    assert health.in_words().startswith("Mail has been waiting")


def test_a_letter_that_is_tried_again_later_waits_since_it_was_queued(trader, at):
    queue(trader, at=at)
    settle(actions.claim(at=at)[0], Outcome.DEFERRED, at=at + timedelta(minutes=4))

    assert queries.health(at + timedelta(minutes=4)).oldest_waiting == at


def test_a_letter_that_was_put_off_waits_from_then_on(trader, at):
    leaves = at + timedelta(hours=3)
    queue(trader, at=at, not_before=leaves)

    assert queries.health(at + timedelta(hours=1)).waiting == 0
    health = queries.health(leaves + timedelta(minutes=1))
    assert (health.oldest_waiting, health.mail_late) == (leaves, False)


def test_failures_are_counted_for_thirty_days(trader, at):
    queue(trader, at=at)
    settle(actions.claim(at=at)[0], Outcome.REFUSED, at=at)

    assert queries.health(at + timedelta(days=29)).failed == 1
    assert queries.health(at + timedelta(days=31)).failed == 0


def test_a_page_may_fetch_the_same_figures_with_a_row_of_its_own(office, trader, at):
    pulses(at, "beat", "worker", "rules")
    queue(trader, "reminder:1", at=at)
    queue(trader, "reminder:2", at=at)
    settle(actions.claim(at=at, limit=1)[0], Outcome.REFUSED, at=at)
    moment = at + timedelta(minutes=6)

    with CaptureQueriesContext(
        connection,
    ) as asked:
        row = type(office).objects.annotate(**queries.health_expressions(moment)).get()

    assert len(asked) == 1
    assert queries.health_from(row, moment) == queries.health(moment)


def test_the_last_word_of_the_mail_server_is_that_about_an_unsent_letter(trader, at):
    for number, (outcome, reply) in enumerate([(Outcome.REFUSED, "550 no"), (Outcome.AWAY, "454 sign in")]):
        queue(trader, f"reminder:{number}", at=at)
        settle(actions.claim(at=at, limit=1)[0], outcome, at=at, reply=reply)
    queue(trader, "reminder:9", at=at)
    settle(actions.claim(at=at, limit=1)[0], Outcome.ACCEPTED, at=at)

    assert queries.last_trouble(at).reply == "454 sign in"
    assert queries.last_accepted(at) == at
    assert queries.last_accepted(at + timedelta(days=31)) is None


def test_a_sign_of_life_replaces_the_one_before(office, at):
    pulses(at, "worker")
    pulses(at + timedelta(minutes=1), "worker")

    assert list(Pulse.objects.values_list("name", "at")) == [("worker", at + timedelta(minutes=1))]


# Rendering


def test_the_text_part_is_plain_and_the_html_part_is_escaped(office, trader, manager, at):
    trader.name = "Máire O’Neill & <b>Co</b>"

    said = rendering.content(
        "notice_declined",
        subject="Tom’s\r\nBcc: x@evil.test\tnotice",
        to=manager,
        office=office,
        at=at,
        answer={"member": trader, "reason": "It's <i>too</i> early"},
        notice={"title": "A & B"},
        url="http://localhost:8000/notices/1/",
    )

    assert said.subject == "Tom’s Bcc: x@evil.test notice"
    assert "Máire O’Neill & <b>Co</b> can’t do what this notice asks:\nA & B" in said.text
    assert "It's <i>too</i> early" in said.text
    assert "<i>" not in said.html
    assert "It&#x27;s &lt;i&gt;too&lt;/i&gt; early" in said.html
    assert "Monday 23 November 2026" in said.text
    assert said.text.endswith("\n")


def test_a_subject_fits_its_column_and_ends_at_a_word():
    cut = rendering.shortened("word " * 60)

    assert len(cut) <= 200
    assert cut.endswith("word…")


def test_links_come_from_the_configured_address(settings):
    settings.POSTERN_URL = "https://postern.example/"

    assert rendering.link("/notices/5/") == "https://postern.example/notices/5/"
