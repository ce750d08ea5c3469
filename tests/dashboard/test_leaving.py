"""Who leaves hands over first: everything together, or nothing."""

from __future__ import annotations

from datetime import timedelta

import pytest

from core import clock
from core.errors import Refused
from core.trail.models import Event
from dashboard import actions
from dashboard.queries.leaving import holdings
from tests import factories
from tests.identity.proofs import asks_for_proof
from tests.identity.test_gate import race

pytestmark = pytest.mark.django_db


@pytest.fixture
def things(trader):
    """What Maria holds: a laptop, a login with its authenticator, and the office's spare card."""
    laptop = factories.make_asset("ThinkPad X1", holder=trader)
    login = factories.make_login(trader, label="Maria at IBKR", doors=["tws"])
    authenticator = factories.make_authenticator(login, label="Push on Maria’s phone")
    other = factories.make_login(factories.make_member("Daniel Frei"), label="Daniel at IBKR")
    card = factories.make_backup(other, label="Card 61", custodian=trader)
    return laptop, login, authenticator, card


def end(person, by, to, **facts):
    return actions.hand_over_and_end(person, to=to, last_day=facts.pop("last_day", None), by=by, at=clock.now())


def test_the_page_lists_everything_that_a_person_holds(owner, trader, things, browse):
    page = browse(owner).get(f"/people/{trader.pk}/end/").content.decode()

    names = ["ThinkPad X1", "Maria at IBKR", "With it goes: Push on Maria’s phone", "Card 61"]
    assert [name for name in names if name not in page] == []
    assert "Daniel at IBKR</label>" not in page


def test_what_is_retired_ended_or_lost_to_somebody_else_is_not_asked_about(owner, trader):
    factories.make_asset("Old laptop", holder=trader, retired_at=factories.AT)
    factories.make_login(trader, label="Old login", ended_at=factories.AT)
    factories.make_backup(factories.make_login(owner), custodian=trader, ended_at=factories.AT)

    assert holdings(trader) == []


def test_everything_gets_its_new_holder_and_then_the_access_ends(owner, manager, trader, things, browse):
    laptop, login, _, card = things
    client, inside = browse(owner), browse(trader)
    facts = {f"thing-{laptop.pk}": manager.pk, f"login-{login.pk}": manager.pk, f"backup-{card.pk}": "stays"}

    answer = client.post(f"/people/{trader.pk}/end/", facts | {"when": "now"})

    assert answer.url == f"/people/{trader.pk}/"
    for row in (laptop, login, card, trader):
        row.refresh_from_db()
    assert (laptop.holder, login.holder, card.custodian) == (manager, manager, trader)
    assert trader.left_at is not None
    assert inside.get("/me/").url.startswith("/signin/")
    verbs = list(Event.objects.order_by("pk").values_list("verb", flat=True))
    assert verbs == ["asset.changed", "login.changed", "member.left", "member.sessions_ended"]
    assert Event.objects.get(verb="member.left").detail == {"stays": {"backups": [card.pk]}}


def test_nothing_happens_while_one_thing_is_without_an_answer(owner, manager, trader, things, browse):
    laptop, login, *_ = things

    page = browse(owner).post(
        f"/people/{trader.pk}/end/",
        {"when": "now", f"thing-{laptop.pk}": manager.pk, f"login-{login.pk}": manager.pk},
    )

    assert "Say who holds it next" in page.content.decode()
    for row in (laptop, trader):
        row.refresh_from_db()
    assert (laptop.holder, trader.left_at) == (trader, None)


def test_what_came_to_them_meanwhile_is_asked_about_too(owner, trader):
    to = {one.name: None for one in holdings(trader)}
    factories.make_asset("New phone", kind="phone", holder=trader)

    with pytest.raises(Refused, match="New phone"):
        end(trader, owner, to)


def test_a_refusal_in_the_midst_of_it_leaves_everything_as_it_was(owner, manager, trader, things):
    laptop, login, _, card = things
    gone = factories.make_member("Gone Away", left_at=factories.AT)
    to = {f"thing-{laptop.pk}": manager, f"login-{login.pk}": gone, f"backup-{card.pk}": manager}

    with pytest.raises(Refused, match="Gone Away has left"):
        end(trader, owner, to)

    for row in (laptop, login, card, trader):
        row.refresh_from_db()
    assert (laptop.holder, login.holder, card.custodian, trader.left_at) == (trader, trader, trader, None)
    assert Event.objects.count() == 0


def test_a_last_day_keeps_them_in_until_it_is_over(owner, trader, browse):
    today = clock.local_day(clock.now(), trader.timezone)
    inside = browse(trader)

    answer = browse(owner).post(
        f"/people/{trader.pk}/end/", {"when": "day", "last_day": (today + timedelta(days=3)).isoformat()}
    )

    assert answer.url == f"/people/{trader.pk}/"
    trader.refresh_from_db()
    assert (trader.ends_on, trader.left_at) == (today + timedelta(days=3), None)
    assert inside.get("/me/").status_code == 200


@pytest.mark.parametrize(
    ("facts", "words"),
    [
        ({"when": "day"}, "Say which day"),
        ({"when": "day", "last_day": "2020-01-01"}, "That day is over"),
    ],
)
def test_a_last_day_has_to_be_one(owner, trader, browse, facts, words):
    assert words in browse(owner).post(f"/people/{trader.pk}/end/", facts).content.decode()


def test_ending_a_membership_needs_a_fresh_proof(owner, trader, browse):
    answer = browse(owner, fresh=False).post(f"/people/{trader.pk}/end/", {"when": "now"})

    assert asks_for_proof(answer)
    assert trader.is_active


@pytest.mark.parametrize("who", ["themselves", "an owner"])
def test_nobody_ends_themselves_and_no_manager_an_owner(owner, manager, who):
    person = {"themselves": manager, "an owner": owner}[who]

    with pytest.raises(Refused, match="owner"):
        end(person, manager, {})


@pytest.mark.django_db(transaction=True)
def test_a_membership_ended_many_times_at_once_ends_once(owner, manager, trader):
    laptop = factories.make_asset("ThinkPad X1", holder=trader)

    def attempt():
        try:
            return end(trader, owner, {f"thing-{laptop.pk}": manager})
        except Refused:
            return None

    assert sum(result is not None for result in race(attempt, count=6)) == 1
    assert Event.objects.filter(verb="asset.changed").count() == 1


def test_ways_in_stay_with_a_leaver_and_their_page_says_so(owner, trader, things, browse):
    laptop, login, _, card = things
    end(trader, owner, {f"thing-{laptop.pk}": None, f"login-{login.pk}": None, f"backup-{card.pk}": None})

    page = browse(owner).get(f"/people/{trader.pk}/").content.decode()

    assert "ThinkPad X1" in page
    assert "Left " in page
