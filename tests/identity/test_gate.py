"""Two questions, and nothing opens in between."""

from __future__ import annotations

import threading

import pytest
from django.contrib.sessions.models import Session
from django.db import connection
from django.test import Client

from core import clock
from core.trail.models import Event
from identity import actions, codes, throttle
from identity.models import BackupCode, SignIn
from tests import factories
from tests.factories import PASSWORD

pytestmark = pytest.mark.django_db
SEED = b"12345678901234567890"


@pytest.fixture
def maria(office):
    member = factories.make_member("Maria Santos", email="maria@hartwell.test", signs_in=False)
    member.joined_at, member.password = member.created_at, factories.make_password(PASSWORD)
    member.save()
    factories.make_totp(member, seed=SEED)
    factories.make_sheet(member, ["aaaa-bbbb-cccc-dddd", "eeee-ffff-gggg-hhhh"])
    return member


def show_password(client, **changes):
    return client.post("/signin/", {"email": "maria@hartwell.test", "password": PASSWORD} | changes)


def right_code() -> str:
    return codes.code_at(SEED, clock.now())


def test_password_and_code_open_the_house(maria, client):
    halfway = show_password(client)
    inside = client.post("/signin/code/", {"code": right_code()})

    assert (halfway.url, inside.url) == ("/signin/code/", "/")
    assert client.get("/me/").status_code == 200
    assert list(Event.objects.values_list("verb", flat=True)) == ["member.signed_in"]


def test_a_password_alone_opens_nothing(maria, client):
    show_password(client)

    assert client.get("/me/").url == "/signin/?next=/me/"


def test_the_session_key_changes_at_each_step(maria, client):
    client.get("/signin/")
    keys = [client.cookies.get("postern") and client.cookies["postern"].value]
    show_password(client)
    keys.append(client.cookies["postern"].value)
    client.post("/signin/code/", {"code": right_code()})
    keys.append(client.cookies["postern"].value)

    assert len(set(keys)) == 3


def test_the_database_does_not_hold_the_session_key(maria, client):
    show_password(client)

    assert not Session.objects.filter(session_key=client.cookies["postern"].value).exists()
    assert Session.objects.count() == 1


def test_unknown_left_and_unfinished_people_get_the_same_answer(maria, office):
    factories.make_member("Left", email="left@hartwell.test", left_at=factories.AT)
    factories.make_member("Invited", email="invited@hartwell.test", signs_in=False)
    answers = {
        Client()
        .post("/signin/", {"email": email, "password": "wrong password 123"})
        .content.split(b"csrfmiddleware")[0]
        for email in ("maria@hartwell.test", "nobody@hartwell.test", "left@hartwell.test", "invited@hartwell.test")
    }
    assert len(answers) == 1


def test_who_left_cannot_sign_in_with_the_right_password(office, client):
    factories.make_member("Left", email="left@hartwell.test", left_at=factories.AT)

    show_password(client, email="left@hartwell.test")

    assert client.get("/signin/code/").url == "/signin/"


def test_leaving_ends_an_open_session_at_the_next_click(maria, owner, client):
    factories.signed_in(maria, client)
    assert client.get("/me/").status_code == 200

    actions.end_membership(maria, by=owner, at=clock.now())

    assert client.get("/me/").url.startswith("/signin/")


@pytest.mark.parametrize("spelling", ["{0}", " {0}", "{0} ", "{1} {2}", "{0}\n"])
def test_a_code_works_once_in_any_spelling(maria, client, spelling):
    code = right_code()
    show_password(client)
    client.post("/signin/code/", {"code": code})
    other = Client()
    show_password(other)

    other.post("/signin/code/", {"code": spelling.format(code, code[:3], code[3:])})

    assert other.get("/me/").url.startswith("/signin/")


@pytest.mark.parametrize("strange", ["", "12345", "1234567", "12_3456", "１２３４５６", "0x1234", "-12345", "abcdef"])
def test_strange_codes_are_refused_without_a_crash(maria, client, strange):
    show_password(client)

    assert client.post("/signin/code/", {"code": strange}).status_code == 200
    assert client.get("/me/").url.startswith("/signin/")


