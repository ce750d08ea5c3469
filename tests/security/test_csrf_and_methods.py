"""Every form needs its token, and no view answers other verbs than GET, HEAD and POST."""

from __future__ import annotations

import itertools

import pytest
from django.middleware.csrf import get_token
from django.test import Client

from tests import factories
from tests.architecture.test_matrix import Rows
from tests.architecture.test_routes import all_routes
from tests.factories import PASSWORD

pytestmark = pytest.mark.django_db
# What a browser sends by itself and which changes nothing.
WITHOUT_TOKEN = {"csp-report/"}


@pytest.fixture
def rows(office):
    return Rows("Maria", factories.make_member("Olga Owner", role="owner"))


def addresses(rows) -> dict[str, str]:
    return {route: rows.address(route).replace("<str:token>", "x" * 72) for route in all_routes()}


@pytest.mark.parametrize("who", ["nobody", "an owner"])
def test_no_route_takes_a_post_without_a_token(rows, who):
    client = Client(enforce_csrf_checks=True)
    if who == "an owner":
        factories.signed_in(factories.make_member("Eleanor Hartwell", role="owner"), client)

    answers = {route: client.post(address).status_code for route, address in addresses(rows).items()}

    assert len(answers) > 55
    assert {route for route, status in answers.items() if status != 403} == WITHOUT_TOKEN


@pytest.mark.parametrize("origin", ["https://evil.test", "null", "http://testserver.evil.test"])
def test_a_right_token_from_elsewhere_is_refused(rows, origin):
    client = Client(enforce_csrf_checks=True)
    page = client.get("/signin/")
    token = get_token(page.wsgi_request)
    facts = {"email": rows.member.email, "password": PASSWORD, "csrfmiddlewaretoken": token}

    refused = client.post("/signin/", facts, headers={"origin": origin})
    taken = client.post("/signin/", facts, headers={"origin": "http://testserver"})

    assert (refused.status_code, taken.status_code) == (403, 302)
    assert "This form is too old to be trusted" in refused.content.decode()


def test_the_token_of_one_session_does_not_serve_another(rows):
    mine, theirs = Client(enforce_csrf_checks=True), Client(enforce_csrf_checks=True)
    token = get_token(theirs.get("/signin/").wsgi_request)
    mine.get("/signin/")

    assert mine.post("/lost/", {"name": "a", "number": "1", "csrfmiddlewaretoken": token}).status_code == 403


def test_no_route_answers_another_verb(rows):
    client = factories.signed_in(factories.make_member("Eleanor Hartwell", role="owner"))
    verbs = itertools.cycle(["TRACE", "PUT", "DELETE", "TRACK", "PATCH", "OPTIONS", "CONNECT", "PROPFIND"])

    asked = [(next(verbs), route, address) for route, address in addresses(rows).items() for _ in "abc"]
    answers = {(verb, route): client.generic(verb, address) for verb, route, address in asked}

    assert {what for what, answer in answers.items() if answer.status_code != 405} == set()
    assert {answer["Allow"] for answer in answers.values()} == {"GET, HEAD, POST"}


def test_a_view_that_wants_a_form_answers_405_with_the_houses_page(rows):
    client = factories.signed_in(factories.make_member("Eleanor Hartwell", role="owner"))

    answer = client.get("/signout/")

    assert (answer.status_code, answer["Allow"]) == (405, "POST")
    assert "This door does not open that way" in answer.content.decode()
