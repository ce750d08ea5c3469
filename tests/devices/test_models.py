"""Things, validations and authenticators as rows: their constraints, who sees them, and proof in SQL."""

from __future__ import annotations

from datetime import timedelta
from itertools import product

import pytest
from django.db import DataError, IntegrityError, connection, transaction

from accounts.models import Door
from devices import rules
from devices.enums import AssetKind, AssetState, Outcome
from devices.models import Asset, Authenticator, Validation
from tests import factories
from tests.factories import AT

pytestmark = pytest.mark.django_db
DAY = timedelta(days=1)


def refuses(constraint: str):
    return pytest.raises(IntegrityError, match=constraint)


def test_a_serial_is_never_whole(db):
    asset = factories.make_asset(hint="7QK4")

    with pytest.raises(DataError), transaction.atomic():
        Asset.objects.filter(pk=asset.pk).update(hint="C7QK4")


def test_a_serial_is_never_whole_even_where_the_column_is_wide(db):
    asset = factories.make_asset(hint="7QK4")
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        cursor.execute("ALTER TABLE devices_asset ALTER COLUMN hint TYPE varchar(40)")

    with refuses("a_serial_is_never_whole"), transaction.atomic():
        Asset.objects.filter(pk=asset.pk).update(hint="C7QK4")


@pytest.mark.parametrize(
    ("field", "constraint"), [("carried_by", "nothing_carries_itself"), ("place", "nothing_is_kept_in_itself")]
)
def test_a_thing_is_not_in_itself(field, constraint):
    asset = factories.make_asset()

    with refuses(constraint), transaction.atomic():
        Asset.objects.filter(pk=asset.pk).update(**{field: asset.pk})


def test_one_validation_stands_for_a_door_and_a_device_and_the_ended_ones_stay(door, laptop):
    factories.make_validation(door, laptop, ended_at=AT)
    factories.make_validation(door, laptop, ended_at=AT)
    factories.make_validation(door, laptop)

    with refuses("one_standing_validation_per_door_and_device"), transaction.atomic():
        factories.make_validation(door, laptop)
    assert Validation.objects.count() == 3


@pytest.mark.parametrize(
    "facts",
    [
        {"outcome": "proven", "proved_at": None, "lapses_at": AT},
        {"outcome": "proven", "proved_at": AT, "lapses_at": None},
        {"outcome": "proven", "proved_at": AT, "lapses_at": AT},
        {"outcome": "proven", "proved_at": AT, "lapses_at": AT - DAY},
        {"outcome": "failed", "proved_at": AT, "lapses_at": AT + DAY},
        {"outcome": "expected", "proved_at": None, "lapses_at": AT + DAY},
    ],
)
def test_a_proof_is_dated_and_lapses_later_and_nothing_else_lapses(door, laptop, facts):
    with refuses("a_proof_is_dated_and_lapses_later"), transaction.atomic():
        Validation.objects.create(door=door, device=laptop, created_at=AT, **facts)


def test_what_nobody_tried_has_no_date(door, laptop):
    with refuses("what_nobody_tried_has_no_date"), transaction.atomic():
        Validation.objects.create(door=door, device=laptop, outcome="expected", proved_at=AT, created_at=AT)


@pytest.mark.parametrize(
    ("facts", "state"),
    [
        ({}, AssetState.IN_USE),
        ({"is_spare": True}, AssetState.SPARE),
        ({"is_spare": True, "lost_at": AT}, AssetState.LOST),
        ({"lost_at": AT, "retired_at": AT}, AssetState.RETIRED),
    ],
)
def test_where_a_thing_is_in_its_life(facts, state):
    assert factories.make_asset(**facts).state == state


@pytest.mark.parametrize("kind", AssetKind.values)
def test_every_kind_has_an_icon_that_the_sprite_knows(kind):
    from core.templatetags.icons import ICONS

    assert factories.make_asset(kind=kind).icon in ICONS


def test_only_a_device_at_hand_can_be_validated():
    at_hand, lost, retired, card = (
        factories.make_asset(),
        factories.make_asset(lost_at=AT),
        factories.make_asset(retired_at=AT),
        factories.make_asset(kind="card"),
    )

    assert [one.can_be_validated for one in (at_hand, lost, retired, card)] == [True, False, False, False]


# Who sees what


