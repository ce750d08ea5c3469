"""Only hosts of ours, only proxies of ours, and links in letters that no request can bend."""

from __future__ import annotations

import re
from ipaddress import ip_network

import pytest
from django.test import Client
from gunicorn.config import Config
from gunicorn.http.parser import RequestParser

from config import serving
from config.middleware import CSP
from core import clock
from core.letters.models import Letter
from core.trail.models import Event
from identity import codes
from identity.middleware import client_address
from identity.models import SignIn
from identity.rules import network_of
from identity.tasks import watch_the_gate
from tests import factories
from tests.architecture.test_matrix import Rows
from tests.architecture.test_routes import all_routes
from tests.factories import PASSWORD

pytestmark = pytest.mark.django_db
STRANGE_HOSTS = [
    "evil.test",
    "testserver.evil.test",
    "testserver@evil.test",
    "testserver, evil.test",
    "testserver/evil",
    "testserver:80:80",
    "[::1",
    "..",
    "",
]
SPOOFED = {
    "x-forwarded-host": "evil.test",
    "x-forwarded-proto": "https",
    "x-forwarded-port": "666",
    "x-host": "evil.test",
    "forwarded": "host=evil.test;proto=https",
    "x-original-url": "https://evil.test/",
    "referer": "https://evil.test/",
}


@pytest.fixture
def house(office):
    owner = factories.make_member("Olga Owner", role="owner", email="olga@hartwell.test")
    return owner, Rows("Maria", owner)


def test_a_host_nobody_knows_is_refused_on_every_route(house, static_file):
    _, rows = house
    client = Client(headers={"host": "evil.test"})
    paths = [static_file, "/static/nothing.css", "/nothing-here/", *(rows.address(route) for route in all_routes())]

    answers = {path: client.get(path.replace("<str:token>", "x" * 72)) for path in paths}

    assert len(answers) > 60
    assert {path for path, answer in answers.items() if answer.status_code != 400} == set()
    assert {answer["Content-Security-Policy"] for answer in answers.values()} == {CSP}
    assert {"That request made no sense here" in answer.content.decode() for answer in answers.values()} == {True}


@pytest.mark.parametrize("host", STRANGE_HOSTS)
def test_a_bent_host_is_refused(office, host):
    assert Client(headers={"host": host}).get("/signin/").status_code == 400


def test_the_answer_to_a_strange_host_names_it_nowhere(office):
    answer = Client(headers={"host": "evil.test"}).get("/signin/")

    assert "evil" not in answer.content.decode() + str(answer.headers)


# --- letters ---------------------------------------------------------------------------------------------------------
def invite(client, owner, rows):
    person = factories.make_member("Nora New", signs_in=False, email="nora@hartwell.test")
    client.post(f"/people/{person.pk}/invite/")


def ask_for_a_call(client, owner, rows):
    client.post("/lost/", {"name": "Maria", "number": "020 7946 0999"})


def use_a_backup_code(client, owner, rows):
    factories.BackupSheet.objects.filter(user=rows.member).delete()
    factories.make_sheet(rows.member, ["aaaa-bbbb-cccc-dddd"])
    thief = Client(headers=SPOOFED)
    thief.post("/signin/", {"email": rows.member.email, "password": PASSWORD})
    thief.post("/signin/backup/", {"code": "aaaa-bbbb-cccc-dddd"})


def print_new_codes(client, owner, rows):
    seed = factories.TotpDevice.objects.get(user=owner).seed()
    client.post("/me/codes/", {"code": codes.code_at(seed, clock.now())})


def change_an_address(client, owner, rows):
    page = client.get(f"/people/{rows.member.pk}/edit/").context["form"]
    client.post(f"/people/{rows.member.pk}/edit/", posted(page) | {"email": "maria.new@hartwell.test"})


def posted(form) -> dict[str, object]:
    return {field.name: "" if field.value() is None else field.value() for field in form}


def add_a_notice(client, owner, rows):
    facts = {"broker": "ibkr", "title": "A new rule", "text": "From December.", "answer_by": "2099-12-01"}
    client.post("/notices/new/", facts)


def decline_a_notice(client, owner, rows):
    own = factories.signed_in(rows.member, Client(headers=SPOOFED))
    own.post(f"/answers/{rows.answer.pk}/decline/", {"reason": "I have no second phone"})


SENDERS = [
    invite, ask_for_a_call, use_a_backup_code, print_new_codes, change_an_address, add_a_notice, decline_a_notice,
]  # fmt: skip


@pytest.mark.parametrize("send", SENDERS, ids=lambda send: send.__name__)
def test_links_in_letters_come_from_the_configured_address_whatever_a_request_says(house, settings, send):
    owner, rows = house
    settings.POSTERN_URL = "https://postern.example/"
    before = set(Letter.objects.values_list("pk", flat=True))

    send(factories.signed_in(owner, Client(headers=SPOOFED)), owner, rows)

    letters = list(Letter.objects.exclude(pk__in=before))
    links = [link for letter in letters for link in re.findall(r"https?://[^\s\"'<>]+", letter.text + letter.html)]
    assert letters
    assert links
    assert {link for link in links if not link.startswith("https://postern.example/")} == set()
    assert [letter for letter in letters if "evil" in letter.text + letter.html + letter.subject] == []