def test_a_backup_code_works_once_and_is_told_by_letter(maria, owner, client):
    show_password(client)
    first = client.post("/signin/backup/", {"code": "AAAA bbbb-cccc-dddd"})
    other = Client()
    show_password(other)
    second = other.post("/signin/backup/", {"code": "aaaa-bbbb-cccc-dddd"})

    assert (first.status_code, second.status_code) == (302, 200)
    assert {letter.recipient for letter in maria.letters.all() | owner.letters.all()} == {maria, owner}


def test_a_backup_code_of_somebody_else_is_refused(maria, office, client):
    factories.make_sheet(factories.make_member("Daniel", signs_in=False), ["zzzz-zzzz-zzzz-zzzz"])
    show_password(client)

    assert client.post("/signin/backup/", {"code": "zzzz-zzzz-zzzz-zzzz"}).status_code == 200
    assert BackupCode.objects.filter(used_at=None).count() == 3


def test_after_five_wrong_passwords_even_the_right_one_waits(maria, client):
    for _ in range(throttle.FREE_TRIES + 1):
        show_password(client, password="wrong wrong wrong")

    answer = show_password(client)

    assert answer.status_code == 429
    assert answer["Retry-After"]


def test_another_network_is_not_slowed_by_strangers(maria):
    for _ in range(throttle.FREE_TRIES + 4):
        show_password(Client(REMOTE_ADDR="203.0.113.9"), password="wrong wrong wrong")

    assert show_password(Client(REMOTE_ADDR="198.51.100.7")).status_code == 302


def test_a_forged_forwarded_header_changes_nothing(maria):
    for n in range(throttle.FREE_TRIES + 1):
        show_password(Client(headers={"x-forwarded-for": f"198.51.100.{n}"}), password="wrong wrong wrong")

    assert show_password(Client(headers={"x-forwarded-for": "198.51.100.99"})).status_code == 429
    assert set(SignIn.objects.values_list("network", flat=True)) == {"127.0.0.1"}


@pytest.mark.parametrize(
    "address",
    ["https://evil.test/", "//evil.test", "/\\evil.test", "javascript:alert(1)", "http:///evil.test", "\\\\evil"],
)
def test_signing_in_leads_nowhere_else(maria, client, address):
    client.post(f"/signin/?next={address}", {"email": "maria@hartwell.test", "password": PASSWORD})

    assert client.post("/signin/code/", {"code": right_code()}).url == "/"


def test_signing_in_leads_back_to_where_one_wanted_to_go(maria, client):
    client.post("/signin/?next=/me/codes/", {"email": "maria@hartwell.test", "password": PASSWORD})

    assert client.post("/signin/code/", {"code": right_code()}).url == "/me/codes/"


def test_an_idle_session_ends(maria, client):
    factories.signed_in(maria, client)
    session = client.session
    session["seen"] -= 31 * 60
    session.save()

    assert client.get("/me/").url.startswith("/signin/")


def test_a_long_session_ends_however_busy(maria, client):
    factories.signed_in(maria, client)
    session = client.session
    session["began"] -= 12 * 60 * 60 + 5
    session.save()

    assert client.get("/me/").url.startswith("/signin/")


def test_signing_out_ends_the_session_on_the_server(maria, client):
    factories.signed_in(maria, client)
    key = client.cookies["postern"].value
    client.post("/signout/")
    again = Client()
    again.cookies["postern"] = key

    assert again.get("/me/").url.startswith("/signin/")


def race(attempt, count=12) -> list[object]:
    """Run `attempt` that many times at once, each on a connection of its own; returns what they returned."""
    results, start = [], threading.Barrier(count)

    def run():
        start.wait()
        try:
            results.append(attempt())
        finally:
            connection.close()

    threads = [threading.Thread(target=run) for _ in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return results


@pytest.mark.django_db(transaction=True)
def test_one_code_in_many_parallel_requests_signs_in_once(maria):
    code = right_code()

    answers = race(lambda: actions.try_code(maria, code=code, network=None, at=clock.now()))

    assert sum(answer.device is not None for answer in answers) == 1


@pytest.mark.django_db(transaction=True)
def test_one_backup_code_in_many_parallel_requests_signs_in_once(maria):
    answers = race(lambda: actions.try_backup_code(maria, code="aaaa-bbbb-cccc-dddd", network=None, at=clock.now()))

    assert sum(answer.device is not None for answer in answers) == 1