@pytest.fixture
def two_houses(trader, login, door, laptop, phone):
    """Maria's things, Daniel's, and shared ones of which she rests on two."""
    daniel = factories.make_member("Daniel Reyes")
    theirs = factories.make_login(daniel, label="Daniel at IBKR", doors=["tws"])
    their_laptop = factories.make_asset("MacBook", holder=daniel)
    desk, card = factories.make_asset("Desk PC"), factories.make_asset("Card 61", kind="card")
    factories.make_asset("Nobody rests on it")
    mine = factories.make_validation(door, desk)
    factories.make_validation(theirs.doors.get(), their_laptop)
    own_key = factories.make_authenticator(login, carriers=[card])
    factories.make_authenticator(theirs, carriers=[their_laptop])
    return {"assets": {laptop, phone, desk, card}, "validations": {mine}, "keys": {own_key}, "laptop": their_laptop}


def test_a_trader_sees_own_things_and_the_shared_ones_that_own_logins_rest_on(trader, two_houses):
    assert set(Asset.objects.visible_to(trader)) == two_houses["assets"]
    assert set(Validation.objects.visible_to(trader)) == two_houses["validations"]
    assert set(Authenticator.objects.visible_to(trader)) == two_houses["keys"]


def test_a_trader_sees_what_is_validated_on_an_own_device_for_another_s_login(trader, two_houses, laptop):
    other = factories.make_login(None, label="Order router", doors=["ib-gateway"])
    on_mine = factories.make_validation(other.doors.get(), laptop)

    assert set(Validation.objects.visible_to(trader)) == two_houses["validations"] | {on_mine}


def test_those_who_see_everything_see_everything(owner, manager, auditor, two_houses):
    for member in (owner, manager, auditor):
        assert set(Asset.objects.visible_to(member)) == set(Asset.objects.all())
        assert set(Validation.objects.visible_to(member)) == set(Validation.objects.all())


def test_what_is_in_force_leaves_out_all_that_nobody_need_act_on(login, door, laptop, phone):
    portal = login.doors.get(interface="client-portal")
    standing = factories.make_validation(door, laptop)
    factories.make_validation(door, laptop, ended_at=AT)
    factories.make_validation(door, factories.make_asset("Lost", lost_at=AT))
    factories.make_validation(door, factories.make_asset("Retired", retired_at=AT))
    factories.make_validation(portal, phone)
    Door.objects.filter(pk=portal.pk).update(used=False)
    ended = factories.make_login(login.holder, label="Ended", doors=["tws"], ended_at=AT)
    factories.make_validation(ended.doors.get(), laptop)

    assert set(Validation.objects.in_force()) == {standing}


# Proof in SQL and in Python


LAPSES = [DAY * n for n in (-100, -1, 0, 1, 13, 14, 15, 100)]
EDGE = timedelta(microseconds=1)
LAPSE_MOMENTS = [lapse + edge for lapse in LAPSES for edge in (-EDGE, 0 * EDGE, EDGE)]


def every_case():
    """Every outcome, every lapse around the edges, on a device at hand, lost and retired."""
    for outcome, gone in product(Outcome.values, ("", "lost_at", "retired_at")):
        lapses = LAPSE_MOMENTS if outcome == "proven" else [None]
        yield from ((outcome, lapse, gone) for lapse in lapses)


@pytest.mark.parametrize("warn_days", [0, 1, 14])
def test_sql_and_python_agree_on_every_case(login, warn_days):
    door, expected = login.doors.first(), {}
    devices = {gone: [] for gone in ("", "lost_at", "retired_at")}
    for outcome, lapse, gone in every_case():
        device = factories.make_asset(f"{outcome} {lapse} {gone}", **({gone: AT} if gone else {}))
        lapses_at = None if lapse is None else AT + lapse
        proved_at = None if outcome == "expected" else AT - 400 * DAY
        row = Validation.objects.create(
            door=door, device=device, outcome=outcome, proved_at=proved_at, lapses_at=lapses_at, created_at=AT
        )
        devices[gone].append(row)
        expected[row.pk] = rules.proof_state(
            outcome=outcome, lapses_at=lapses_at, at=AT, warn_days=warn_days, device_lost=bool(gone)
        )

    found = dict(Validation.objects.with_proof(AT, warn_days).values_list("pk", "proof"))

    assert found == expected
    assert len(found) == 3 * (3 + len(LAPSE_MOMENTS))
    assert set(found.values()) == {"proven", "due", "overdue", "never", "failed", "unknown"} - (
        set() if warn_days else {"due"}
    )
