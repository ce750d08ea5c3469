"""What people do with things, validations and authenticators."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import date, timedelta

import pytest
from django.db import connection

from accounts.models import Door
from core.errors import Refused
from core.trail.models import Event
from devices import actions
from devices.models import Asset, Authenticator, Validation
from identity.models import Office
from tests import factories
from tests.factories import AT

pytestmark = pytest.mark.django_db
DAY, SECOND = timedelta(days=1), timedelta(seconds=1)


def told() -> list[tuple]:
    """The trail as (verb, what it is about, detail)."""
    return [(event.verb, event.about_id, event.detail) for event in Event.objects.order_by("pk")]


def refused(words: str):
    return pytest.raises(Refused, match=words)


# Things


def test_a_thing_is_put_on_file(manager, trader):
    place = factories.make_asset("Office safe", kind="place")

    asset = actions.add_asset(kind="phone", name="iPhone 15", holder=trader, place=place, by=manager, at=AT)

    assert (asset.key, asset.holder, asset.place, asset.created_at) == ("iphone-15", trader, place, AT)
    assert told() == [("asset.added", asset.pk, {"name": "iPhone 15", "kind": "phone"})]


def test_two_things_of_one_name_get_keys_of_their_own(manager):
    first = actions.add_asset(kind="phone", name="iPhone 15", by=manager, at=AT)
    second = actions.add_asset(kind="phone", name="iPhone 15", by=manager, at=AT)
    third = actions.add_asset(kind="phone", name="iPhone 15", key="from-the-sheet", by=manager, at=AT)

    assert [one.key for one in (first, second, third)] == ["iphone-15", "iphone-15-2", "from-the-sheet"]


@pytest.mark.parametrize(
    ("facts", "words"),
    [
        ({"place": "laptop"}, "Choose a place"),
        ({"carried_by": "safe"}, "carries nothing"),
        ({"carried_by": "gone"}, "Old phone was retired"),
        ({"place": "burnt"}, "Old safe was retired"),
        ({"holder": "left"}, "Ann Left has left"),
    ],
)
def test_a_thing_is_not_kept_carried_or_held_where_it_cannot_be(manager, laptop, facts, words):
    named = {
        "laptop": laptop,
        "safe": factories.make_asset("Office safe", kind="place"),
        "gone": factories.make_asset("Old phone", kind="phone", retired_at=AT),
        "burnt": factories.make_asset("Old safe", kind="place", retired_at=AT),
        "left": factories.make_member("Ann Left", left_at=AT),
    }

    with refused(words):
        actions.add_asset(
            kind="sim", name="SIM", by=manager, at=AT, **{name: named[which] for name, which in facts.items()}
        )
    assert not Asset.objects.filter(name="SIM").exists()
    assert told() == []


def test_what_changed_of_a_thing_is_in_the_trail_and_nothing_else(manager, trader, laptop):
    daniel = factories.make_member("Daniel Reyes")

    actions.change_asset(laptop, name="ThinkPad X1", holder=daniel, note="Travels", by=manager, at=AT)
    actions.change_asset(laptop, name="ThinkPad X1", by=manager, at=AT)

    changes = {"holder": [trader.pk, daniel.pk], "note": ["", "Travels"]}
    assert told() == [("asset.changed", laptop.pk, {"changes": changes})]


def test_things_do_not_carry_each_other_however_many_lie_between(manager):
    bag = factories.make_asset("Laptop bag", kind="computer")
    phone = factories.make_asset("Phone", kind="phone", carried_by=bag)
    tablet = factories.make_asset("Tablet", kind="tablet", carried_by=phone)

    with refused("cannot carry each other"):
        actions.change_asset(bag, carried_by=tablet, by=manager, at=AT)
    actions.change_asset(tablet, carried_by=bag, by=manager, at=AT)


def test_the_kind_of_a_thing_stays_while_something_rests_on_it(manager, login, door, laptop, phone):
    factories.make_validation(door, laptop)
    factories.make_authenticator(login, carriers=[phone])
    safe = factories.make_asset("Safe", kind="place")
    factories.make_asset("Card", kind="card", place=safe)

    for asset in (laptop, phone, safe):
        with refused("so its kind stays"):
            actions.change_asset(asset, kind="paper", by=manager, at=AT)
    free = factories.make_asset("Free")
    assert actions.change_asset(free, kind="tablet", by=manager, at=AT).kind == "tablet"


def test_what_was_so_before_may_stay_and_is_not_chosen_anew(manager, trader, laptop):
    old, left = factories.make_asset("Old phone", kind="phone", retired_at=AT), factories.make_member("Ann", left_at=AT)
    sim = factories.make_asset("SIM", kind="sim", carried_by=old, holder=left)
    other = factories.make_asset("Other SIM", kind="sim")

    assert actions.change_asset(sim, note="Blocked", carried_by=old, holder=left, by=manager, at=AT).note == "Blocked"
    with refused("Old phone was retired"):
        actions.change_asset(other, carried_by=old, by=manager, at=AT)
    with refused("Ann has left"):
        actions.change_asset(other, holder=left, by=manager, at=AT)


def test_a_retired_thing_is_not_changed_any_more(manager):
    old = factories.make_asset(retired_at=AT)

    with refused("was retired"):
        actions.change_asset(old, name="New", by=manager, at=AT)


def test_a_thing_is_lost_and_found_and_each_is_said_once(manager, laptop):
    actions.mark_lost(laptop, by=manager, at=AT)
    with refused("marked as lost already"):
        actions.mark_lost(laptop, by=manager, at=AT + DAY)
    assert Asset.objects.get(pk=laptop.pk).lost_at == AT

    found = actions.mark_found(laptop, by=manager, at=AT + DAY)
    with refused("is not marked as lost"):
        actions.mark_found(laptop, by=manager, at=AT + DAY)

    assert found.lost_at is None
    assert told() == [
        ("asset.lost", laptop.pk, {"name": laptop.name}),
        ("asset.found", laptop.pk, {"name": laptop.name, "lost_at": AT.isoformat()}),
    ]


def test_what_was_proven_on_a_lost_or_retired_thing_stays_on_file_and_no_longer_counts(manager, door, laptop):
    validation = factories.make_validation(door, laptop)

    actions.retire_asset(laptop, by=manager, at=AT)

    kept = Validation.objects.with_proof(AT, 14).get(pk=validation.pk)
    assert (kept.ended_at, kept.proof) == (None, "unknown")
    assert list(Validation.objects.in_force()) == []
    assert told() == [("asset.retired", laptop.pk, {"name": laptop.name})]


def test_a_retired_thing_is_neither_retired_lost_nor_found_again(manager):
    old = factories.make_asset("Old", retired_at=AT, lost_at=AT)

    for deed, words in (
        (actions.retire_asset, "was retired already"),
        (actions.mark_lost, "was retired already"),
        (actions.mark_found, "is not marked as lost"),
    ):
        with refused(words):
            deed(old, by=manager, at=AT)


def test_a_place_is_not_retired_while_things_are_kept_in_it(manager):
    safe = factories.make_asset("Office safe", kind="place")
    card = factories.make_asset("Card 61", kind="card", place=safe)
    other = factories.make_asset("Card 62", kind="card", place=safe)

    with refused("2 things are still kept in Office safe. Say first where they are now."):
        actions.retire_asset(safe, by=manager, at=AT)
    actions.retire_asset(card, by=manager, at=AT)
    with refused("One thing is still kept in Office safe"):
        actions.retire_asset(safe, by=manager, at=AT)
    actions.change_asset(other, place=None, by=manager, at=AT)

    assert actions.retire_asset(safe, by=manager, at=AT).retired_at == AT


# Validations


def test_a_proof_is_asked_for_and_stands_as_never_proven(manager, door, laptop):
    expected = actions.expect_validation(door, laptop, by=manager, at=AT)

    assert Validation.objects.with_proof(AT, 14).get().proof == "never"
    assert told() == [("validation.expected", expected.pk, {"door": door.pk, "device": laptop.pk})]
    with refused("is on file for Trader Workstation already"):
        actions.expect_validation(door, laptop, by=manager, at=AT)


def test_a_renewal_ends_the_standing_row_and_opens_its_successor_as_one_fact(trader, door, laptop):
    old = factories.make_validation(door, laptop, proved_at=AT - 80 * DAY)

    new = actions.confirm_validation(door, laptop, proved_at=AT - SECOND, proved_by=trader, by=trader, at=AT)

    old.refresh_from_db()
    assert (old.ended_at, new.ended_at, new.proved_at, new.created_at) == (AT, None, AT - SECOND, AT)
    assert (new.outcome, new.how, new.proved_by) == ("proven", "used", trader)
    assert new.lapses_at.isoformat() == "2027-02-22T00:00:00+00:00"
    detail = {"door": door.pk, "device": laptop.pk, "outcome": "proven", "replaces": old.pk}
    assert told() == [("validation.confirmed", new.pk, detail | {"proved_at": (AT - SECOND).isoformat()})]


def test_a_proof_holds_for_the_office_s_days_in_the_zone_of_the_login_s_holder(manager, door, laptop):
    Office.objects.update(validity_days=30)
    factories.Member.objects.filter(pk=door.login.holder_id).update(timezone="Asia/Tokyo")

    found = actions.confirm_validation(door, laptop, proved_at=AT, by=manager, at=AT)

    assert found.lapses_at.isoformat() == "2026-12-23T15:00:00+00:00"


@pytest.mark.parametrize(("holder_zone", "lapses"), [("Asia/Tokyo", "T15:00"), (None, "T00:00")])
def test_a_program_s_proof_is_counted_where_its_server_is_held_else_at_the_office(manager, holder_zone, lapses):
    router = factories.make_login(None, label="Order router", doors=["ib-gateway"])
    holder = factories.make_member("Ken", timezone=holder_zone) if holder_zone else None
    server = factories.make_asset("Server", kind="server", holder=holder)

    found = actions.confirm_validation(router.doors.get(), server, proved_at=AT, by=manager, at=AT)

    assert lapses in found.lapses_at.isoformat()


@pytest.mark.parametrize(("outcome", "verb"), [("failed", "validation.failed"), ("unknown", "validation.confirmed")])
def test_a_failure_and_a_doubt_are_written_down_without_an_end(trader, door, laptop, outcome, verb):
    factories.make_validation(door, laptop)

    found = actions.confirm_validation(door, laptop, outcome=outcome, proved_at=AT, by=trader, at=AT)

    assert (found.outcome, found.lapses_at, found.proved_at) == (outcome, None, AT)
    assert [verb for verb, _, _ in told()] == [verb]
    assert Validation.objects.standing().get() == found


def test_nobody_confirms_that_nobody_tried(trader, door, laptop):
    with refused("Say what came of it"):
        actions.confirm_validation(door, laptop, outcome="expected", proved_at=None, by=trader, at=AT)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"proved_at": AT + SECOND}, "lies in the future"),
        ({"proved_at": None}, "Say when it was tried"),
        ({"proved_at": AT - 41 * DAY}, "newer answer on file"),
    ],
)
def test_a_proof_of_another_time_is_refused_and_changes_nothing(trader, door, laptop, change, words):
    standing = factories.make_validation(door, laptop)

    with refused(words):
        actions.confirm_validation(door, laptop, by=trader, at=AT, **change)

    assert list(Validation.objects.standing()) == [standing]
    assert told() == []


@pytest.mark.parametrize(
    ("device", "words"),
    [
        ({"kind": "card"}, "Only computers, phones, tablets and servers"),
        ({"lost_at": AT}, "is lost. What is tried on it no longer counts"),
        ({"retired_at": AT}, "is retired. What is tried on it"),
    ],
)
def test_only_a_device_at_hand_is_proven(manager, door, device, words):
    thing = factories.make_asset("Thing", **{"kind": "computer"} | device)

    for deed in (actions.expect_validation, lambda *a, **k: actions.confirm_validation(*a, proved_at=AT, **k)):
        with refused(words):
            deed(door, thing, by=manager, at=AT)
    assert told() == []


def test_a_door_and_a_device_of_different_people_are_refused_and_a_shared_device_is_fine(manager, door):
    daniels = factories.make_asset("MacBook", holder=factories.make_member("Daniel Reyes"))

    with refused("belong to different people"):
        actions.confirm_validation(door, daniels, proved_at=AT, by=manager, at=AT)
    assert actions.confirm_validation(door, factories.make_asset("Desk"), proved_at=AT, by=manager, at=AT).pk


def test_a_door_that_is_not_used_or_whose_login_has_ended_is_not_proven(manager, login, door, laptop):
    Door.objects.filter(pk=door.pk).update(used=False)
    with refused("That door is not used"):
        actions.confirm_validation(door, laptop, proved_at=AT, by=manager, at=AT)

    login.ended_at = AT
    login.save()
    with refused("That login has ended"):
        actions.expect_validation(door, laptop, by=manager, at=AT)


def test_a_trader_answers_for_own_logins_and_own_devices_and_an_auditor_for_none(trader, auditor, login, door, laptop):
    daniel = factories.make_member("Daniel Reyes")
    router = factories.make_login(None, label="Order router", doors=["ib-gateway"]).doors.get()
    desk = factories.make_asset("Desk")

    own_login = actions.confirm_validation(door, desk, proved_at=AT, by=trader, at=AT)
    own_device = actions.confirm_validation(router, laptop, proved_at=AT, by=trader, at=AT)
    for member, where, thing in ((daniel, door, desk), (trader, router, desk), (auditor, door, laptop)):
        with refused("Ask a manager"):
            actions.confirm_validation(where, thing, proved_at=AT, by=member, at=AT)

    assert set(Validation.objects.all()) == {own_login, own_device}


def test_a_second_press_within_a_minute_is_answered_kindly(trader, door, laptop):
    first = actions.confirm_validation(door, laptop, proved_at=AT, proved_by=trader, by=trader, at=AT)
    again = actions.confirm_validation(
        door, laptop, proved_at=AT + 30 * SECOND, proved_by=trader, by=trader, at=AT + 30 * SECOND
    )

    assert again == first
    assert again.created_at != AT + 30 * SECOND
    assert len(told()) == 1


@pytest.mark.parametrize(
    "change",
    [
        {"at": AT + 61 * SECOND, "proved_at": AT + 61 * SECOND},
        {"outcome": "failed"},
        {"proved_by": "manager"},
        {"proved_at": AT + 30 * SECOND, "day_before": True},
    ],
)
def test_what_is_not_the_same_press_is_a_new_answer(trader, manager, door, laptop, change):
    before = AT - DAY if change.pop("day_before", False) else AT
    first = actions.confirm_validation(door, laptop, proved_at=before, proved_by=trader, by=trader, at=AT)
    facts = {"proved_at": AT + 30 * SECOND, "proved_by": trader, "at": AT + 30 * SECOND} | change
    facts["proved_by"] = manager if facts["proved_by"] == "manager" else facts["proved_by"]

    second = actions.confirm_validation(door, laptop, by=manager, **facts)

    first.refresh_from_db()
    assert second.pk != first.pk
    assert first.ended_at == facts["at"]


@pytest.mark.django_db(transaction=True)
def test_two_browsers_that_press_at_once_leave_one_standing_row(trader, door, laptop):
    factories.make_validation(door, laptop)

    def press(number: int):
        try:
            return actions.confirm_validation(
                door, laptop, proved_at=AT + number * SECOND, proved_by=trader, by=trader, at=AT + number * SECOND
            )
        finally:
            connection.close()

    with ThreadPoolExecutor(4) as pool:
        found = list(pool.map(press, range(4)))

    assert Validation.objects.standing().count() == 1
    assert {one.pk for one in found} == {Validation.objects.standing().get().pk}
    assert Event.objects.filter(verb="validation.confirmed").count() == 1


def test_nobody_is_asked_any_more_once_a_validation_is_ended(manager, door, laptop):
    validation = factories.make_validation(door, laptop)

    actions.end_validation(validation, by=manager, at=AT)
    with refused("was ended or replaced already"):
        actions.end_validation(validation, by=manager, at=AT)

    assert list(Validation.objects.standing()) == []
    assert told() == [("validation.ended", validation.pk, {"door": door.pk, "device": laptop.pk})]


# Authenticators


def test_an_authenticator_is_put_on_file_with_what_carries_it(manager, login, phone):
    found = actions.add_authenticator(
        login=login, factor="ib-key-push", carriers=[phone], enrolled_on=date(2026, 11, 23), by=manager, at=AT
    )

    assert (found.login, found.factor, list(found.carriers.all()), found.proved_at) == (
        login,
        "ib-key-push",
        [phone],
        None,
    )
    assert found.key == f"{login.key}-ib-key-push"
    assert told() == [
        ("authenticator.added", found.pk, {"login": login.pk, "factor": "ib-key-push", "carriers": [phone.pk]})
    ]


def test_a_second_phone_is_no_backup_of_an_authenticator_that_is_active_on_one(manager, trader, login, phone):
    spare = factories.make_asset("iPhone 12", kind="phone", holder=trader)
    first = actions.add_authenticator(login=login, factor="ib-key-push", carriers=[phone], by=manager, at=AT)

    for deed in (
        lambda: actions.add_authenticator(login=login, factor="ib-key-push", carriers=[spare], by=manager, at=AT),
        lambda: actions.change_authenticator(first, carriers=[phone, spare], by=manager, at=AT),
    ):
        with refused("active on one phone at a time: a second phone is no backup"):
            deed()
    assert list(first.carriers.all()) == [phone]

    actions.end_authenticator(first, by=manager, at=AT)
    moved = actions.add_authenticator(login=login, factor="ib-key-push", carriers=[spare], by=manager, at=AT)
    assert list(Authenticator.objects.standing()) == [moved]


@pytest.mark.django_db(transaction=True)
def test_of_four_browsers_that_enrol_at_once_one_gets_the_only_activation(manager, trader, login):
    phones = [factories.make_asset(f"Phone {number}", kind="phone", holder=trader) for number in range(4)]

    def press(phone: Asset) -> str:
        try:
            actions.add_authenticator(login=login, factor="ib-key-push", carriers=[phone], by=manager, at=AT)
        except Refused as no:
            return str(no)
        finally:
            connection.close()
        return ""

    with ThreadPoolExecutor(4) as pool:
        said = list(pool.map(press, phones))

    assert sorted(said) == ["", *["IB Key is active on one phone at a time: a second phone is no backup."] * 3]
    assert Authenticator.objects.standing().count() == 1
    assert Event.objects.filter(verb="authenticator.added").count() == 1


@pytest.mark.django_db(transaction=True)
def test_of_two_that_are_one_activation_only_those_on_one_phone_are_taken_at_once(manager, trader, login):
    phones = [factories.make_asset(f"Phone {number}", kind="phone", holder=trader) for number in range(2)]

    def press(number: int) -> bool:
        try:
            factor = ("ib-key-push", "ib-key-challenge")[number]
            actions.add_authenticator(login=login, factor=factor, carriers=[phones[number]], by=manager, at=AT)
        except Refused:
            return False
        finally:
            connection.close()
        return True

    with ThreadPoolExecutor(2) as pool:
        assert sorted(pool.map(press, range(2))) == [False, True]
    assert Authenticator.objects.standing().count() == 1


def test_another_login_of_the_same_phone_has_an_activation_of_its_own(manager, trader, login, phone):
    other = factories.make_login(trader, label="Second login")

    for one in (login, other):
        actions.add_authenticator(login=one, factor="ib-key-push", carriers=[phone], by=manager, at=AT)

    assert Authenticator.objects.standing().count() == 2


def test_push_and_challenge_lie_on_the_same_phone(manager, trader, login, phone):
    other = factories.make_asset("iPhone 12", kind="phone", holder=trader)
    actions.add_authenticator(login=login, factor="ib-key-push", carriers=[phone], by=manager, at=AT)

    with refused("IB Key and IB Key are one activation, so the same phone carries both"):
        actions.add_authenticator(login=login, factor="ib-key-challenge", carriers=[other], by=manager, at=AT)
    assert actions.add_authenticator(login=login, factor="ib-key-challenge", carriers=[phone], by=manager, at=AT).pk


@pytest.mark.parametrize(
    ("facts", "words"),
    [
        ({"factor": "password"}, "does not enrol"),
        ({"factor": "nonsense"}, "has no factor"),
        ({"factor": "sms"}, "needs a SIM or number"),
        ({"enrolled_on": date(2026, 11, 24)}, "The day of enrolment lies in the future"),
        ({"proved_at": AT + SECOND}, "lies in the future"),
    ],
)
def test_what_the_broker_would_not_have_is_refused(manager, login, phone, facts, words):
    with refused(words):
        actions.add_authenticator(
            **{"login": login, "factor": "ib-key-push", "carriers": [phone], "by": manager, "at": AT} | facts
        )
    assert Authenticator.objects.count() == 0
    assert told() == []


def test_a_retired_carrier_and_an_ended_login_are_refused(manager, trader, login):
    old = factories.make_asset("Old phone", kind="phone", retired_at=AT)
    ended = factories.make_login(trader, label="Ended", ended_at=AT)

    with refused("Old phone was retired"):
        actions.add_authenticator(login=login, factor="ib-key-push", carriers=[old], by=manager, at=AT)
    key = factories.make_authenticator(login, carriers=[old])
    assert actions.change_authenticator(key, carriers=[old], label="On the old one", by=manager, at=AT).label
    with refused("Ended has ended"):
        actions.add_authenticator(login=ended, factor="totp", by=manager, at=AT)


def test_what_changed_of_an_authenticator_is_in_the_trail(manager, trader, login, phone):
    other = factories.make_asset("iPhone 12", kind="phone", holder=trader)
    key = factories.make_authenticator(login, carriers=[phone], note="x")

    actions.change_authenticator(key, carriers=[other], label="Maria’s key", by=manager, at=AT)
    actions.change_authenticator(key, label="Maria’s key", by=manager, at=AT)

    changes = {"label": ["", "Maria’s key"], "carriers": [[phone.pk], [other.pk]]}
    assert told() == [("authenticator.changed", key.pk, {"changes": changes})]
    assert list(key.carriers.all()) == [other]


def test_an_authenticator_is_confirmed_once_for_one_press(trader, login, phone):
    key = factories.make_authenticator(login, carriers=[phone])

    actions.confirm_authenticator(key, proved_at=AT, by=trader, at=AT)
    actions.confirm_authenticator(key, proved_at=AT + 30 * SECOND, by=trader, at=AT + 30 * SECOND)

    assert Authenticator.objects.get().proved_at == AT
    assert told() == [("authenticator.confirmed", key.pk, {"proved_at": AT.isoformat()})]


def test_an_authenticator_is_confirmed_by_its_holder_or_a_manager_and_for_no_other_time(trader, auditor, login):
    key = factories.make_authenticator(login, proved_at=AT - DAY)

    for member in (factories.make_member("Daniel"), auditor):
        with refused("Ask a manager"):
            actions.confirm_authenticator(key, proved_at=AT, by=member, at=AT)
    with refused("lies in the future"):
        actions.confirm_authenticator(key, proved_at=AT + SECOND, by=trader, at=AT)
    with refused("newer answer"):
        actions.confirm_authenticator(key, proved_at=AT - 2 * DAY, by=trader, at=AT)
    assert told() == []


def test_an_ended_authenticator_is_left_alone(manager, trader, login):
    key = factories.make_authenticator(login)
    actions.end_authenticator(key, by=manager, at=AT)

    for deed in (
        lambda: actions.end_authenticator(key, by=manager, at=AT),
        lambda: actions.confirm_authenticator(key, proved_at=AT, by=trader, at=AT),
        lambda: actions.change_authenticator(key, label="x", by=manager, at=AT),
    ):
        with refused("was ended already"):
            deed()
    assert told() == [("authenticator.ended", key.pk, {"login": login.pk, "factor": "ib-key-push"})]
