"""A session ends when it has to, at once and for good; what was typed meanwhile is not lost."""

from __future__ import annotations

import threading
import time
from datetime import UTC, datetime, timedelta
from functools import partial

import pytest
import time_machine
from django.contrib.sessions.models import Session
from django.core.management import call_command
from django.db import IntegrityError, connection, transaction
from django.test import Client
from django.test.utils import CaptureQueriesContext

from accounts.models import Account
from core import clock
from core.errors import Refused
from core.letters.models import Letter
from core.trail.models import Event
from identity import actions, codes, sealing
from identity.enums import Ending
from identity.models import KnownBrowser, Member, Office, OpenSession, TotpDevice, UnsentForm
from tests import factories
from tests.factories import AT, PASSWORD

pytestmark = pytest.mark.django_db
NOON = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
FIREFOX = "Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:145.0) Gecko/20100101 Firefox/145.0"
SAFARI = "Mozilla/5.0 (iPhone; CPU iPhone OS 19_1 like Mac OS X) AppleWebKit/605.1.15 Version/19.1 Safari/604.1"


def is_in(client) -> bool:
    return client.get("/me/").status_code == 200


def sign_in(member, client=None, *, at: str = "/signin/", **meta):
    """All the way in, through the pages; the authenticator’s memory of its last code is cleared before."""
    client = client or Client(**meta)
    device = TotpDevice.objects.get(user=member)
    TotpDevice.objects.filter(pk=device.pk).update(last_step=-1)
    client.post(at, {"email": member.email, "password": PASSWORD})
    return client, client.post("/signin/code/", {"code": codes.code_at(device.seed(), clock.now())})


def endings(member) -> list[str]:
    return [session.why for session in member.sessions.order_by("pk")]


def letters(member) -> list[str]:
    return [letter.subject for letter in Letter.objects.filter(recipient=member).order_by("pk")]


# --- the row ----------------------------------------------------------------------------------------------------------
def test_signing_in_writes_down_browser_network_and_time_and_no_key(trader):
    with time_machine.travel(NOON, tick=False):
        client, _ = sign_in(trader, headers={"user-agent": FIREFOX}, REMOTE_ADDR="203.0.113.7")
    session = trader.sessions.get()

    assert (session.browser, session.network, session.began_at) == ("Firefox on Windows", "203.0.113.7", NOON)
    assert Session.objects.get().session_key == session.digest
    assert client.cookies["postern"].value not in str(list(OpenSession.objects.values_list()))


def test_last_use_is_written_at_most_once_a_minute(trader, browse):
    with time_machine.travel(NOON, tick=False) as travel:
        client = browse(trader)
        for seconds in (30, 30, 1, 30, 30):
            travel.shift(timedelta(seconds=seconds))
            client.get("/me/")

    assert trader.sessions.get().seen_at == NOON + timedelta(seconds=61)


@pytest.mark.parametrize(
    ("facts", "name"),
    [
        ({"ended_at": AT}, "an_ended_session_says_why"),
        ({"why": Ending.RESTED}, "an_ended_session_says_why"),
        ({"began_at": AT, "seen_at": AT - timedelta(seconds=1)}, "a_session_is_seen_after_it_began"),
    ],
)
def test_a_session_that_makes_no_sense_is_refused_by_the_database(trader, facts, name):
    with pytest.raises(IntegrityError, match=name), transaction.atomic():
        factories.make_session(trader, **facts)


@pytest.mark.parametrize(
    ("facts", "name"),
    [
        ({"strict_idle_minutes": 4}, "a_session_rests_five_to_sixty_minutes"),
        ({"idle_minutes": 61}, "a_session_rests_five_to_sixty_minutes"),
        ({"strict_session_hours": 0}, "a_session_lasts_one_to_twenty_four_hours"),
        ({"session_hours": 25}, "a_session_lasts_one_to_twenty_four_hours"),
        ({"strict_idle_minutes": 31}, "who_may_do_more_has_no_longer_sessions"),
        ({"strict_session_hours": 13}, "who_may_do_more_has_no_longer_sessions"),
    ],
)
def test_limits_that_make_no_sense_are_refused_by_the_database(office, facts, name):
    with pytest.raises(IntegrityError, match=name), transaction.atomic():
        Office.objects.update(**facts)


