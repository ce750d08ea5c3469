"""Signing in costs one Argon2 and a recorded number of queries, the same whoever's name is typed."""

from __future__ import annotations

import re
from collections import Counter

import pytest
from django.contrib.auth.hashers import Argon2PasswordHasher
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from core.letters.models import Letter
from identity import throttle
from identity.models import BackupSheet, TotpDevice
from tests import factories
from tests.identity.doors import WRONG, fail, right_code, show_password, sign_in, wrong_code

pytestmark = pytest.mark.django_db
CALLS: Counter[str] = Counter()
NAMES = ("known", "left", "invited", "without_factor", "ended", "without_password", "unknown")
# With the session's own: the password POST of a fresh browser, a wrong and a right code, and a known browser's.
QUERIES = {"wrong password": 15, "right password": 19, "wrong code": 0, "right code": 0, "right password, known": 0}


class Counting(Argon2PasswordHasher):
    """Argon2 as it comes, that counts how often it is run."""

    def encode(self, password, salt):
        CALLS["encode"] += 1
        return super().encode(password, salt)

    def verify(self, password, encoded):
        CALLS["verify"] += 1
        return super().verify(password, encoded)


@pytest.fixture(autouse=True)
def _counted(settings):
    settings.PASSWORD_HASHERS = [f"{__name__}.Counting"]
    CALLS.clear()


@pytest.fixture
def people(office) -> dict[str, str]:
    """The addresses of a person of every kind, and one that nobody has."""
    made = {
        "known": factories.make_member("Known"),
        "left": factories.make_member("Left", left_at=factories.AT),
        "invited": factories.make_member("Invited", email="invited@hartwell.test", signs_in=False),
        "without_factor": factories.make_member("Without factor"),
        "ended": factories.make_member("Ended", role="auditor", ends_on=factories.AT.date()),
        "without_password": factories.make_member("Without password"),
    }
    TotpDevice.objects.filter(user=made["without_factor"]).delete()
    BackupSheet.objects.filter(user=made["without_factor"]).delete()
    made["without_password"].set_unusable_password()
    made["without_password"].save()
    CALLS.clear()
    return {name: member.email for name, member in made.items()} | {"unknown": "nobody@hartwell.test"}


def asked(client: Client, post) -> list[str]:
    """The statements of one POST, in order, without their values."""
    with CaptureQueriesContext(connection) as queries:
        post(client)
    plain = [re.sub(r"'(?:[^']|'')*'", "?", query["sql"]) for query in queries]
    return [re.sub(r"\b(?:NULL|\d+|s\d+_x\d+)\b", "?", sql) for sql in plain]


def test_every_name_costs_one_hash_and_the_same_statements(people):
    costs = {}
    for name, email in people.items():
        CALLS.clear()
        statements = asked(Client(), lambda client, email=email: show_password(client, email, WRONG))
        costs[name] = (tuple(statements), dict(CALLS))

    assert tuple(costs) == NAMES
    assert len({statements for statements, _ in costs.values()}) == 1
    assert {name: calls for name, (_, calls) in costs.items()} == dict.fromkeys(NAMES, {"verify": 1})


def test_every_name_gets_the_same_answer_also_while_the_mail_server_is_away(people, settings):
    settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", 1
    answers = {}
    for name, email in people.items():
        for n in range(throttle.FREE_TRIES + 2):
            client = Client(REMOTE_ADDR=f"2001:db8:{len(answers):x}::{n + 1}")
            answer = show_password(client, email, WRONG)
            seen = (answer.status_code, tuple(sorted(answer.headers)), _plain(answer.content))
            answers.setdefault(n, {})[name] = seen
        answers = {n: given for n, given in answers.items()}

    assert [len(set(given.values())) for given in answers.values()] == [1] * (throttle.FREE_TRIES + 2)
    assert [given["unknown"][0] for given in answers.values()] == [200] * (throttle.FREE_TRIES + 1) + [429]
    assert not Letter.objects.exists()


def _plain(content: bytes) -> str:
    """A page without what differs at each request: the form's token, the length of a wait, the address typed."""
    text = re.sub(r'name="csrfmiddlewaretoken" value="\w+"', "", content.decode())
    return re.sub(r"Wait \d+ seconds|value=\"[^\"]*@[^\"]*\"|\"X-CSRFToken\": \"\w+\"", "", text)


def test_a_name_that_is_held_up_costs_no_hash_and_the_same_statements(people):
    costs = {}
    for name, email in people.items():
        fail(email, throttle.FREE_A_DAY)
        CALLS.clear()
        costs[name] = tuple(asked(Client(), lambda client, email=email: show_password(client, email, WRONG)))

    assert (len(set(costs.values())), CALLS) == (1, Counter())


def test_signing_in_costs_one_hash(people):
    member = factories.Member.objects.get(email=people["known"])
    CALLS.clear()

    sign_in(member, Client())

    assert CALLS == {"verify": 1}


def test_signing_in_asks_a_recorded_number_of_questions(people):
    member = factories.Member.objects.get(email=people["known"])
    client, counts = Client(), {}
    counts["wrong password"] = len(asked(client, lambda one: show_password(one, member.email, WRONG)))
    counts["right password"] = len(asked(client, lambda one: show_password(one, member.email)))
    wrong, right = wrong_code(member), right_code(member)
    counts["wrong code"] = len(asked(client, lambda one: one.post("/signin/code/", {"code": wrong})))
    counts["right code"] = len(asked(client, lambda one: one.post("/signin/code/", {"code": right})))
    client.post("/signout/")
    counts["right password, known"] = len(asked(client, lambda one: show_password(one, member.email)))

    assert counts == QUERIES


def test_a_long_past_at_the_door_costs_no_more(people):
    member = factories.Member.objects.get(email=people["known"])
    once = len(asked(Client(), lambda one: show_password(one, member.email, WRONG)))
    fail(member.email, 80, member=member, until=factories.AT)

    assert len(asked(Client(REMOTE_ADDR="192.0.2.9"), lambda one: show_password(one, member.email, WRONG))) == once
