"""Full marks of Mozilla's Observatory on every kind of answer, gunicorn's own among them."""

from __future__ import annotations

import json
import re
import threading

import pytest
from django.db import OperationalError, connection
from django.test import Client

from config import reports
from config.middleware import CSP
from config.serving import PAGES, STATUS_OF, answer, status_of
from identity.views import gate
from tests import factories
from tests.factories import PASSWORD
from tests.security.conftest import HOST
from tests.security.observatory import Answer, points, score

pytestmark = pytest.mark.django_db
FULL, FULL_WITH_COOKIE = 150, 155
PAGE = "text/html; charset=utf-8"


def judged(answer) -> Answer:
    body = b"".join(answer.streaming_content) if answer.streaming else answer.content
    cookies = tuple(morsel.OutputString() for morsel in answer.cookies.values())
    return Answer(dict(answer.headers), cookies, body.decode(errors="replace"))


def refusing(*_):
    raise OperationalError("server closed the connection")


def page_200(client, house):
    return client.get("/signin/")


def page_302(client, house):
    return client.get("/me/")


def bad_request_400(client, house):
    return client.get("/signin/", headers={"host": "evil.test"})


def forbidden_403(client, house):
    return client.post("/signin/", {"email": "a"}, headers={"origin": "https://evil.test"})


def not_found_404(client, house):
    return client.get("/no-such-door/")


def method_405(client, house):
    return client.get("/signout/")


def method_of_none_405(client, house):
    return client.generic("TRACE", "/")


def too_large_413(client, house):
    return client.generic("POST", "/signin/", b"x", headers={"content-length": "99000000"})


def too_often_429(client, house, monkeypatch):
    monkeypatch.setattr(reports, "lines", reports.Lines(0))
    return client.post("/csp-report/", {}, content_type="application/json")


def bug_500(client, house, monkeypatch):
    monkeypatch.setattr(gate.queries, "is_set_up", lambda: 1 / 0)
    return client.get("/signin/")


def database_away_503(client, house):
    with connection.execute_wrapper(refusing):
        return client.get("/signin/")


def json_503(client, house):
    return client.get("/readyz")


def static_200(client, house):
    return client.get(house)


def health_200(client, house):
    return client.get("/healthz")


KINDS = [
    page_200, page_302, bad_request_400, forbidden_403, not_found_404, method_405, method_of_none_405, too_large_413,
    too_often_429, bug_500, database_away_503, json_503, static_200, health_200,
]  # fmt: skip


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.__name__)
def test_every_kind_of_answer_has_full_marks_over_https(office, proxied, static_file, monkeypatch, caplog, kind):
    client = proxied(enforce_csrf_checks=kind is forbidden_403)
    wants = [monkeypatch] if "monkeypatch" in kind.__code__.co_varnames else []

    answer = kind(client, static_file, *wants)

    assert answer.status_code == int(kind.__name__.rpartition("_")[2])
    found = judged(answer)
    assert score(found) >= (FULL_WITH_COOKIE if found.cookies else FULL), points(found)
    assert answer["Content-Security-Policy"] == CSP
    assert answer["X-Content-Type-Options"] == "nosniff"
    assert answer["Strict-Transport-Security"] == "max-age=31536000; includeSubDomains; preload"
    assert (
        answer["Cache-Control"].startswith("max-age=") if kind is static_200 else answer["Cache-Control"] == "no-store"
    )
    answer.close()


def test_pages_behind_sign_in_have_full_marks(office, proxied, https):
    owner = factories.make_member("Eleanor Hartwell", role="owner")
    client = factories.signed_in(owner, proxied())
    client.cookies[https.SESSION_COOKIE_NAME] = client.cookies["postern"].value

    for path in ("/", "/me/", "/people/", "/devices/", "/office/import/"):
        answer = client.get(path)
        assert (answer.status_code, score(judged(answer)) >= FULL) == (200, True), path


def test_the_cookie_over_https_has_every_flag(office, proxied, https):
    client = proxied()

    answer = client.get("/signin/")

    (cookie,) = answer.cookies.values()
    assert cookie.key == https.SESSION_COOKIE_NAME == "__Host-postern"
    flags = {name for name, value in cookie.items() if value}
    assert flags == {"secure", "httponly", "samesite", "path", "max-age", "expires"}
    assert (cookie["path"], cookie["domain"], cookie["samesite"]) == ("/", "", "Lax")
    assert score(judged(answer)) == FULL_WITH_COOKIE


