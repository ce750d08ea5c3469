"""The slim picture of doors: the same verdicts as the detailed one, in four queries."""

from __future__ import annotations

import random
from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from accounts.models import Door
from devices.models import Asset, Authenticator, Validation
from recovery import queries
from recovery.picture import DoorFacts, Picture
from tests import factories
from tests.factories import AT

pytestmark = pytest.mark.django_db
DAY = timedelta(days=1)
DOORS = ("tws", "tws-read-only", "client-portal", "globaltrader", "ib-gateway", "flex", "phone-desk", "tws-api-socket")


def states(member, office) -> dict[str, str]:
    return {door.interface: door.state for door in queries.door_picture(member, at=AT, office=office).doors}


def facts(state: str, *, holder: int | None = 1, login: int = 1, latest: float | None = None) -> DoorFacts:
    return DoorFacts(1, login, holder, "ibkr", "tws", state, latest, latest)


def test_a_door_says_whose_it_is_and_until_when_it_is_proven(manager, office, trader, login, door, laptop, phone):
    factories.make_authenticator(login, carriers=[phone])
    late = factories.make_validation(door, laptop, proved_at=AT - 100 * DAY)
    good = factories.make_validation(door, phone, proved_at=AT - 10 * DAY)

    tws, portal = queries.door_picture(manager, at=AT, office=office).doors

    assert (tws.id, tws.login_id, tws.holder_id, tws.broker, tws.interface) == (
        door.pk,
        login.pk,
        trader.pk,
        "ibkr",
        "tws",
    )
    assert (tws.state, tws.best_lapse, tws.worst_lapse) == ("open", good.lapses_at, late.lapses_at)
    assert (portal.state, portal.best_lapse, portal.worst_lapse) == ("unknown", None, None)


def test_lapses_of_a_device_that_is_gone_do_not_count(manager, office, login, door, laptop, phone):
    factories.make_authenticator(login, carriers=[phone])
    factories.make_validation(door, laptop)
    Asset.objects.filter(pk=laptop.pk).update(lost_at=AT)

    tws = queries.door_picture(manager, at=AT, office=office).doors[0]

    assert (tws.state, tws.best_lapse) == ("bolted", None)


def test_a_sim_goes_with_the_phone_it_is_in(manager, office, trader, login, door, laptop, phone):
    sim = factories.make_asset("SIM", kind="sim", holder=trader, carried_by=phone)
    factories.make_authenticator(login, "sms", carriers=[sim])
    factories.make_validation(door, laptop)
    assert states(manager, office)["tws"] == "open"

    Asset.objects.filter(pk=phone.pk).update(retired_at=AT)
    assert states(manager, office)["tws"] == "shut"


def test_a_copy_of_a_seed_that_is_left_keeps_the_door_open(manager, office, login, door, laptop, phone):
    vault = factories.make_asset("Vault", kind="password-manager")
    factories.make_authenticator(login, "totp", carriers=[phone, vault])
    factories.make_validation(door, laptop)
    for lost, state in ((phone, "open"), (vault, "shut")):
        Asset.objects.filter(pk=lost.pk).update(lost_at=AT)
        assert states(manager, office)["tws"] == state


def test_what_was_ended_counts_for_nothing(manager, office, login, door, laptop, phone):
    factories.make_authenticator(login, carriers=[phone], ended_at=AT)
    factories.make_validation(door, laptop, ended_at=AT)
    assert states(manager, office)["tws"] == "unknown"

    factories.make_authenticator(login, carriers=[phone])
    assert states(manager, office)["tws"] == "unknown"


def test_an_entity_with_rules_of_its_own_is_judged_by_them(manager, office, login, door, laptop):
    sim = factories.make_asset("SIM", kind="sim")
    factories.make_authenticator(login, "sms", carriers=[sim])
    factories.make_validation(door, laptop)
    account = factories.make_account(entity="ib-hk")
    assert states(manager, office)["tws"] == "open"

    grant = factories.make_grant(login, account)
    assert states(manager, office)["tws"] == "unknown"

    factories.make_grant(login, factories.make_account("Other", entity="ib-ie"))
    assert states(manager, office)["tws"] == "open"
    grant.ended_at = AT
    grant.save()
    assert states(manager, office)["tws"] == "open"


def test_doors_not_used_are_none_and_those_of_ended_logins_are_not_there(manager, office, trader, login):
    Door.objects.filter(login=login, interface="tws").update(used=False)
    factories.make_login(trader, label="Ended", doors=["flex"], ended_at=AT)

    assert states(manager, office) == {"tws": "none", "client-portal": "unknown"}


def test_a_member_sees_the_doors_that_are_visible_to_them(manager, auditor, trader, office, login):
    daniel = factories.make_member("Daniel Reyes")
    factories.make_login(daniel, label="Daniel", doors=["tws"])

    def seen(member):
        return {door.id for door in queries.door_picture(member, at=AT, office=office).doors}

    for member in (manager, auditor, trader, daniel):
        assert seen(member) == set(Door.objects.visible_to(member).values_list("pk", flat=True))
    assert len(seen(trader)) == 2
    assert len(seen(daniel)) == 1


