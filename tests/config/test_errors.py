"""What people see when something is wrong, and what no page gives away."""

from __future__ import annotations

import pytest
from django.conf import settings
from django.db import OperationalError, connection
from django.test import Client

from config.middleware import CSP
from identity.views import gate

HARD = ["Content-Security-Policy", "X-Content-Type-Options", "X-Frame-Options", "Referrer-Policy"]


def refusing(error):
    def wrapper(execute, sql, params, many, context):
        raise error

    return wrapper


@pytest.mark.django_db
def test_a_database_that_is_away_gives_a_page_that_says_so(browse, owner, caplog):
    client = browse(owner)
    client.raise_request_exception = False

    with connection.execute_wrapper(refusing(OperationalError("server closed the connection"))):
        answer = client.get("/me/")

    assert (answer.status_code, answer["Retry-After"]) == (503, "5")
    assert b"server closed" not in answer.content


@pytest.mark.django_db
def test_a_bug_gives_the_error_page_without_a_trace(office, monkeypatch, caplog):
    monkeypatch.setattr(gate.queries, "is_set_up", lambda: 1 / 0)
    client = Client(raise_request_exception=False)

    answer = client.get("/signin/")

    assert answer.status_code == 500
    assert b"ZeroDivision" not in answer.content


@pytest.mark.django_db
@pytest.mark.parametrize("path", ["/signin/", "/nothing-here/", "/healthz", "/lost/", "/me/"])
def test_every_answer_carries_the_strict_headers(office, client, path):
    answer = client.get(path)

    assert answer["Content-Security-Policy"] == CSP
    assert [name for name in HARD if name not in answer] == []
    assert answer["Cache-Control"] == "no-store"


@pytest.mark.django_db
def test_a_host_nobody_knows_is_refused_with_the_headers_on(office, client):
    answer = client.get("/signin/", headers={"host": "evil.test"})

    assert answer.status_code == 400
    assert answer["Content-Security-Policy"] == CSP


@pytest.mark.django_db
def test_a_form_from_elsewhere_is_refused_in_words(office):
    answer = Client(enforce_csrf_checks=True).post("/signin/", {"email": "a@b.test", "password": "x"})

    assert answer.status_code == 403
    assert answer["Content-Security-Policy"] == CSP


@pytest.mark.django_db
def test_a_body_larger_than_anybody_means_is_refused(office, client):
    answer = client.generic("POST", "/signin/", b"x", headers={"content-length": "99000000"})

    assert answer.status_code == 413


def test_no_error_page_needs_context_or_database():
    from django.template.loader import render_to_string

    for page in settings.BASE_DIR.joinpath("templates").glob("[0-9]*.html"):
        assert "<h1>" in render_to_string(page.name)
    assert "<h1>" in render_to_string("csrf.html")


@pytest.mark.django_db
def test_ready_says_which_part_is_away(office, client):
    answer = client.get("/readyz")

    assert answer.status_code == 503
    assert answer.json() == {
        "database": True,
        "broker": True,
        "beat": False,
        "worker": False,
        "mail": True,
        "sealing_key": True,
    }
