"""The pages of notices and letters: who sees what, what a press does, and that looking changes nothing."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from django.urls import reverse

from config.middleware import CSP
from core import clock
from core.letters.actions import beat_pulse, claim, enqueue, settle
from core.letters.enums import LetterKind, LetterState, Outcome
from core.letters.kinds import Content
from core.letters.models import Letter
from core.trail.models import Event
from notices.models import Acknowledgement, Notice
from notices.views.letters import PAGE_POLICY, PREVIEW_POLICY
from tests.factories import make_answer, make_asset, make_login, make_member, make_notice, make_validation

SOON = date(2030, 11, 27)
HTML = '<!doctype html><p style="color:red">Confirm</p>'


def page(name: str, *args) -> str:
    return reverse(f"notices:{name}", args=args)


def text_of(response) -> str:
    return response.content.decode()


@pytest.fixture
def notice(manager, trader):
    notice = make_notice(manager, answer_by=SOON, text="First line.\n\nSee https://portal.test/ <script>now</script>")
    make_answer(notice, trader)
    return notice


@pytest.fixture
def answer(notice):
    return notice.answers.get()


@pytest.fixture
def letter(trader, at) -> Letter:
    said = Content(subject="Confirm ThinkPad X1", text="Please.\n\nTwice.\n", html=HTML)
    return enqueue(key="k:1", kind=LetterKind.REMINDER, to=trader, content=said, at=at)


# Notices


def test_a_trader_sees_the_notices_they_were_asked_about_and_no_others(browse, notice, manager, trader):
    other = make_notice(manager, title="For Priya", text="Other", answer_by=SOON)
    make_answer(other, make_member("Priya Nair"))
    client = browse(trader)

    shown = text_of(client.get(page("list_notices")))

    assert ("A second factor at every sign-in" in shown, "For Priya" in shown) == (True, False)
    assert client.get(page("show_notice", notice.pk)).status_code == 200
    assert client.get(page("show_notice", other.pk)).status_code == 404


def test_a_trader_sees_their_own_answer_alone(browse, notice, trader, manager):
    make_answer(notice, make_member("Priya Nair"))

    assert "Priya Nair" not in text_of(browse(trader).get(page("show_notice", notice.pk)))
    shown = text_of(browse(manager).get(page("show_notice", notice.pk)))
    assert "Priya Nair" in shown
    assert "0 of 2 confirmed" in shown


def test_the_brokers_text_is_text_and_its_links_are_no_links(browse, notice, trader):
    shown = text_of(browse(trader).get(page("show_notice", notice.pk)))

    assert "<p>First line.</p>" in shown
    assert "See https://portal.test/ &lt;script&gt;now&lt;/script&gt;" in shown
    assert 'href="https://portal.test' not in shown


@pytest.mark.parametrize("name", ["list_notices", "show_notice", "list_letters", "show_letter", "preview_letter"])
def test_looking_changes_nothing(browse, notice, letter, trader, name):
    numbers = {"show_notice": [notice.pk], "show_letter": [letter.pk], "preview_letter": [letter.pk]}

    def everything():
        return [list(model.objects.order_by("pk").values()) for model in (Notice, Acknowledgement, Letter, Event)]

    client, before = browse(trader), everything()
    assert client.get(page(name, *numbers.get(name, []))).status_code == 200

    assert everything() == before


@pytest.mark.parametrize(
    ("deed", "state", "words"),
    [
        ("confirm_answer", "confirmed", "Confirmed. Nobody asks again."),
        ("mark_seen", "seen", "Noted. You are reminded before the day to answer."),
    ],
)
def test_a_press_answers(browse, notice, answer, trader, deed, state, words):
    response = browse(trader).post(page(deed, answer.pk), follow=True)

    answer.refresh_from_db()
    assert answer.state == state
    assert response.redirect_chain == [(page("show_notice", notice.pk), 302)]
    assert words in text_of(response)


def test_declining_asks_why_and_keeps_what_was_typed(browse, answer, trader):
    client = browse(trader)
    assert "Say why" in text_of(client.get(page("decline_answer", answer.pk)))

    assert "Fill this in." in text_of(client.post(page("decline_answer", answer.pk), {"reason": " "}))
    client.post(page("decline_answer", answer.pk), {"reason": "My phone is too old."})

    answer.refresh_from_db()
    assert (answer.state, answer.reason) == ("declined", "My phone is too old.")


def test_a_no_from_the_office_is_shown_as_words(browse, answer, trader, at):
    Notice.objects.update(closed_at=at)

    response = browse(trader).post(page("confirm_answer", answer.pk), follow=True)

    assert "That notice is closed. Nobody needs to answer it any more." in text_of(response)


def test_somebody_elses_answer_is_not_there(browse, answer):
    client = browse(make_member("Priya Nair"))

    for deed in ("confirm_answer", "mark_seen", "decline_answer"):
        assert client.post(page(deed, answer.pk), {"reason": "No."}).status_code == 404
    answer.refresh_from_db()
    assert answer.state == "sent"


def test_an_auditor_reads_and_presses_nothing(browse, notice, answer, auditor, letter):
    client = browse(auditor)

    for name, number in (("show_notice", notice.pk), ("show_letter", letter.pk), ("preview_letter", letter.pk)):
        assert client.get(page(name, number)).status_code == 200
    deeds = [("confirm_answer", answer.pk), ("mark_seen", answer.pk), ("decline_answer", answer.pk)]
    deeds += [("close_notice", notice.pk), ("edit_notice", notice.pk), ("send_letter_again", letter.pk)]
    assert [client.post(page(name, number)).status_code for name, number in deeds] == [403] * 6
    assert client.post(page("add_notice")).status_code == 403


def test_a_manager_puts_a_notice_on_file(browse, manager, trader):
    make_login(trader)
    facts = {
        "broker": "ibkr",
        "title": "Portal",
        "text": "Soon.\nVery soon.",
        "answer_by": "2030-11-27",
        "effective_on": "",
    }
    client = browse(manager)

    response = client.post(page("add_notice"), facts, follow=True)

    notice = Notice.objects.get()
    assert (notice.text, notice.answer_by, notice.owner) == ("Soon.\nVery soon.", SOON, manager)
    assert "1 person is asked to answer." in text_of(response)
    again = text_of(client.post(page("add_notice"), facts))
    assert "That text is on file already, as “Portal”" in again
    assert Notice.objects.count() == 1


@pytest.mark.parametrize(
    ("facts", "words"),
    [
        ({"answer_by": "2030-12-02", "effective_on": "2030-12-01"}, "Ask for answers before the change is in force"),
        ({"text": "Your key is JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP"}, "Keep it in your password manager"),
        ({"broker": "nobody"}, "Choose one from the list."),
    ],
)
def test_what_is_wrong_with_a_notice_is_said_beside_it(browse, manager, facts, words):
    good = {"broker": "ibkr", "title": "Portal", "text": "Soon.", "answer_by": "2030-11-27", "effective_on": ""}

    assert words in text_of(browse(manager).post(page("add_notice"), good | facts))
    assert not Notice.objects.exists()


def test_changing_a_stale_page_shows_what_changed_meanwhile(browse, notice, manager):
    client = browse(manager)
    form = client.get(page("edit_notice", notice.pk)).context["form"]
    facts = {"title": notice.title, "answer_by": "2030-11-27", "effective_on": ""}
    facts["version"] = form["version"].value()
    Notice.objects.update(title="Renamed meanwhile")

    shown = text_of(client.post(page("edit_notice", notice.pk), facts | {"answer_by": "2030-11-28"}))

    assert "“Renamed meanwhile”" in shown
    notice.refresh_from_db()
    assert (notice.title, notice.answer_by) == ("Renamed meanwhile", SOON)


def test_closing_names_who_has_not_answered(browse, notice, manager):
    client = browse(manager)

    assert "Maria Santos" in text_of(client.get(page("close_notice", notice.pk)))
    client.post(page("close_notice", notice.pk))

    notice.refresh_from_db()
    assert notice.closed_at is not None
    assert "A second factor" in text_of(client.get(page("list_notices") + "?closed"))
    assert "No notice is open" in text_of(client.get(page("list_notices")))


def test_who_has_no_mailbox_is_listed_for_the_manager_with_a_button(browse, manager, notice):
    hans = make_member("Hans Meier", signs_in=False)
    row = make_answer(notice, hans)
    client = browse(manager)

    assert "tell them in person" in text_of(client.get(page("show_notice", notice.pk)))
    client.post(page("confirm_answer", row.pk))

    assert "told in person by Tom Okafor" in text_of(client.get(page("show_notice", notice.pk)))


# Letters


def test_a_trader_reads_their_own_letters_and_nobody_elses(browse, letter, trader, manager):
    other = browse(make_member("Priya Nair"))

    assert "Confirm ThinkPad X1" in text_of(browse(trader).get(page("list_letters")))
    assert "Confirm ThinkPad X1" in text_of(browse(manager).get(page("list_letters")))
    assert "Confirm ThinkPad X1" not in text_of(other.get(page("list_letters")))
    for name in ("show_letter", "preview_letter"):
        assert other.get(page(name, letter.pk)).status_code == 404
    assert other.post(page("send_letter_again", letter.pk)).status_code == 403


def test_the_list_narrows_to_a_state_and_leaves_the_health_to_those_who_run_things(browse, letter, trader, manager, at):
    settle(claim(at=at)[0], outcome=Outcome.REFUSED, reply="550 no", at=at)
    client = browse(manager)

    assert "Confirm ThinkPad" in text_of(client.get(page("list_letters"), {"state": "refused"}))
    assert "No letter is in that state" in text_of(client.get(page("list_letters"), {"state": "accepted"}))
    assert "Confirm ThinkPad" in text_of(client.get(page("list_letters"), {"state": "'; drop"}))
    assert "Is the post working?" in text_of(client.get(page("list_letters")))
    assert "Is the post working?" not in text_of(browse(trader).get(page("list_letters")))


def test_many_letters_come_in_pages_at_the_same_cost(browse, trader, manager, at, django_assert_num_queries):
    said = Content(subject="S", text="T", html="H")
    client = browse(manager)

    def fill(count):
        for _ in range(count):
            enqueue(key=f"n:{Letter.objects.count()}", kind=LetterKind.REMINDER, to=trader, content=said, at=at)

    def cost():
        from django.db import connection
        from django.test.utils import CaptureQueriesContext

        with CaptureQueriesContext(connection) as asked:
            assert client.get(page("list_letters")).status_code == 200
        return len(asked)

    fill(1)
    client.get(page("list_letters"))
    few = cost()
    fill(60)

    assert cost() <= few + 1  # the last word of the mail server is looked for while letters wait
    assert "1 to 50 of" in text_of(client.get(page("list_letters")))
    assert text_of(client.get(page("list_letters"), {"page": 2})).count("show_letter") == 0


def test_a_letter_shows_each_try_with_the_mail_servers_words(browse, letter, trader, at):
    settle(claim(at=at)[0], outcome=Outcome.DEFERRED, reply="451 <later>", at=at)

    shown = text_of(browse(trader).get(page("show_letter", letter.pk)))

    assert "451 &lt;later&gt;" in shown
    assert "<p>Please.</p>" in shown
    assert (
        f'<iframe class="letter" sandbox title="The letter’s HTML part" src="{page("preview_letter", letter.pk)}">'
        in shown
    )


def test_the_page_of_a_letter_may_hold_that_one_frame_and_nothing_else_more(browse, letter, trader):
    response = browse(trader).get(page("show_letter", letter.pk))

    assert response["Content-Security-Policy"] == PAGE_POLICY == f"{CSP}; frame-src 'self'"
    assert response["X-Frame-Options"] == "DENY"


def test_the_preview_is_locked_in(browse, letter, trader):
    response = browse(trader).get(page("preview_letter", letter.pk))

    assert text_of(response) == HTML
    assert response["Content-Security-Policy"] == PREVIEW_POLICY
    directives = dict(part.strip().partition(" ")[::2] for part in PREVIEW_POLICY.split(";"))
    assert directives == {
        "default-src": "'none'",
        "style-src": "'unsafe-inline'",
        "base-uri": "'none'",
        "form-action": "'none'",
        "frame-ancestors": "'self'",
        "sandbox": "",
    }
    assert response["X-Frame-Options"] == "SAMEORIGIN"
    assert response["Cache-Control"] == "no-store"


@pytest.mark.parametrize("state", [state for state in LetterState if state not in ("refused", "given_up")])
def test_only_what_failed_has_a_button_to_send_it_again(browse, letter, manager, at, state):
    over = state in ("accepted", "cancelled")
    Letter.objects.update(state=state, settled_at=at if over else None, claimed_until=at)
    client = browse(manager)

    assert "Send again" not in text_of(client.get(page("show_letter", letter.pk)))
    response = client.post(page("send_letter_again", letter.pk), follow=True)

    assert "Only a letter that was refused or given up can be sent again." in text_of(response)


def test_a_manager_sends_a_failed_letter_again_and_a_trader_does_not(browse, letter, manager, trader, at):
    settle(claim(at=at)[0], outcome=Outcome.REFUSED, reply="550 no", at=at)

    assert "Send again" not in text_of(browse(trader).get(page("show_letter", letter.pk)))
    assert "Send again" in text_of(browse(manager).get(page("show_letter", letter.pk)))
    response = browse(manager).post(page("send_letter_again", letter.pk), follow=True)

    letter.refresh_from_db()
    assert letter.state == "queued"
    assert "The letter is queued again." in text_of(response)


def test_the_list_says_what_is_wrong_with_the_post_and_whom_to_see(browse, manager, letter):
    hans = make_member("Hans Meier", signs_in=False)
    door = make_login(hans, doors=["tws"]).doors.get()
    make_validation(door, make_asset(holder=hans), outcome="expected")
    now = clock.now()
    for name in ("beat", "worker"):
        beat_pulse(name, at=now)
    Letter.objects.update(queued_at=now - timedelta(minutes=9), not_before=now - timedelta(minutes=9))
    settle(claim(at=now)[0], outcome=Outcome.AWAY, reply="ConnectionRefusedError: 111", at=now)

    shown = text_of(browse(manager).get(page("list_letters")))
    asked = text_of(browse(manager).get(page("list_letters"), {"in_person": "1"}))

    assert "Mail has been waiting for more than five minutes" in shown
    assert "ConnectionRefusedError: 111" in shown
    assert "Hans Meier" not in shown
    assert "Hans Meier" in asked
    assert "1 thing due" in asked
