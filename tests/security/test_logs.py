"""Log lines: JSON, UTC, who and what and where, one entry each, and no key in any of them."""

from __future__ import annotations

import json
import logging
from datetime import UTC, datetime
from urllib.parse import unquote

import pytest
from django.db import OperationalError, connection
from django.test import Client

from config.logs import FORMATTERS, discreet
from identity.models import Invitation
from tests import factories

pytestmark = pytest.mark.django_db
FORGED = '%0d%0a{"level": "CRITICAL"}%0d%0a%1b[2J%e2%80%a8%c2%85'


class Kept(logging.Handler):
    """Keeps every line as it would be written."""

    def __init__(self, form: str) -> None:
        super().__init__()
        self.lines: list[str] = []
        self.setFormatter(FORMATTERS[form]())

    def emit(self, record: logging.LogRecord) -> None:
        self.lines.append(self.format(record))


@pytest.fixture(params=["json", "text"])
def kept(request):
    """What all loggers say, however quiet they are set, in each of the two forms."""
    handler, root = Kept(request.param), logging.getLogger()
    quiet = {name: logging.getLogger(name).level for name in ("", "django", "django.request", "django.security.csrf")}
    for name in quiet:
        logging.getLogger(name).setLevel(logging.DEBUG)
    root.addHandler(handler)
    yield handler
    root.removeHandler(handler)
    for name, level in quiet.items():
        logging.getLogger(name).setLevel(level)


def refusing(*_):
    raise OperationalError("server closed the connection")


def test_a_line_break_or_escape_in_a_path_forges_no_line(office, kept):
    client = Client(raise_request_exception=False)

    client.get(f"/nothing/{FORGED}/")
    client.get(f"/signin/?next={FORGED}")
    client.post(f"/signin/{FORGED}")
    with connection.execute_wrapper(refusing):
        client.get(f"/signin/?{FORGED}")
    Client(raise_request_exception=False, headers={"host": "evil\x1b[2J\r\ntest"}).get("/")

    logging.getLogger("somewhere").warning("the other side said %s", unquote(FORGED))

    first_lines = [
        line.partition("\n")[0] if kept.formatter.__class__.__name__ == "TextFormatter" else line for line in kept.lines
    ]
    assert len(first_lines) >= 4
    assert [line for line in first_lines if any(sign in line for sign in "\r\n\x1b\x85\u2028")] == []
    assert [line for line in first_lines if line.startswith('{"level"')] == []


def test_a_line_says_when_who_what_and_where(office):
    handler = Kept("json")
    logging.getLogger("django.request").addHandler(handler)
    owner = factories.make_member("Olga Owner", role="owner")
    client = factories.signed_in(owner, Client(raise_request_exception=False))
    try:
        with connection.execute_wrapper(refusing_after_the_guard()):
            client.get("/people/")
    finally:
        logging.getLogger("django.request").removeHandler(handler)

    (line,) = handler.lines
    said = json.loads(line)
    at = datetime.fromisoformat(said["at"])
    assert (at.utcoffset().total_seconds(), abs((datetime.now(UTC) - at).total_seconds()) < 60) == (0, True)  # noqa: TID251
    assert (said["level"], said["logger"], said["method"]) == ("ERROR", "django.request", "GET")
    assert (said["route"], said["address"], said["member"]) == ("/people/", "127.0.0.1", owner.pk)
    assert "OperationalError" in said["trace"]


def refusing_after_the_guard():
    """The database goes away once session and member are read."""
    asked = []

    def wrapper(execute, sql, params, many, context):
        asked.append(sql)
        if len(asked) > 3:
            raise OperationalError("server closed the connection")
        return execute(sql, params, many, context)

    return wrapper


def test_an_invitations_link_is_in_no_line_whatever_goes_wrong(office, kept):
    member = factories.make_member("Nora New", signs_in=False, email="nora@hartwell.test")
    facts = {"member": member, "address": member.email, "made_at": factories.AT}
    token = Invitation.objects.create(**facts, expires_at=factories.AT.replace(year=2099)).token()
    client = Client(enforce_csrf_checks=True, raise_request_exception=False)

    assert client.post(f"/join/{token}/", {"password": "x"}).status_code == 403
    assert client.put(f"/join/{token}/").status_code == 405
    assert client.get(f"/join/{token}").status_code == 301
    assert client.get(f"/join/{token}/x/").status_code == 404
    with connection.execute_wrapper(refusing):
        assert client.get(f"/join/{token}/").status_code == 503

    assert len(kept.lines) >= 4
    assert [line for line in kept.lines if token in line] == []


@pytest.mark.parametrize(
    ("said", "written"),
    [
        ("GET /join/abc123/ 500", "GET /join/…/ 500"),
        ("https://h.test/join/abc-_1 and /join/x/y", "https://h.test/join/… and /join/…/y"),
        ("'/join/abc'", "'/join/…'"),
        ("/joined/abc/", "/joined/abc/"),
    ],
)
def test_what_looks_like_such_a_link_is_cut_in_any_text(said, written):
    assert discreet(said) == written
