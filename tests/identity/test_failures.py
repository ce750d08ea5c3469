"""Bursts of wrong answers, and the page on which owners see them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from core import clock
from core.trail.models import Event
from identity import throttle
from identity.enums import Stage
from identity.models import SignIn
from identity.queries import throttle as queries
from identity.throttle import Burst, Failure, bursts
from tests import factories
from tests.identity.doors import fail, show_password, shut
from tests.identity.proofs import asks_for_proof

AT = datetime(2026, 11, 23, 3, 0, tzinfo=UTC)
PAGE = "/people/failures/"


def failures(times: int, *, member: int | None = 1, stage="password", since=AT, network="a", known=False):
    return [Failure(since + timedelta(minutes=n), stage, network, member, known) for n in range(times)]


def test_failures_of_one_night_are_one_burst():
    found = bursts([*failures(30), *failures(7, since=AT + timedelta(hours=2), network="b")])

    assert found == [
        Burst(
            member=1,
            stage="password",
            wrong=37,
            networks=("a", "b"),
            since=AT,
            until=AT + timedelta(hours=2, minutes=6),
            by_strangers=37,
        )
    ]
    assert (found[0].what, found[0].where) == ("37 wrong passwords", "from 2 networks")


def test_a_long_quiet_ends_a_burst_and_the_newest_comes_first():
    found = bursts([*failures(5), *failures(6, since=AT + throttle.QUIET + timedelta(minutes=5))])

    assert [burst.wrong for burst in found] == [6, 5]


def test_slips_are_left_out_and_people_and_questions_kept_apart():
    found = bursts(
        [
            *failures(4),
            *failures(5, member=2),
            *failures(6, member=2, stage="code", known=True),
            *failures(7, member=None),
        ]
    )

    assert {(burst.member, burst.stage, burst.wrong, burst.by_strangers) for burst in found} == {
        (2, "password", 5, 5),
        (2, "code", 6, 0),
        (None, "password", 7, 7),
    }


def test_no_failures_are_no_bursts():
    assert bursts([]) == []


@pytest.mark.django_db
def test_the_page_tells_who_was_wrong_how_often_and_from_where(owner, trader, browse):
    fail(trader.email, 37, member=trader)
    fail("nobody@hartwell.test", 9)
    fail(owner.email, 4, member=owner)

    page = browse(owner).get(PAGE).content.decode()

    assert "37 wrong passwords" in page
    assert "from 37 networks" in page
    assert "Addresses that nobody here has" in page
    assert "4 wrong" not in page
    assert "nobody@" not in page


@pytest.mark.django_db
def test_the_page_is_empty_in_words(owner, browse):
    assert "Nobody was wrong often" in browse(owner).get(PAGE).content.decode()


@pytest.mark.django_db
def test_an_owner_opens_a_shut_sign_in_from_the_page(owner, trader, browse):
    shut(trader)
    client, stranger = browse(owner), Client(REMOTE_ADDR="192.0.2.55")
    before = client.get(PAGE).content.decode()
    assert show_password(stranger, trader.email).status_code == 429

    client.post(f"/people/{trader.pk}/unlock/")

    assert "can’t sign in with a new browser" in before
    assert "can’t sign in with a new browser" not in client.get(PAGE).content.decode()
    assert show_password(stranger, trader.email).status_code == 302
    assert Event.objects.get(verb="member.waits_lifted").actor_id == owner.pk


@pytest.mark.django_db
def test_lifting_waits_asks_an_owner_for_a_fresh_proof(owner, trader):
    shut(trader)
    client = factories.signed_in(owner, fresh=False)

    assert asks_for_proof(client.post(f"/people/{trader.pk}/unlock/"))
    assert not SignIn.objects.filter(stage=Stage.LIFTED).exists()


@pytest.mark.django_db
@pytest.mark.parametrize("role", ["manager", "auditor", "trader"])
def test_nobody_but_an_owner_lifts_waits(office, trader, browse, role):
    other = factories.make_member("Other", role=role)

    assert browse(other).post(f"/people/{trader.pk}/unlock/").status_code == 403
    assert "Let " not in browse(other).get(PAGE).content.decode()


@pytest.mark.django_db
def test_the_page_and_the_door_agree_on_who_waits(owner, trader, manager):
    now = clock.now()
    fail(trader.email, throttle.FREE_A_DAY, member=trader, until=now - timedelta(minutes=10))
    fail(manager.email, throttle.FREE_A_DAY - 1, member=manager)
    shut(owner)

    held = {one.member: (one.wait, one.is_shut) for one in queries.held_up(at=now)}

    assert held == {trader: (timedelta(minutes=38), False), owner: (throttle.SHUT, True)}
    for member, (wait, _) in held.items():
        name = queries.name_digest(member.email)
        assert queries.wait(Stage.PASSWORD, name=name, network="192.0.2.1", browser=None, at=now) == wait


@pytest.mark.django_db
def test_the_page_asks_as_often_however_many_are_held_up(owner, browse):
    client, counts = browse(owner), []
    client.get(PAGE)
    for n in range(2):
        for m in range(1 + 2 * n):
            person = factories.make_member(f"Person {n}{m}")
            fail(person.email, 30, member=person)
        with CaptureQueriesContext(connection) as asked:
            client.get(PAGE)
        counts.append(len(asked))

    assert counts[0] == counts[1]
