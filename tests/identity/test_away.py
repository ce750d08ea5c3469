"""Days away: who may stand in, said in words where not."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest
from django.db import IntegrityError, transaction

from core.errors import Refused
from core.trail.models import Event
from identity import actions, queries
from identity.models import Away
from tests import factories
from tests.factories import AT
from tests.identity.test_gate import race

pytestmark = pytest.mark.django_db
MONDAY = AT.date()
FRIDAY = MONDAY + timedelta(days=4)


def set_away(member, stand_in, *, by=None, from_on=MONDAY, until_on=FRIDAY, at=AT):
    return actions.set_away(member, stand_in=stand_in, from_on=from_on, until_on=until_on, by=by or member, at=at)


def test_days_away_are_written_down_with_who_stands_in(trader, manager):
    away = set_away(trader, manager)

    assert queries.away_at(AT) == {trader.pk: away}
    assert Event.objects.get().detail == {
        "stand_in": manager.pk,
        "from_on": "2026-11-23",
        "until_on": "2026-11-27",
    }


def test_both_ends_count_by_the_clock_of_the_person_who_is_away(manager):
    priya = factories.make_member("Priya Nair", timezone="Asia/Kolkata")
    set_away(priya, manager)

    seen = {
        moment: priya.pk in queries.away_at(moment)
        for moment in (
            datetime(2026, 11, 22, 18, 29, tzinfo=UTC),
            datetime(2026, 11, 22, 18, 30, tzinfo=UTC),
            datetime(2026, 11, 27, 18, 29, tzinfo=UTC),
            datetime(2026, 11, 27, 18, 30, tzinfo=UTC),
        )
    }

    assert list(seen.values()) == [False, True, True, False]


@pytest.mark.parametrize(
    ("day", "first", "last"),
    [
        (date(2027, 3, 28), datetime(2027, 3, 27, 23, tzinfo=UTC), datetime(2027, 3, 28, 22, tzinfo=UTC)),
        (date(2027, 10, 31), datetime(2027, 10, 30, 22, tzinfo=UTC), datetime(2027, 10, 31, 23, tzinfo=UTC)),
    ],
)
def test_a_day_away_is_as_long_as_its_day_when_the_clocks_change(manager, day, first, last):
    member = factories.make_member("Maria Santos", timezone="Europe/Zurich")
    factories.make_away(member, manager, from_on=day, until_on=day)
    second = timedelta(seconds=1)

    seen = [member.pk in queries.away_at(moment) for moment in (first - second, first, last - second, last)]

    assert seen == [False, True, True, False]


def cases():
    """Each person who cannot stand in, with the words that say why."""
    return {
        "themselves": "for themselves",
        "trader": "sees only their own things",
        "auditor": "is an auditor",
        "left": "does not sign in here",
        "never joined": "does not sign in here",
        "leaves before": "comes before",
        "away too": "is away on some of these days too",
    }


@pytest.mark.parametrize("case", cases())
def test_who_cannot_stand_in_is_refused_in_words(trader, owner, case):
    people = {
        "themselves": lambda: trader,
        "trader": lambda: factories.make_member("Daniel Frei"),
        "auditor": lambda: factories.make_member("Ada Voss", role="auditor", ends_on=date(2027, 1, 1)),
        "left": lambda: factories.make_member("Left", role="manager", left_at=AT),
        "never joined": lambda: factories.make_member("New", role="manager", signs_in=False),
        "leaves before": lambda: factories.make_member("Leaving", role="manager", ends_on=FRIDAY - timedelta(days=1)),
        "away too": lambda: factories.make_member("Away", role="manager"),
    }
    stand_in = people[case]()
    if case == "away too":
        set_away(stand_in, owner, from_on=FRIDAY, until_on=FRIDAY, by=owner)

    with pytest.raises(Refused, match=cases()[case]):
        set_away(trader, stand_in)


def test_nobody_is_away_twice_on_a_day_or_while_standing_in(trader, manager, owner):
    set_away(trader, manager)

    with pytest.raises(Refused, match="already"):
        set_away(trader, owner, from_on=FRIDAY, until_on=FRIDAY)
    with pytest.raises(Refused, match="stands in for Maria Santos"):
        set_away(manager, owner, from_on=FRIDAY, until_on=FRIDAY, by=owner)


def test_the_table_itself_refuses_days_that_overlap(trader, manager):
    factories.make_away(trader, manager, days=(0, 5))

    with pytest.raises(IntegrityError, match="nobody_is_away_twice_at_once"), transaction.atomic():
        factories.make_away(trader, manager, days=(5, 6))
    factories.make_away(trader, manager, days=(6, 7))
    factories.make_away(manager, trader, days=(5, 6))
    factories.make_away(trader, manager, days=(5, 6), ended_at=AT)


@pytest.mark.parametrize(
    ("days", "words"),
    [((0, -1), "before the first"), ((-5, -1), "are over")],
)
def test_days_that_cannot_be_are_refused(trader, manager, days, words):
    first, last = (MONDAY + timedelta(days=number) for number in days)

    with pytest.raises(Refused, match=words):
        set_away(trader, manager, from_on=first, until_on=last)


def test_a_trader_writes_down_nobody_else_and_a_manager_no_owner(trader, manager, owner):
    other = factories.make_member("Daniel Frei")

    with pytest.raises(Refused, match="Only an owner"):
        set_away(other, manager, by=trader)
    with pytest.raises(Refused, match="Only an owner"):
        set_away(owner, manager, by=manager)


def test_days_called_off_no_longer_count(trader, manager):
    away = set_away(trader, manager)

    actions.end_away(away, by=trader, at=AT)

    assert queries.away_at(AT) == {}
    with pytest.raises(Refused, match="already"):
        actions.end_away(away, by=trader, at=AT)


def test_the_table_itself_refuses_what_cannot_be(trader, manager):
    facts = {"member": trader, "made_by": trader, "made_at": AT}

    for name, wrong in {
        "days_away_end_no_earlier_than_they_begin": {"stand_in": manager, "from_on": FRIDAY, "until_on": MONDAY},
        "nobody_stands_in_for_themselves": {"stand_in": trader, "from_on": MONDAY, "until_on": FRIDAY},
    }.items():
        with pytest.raises(IntegrityError, match=name), transaction.atomic():
            Away.objects.create(**facts, **wrong)


@pytest.mark.django_db(transaction=True)
def test_two_who_stand_in_for_each_other_at_once_do_not_both_go(owner):
    other = factories.make_member("Second Owner", role="owner")
    pairs = [(owner, other), (other, owner)]

    def go():
        member, stand_in = pairs.pop()
        try:
            return set_away(member, stand_in)
        except Refused:
            return None

    assert sum(result is not None for result in race(go, count=2)) == 1


def test_a_trader_goes_away_on_their_own_page_and_sees_no_other_trader(trader, manager, browse):
    factories.make_member("Daniel Frei")
    client = browse(trader)

    page = client.get("/me/away/").content.decode()
    assert ("Tom Okafor" in page, "Daniel Frei" in page) == (True, False)
    answer = client.post("/me/away/", {"from_on": "2099-01-05", "until_on": "2099-01-09", "stand_in": manager.pk})

    assert answer.url == "/me/away/"
    away = Away.objects.get()
    assert (away.member, away.stand_in, away.made_by) == (trader, manager, trader)
    assert "Mon 5 Jan 2099" in client.get("/me/away/").content.decode()
    client.post(f"/away/{away.pk}/end/")
    assert not Away.objects.standing().exists()


def test_a_refusal_lands_on_the_form_of_the_manager(trader, manager, owner, browse):
    other = factories.make_member("Daniel Frei")

    page = browse(owner).post(
        f"/people/{trader.pk}/away/", {"from_on": "2099-01-05", "until_on": "2099-01-09", "stand_in": other.pk}
    )

    assert "Daniel Frei sees only their own things" in page.content.decode()