@pytest.mark.parametrize(
    ("header", "value", "points"),
    [
        ("Content-Security-Policy", None, 75),
        ("Content-Security-Policy", "default-src 'none'; script-src 'self' 'unsafe-inline'", 80),
        ("Content-Security-Policy", "default-src 'none'; script-src 'self' 'unsafe-eval'; frame-ancestors 'none'", 130),
        ("Content-Security-Policy", "default-src 'none'; style-src 'self' 'unsafe-inline'", 135),
        ("Strict-Transport-Security", None, 80),
        ("Strict-Transport-Security", "max-age=3600", 140),
        ("X-Content-Type-Options", None, 145),
        ("Cross-Origin-Resource-Policy", "nonsense", 135),
        ("Referrer-Policy", "unsafe-url", 140),
        ("X-Frame-Options", None, 150),
        ("Access-Control-Allow-Origin", "*", 150),
    ],
)
def test_the_measure_itself_sees_what_is_missing(office, proxied, header, value, points):
    headers = dict(proxied().get("/healthz").headers)
    assert score(Answer(headers)) == FULL

    headers.pop(header, None)
    if value:
        headers[header] = value

    assert score(Answer(headers)) == points


@pytest.mark.parametrize(
    ("cookie", "counts"),
    [
        ("__Host-postern=x; Secure; HttpOnly; SameSite=Lax", 5),
        ("__Host-postern=x; Secure; HttpOnly", 0),
        ("__Host-postern=x; Secure; SameSite=Lax", -30),
        ("__Host-postern=x; HttpOnly; SameSite=Lax", -40),
        ("other=x; HttpOnly; SameSite=Lax", -20),
    ],
)
def test_the_measure_sees_what_a_cookie_lacks(cookie, counts):
    assert points(Answer({}, (cookie,)))["cookies"] == counts


def test_no_page_loads_anything_from_elsewhere(office, proxied, browse):
    client = browse(factories.make_member("Eleanor Hartwell", role="owner"))

    for path in ("/signin/", "/lost/", "/", "/people/", "/me/"):
        page = client.get(path).content.decode()
        loaded = re.findall(r"<(?:script|link|img|iframe|source)[^>]+(?:src|href)=\"([^\"]+)", page)
        assert [address for address in loaded if not address.startswith("/static/")] == [], path
        assert not re.search(r"<script(?![^>]*\bsrc=)|<style|\son[a-z]+=|\sstyle=", page), path


def test_signing_out_clears_what_the_browser_kept(office, browse):
    answer = browse(factories.make_member("Maria Santos")).post("/signout/")

    assert answer["Clear-Site-Data"] == '"cache", "storage"'


# --- what gunicorn answers by itself ---------------------------------------------------------------------------------
def parsed(wire: bytes) -> tuple[int, dict[str, str], str]:
    head, _, body = wire.partition(b"\r\n\r\n")
    first, *lines = head.decode("latin-1").split("\r\n")
    return int(first.split()[1]), dict(line.split(": ", 1) for line in lines), body.decode()


BY_GUNICORN = {
    "a first line that is none": (b"\x16\x03\x01 nonsense\r\n\r\n", 400),
    "a method that is none": (b"g<t / HTTP/1.1\r\nHost: postern.example\r\n\r\n", 400),
    "a version that is none": (b"GET / HTTP/9.9\r\nHost: postern.example\r\n\r\n", 400),
    "an address too long": (b"GET /" + b"a" * 9000 + b" HTTP/1.1\r\nHost: postern.example\r\n\r\n", 414),
    "a header too long": (b"GET / HTTP/1.1\r\nHost: postern.example\r\nX-A: " + b"a" * 9000 + b"\r\n\r\n", 431),
    "too many headers": (
        b"GET / HTTP/1.1\r\nHost: postern.example\r\n" + b"X-A: a\r\n" * 150 + b"\r\n",
        431,
    ),
    "a header name that is none": (b"GET / HTTP/1.1\r\nHost: postern.example\r\nX A: a\r\n\r\n", 400),
    "a NUL in a header": (b"GET / HTTP/1.1\r\nHost: postern.example\r\nX-A: a\x00b\r\n\r\n", 400),
    "a folded header": (b"GET / HTTP/1.1\r\nHost: postern.example\r\nX-A: a\r\n b\r\n\r\n", 400),
    "two lengths": (b"POST / HTTP/1.1\r\nHost: postern.example\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n", 400),
    "an unknown coding": (b"POST / HTTP/1.1\r\nHost: postern.example\r\nTransfer-Encoding: <b>x\r\n\r\n", 501),
}


@pytest.mark.parametrize("name", BY_GUNICORN)
def test_what_gunicorn_answers_itself_has_full_marks_and_the_houses_page(web, name):
    request, expected = BY_GUNICORN[name]

    status, headers, body = parsed(web.say(request))

    assert status == expected
    assert score(Answer(headers, body=body)) >= FULL, points(Answer(headers))
    assert headers["Content-Security-Policy"] == CSP
    assert (headers["Content-Type"], headers["Cache-Control"], headers["Connection"]) == (PAGE, "no-store", "close")
    assert '<main class="oops"' in body
    assert len(body.encode()) == int(headers["Content-Length"])
    assert "nonsense" not in body


