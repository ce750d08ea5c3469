"""NUL bytes, broken UTF-8 and other nonsense, on every route and in every field: never an error of ours."""

from __future__ import annotations

import re
from urllib.parse import quote_from_bytes, urlencode

import pytest
from django.test import Client

from core.letters.models import Letter
from core.trail.models import Event
from tests import factories
from tests.architecture.test_matrix import Rows
from tests.architecture.test_routes import all_routes
from tests.security.conftest import HOST

pytestmark = pytest.mark.django_db
NONSENSE = [
    b"\x00",
    b"a\x00b",
    b"\xff\xfe",
    b"\xc3\x28",
    b"\xed\xa0\x80",
    b"%00",
    b"%ff",
    b"\r\n\r\nX: y",
    b"\x1b[31m",
    b"'\"><svg>",
    b"-1",
    b"9" * 30,
    b"NaN",
    b"1e999",
    "\u202e\u0000\ud7ff\uffff".encode(),
    b"../../etc/passwd",
    b"{{7*7}}",
    b"a" * 3000,
]
QUERY = (
    b"q",
    b"page",
    b"next",
    b"verdict",
    b"sheet",
    b"state",
    b"role",
    b"kind",
    b"sort",
    b"person",
    b"broker",
    b"verb",
)


@pytest.fixture
def house(office):
    owner = factories.make_member("Olga Owner", role="owner")
    rows = Rows("Maria", owner)
    addresses = {route: rows.address(route).replace("<str:token>", "x" * 72) for route in all_routes()}
    return addresses, factories.signed_in(owner, Client(raise_request_exception=False))


def bad(answers: dict[object, int]) -> dict[object, int]:
    return {what: status for what, status in answers.items() if status >= 500}


def expected(addresses: dict[str, str]) -> dict[str, str]:
    """Without /readyz, whose 503 says that no worker runs in this test."""
    return {route: address for route, address in addresses.items() if route != "readyz"}


@pytest.mark.parametrize(
    "path", ["/search/", "/devices/", "/people/", "/letters/", "/trail/", "/accounts/", "/office/import/"]
)
def test_every_kind_of_nonsense_breaks_no_list(house, path):
    _, client = house

    words = NONSENSE[len(path) % 2 :: 2]
    answers = {
        (path, word): client.get(path, dict.fromkeys(map(bytes.decode, QUERY), word)).status_code for word in words
    }

    assert bad(answers) == {}


def test_nonsense_in_paths_breaks_no_route(house):
    addresses, client = house
    answers = {}

    for number, address in enumerate(expected(addresses).values()):
        word = quote_from_bytes(NONSENSE[number % len(NONSENSE)])
        for odd in (f"{address}{word}%00%ff", re.sub(r"\d+|x{72}", word + "%00", address)):
            answers[odd] = client.get(odd).status_code

    assert len(answers) > 100
    assert bad(answers) == {}


@pytest.mark.parametrize("number", ["9223372036854775808", "99999999999999999999999999", "0", "00"])
def test_numbers_that_no_row_has_are_not_found(house, number):
    addresses, client = house
    numbered = {route: re.sub(r"\d+", number, address) for route, address in addresses.items() if "<int:" in route}

    answers = {route: client.get(address).status_code for route, address in numbered.items()}

    assert set(answers.values()) <= {404, 405}


def fields_of(page: str) -> set[str]:
    return set(re.findall(r"<(?:input|select|textarea)\b[^>]*\bname=\"([^\"]+)\"", page)) - {"csrfmiddlewaretoken"}


def nonsense_query(number: int) -> str:
    """Every name that a page reads, each with another word, and names and bytes that are none."""
    words = [NONSENSE[(number + place) % len(NONSENSE)] for place in range(len(QUERY))]
    pairs = [name + b"=" + quote_from_bytes(word).encode() for name, word in zip(QUERY, words, strict=True)]
    return b"&".join([*pairs, b"%00=%ff", b"\xff=\xfe", b"&&=;"]).decode("latin-1")


def written() -> tuple[int, int]:
    return Event.objects.count(), Letter.objects.count()


def test_nonsense_in_every_query_and_every_field_breaks_no_route_and_reading_changes_nothing(house):
    addresses, client = house
    answers, seen, grew, kind = {}, set(), set(), "application/x-www-form-urlencoded"

    for number, (route, address) in enumerate(expected(addresses).items()):
        before = written()
        page = client.get(address, QUERY_STRING=nonsense_query(number))
        grew |= {route} if written() != before else set()
        answers[route, "query"] = page.status_code
        fields = sorted(fields_of(page.content.decode(errors="replace")) | {"code", "token", "reason", "order", "kept"})
        seen |= set(fields)
        word = b"\x00" if number % 2 else b"1\x00\xff\xfe" + b"9" * 30
        body = urlencode([(name, word) for name in fields])
        answers[route, "fields"] = client.generic("POST", address, body, content_type=kind).status_code
        if route == "signout/":
            factories.signed_in(factories.make_member("Another Owner", role="owner"), client)

    assert len(answers) > 120
    assert len(seen) > 40
    assert bad(answers) == {}
    assert grew == set()


def test_nonsense_in_cookies_and_headers_breaks_no_page(house):
    answers = {}
    for word in NONSENSE:
        text = word.decode("latin-1")
        for path in ("/", "/signin/", "/static/x.css"):
            client = Client(raise_request_exception=False)
            headers = {"cookie": f"postern={text}; messages={text}; {text}", "hx-request": text, "hx-current-url": text}
            more = {
                "accept-language": text,
                "referer": text,
                "user-agent": text,
                "if-modified-since": text,
                "range": text,
            }
            answers[path, text] = client.get(path, headers=headers | more).status_code

    assert bad(answers) == {}


@pytest.mark.parametrize(
    "content_type",
    [
        "application/x-www-form-urlencoded; boundary=x",
        "text/plain; charset=\u00ff",
        "multipart/form-data",
        "multipart/form-data; boundary=\x00",
        "multipart/form-data; boundary=" + "a" * 300,
        ";;;",
    ],
)
def test_an_odd_kind_of_body_breaks_no_form(house, content_type):
    _, client = house
    paths = ["/signin/?q=%ff", "/lost/?q=%ff", "/search/?q=%ff", "/me/?q=%ff", "/office/import/upload/"]

    answers = {}
    for path in paths:
        for method in ("GET", "POST"):
            body = b"--x\r\nContent-Disposition: form-data; name=\xff\r\n\r\n\x00\r\n--x--"
            answers[method, path] = client.generic(method, path, body, content_type=content_type).status_code

    assert bad(answers) == {}


@pytest.mark.parametrize("charset", ["zlib", "idna", "undefined", "utf-16", "utf-7", "base64", '"', "nothing"])
def test_a_body_that_claims_another_alphabet_is_read_as_utf_8(web, charset):
    head = f"POST /signin/?q=%ff HTTP/1.1\r\nHost: {HOST}\r\nX-Forwarded-Proto: https\r\nConnection: close\r\n"
    body = f"Content-Type: application/x-www-form-urlencoded; charset={charset}\r\nContent-Length: 5\r\n\r\na=%ff"

    assert web.say((head + body).encode()).split(b" ", 2)[1] == b"403"


def test_far_too_many_fields_are_refused(house):
    _, client = house
    body = "&".join(f"a{n}=1" for n in range(5000))

    answer = client.generic("POST", "/lost/", body, content_type="application/x-www-form-urlencoded")

    assert answer.status_code == 400