# --- running out ------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize(("role", "minutes"), [("trader", 20), ("auditor", 20), ("manager", 10), ("owner", 10)])
def test_a_session_that_rests_too_long_is_over(office, browse, role, minutes):
    Office.objects.update(idle_minutes=20, strict_idle_minutes=10)
    member = factories.make_member(role=role)
    with time_machine.travel(NOON, tick=False) as travel:
        early, late = browse(member), browse(member)
        travel.shift(timedelta(minutes=minutes, seconds=-1))
        within = is_in(early)
        travel.shift(timedelta(seconds=1))
        after = is_in(late)

    assert (within, after) == (True, False)
    assert endings(member) == ["", "rested"]


@pytest.mark.parametrize(("role", "hours"), [("trader", 10), ("auditor", 10), ("manager", 8), ("owner", 8)])
def test_a_session_that_lasts_too_long_is_over_however_busy(office, browse, role, hours):
    Office.objects.update(session_hours=10, strict_session_hours=8)
    member = factories.make_member(role=role)
    with time_machine.travel(NOON, tick=False) as travel:
        client, seen = browse(member), []
        for _ in range(hours * 4):
            travel.shift(timedelta(minutes=15))
            seen.append(is_in(client))

    assert seen == [True] * (hours * 4 - 1) + [False]
    assert endings(member) == ["lasted"]


def test_a_limit_that_is_raised_wakes_no_session_up(trader, browse):
    with time_machine.travel(NOON, tick=False) as travel:
        client = browse(trader)
        travel.shift(timedelta(minutes=31))
        Office.objects.update(idle_minutes=60)

        assert not is_in(client)


def test_a_limit_that_is_lowered_holds_from_the_next_request(trader, browse):
    with time_machine.travel(NOON, tick=False) as travel:
        client = browse(trader)
        travel.shift(timedelta(minutes=11))
        Office.objects.update(idle_minutes=10, strict_idle_minutes=10)

        assert not is_in(client)


def test_tidying_up_writes_down_what_ran_out_and_touches_nothing_else(trader, owner, browse):
    with time_machine.travel(NOON, tick=False) as travel:
        browse(trader)
        travel.shift(timedelta(minutes=29))
        client = browse(owner)
        travel.shift(timedelta(minutes=2))

        assert actions.tidy_sessions(at=clock.now()) == 1
        assert is_in(client)

    assert (endings(trader), endings(owner)) == (["rested"], [""])


# --- ended at once and for good ---------------------------------------------------------------------------------------
def test_a_role_that_changes_ends_every_session_at_the_next_click(trader, owner, browse):
    client = browse(trader)

    actions.change_member(trader, by=owner, at=clock.now(), role="manager")

    assert not is_in(client)
    assert endings(trader) == ["role"]
    assert letters(trader) == ["You were signed out of Postern"]


def test_a_changed_telephone_ends_nothing(trader, owner, browse):
    client = browse(trader)

    actions.change_member(trader, by=owner, at=clock.now(), phone="020 7946 0111")

    assert is_in(client)
    assert letters(trader) == []


@pytest.mark.parametrize("clicks", [True, False], ids=["seen while refused", "never seen"])
def test_a_session_of_somebody_whose_last_day_passed_stays_over_when_the_day_is_moved(auditor, owner, browse, clicks):
    with time_machine.travel(NOON, tick=False) as travel:
        actions.change_member(auditor, by=owner, at=NOON, ends_on=NOON.date())
        travel.shift(timedelta(hours=11, minutes=50))
        client = browse(auditor)
        travel.shift(timedelta(minutes=15))
        if clicks:
            assert not is_in(client)
        actions.change_member(auditor, by=owner, at=clock.now(), ends_on=NOON.date() + timedelta(days=30))

        assert not is_in(client)

    assert endings(auditor) == ["membership"]