# --- what a proxy may say --------------------------------------------------------------------------------------------
ODD_HOPS = [
    "",
    " ",
    ",",
    ",,,",
    "unknown",
    "_hidden",
    "1.2.3.4:5678",
    "[2001:db8::1]:443",
    "fe80::1%eth0",
    "::1%\u00e9",
    "999.1.1.1",
    "1.2.3.4, nonsense",
    "nonsense, 1.2.3.4",
    "\udcff",
    "1.2.3.4\x00",
    "'; DROP TABLE x; --",
    "0x7f000001",
    "127.1",
    "a" * 4000,
    "1.2.3.4," * 500,
    "::ffff:1.2.3.4",
    "for=1.2.3.4;host=evil",
    "1.2.3.4/24",
    "\u0661.\u0662.\u0663.\u0664",
    "<script>",
]


@pytest.mark.parametrize("trusted", [False, True], ids=["stranger", "proxy"])
def test_odd_words_of_a_proxy_break_nothing_and_skip_no_check(house, settings, trusted):
    settings.POSTERN_TRUSTED_PROXIES = (ip_network("127.0.0.1"),) if trusted else ()
    settings.SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if trusted else None
    statuses = set()

    for said in ODD_HOPS:
        sent = said.encode("utf-8", "surrogateescape").decode("latin-1")
        headers = {"x-forwarded-for": sent, "x-forwarded-proto": sent, "x-forwarded-host": sent, "forwarded": sent}
        client = Client(raise_request_exception=False, headers=headers)
        statuses.add(client.get("/me/").status_code)
        answer = client.post("/signin/", {"email": "nobody@hartwell.test", "password": "wrong wrong wrong"})
        statuses.add(answer.status_code)

    assert statuses <= {200, 302, 429}
    assert 429 in statuses
    assert SignIn.objects.filter(network=None).count() == 0


def test_each_failed_try_counts_under_an_address_that_a_client_cannot_choose(settings):
    settings.POSTERN_TRUSTED_PROXIES = (ip_network("10.0.0.0/8"),)

    def seen(peer, said):
        return client_address({"REMOTE_ADDR": peer, "HTTP_X_FORWARDED_FOR": said})

    assert seen("198.51.100.7", "1.2.3.4") == "198.51.100.7"
    assert seen("10.0.0.1", "1.2.3.4") == "1.2.3.4"
    assert seen("10.0.0.1", "6.6.6.6, 1.2.3.4") == "1.2.3.4"
    assert seen("10.0.0.1", "6.6.6.6, 10.0.0.2") == "6.6.6.6"
    assert seen("10.0.0.1", "6.6.6.6, nonsense") == "10.0.0.1"
    assert seen("10.0.0.1", "6.6.6.6, ") == "10.0.0.1"
    assert seen("10.0.0.1", "") == "10.0.0.1"
    assert seen("", "1.2.3.4") == "1.2.3.4"


@pytest.mark.parametrize("address", ["fe80::1%eth0", "::1%x", "1.2.3.4%0", "", "x", "1.2.3.4.5"])
def test_what_is_no_address_has_no_network(address):
    assert network_of(address) is None


@pytest.mark.parametrize(("peer", "secure"), [("127.0.0.1", True), ("198.51.100.7", False)])
def test_only_a_trusted_proxy_says_that_a_request_came_by_tls(office, https, peer, secure):
    client = Client(headers={"host": "postern.example", "x-forwarded-proto": "https"}, REMOTE_ADDR=peer)

    assert client.get("/signin/").wsgi_request.is_secure() is secure


def test_the_trail_names_the_address_that_the_proxy_saw(house, settings):
    settings.POSTERN_TRUSTED_PROXIES = (ip_network("127.0.0.1"),)
    _, rows = house
    client = Client(headers={"x-forwarded-for": "6.6.6.6, 198.51.100.7"})

    client.post("/signin/", {"email": rows.member.email, "password": PASSWORD})
    client.post("/signin/code/", {"code": "000000"})
    watch_the_gate()

    assert set(Event.objects.filter(verb="member.sign_in_failed").values_list("address", flat=True)) == {"198.51.100.7"}


def test_gunicorn_itself_believes_no_header_about_how_a_request_came():
    facts = Config()
    for name, value in vars(serving).items():
        if name in facts.settings:
            facts.set(name, value)
    raw = b"GET / HTTP/1.1\r\nHost: postern.example\r\nX-Forwarded-Proto: https\r\n\r\n"

    request = next(RequestParser(facts, iter([raw]), ("127.0.0.1", 40000)))

    assert request.scheme == "http"
