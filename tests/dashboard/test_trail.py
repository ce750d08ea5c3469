"""The trail's pages: what is asked for, how the chain stands, heads from letters."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import transaction

from core.trail import actions as trail
from core.trail.actions import record
from core.trail.enums import Verb
from core.trail.models import Event, Walk
from tests.factories import make_account, make_asset
from tests.trail.tampering import tampering

pytestmark = pytest.mark.django_db


def text(client, address: str, **asked) -> str:
    answer = client.get(address, asked)
    assert answer.status_code == 200
    return answer.content.decode()


def deeds(client, **asked) -> list[str]:
    """The deeds on the page, newest first, by who did them and what."""
    lines = client.get("/trail/", asked).context["lines"]
    return [f"{line.who} {line.event.verb} {line.about}".strip() for line in lines]


@pytest.fixture
def four_deeds(owner, manager, at):
    """Two people, two kinds of things, four days."""
    account, laptop = make_account("Global Macro"), make_asset("ThinkPad X1", holder=manager)
    with transaction.atomic():
        record(Verb.ACCOUNT_ADDED, by=owner, about=account, at=at - timedelta(days=9), name="Global Macro")
        record(Verb.ASSET_ADDED, by=manager, about=laptop, at=at - timedelta(days=5), name="ThinkPad X1")
        record(
            Verb.ASSET_CHANGED,
            by=manager,
            about=laptop,
            at=at - timedelta(days=2),
            changes={"holder": [None, manager.pk]},
        )
        record(Verb.SIGNED_IN, by=owner, about=owner, at=at, address="203.0.113.7")
    return account, laptop


EVERY = [
    "Eleanor Hartwell member.signed_in",
    "Tom Okafor asset.changed ThinkPad X1",
    "Tom Okafor asset.added ThinkPad X1",
    "Eleanor Hartwell account.added Global Macro •••4417",
]


@pytest.mark.parametrize(
    ("asked", "shown"),
    [
        ({}, [0, 1, 2, 3]),
        ({"verb": "asset.changed"}, [1]),
        ({"kind": "devices.asset"}, [1, 2]),
        ({"kind": "accounts.account"}, [3]),
        ({"name": "thinkpad"}, [1, 2]),
        ({"name": "macro"}, [3]),
        ({"name": "macro", "kind": "devices.asset"}, []),
        ({"from_day": "2026-11-18"}, [0, 1, 2]),
        ({"until_day": "2026-11-18"}, [2, 3]),
        ({"from_day": "2026-11-18", "until_day": "2026-11-18"}, [2]),
        ({"verb": "no.such", "from_day": "yesterday"}, [0, 1, 2, 3]),
    ],
)
def test_the_trail_shows_what_is_asked_for(four_deeds, browse, owner, asked, shown):
    assert deeds(browse(owner), **asked) == [EVERY[n] for n in shown]


def test_the_trail_of_one_person(four_deeds, browse, owner, manager):
    assert deeds(browse(owner), person=manager.pk) == [EVERY[1], EVERY[2]]


def test_a_day_is_a_day_where_the_reader_is(browse, at):
    from tests.factories import make_member, make_office

    make_office()
    far = make_member("Kiri Te", role="owner", timezone="Pacific/Auckland")
    with transaction.atomic():
        record(Verb.SIGNED_IN, by=far, about=far, at=at.replace(hour=20))

    assert deeds(browse(far), from_day="2026-11-24") == ["Kiri Te member.signed_in"]
    assert deeds(browse(far), until_day="2026-11-23") == []


def test_the_page_says_before_after_and_from_where_in_names(four_deeds, browse, owner):
    page = text(browse(owner), "/trail/")

    assert "holder: nothing → Tom Okafor" in page
    assert '<span class="num">203.0.113.7</span>' in page


def test_what_is_done_through_a_page_is_recorded_with_its_address(browse, owner):
    browse(owner).post("/office/", {}, REMOTE_ADDR="203.0.113.8")
    browse(owner).post(
        "/accounts/new/?broker=ibkr", {"name": "Quiet", "broker": "ibkr"}, REMOTE_ADDR="203.0.113.8", follow=True
    )

    assert set(Event.objects.values_list("verb", "address")) == {("account.added", "203.0.113.8")}


def test_pages_of_fifty(browse, owner, at):
    with transaction.atomic():
        for n in range(60):
            record(Verb.ACCOUNT_ADDED, by=owner, at=at, count=n)

    second = browse(owner).get("/trail/", {"verb": "account.added", "page": 2})

    assert len(second.context["lines"]) == 10
    assert 'href="?verb=account.added&amp;page=1"' in second.content.decode()


def test_the_page_says_that_the_chain_is_intact(four_deeds, browse, owner):
    assert "4 of 4 events, chain intact" in text(browse(owner), "/trail/")
    assert "4 of 4 events, chain intact" in text(browse(owner), "/trail/check/")


@pytest.mark.parametrize("address", ["/trail/", "/trail/check/"])
def test_a_broken_chain_is_said_plainly(four_deeds, browse, owner, address):
    third = Event.objects.order_by("pk")[2]
    with tampering() as cursor:
        cursor.execute("UPDATE trail_event SET actor_id = %s WHERE id = %s", [owner.pk, third.pk])

    page = text(browse(owner), address)

    assert "The trail was changed: the chain breaks at event" in page
    assert f"at event {third.pk}, after 2 good ones: what it says was changed" in page
    assert 'data-state="late" role="alert"' in page
    assert "chain intact" not in page


def test_a_change_behind_the_last_walk_shows_once_the_whole_is_walked(four_deeds, browse, owner, at):
    trail.walk(at=at)
    with tampering() as cursor:
        cursor.execute("UPDATE trail_event SET actor_id = 0 WHERE id = (SELECT min(id) + 1 FROM trail_event)")
    client = browse(owner)

    assert "chain intact" in text(client, "/trail/")
    assert client.post("/trail/check/").url == "/trail/check/"
    assert "The trail was changed" in text(client, "/trail/")
    assert Walk.objects.count() == 2


def test_looking_keeps_nothing(four_deeds, browse, owner):
    text(browse(owner), "/trail/")
    text(browse(owner), "/trail/check/")

    assert (Walk.objects.count(), Event.objects.count()) == (0, 4)


def test_a_head_from_a_letter_is_looked_up(four_deeds, browse, owner):
    second = Event.objects.order_by("pk")[1]
    client = browse(owner)

    assert "Yes. It is event 2, written" in text(
        client, "/trail/check/", head=f"{second.digest[:32]} {second.digest[32:]}"
    )
    assert "2 more have come since." in text(client, "/trail/check/", head=second.digest[:16])
    assert "No event has that head" in text(client, "/trail/check/", head="0" * 64)
    assert "Type at least sixteen of them" in text(client, "/trail/check/", head="abc")


def test_a_head_in_a_broken_chain_vouches_for_nothing(four_deeds, browse, owner):
    first = Event.objects.order_by("pk")[0]
    with tampering() as cursor:
        cursor.execute("UPDATE trail_event SET actor_id = 0 WHERE id > %s", [first.pk])

    page = text(browse(owner), "/trail/check/", head=first.digest)

    assert "The head is there, but the chain is broken" in page
    assert "Yes. It is event" not in page


def test_the_page_names_guards_that_are_switched_off(four_deeds, browse, owner):
    assert "Switched off or gone: trail_is_never_emptied" in text(browse(owner), "/trail/check/")