def test_a_last_day_moved_behind_the_actions_back_wakes_no_session_that_was_refused(auditor, browse):
    client = browse(auditor)
    Member.objects.get_queryset().filter(pk=auditor.pk).update(ends_on=clock.now().date() - timedelta(days=2))
    refused = is_in(client)
    Member.objects.get_queryset().filter(pk=auditor.pk).update(ends_on=None)

    assert (refused, is_in(client)) == (False, False)


def test_who_leaves_is_out_everywhere_and_gets_no_letter(trader, owner, browse):
    clients = [browse(trader), browse(trader)]

    actions.end_membership(trader, by=owner, at=clock.now())
    Member.objects.get_queryset().filter(pk=trader.pk).update(left_at=None)

    assert [is_in(client) for client in clients] == [False, False]
    assert endings(trader) == ["membership", "membership"]
    assert letters(trader) == []


def test_new_codes_end_the_other_sessions_and_give_this_one_a_new_key(trader, browse):
    mine, other, thief = browse(trader), browse(trader), Client()
    thief.cookies["postern"] = mine.cookies["postern"].value

    mine.post("/me/codes/")

    assert [is_in(client) for client in (mine, other, thief)] == [True, False, False]
    assert endings(trader) == ["", "factor"]
    assert letters(trader) == ["You have new backup codes"]


def test_an_owner_who_changes_their_own_last_day_stays_in_here_and_nowhere_else(owner, browse):
    factories.make_member("Second Owner", role="owner")
    mine, other = browse(owner), browse(owner)
    old = mine.cookies["postern"].value
    facts = {"name": owner.name, "email": owner.email, "role": "owner", "timezone": owner.timezone, "digest_hour": 7}
    version = mine.get(f"/people/{owner.pk}/edit/").context["form"]["version"].value()

    mine.post(f"/people/{owner.pk}/edit/", facts | {"ends_on": "2030-01-01", "version": version})

    assert Member.objects.get_queryset().get(pk=owner.pk).ends_on is not None
    assert (is_in(mine), is_in(other)) == (True, False)
    assert mine.cookies["postern"].value != old


def test_a_password_that_was_shown_and_then_changed_opens_no_second_question(trader, client):
    client.post("/signin/", {"email": trader.email, "password": PASSWORD})
    trader.password = factories.make_password("nine slow rivers in the north")
    trader.save()

    assert client.get("/signin/code/").url == "/signin/"


def test_signing_out_is_written_down_as_the_end(trader, browse):
    browse(trader).post("/signout/")

    assert endings(trader) == ["signed_out"]


def test_a_session_without_its_row_is_ended_when_it_is_next_stamped(trader, browse):
    with time_machine.travel(NOON, tick=False) as travel:
        client = browse(trader)
        OpenSession.objects.update(ended_at=NOON, why=Ending.BY_HAND)
        travel.shift(timedelta(seconds=61))

        assert not is_in(client)


# --- the pages --------------------------------------------------------------------------------------------------------
def test_the_page_lists_what_stands_and_says_which_is_this_one(trader, daniel, browse):
    client = browse(trader)
    phone = factories.make_session(trader, browser="Safari on iPhone", network="203.0.113.7")
    factories.make_session(trader, browser="Chrome on Mac", ended_at=clock.now(), why=Ending.BY_HAND)
    factories.make_session(trader, browser="Edge on Windows", at=clock.now() - timedelta(minutes=31))
    factories.make_session(daniel, browser="Opera on Linux")

    page = client.get("/me/sessions/")
    text = page.content.decode()

    assert {line.browser for line in page.context["lines"]} == {"Firefox on Windows", phone.browser}
    assert (text.count("This one"), "The network 203.0.113.7" in text, "This machine" in text) == (1, True, True)


@pytest.fixture
def daniel(office):
    return factories.make_member("Daniel Kerr")