def test_the_picture_is_read_anew_each_time(manager, trader, office, login, door, laptop, phone):
    for member in (manager, trader):
        assert states(member, office)["tws"] == "unknown"
    key = factories.make_authenticator(login, carriers=[phone])
    factories.make_validation(door, laptop)
    for member in (manager, trader):
        assert states(member, office)["tws"] == "open"
    Authenticator.objects.filter(pk=key.pk).update(ended_at=AT)
    for member in (manager, trader):
        assert states(member, office)["tws"] == "unknown"


@pytest.mark.parametrize("role", ["manager", "trader"])
def test_four_queries_however_many_doors(office, login, door, laptop, phone, role, request):
    member = request.getfixturevalue(role)

    def asked() -> int:
        with CaptureQueriesContext(connection) as found:
            queries.door_picture(member, at=AT, office=office)
        return len(found)

    assert asked() == 4
    for number in range(3):
        other = factories.make_login(login.holder, label=f"Login {number}", doors=["tws"])
        factories.make_authenticator(other, carriers=[phone])
        factories.make_validation(other.doors.get(), laptop)
    Asset.objects.filter(pk=laptop.pk).update(lost_at=AT)
    assert asked() == 4


@pytest.mark.parametrize("seed", range(6))
def test_the_slim_picture_and_the_detailed_one_agree_on_every_door(manager, office, seed):
    chance = random.Random(seed)
    make_random_office(chance)

    slim = {door.id: door.state for door in queries.door_picture(manager, at=AT, office=office).doors}
    cards = queries.load(Door.objects.filter(login__ended_at=None), manager, at=AT, office=office).cards()

    assert {card.id: card.state for card in cards} == slim
    assert len(slim) == 6 * len(DOORS)
    assert len(set(slim.values())) >= 4


def make_random_office(chance: random.Random) -> None:
    """Six logins with every sort of door, authenticators, proofs and losses, as chance has it."""
    people = [factories.make_member(f"Person {number}", signs_in=False) for number in range(3)]
    phones = [random_thing(chance, f"Phone {number}", "phone") for number in range(4)]
    sims = [random_thing(chance, f"SIM {number}", "sim", carried_by=chance.choice(phones)) for number in range(3)]
    cards = [random_thing(chance, f"Card {number}", "card") for number in range(3)]
    computers = [random_thing(chance, f"PC {number}", "computer") for number in range(4)]
    vault, server = random_thing(chance, "Vault", "password-manager"), random_thing(chance, "Server", "server")
    accounts = [factories.make_account("HK", entity="ib-hk"), factories.make_account("None"), None]
    for number in range(6):
        holder = None if number == 5 else chance.choice(people)
        login = factories.make_login(holder, label=f"Login {number}", doors=DOORS)
        if account := chance.choice(accounts):
            factories.make_grant(login, account)
        Door.objects.filter(login=login, interface=chance.choice(DOORS)).update(used=chance.random() < 0.5)
        carried = {
            "ib-key-push": [chance.choice(phones)],
            "ib-key-challenge": [chance.choice(phones)],
            "sms": [chance.choice(sims)],
            "dsc-plus": [chance.choice(cards)],
            "totp": [chance.choice(phones), vault],
            "flex-token": [server],
        }
        for factor in chance.sample(sorted(carried), chance.randint(0, 3)):
            carriers = carried[factor] if chance.random() < 0.9 else []
            proved_at = AT - DAY if chance.random() < 0.5 else None
            ended_at = AT if chance.random() < 0.1 else None
            factories.make_authenticator(login, factor, carriers=carriers, proved_at=proved_at, ended_at=ended_at)
        for door in login.doors.all():
            for device in chance.sample([*computers, server, phones[0]], chance.choice([0, 0, 1, 2])):
                outcome = chance.choice(["proven"] * 4 + ["failed", "expected", "unknown"])
                days_ago = chance.choice([0, 30, 80, 90, 91, 200])
                ended_at = AT if chance.random() < 0.1 else None
                factories.make_validation(
                    door, device, outcome=outcome, proved_at=AT - days_ago * DAY, ended_at=ended_at
                )
    assert Validation.objects.exists()


def random_thing(chance: random.Random, name: str, kind: str, **facts) -> Asset:
    fate = chance.random()
    gone = {"lost_at": AT} if fate < 0.2 else {"retired_at": AT} if fate < 0.3 else {}
    return factories.make_asset(name, kind=kind, **gone | facts)


# What is counted on it


def test_the_census_names_all_states_best_first():
    picture = Picture((facts("open"), facts("open"), facts("shut"), facts("none")))

    assert list(picture.census().items()) == [("open", 2), ("bolted", 0), ("shut", 1), ("unknown", 0), ("none", 1)]


def test_doors_are_grouped_by_login_and_by_holder():
    one, two, three = facts("open"), facts("shut", login=2), facts("open", login=3, holder=None)
    picture = Picture((one, two, three))

    assert picture.by_login() == {1: [one], 2: [two], 3: [three]}
    assert picture.by_holder() == {1: [one, two], None: [three]}
