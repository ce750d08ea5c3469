"""No redirect leads anywhere else, and a time-out leads back to the page."""

from __future__ import annotations

from urllib.parse import quote, urlsplit

import pytest
from django.test import Client, RequestFactory

from core import clock
from identity import codes
from identity.access import safe_next
from identity.models import TotpDevice
from tests import factories
from tests.factories import PASSWORD

pytestmark = pytest.mark.django_db
TARGETS = [
    "https://evil.test/",
    "http://evil.test",
    "//evil.test/",
    "///evil.test",
    "/\\evil.test",
    "\\\\evil.test",
    "/\t/evil.test",
    "\t//evil.test",
    " //evil.test",
    "https:evil.test",
    "http:///evil.test",
    "https://testserver@evil.test/",
    "https://testserver.evil.test/",
    "javascript:alert(1)",
    "data:text/html,x",
    "/\n/evil.test",
    "//evil.test\\@testserver/",
    "http://[::1",
    "/\x00/evil.test",
    "%2f%2fevil.test",
]


def leads(answer) -> str:
    return answer.get("HX-Redirect") or answer.get("Location", "")


def is_here(address: str) -> bool:
    """Whether a browser would stay: a plain path, with nothing that it takes for a second slash."""
    plain = "".join(letter for letter in address if letter not in "\t\r\n").strip()
    return plain.startswith("/") and not plain.startswith(("//", "/\\")) and not urlsplit(plain).netloc


@pytest.fixture
def maria(office):
    return factories.make_member("Maria Santos", email="maria@hartwell.test")


def right_code(member) -> str:
    TotpDevice.objects.update(last_step=-1)
    return codes.code_at(TotpDevice.objects.get(user=member).seed(), clock.now())


@pytest.mark.parametrize("target", TARGETS)
def test_signing_in_leads_nowhere_else(maria, client, target):
    first = client.post(f"/signin/?next={quote(target)}", {"email": maria.email, "password": PASSWORD})
    second = client.post(f"/signin/code/?next={quote(target)}", {"code": right_code(maria), "next": target})

    assert (first.status_code, second.status_code) == (302, 302)
    assert is_here(first.url)
    assert is_here(second.url)
    assert "evil" not in first.url + second.url


@pytest.mark.parametrize("target", TARGETS)
def test_who_is_in_already_is_led_nowhere_else(maria, browse, target):
    answer = browse(maria).get(f"/signin/?next={quote(target)}")

    assert answer.status_code == 302
    assert is_here(answer.url)
    assert "evil" not in answer.url


@pytest.mark.parametrize("target", TARGETS)
def test_a_fresh_proof_leads_nowhere_else(maria, browse, target):
    answer = browse(maria).post(f"/stepup/?next={quote(target)}", {"proof-code": right_code(maria)})

    assert answer.status_code == 302
    assert is_here(answer.url)
    assert "evil" not in answer.url


@pytest.mark.parametrize("target", TARGETS)
def test_a_time_out_in_a_fragment_leads_nowhere_else(maria, target):
    client = Client(headers={"hx-request": "true", "hx-current-url": target})

    back = leads(client.post("/me/")).partition("?next=")[2]

    assert is_here(back)
    assert "evil" not in back


@pytest.mark.parametrize("target", TARGETS)
def test_a_time_out_on_an_odd_path_leads_nowhere_else(maria, client, target):
    answer = client.get("/" + quote(target, safe="/\\:@"))

    assert is_here(leads(answer)) if answer.status_code in (301, 302) else answer.status_code in (400, 404)


@pytest.mark.parametrize(("method", "path"), [("get", "/office/import/7/"), ("post", "/office/import/7/undo/")])
def test_a_time_out_in_a_fragment_leads_back_to_its_page(maria, client, method, path):
    headers = {"hx-request": "true", "hx-current-url": "http://testserver/people/?role=trader&page=2#top"}

    answer = getattr(client, method)(path, headers=headers)

    assert answer.status_code == 204
    assert leads(answer) == f"/signin/?next={quote('/people/?role=trader&page=2')}"


def test_after_that_time_out_signing_in_opens_the_page_it_was_on(maria, client):
    headers = {"hx-request": "true", "hx-current-url": "http://testserver/devices/?page=2"}
    to_sign_in = leads(client.post("/me/", headers=headers))

    client.post(to_sign_in, {"email": maria.email, "password": PASSWORD})

    assert client.post("/signin/code/", {"code": right_code(maria)}).url == "/devices/?page=2"


def test_behind_a_proxy_the_page_is_found_by_its_host(maria, proxied):
    headers = {"hx-request": "true", "hx-current-url": "https://postern.example/me/"}

    assert leads(proxied().post("/me/", headers=headers)) == "/signin/?next=/me/"


@pytest.mark.parametrize("target", [*TARGETS, None, ""])
def test_only_a_path_of_ours_is_taken_for_a_place_to_go(target):
    found = safe_next(RequestFactory().get("/"), target)

    assert is_here(found)
    assert "evil" not in found