def test_one_is_ended_at_once_and_the_others_go_on(trader, browse):
    mine, other, third = browse(trader), browse(trader), browse(trader)
    row = trader.sessions.order_by("pk")[1]

    mine.post(f"/sessions/{row.pk}/end/")

    assert [is_in(client) for client in (mine, other, third)] == [True, False, True]
    assert [event.verb for event in Event.objects.all()] == ["member.sessions_ended"]


def test_all_others_are_ended_and_told_by_letter(trader, browse):
    mine, other, third = browse(trader), browse(trader), browse(trader)

    mine.post("/me/sessions/end/")

    assert [is_in(client) for client in (mine, other, third)] == [True, False, False]
    assert letters(trader) == ["You ended your other sessions"]


def test_nobody_ends_one_session_of_somebody_else(trader, daniel, owner, browse):
    client = browse(daniel)
    row = daniel.sessions.get()

    answers = [browse(who).post(f"/sessions/{row.pk}/end/").status_code for who in (trader, owner)]

    assert answers == [404, 404]
    assert is_in(client)
    with pytest.raises(Refused):
        actions.end_session(row, by=owner, at=AT)


def test_a_manager_ends_all_sessions_of_a_trader(trader, manager, browse):
    clients = [browse(trader), browse(trader)]

    browse(manager).post(f"/people/{trader.pk}/sessions/end/")

    assert [is_in(client) for client in clients] == [False, False]
    assert endings(trader) == ["by_office", "by_office"]
    assert letters(trader) == ["You were signed out of Postern"]


def test_a_manager_neither_sees_nor_ends_the_sessions_of_an_owner(owner, manager, browse):
    client, theirs = browse(owner), browse(manager)

    answers = [theirs.get(f"/people/{owner.pk}/sessions/"), theirs.post(f"/people/{owner.pk}/sessions/end/")]

    assert [answer.status_code for answer in answers] == [404, 404]
    assert is_in(client)
    with pytest.raises(Refused):
        actions.end_sessions_of(owner, by=manager, at=AT)


def test_the_page_asks_as_often_for_three_sessions_and_browsers_as_for_one(trader, browse):
    client, counts = browse(trader), []
    for _ in range(2):
        factories.make_browser(trader, at=clock.now())
        client.get("/me/sessions/")
        with CaptureQueriesContext(connection) as queries:
            client.get("/me/sessions/")
        counts.append(len(queries))
        factories.make_session(trader)
        factories.make_session(trader)

    assert counts[0] == counts[1] <= 8


def test_a_browser_is_forgotten_by_its_own_member_only(trader, daniel, browse):
    known = factories.make_browser(trader, at=clock.now())

    answers = [browse(who).post(f"/browsers/{known.pk}/forget/").status_code for who in (daniel, trader)]

    assert answers == [404, 302]
    assert KnownBrowser.objects.get(pk=known.pk).forgotten_at is not None


# --- letters ----------------------------------------------------------------------------------------------------------
def test_a_new_browser_is_told_by_letter_and_a_known_one_is_not(trader):
    client, _ = sign_in(trader, headers={"user-agent": FIREFOX})
    first = Letter.objects.get(recipient=trader)
    client.post("/signout/")
    sign_in(trader, client)

    assert letters(trader) == ["New sign-in to Postern: Firefox on Windows"]
    assert "with Firefox on Windows, from this machine" in first.text
    assert first.text.count("http://") == 1
    assert "/me/sessions/" in first.text


def test_a_second_browser_and_a_second_network_are_told_each(trader):
    client, _ = sign_in(trader, headers={"user-agent": FIREFOX})
    sign_in(trader, headers={"user-agent": SAFARI})
    client.post("/signout/")
    client.defaults["REMOTE_ADDR"] = "203.0.113.7"
    sign_in(trader, client)
    client.post("/signout/")
    sign_in(trader, client)

    said = [letter.text for letter in Letter.objects.filter(recipient=trader).order_by("pk")]
    assert ["that browser or from that network" in text for text in said] == [True, False, False]
    assert ["with that browser before" in text for text in said] == [False, True, False]
    assert ["from that network before" in text for text in said] == [True, False, True]
    assert letters(trader)[1:] == [
        "New sign-in to Postern: Safari on iPhone",
        "New sign-in to Postern: Firefox on Windows",
    ]


