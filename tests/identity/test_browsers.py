"""A browser that signed in to the end is known again, and only that one."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.contrib.sessions.models import Session
from django.db import IntegrityError, transaction
from django.test import Client, override_settings

from core import clock
from core.trail.models import Event
from identity import actions, browsers, codes
from identity.models import KnownBrowser, TotpDevice
from identity.models.browsers import KNOWN_FOR
from tests.factories import PASSWORD

pytestmark = pytest.mark.django_db
FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:145.0) Gecko/20100101 Firefox/145.0"
COOKIE = "postern-browser"


def sign_in(member, client: Client):
    """All the way in, through the pages; the authenticator's memory of its last code is cleared before."""
    device = TotpDevice.objects.get(user=member)
    TotpDevice.objects.filter(pk=device.pk).update(last_step=-1)
    client.post("/signin/", {"email": member.email, "password": PASSWORD})
    return client.post("/signin/code/", {"code": codes.code_at(device.seed(), clock.now())})


def known(member, token: str) -> bool:
    return KnownBrowser.objects.known(clock.now()).of_token(token).filter(member=member).exists()


def test_a_completed_sign_in_makes_the_browser_known(trader):
    client = Client(headers={"user-agent": FIREFOX})

    sign_in(trader, client)

    assert known(trader, client.cookies[COOKIE].value)
    assert [browser.label for browser in trader.browsers.all()] == ["Firefox on Linux"]
    assert client.session["browser"] == trader.browsers.get().pk


def test_a_password_alone_makes_no_browser_known(trader, client):
    client.post("/signin/", {"email": trader.email, "password": PASSWORD})

    assert COOKIE not in client.cookies
    assert not KnownBrowser.objects.exists()


def test_the_cookie_is_out_of_reach_of_scripts_and_other_sites(trader, client):
    cookie = sign_in(trader, client).cookies[COOKIE]

    assert (cookie["httponly"], cookie["samesite"], cookie["path"], cookie["domain"]) == (True, "Lax", "/", "")
    assert cookie["max-age"] == int(KNOWN_FOR.total_seconds())


@override_settings(IS_HTTPS=True)
def test_under_https_the_cookie_is_bound_to_the_host(trader, client):
    cookie = sign_in(trader, client).cookies["__Host-postern-browser"]

    assert (cookie["secure"], cookie["path"], cookie["domain"]) == (True, "/", "")


def test_the_database_holds_no_token(trader, client):
    sign_in(trader, client)
    token = client.cookies[COOKIE].value

    assert len(token) == 27
    assert token not in str(list(KnownBrowser.objects.values_list()))
    assert token not in str([session.get_decoded() for session in Session.objects.all()])


def test_each_sign_in_gives_a_new_token_and_the_old_one_is_worth_nothing(trader, client):
    sign_in(trader, client)
    first = client.cookies[COOKIE].value
    client.post("/signout/")
    sign_in(trader, client)
    second = client.cookies[COOKIE].value

    assert (known(trader, first), known(trader, second)) == (False, True)
    assert trader.browsers.count() == 1


def test_two_members_are_known_in_one_browser(trader, manager, client):
    sign_in(trader, client)
    client.post("/signout/")
    sign_in(manager, client)
    token = client.cookies[COOKIE].value

    assert (known(trader, token), known(manager, token)) == (True, True)


def test_a_browser_of_one_member_is_not_known_for_another(trader, manager, client):
    sign_in(trader, client)

    assert not known(manager, client.cookies[COOKIE].value)


def test_a_forgotten_browser_is_new_again(trader, client):
    sign_in(trader, client)
    token, at = client.cookies[COOKIE].value, clock.now()

    actions.forget_browser(trader.browsers.get(), by=trader, at=at)
    again = actions.know_browser(trader, token=token, label="Firefox on Linux", network=None, at=at)

    assert (known(trader, token), again.is_new, trader.browsers.count()) == (False, True, 2)


def test_a_browser_out_of_use_for_half_a_year_is_no_longer_known(trader, at):
    first = actions.know_browser(trader, token="", label="Firefox", network=None, at=at)
    later = actions.know_browser(trader, token=first.token, label="Firefox", network=None, at=at + KNOWN_FOR)

    assert later.is_new


def test_a_known_browser_tells_where_it_was_before(trader, at):
    first = actions.know_browser(trader, token="", label="Firefox", network="198.51.100.7", at=at)
    second = actions.know_browser(
        trader, token=first.token, label="Firefox", network="203.0.113.9", at=at + timedelta(days=1)
    )

    assert (second.is_new, second.earlier_network, second.browser.network) == (False, "198.51.100.7", "203.0.113.9")


def test_leaving_and_a_new_password_forget_all_browsers(trader, owner, at):
    actions.know_browser(trader, token="", label="Firefox", network=None, at=at)
    actions.know_browser(owner, token="", label="Firefox", network=None, at=at)

    actions.end_membership(trader, by=owner, at=at)

    assert list(KnownBrowser.objects.known(at).values_list("member", flat=True)) == [owner.pk]
    assert Event.objects.filter(verb="member.browser_forgotten").count() == 1


def test_a_copied_database_row_makes_nobody_known(trader, client):
    sign_in(trader, client)

    assert not known(trader, trader.browsers.get().digest)


@pytest.mark.parametrize("odd", ["", "x", "a" * 26, "a" * 28, "a" * 26 + "\n", "é" * 27])
def test_an_odd_cookie_is_no_token(rf, odd):
    request = rf.get("/")
    request.COOKIES[COOKIE] = odd

    assert browsers.token_of(request) == ""


@pytest.mark.parametrize(
    ("agent", "label"),
    [
        (FIREFOX, "Firefox on Linux"),
        ("Mozilla/5.0 (Windows NT 10.0) AppleWebKit/537.36 Chrome/142.0 Safari/537.36 Edg/142.0", "Edge on Windows"),
        ("Mozilla/5.0 (iPhone; CPU iPhone OS 19 like Mac OS X) Version/19.0 Safari/604.1", "Safari on iPhone"),
        ("<script>", "A browser on an unknown system"),
        ("", "A browser on an unknown system"),
    ],
)
def test_a_browser_is_named_in_words(rf, agent, label):
    assert browsers.label_of(rf.get("/", headers={"user-agent": agent})) == label


def test_a_browser_knows_a_member_once(trader, at):
    facts = {"member": trader, "digest": "d", "made_at": at, "last_seen_at": at, "label": "Firefox"}
    KnownBrowser.objects.create(**facts)

    with pytest.raises(IntegrityError, match="a_browser_knows_a_member_once"), transaction.atomic():
        KnownBrowser.objects.create(**facts)


def test_a_browser_is_seen_after_it_was_made(trader, at):
    with pytest.raises(IntegrityError, match="a_browser_is_seen_after_it_was_made"), transaction.atomic():
        KnownBrowser.objects.create(
            member=trader, digest="d", made_at=at, last_seen_at=at - timedelta(days=1), label="Firefox"
        )
