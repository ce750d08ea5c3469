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
# With savepoints, and with what the session costs. A failure costs the sign-in after it the trail's line about it.
QUERIES = {
    "right password": 17,
    "right code": 49,
    "wrong password": 16,
    "right password, known browser": 18,
    "wrong code": 24,
    "right code after two failures": 52,
}


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
    plain = [re.sub(r"'(?:[^']|'')*'", "?", query["sql"] or "") for query in queries]
    return [re.sub(r"\b(?:NULL|\d+|s\d+_x\d+)\b", "?", sql) for sql in plain]


def test_every_name_costs_one_hash_and_the_same_statements(people):
    costs = {}
    for name, email in people.items():
        CALLS.clear()
        statements = asked(Client(), lambda client, email=email: show_password(client, email, WRONG))
        costs[name] = (tuple(statements), dict(CALLS))

    assert tuple(costs) == NAMES
    assert len({statements for statements, _ in costs.values()}) == 1
    assert {name: calls for name, (_, calls) in costs.items()} == {name: {"verify": 1} for name in NAMES}


def test_every_name_gets_the_same_answer_also_while_the_mail_server_is_away(people, settings):
    settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", 1
    answers = [set() for _ in range(throttle.FREE_TRIES + 2)]
    for n, email in enumerate(people.values()):
        for turn in answers:
            answer = show_password(Client(REMOTE_ADDR=f"2001:db8:{n:x}::1"), email, WRONG)
            turn.add((answer.status_code, tuple(sorted(answer.headers)), _plain(answer.content)))

    assert [len(turn) for turn in answers] == [1] * (throttle.FREE_TRIES + 2)
    assert [turn.pop()[0] for turn in answers] == [200] * (throttle.FREE_TRIES + 1) + [429]
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
    member, client, counts = factories.Member.objects.get(email=people["known"]), Client(), {}

    def count(step: str, post) -> None:
        counts[step] = len(asked(client, post))

    count("right password", lambda one: show_password(one, member.email))
    code = right_code(member)
    count("right code", lambda one: one.post("/signin/code/", {"code": code}))
    client.post("/signout/")
    count("wrong password", lambda one: show_password(one, member.email, WRONG))
    count("right password, known browser", lambda one: show_password(one, member.email))
    code = wrong_code(member)
    count("wrong code", lambda one: one.post("/signin/code/", {"code": code}))
    code = right_code(member)
    count("right code after two failures", lambda one: one.post("/signin/code/", {"code": code}))

    assert counts == QUERIES


def test_a_long_past_at_the_door_costs_no_more(people):
    member = factories.Member.objects.get(email=people["known"])
    once = len(asked(Client(), lambda one: show_password(one, member.email, WRONG)))
    fail(member.email, 80, member=member, until=factories.AT)

    assert len(asked(Client(REMOTE_ADDR="192.0.2.9"), lambda one: show_password(one, member.email, WRONG))) == once