# --- what was typed ---------------------------------------------------------------------------------------------------
TYPED = {
    "timezone": "Asia/Tokyo",
    "digest_hour": "9",
    "phone": "020 7946 0999",
    "theme": "dark",
    "password": "hush hush",
}


def send_too_late(client, member, path="/me/", posted=TYPED, **headers):
    """Send a form from its page 31 minutes after the last click; returns the answer."""
    session = client.session
    for stamp in ("began", "seen", "ends_at", "fresh_at"):
        session[stamp] -= 31 * 60
    session.save()
    headers = {"referer": f"http://testserver{path}"} | headers
    return client.post(path, posted, headers=headers)


def test_a_form_sent_too_late_comes_back_filled_in_and_is_not_sent_by_itself(trader, browse):
    client = browse(trader)
    answer = send_too_late(client, trader)
    kept = UnsentForm.objects.get()
    _, inside = sign_in(trader, client, at=answer.url)

    page = client.get(inside.url)

    assert answer.url == f"/signin/?next=/me/%3Funsent%3D{kept.pk}"
    assert inside.url == f"/me/?unsent={kept.pk}"
    assert page.context["form"]["phone"].value() == "020 7946 0999"
    assert "Look it over and send it again" in page.content.decode()
    assert "hush hush" not in page.content.decode()
    assert Member.objects.get_queryset().get(pk=trader.pk).phone == ""


def test_sending_it_again_does_it_and_drops_what_was_kept(trader, browse):
    client = browse(trader)
    _, inside = sign_in(trader, client, at=send_too_late(client, trader).url)

    client.post(inside.url, TYPED)

    assert Member.objects.get_queryset().get(pk=trader.pk).phone == "020 7946 0999"
    assert not UnsentForm.objects.exists()


def test_coming_back_does_nothing_even_where_a_valid_form_is_a_deed(owner, browse):
    account = factories.make_account()
    client, path = browse(owner), f"/accounts/{account.pk}/close/"

    answer = send_too_late(client, owner, path, {"reason": "We moved it"})
    _, inside = sign_in(owner, client, at=answer.url)
    page = client.get(inside.url)

    assert page.context["form"]["reason"].value() == "We moved it"
    assert Account.objects.get(pk=account.pk).closed_at is None


def test_a_fragment_sent_too_late_takes_the_whole_page_to_sign_in_and_back(trader, browse):
    headers = {"HX-Request": "true", "HX-Current-URL": "http://testserver/me/?tab=2&unsent=1"}

    answer = send_too_late(browse(trader), trader, **headers)

    assert answer.status_code == 204
    assert answer["HX-Redirect"] == f"/signin/?next=/me/%3Ftab%3D2%26unsent%3D{UnsentForm.objects.get().pk}"


def test_a_button_pressed_too_late_leads_back_to_its_page_which_says_so(owner, trader, browse):
    client = browse(owner)
    answer = send_too_late(
        client, owner, f"/people/{trader.pk}/invite/", {}, referer=f"http://testserver/people/{trader.pk}/"
    )

    _, inside = sign_in(owner, client, at=answer.url)

    assert inside.url.startswith(f"/people/{trader.pk}/?unsent=")
    assert "This was not sent" in client.get(inside.url).content.decode()


def test_nobody_else_finds_it(trader, daniel, browse):
    client = browse(trader)
    send_too_late(client, trader)
    kept = UnsentForm.objects.get()

    page = browse(daniel).get(f"/me/?unsent={kept.pk}")

    assert page.context["form"]["phone"].value() == ""


def test_it_fills_no_other_page(owner, browse):
    client = browse(owner)
    send_too_late(client, owner)

    page = browse(owner).get(f"/office/?unsent={UnsentForm.objects.get().pk}")

    assert page.context["form"]["timezone"].value() == "Europe/London"