@pytest.mark.parametrize(
    ("request_line", "host", "expected"),
    [
        ("GET / HTTP/1.1", "evil.test", 400),
        ("GET / HTTP/1.1", "postern.example@evil.test", 400),
        ("GET / HTTP/1.1", "postern.example, evil.test", 400),
        ("GET /static/postern/favicon.svg HTTP/1.1", "evil.test", 400),
        ("GET /healthz HTTP/1.1", "evil.test", 400),
        ("GET http://evil.test/healthz HTTP/1.1", HOST, 200),
        ("TRACE / HTTP/1.1", HOST, 405),
        ("PUT / HTTP/1.1", HOST, 405),
        ("GET /healthz HTTP/1.1", HOST, 200),
    ],
)
def test_over_the_wire_every_answer_has_full_marks(web, request_line, host, expected):
    wire = web.say(f"{request_line}\r\nHost: {host}\r\nConnection: close\r\n\r\n".encode())

    status, headers, body = parsed(wire)

    assert (status, score(Answer(headers, body=body)) >= FULL) == (expected, True)


def test_every_status_that_gunicorn_may_give_has_a_page(https):
    statuses = {*STATUS_OF.values(), *PAGES, status_of(ValueError())}

    given = {status: parsed(answer(status)) for status in statuses}

    assert {
        status for status, (number, headers, body) in given.items() if number == status and "<h1>" in body
    } == statuses
    assert {score(Answer(headers)) for _, headers, _ in given.values()} == {FULL}


def test_the_log_of_gunicorn_is_json_and_repeats_nothing_that_was_sent(web):
    web.say(b"GET /join/abcdef1234/ HTTP/1.1\r\nbroken\x1b[31m\r\n\r\n")

    said = [json.loads(line) for line in web.log.read_text().splitlines()]
    assert {"at", "level", "logger", "message"} <= set(said[-1])
    assert [line for line in said if "abcdef1234" in str(line) or "\x1b" in str(line)] == []


# --- reports of what the policy stopped ------------------------------------------------------------------------------
REPORT = {
    "csp-report": {
        "document-uri": f"https://{HOST}/join/0123456789abcdef/?next=secret",
        "effective-directive": "script-src-elem",
        "blocked-uri": "https://evil.test/x.js?cookie=secret",
    }
}
MODERN = [
    {
        "type": "csp-violation",
        "body": {"documentURL": f"https://{HOST}/me/", "effectiveDirective": "img-src", "blockedURL": "inline"},
    }
]


@pytest.fixture
def fresh_lines(monkeypatch):
    monkeypatch.setattr(reports, "lines", reports.Lines(3))


@pytest.mark.parametrize(
    ("sent", "line"),
    [
        (REPORT, "content policy: script-src-elem hit by https://evil.test on /join/<str:token>/"),
        (MODERN, "content policy: img-src hit by inline on /me/"),
        ({"csp-report": {"effective-directive": "x\r\nforged"}}, "content policy: x hit by ? on ?"),
        ({"csp-report": {"document-uri": "http://[", "blocked-uri": 7}}, "content policy: ? hit by ? on ?"),
    ],
)
def test_a_report_becomes_one_line_without_addresses(client, fresh_lines, caplog, sent, line):
    answer = client.post("/csp-report/", json.dumps(sent), content_type="application/csp-report")

    assert answer.status_code == 204
    assert [record.getMessage() for record in caplog.records if record.name == "config.reports"] == [line]


@pytest.mark.parametrize("body", [b"", b"\xff\x00", b"[" * 5000, b"7", b'"x"', b"{}", b"[{}]", b'[{"body": 3}]'])
def test_a_report_that_is_none_is_passed_over(client, fresh_lines, caplog, body):
    answer = client.generic("POST", "/csp-report/", body, content_type="application/reports+json")

    assert answer.status_code == 204
    assert len([record for record in caplog.records if record.name == "config.reports"]) <= 1


def test_reports_in_a_flood_are_cut_off(client, fresh_lines, caplog):
    answers = [client.post("/csp-report/", json.dumps(REPORT), content_type="application/csp-report") for _ in range(5)]

    assert [answer.status_code for answer in answers] == [204, 204, 204, 429, 429]
    assert len([record for record in caplog.records if record.name == "config.reports"]) == 3


def test_the_limit_holds_for_all_threads_and_ends_with_the_minute():
    lines, taken = reports.Lines(10), []
    threads = [threading.Thread(target=lambda: taken.append(lines.take(100.0))) for _ in range(40)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert taken.count(True) == 10
    assert (lines.take(159.9), lines.take(160.0)) == (False, True)


def test_signing_in_over_https_gives_a_cookie_that_another_host_cannot_set(office, proxied):
    member = factories.make_member("Maria Santos", email="maria@hartwell.test")
    client: Client = proxied()

    client.post("/signin/", {"email": member.email, "password": PASSWORD})

    assert set(client.cookies) == {"__Host-postern"}