def test_it_is_gone_after_an_hour(trader, browse):
    with time_machine.travel(NOON, tick=False) as travel:
        send_too_late(browse(trader), trader)
        kept = UnsentForm.objects.get()
        travel.shift(timedelta(minutes=59, seconds=59))
        within = browse(trader).get(f"/me/?unsent={kept.pk}").context["form"]["phone"].value()
        travel.shift(timedelta(seconds=1))
        after = browse(trader).get(f"/me/?unsent={kept.pk}").context["form"]["phone"].value()

    assert (within, after) == ("020 7946 0999", "")


def test_it_lies_sealed(trader, browse):
    send_too_late(browse(trader), trader)

    assert b"7946" not in bytes(UnsentForm.objects.get().sealed)
    assert "7946" not in str(list(Session.objects.values_list()))


def test_it_opens_for_no_other_member_or_page(trader, daniel, browse):
    send_too_late(browse(trader), trader)

    for facts in ({"member": daniel}, {"path": "/office/"}):
        moved = UnsentForm.objects.get()
        for name, value in facts.items():
            setattr(moved, name, value)
        with pytest.raises(sealing.CannotUnseal):
            moved.open()


def test_only_five_are_kept_and_none_that_is_too_long(trader, browse):
    for phone in ("1", "2", "3", "4", "5", "6"):
        send_too_late(browse(trader), trader, posted=TYPED | {"phone": phone})
    newest = [kept.open()["phone"] for kept in UnsentForm.objects.order_by("pk")]
    send_too_late(browse(trader), trader, posted=TYPED | {"note": "x" * 200_000})

    assert newest == [["2"], ["3"], ["4"], ["5"], ["6"]]
    assert UnsentForm.objects.order_by("pk").last().open() == {}


def test_another_sites_form_is_not_kept(trader):
    client = factories.signed_in(trader, Client(enforce_csrf_checks=True))

    answer = send_too_late(client, trader)

    assert answer.status_code == 403
    assert not UnsentForm.objects.exists()


def test_a_page_of_ours_is_recognised_although_its_session_ran_out(trader):
    client = factories.signed_in(trader, Client(enforce_csrf_checks=True))
    token = client.get("/me/").content.decode().partition('name="csrfmiddlewaretoken" value="')[2].partition('"')[0]

    answer = send_too_late(client, trader, posted=TYPED | {"csrfmiddlewaretoken": token})

    assert answer.url.startswith("/signin/?next=/me/%3Funsent")
    assert UnsentForm.objects.get().open().keys() == TYPED.keys() - {"password"}


def test_what_somebody_sends_from_a_session_that_was_ended_is_not_kept(trader, owner, browse):
    client = browse(trader)
    actions.end_sessions_of(trader, by=owner, at=clock.now())

    client.post("/me/", TYPED)

    assert not UnsentForm.objects.exists()


# --- staying ----------------------------------------------------------------------------------------------------------
def test_staying_counts_as_a_click(trader, browse):
    with time_machine.travel(NOON, tick=False) as travel:
        client = browse(trader)
        travel.shift(timedelta(minutes=29))
        page = client.get("/me/sessions/", headers={"accept": "text/html"}).context["lasting"]
        travel.shift(timedelta(minutes=29))
        left = client.post("/me/stay/", headers={"X-Postern-Stay": "1"}).json()
        travel.shift(timedelta(minutes=29))

        assert is_in(client)

    assert page == (30 * 60, 12 * 60 * 60 - 29 * 60)
    assert left == {"rests_in": 30 * 60, "over_in": 12 * 60 * 60 - 58 * 60}


def test_nobody_stays_longer_than_a_session_may_last(trader, browse):
    Office.objects.update(session_hours=1, strict_session_hours=1)
    with time_machine.travel(NOON, tick=False) as travel:
        client = browse(trader)
        travel.shift(timedelta(minutes=29))
        client.get("/me/")
        travel.shift(timedelta(minutes=29))
        left = client.post("/me/stay/", headers={"X-Postern-Stay": "1"}).json()
        travel.shift(timedelta(minutes=2))

        assert not is_in(client)

    assert left == {"rests_in": 120, "over_in": 120}


def test_staying_without_a_script_leads_to_today(trader, browse):
    assert browse(trader).post("/me/stay/").url == "/"


# --- races ------------------------------------------------------------------------------------------------------------
def at_once(*deeds) -> list[object]:
    """Run the deeds at the same time, each on a connection of its own; returns what was raised."""
    start, raised = threading.Barrier(len(deeds)), []

    def run(deed):
        start.wait()
        try:
            deed()
        except Exception as wrong:  # noqa: BLE001  the test says what may be raised
            raised.append(wrong)
        finally:
            connection.close()

    threads = [threading.Thread(target=run, args=[deed]) for deed in deeds]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return raised


def prove(client, member):
    code = codes.code_at(TotpDevice.objects.get(user=member).seed(), clock.now())
    return client.post("/stepup/", {"proof-code": code})


ASKING = {
    "a page that is stamped": lambda client, _: client.get("/me/"),
    "a new key": lambda client, _: client.post("/me/codes/"),
    "a fresh proof": prove,
}


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("what", ASKING)
def test_a_session_that_is_ended_while_it_asks_is_over(trader, owner, browse, what):
    for _ in range(4):
        client = browse(trader, fresh=what != "a fresh proof")
        session = client.session
        session["seen"] -= 70
        session.save()
        TotpDevice.objects.update(last_step=-1)
        deed = partial(ASKING[what], client, trader)

        raised = at_once(deed, lambda: actions.end_sessions_of(trader, by=owner, at=clock.now()))

        assert raised == []
        assert not is_in(client)
        assert Session.objects.filter(session_key__in=trader.sessions.values("digest")).count() == 0


def somebody_waits_for_us() -> bool:
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1 FROM pg_locks WHERE NOT granted AND pg_backend_pid() = ANY(pg_blocking_pids(pid))")
        return cursor.fetchone() is not None


@pytest.mark.django_db(transaction=True)
def test_who_ends_sessions_and_who_prints_codes_do_not_wait_for_each_other(trader, owner, browse):
    browse(trader)
    made = []

    def print_codes():
        made.extend(actions.make_backup_codes(trader, at=clock.now()))
        connection.close()

    printer = threading.Thread(target=print_codes)
    with transaction.atomic():
        actions.end_sessions_of(trader, by=owner, at=clock.now())
        printer.start()
        until = time.monotonic() + 10
        while not somebody_waits_for_us():
            assert time.monotonic() < until
    printer.join()

    assert len(made) == 10


ENDING = {
    "one": lambda trader, _: actions.end_session(trader.sessions.first(), by=trader, at=clock.now()),
    "one’s own": lambda trader, _: actions.end_sessions(trader, why=Ending.BY_HAND, by=trader, at=clock.now()),
    "somebody’s": lambda trader, owner: actions.end_sessions_of(trader, by=owner, at=clock.now()),
}


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("what", ENDING)
def test_who_ends_sessions_waits_for_the_person_before_holding_any(trader, owner, browse, what):
    client = browse(trader)

    def end():
        ENDING[what](trader, owner)
        connection.close()

    ender = threading.Thread(target=end)
    with transaction.atomic():
        Member.objects.select_for_update(no_key=True).get(pk=trader.pk)
        ender.start()
        until = time.monotonic() + 10
        while not somebody_waits_for_us():
            assert time.monotonic() < until
        assert len(OpenSession.objects.select_for_update(no_key=True, nowait=True)) == 1
    ender.join()

    assert not is_in(client)


def test_the_house_starts_without_sessions_that_have_no_row(trader, browse):
    client = browse(trader)
    session = client.session
    del session["ends_at"]
    session.save()

    assert not is_in(client)


def test_clearing_is_a_command_that_any_number_may_run(trader, browse):
    client = browse(trader)

    call_command("clearsessions")
    actions.tidy_sessions(at=clock.now())
    actions.tidy_sessions(at=clock.now())

    assert is_in(client)
