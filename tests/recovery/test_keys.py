"""What logins hold, and what of it is a second way."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from recovery import queries
from tests import factories
from tests.factories import AT

pytestmark = pytest.mark.django_db
DAY = timedelta(days=1)


def second_ways(login, member, office) -> list[str]:
    return [way.name for way in queries.independent_backups(login, member, at=AT, office=office)]


def why_not(login, member, office) -> dict[str, str]:
    (ring,) = [ring for ring in queries.rings(member, at=AT, office=office) if ring.login == login]
    return {spare.label: reason for spare, reason in ring.spares}


def test_one_authenticator_is_no_second_way(manager, office, login, phone):
    factories.make_authenticator(login, carriers=[phone])

    assert second_ways(login, manager, office) == []


def test_a_backup_on_a_thing_of_its_own_is_one(manager, office, login, phone, card):
    factories.make_authenticator(login, carriers=[phone])
    factories.make_backup(login, carriers=[card])

    assert second_ways(login, manager, office) == ["Security card 61"]
    assert why_not(login, manager, office) == {"Security card 61": ""}


def test_what_falls_with_the_authenticator_is_none(manager, office, trader, login, phone):
    sim = factories.make_asset("SIM 0142", kind="sim", holder=trader, carried_by=phone)
    factories.make_authenticator(login, carriers=[phone])
    factories.make_authenticator(login, "sms", carriers=[sim])
    factories.make_backup(login, kind="number", label="Number on file", carriers=[sim])
    factories.make_backup(login, kind="second-factor", label="App on the phone", carriers=[phone])

    assert second_ways(login, manager, office) == []
    assert why_not(login, manager, office) == {
        "Number on file": "It falls with Maria’s iPhone 15, as IB Key does.",
        "App on the phone": "It falls with Maria’s iPhone 15, as IB Key does.",
    }


def test_a_second_authenticator_on_another_thing_is_one_and_its_card_counts_once(manager, office, login, phone, card):
    factories.make_authenticator(login, carriers=[phone])
    factories.make_authenticator(login, "dsc-plus", carriers=[card])
    factories.make_backup(login, carriers=[card])

    assert second_ways(login, manager, office) == ["Digital Security Card+"]
    assert why_not(login, manager, office) == {
        "Security card 61": "Digital Security Card+ on the same thing is counted already."
    }


def test_two_backups_on_one_thing_count_once(manager, office, login, phone, card):
    factories.make_authenticator(login, carriers=[phone])
    factories.make_backup(login, label="First", carriers=[card])
    factories.make_backup(login, label="Second", carriers=[card])

    assert second_ways(login, manager, office) == ["First"]
    assert why_not(login, manager, office) == {"First": "", "Second": "It falls with another backup."}


def test_a_backup_of_which_nobody_knows_the_place_does_not_count(manager, trader, office, login, phone):
    safe = factories.make_asset("Office safe", kind="place")
    factories.make_authenticator(login, carriers=[phone])
    factories.make_backup(login, kind="printed-codes", label="Somewhere")
    factories.make_backup(login, kind="printed-codes", label="In the safe", place=safe)
    factories.make_backup(login, kind="printed-codes", label="With Maria", custodian=trader)
    factories.make_backup(login, kind="rescue", label="By telephone")

    assert second_ways(login, manager, office) == ["In the safe", "With Maria", "By telephone"]
    assert why_not(login, manager, office)["Somewhere"] == "Nobody wrote down where it is."


def test_what_is_lost_or_ended_does_not_count(manager, office, login, phone, card):
    burnt = factories.make_asset("Burnt safe", kind="place", lost_at=AT)
    factories.make_authenticator(login, carriers=[phone])
    factories.make_authenticator(login, "totp", carriers=[card], ended_at=AT)
    factories.make_backup(login, label="Lost", carriers=[factories.make_asset("Old card", kind="card", lost_at=AT)])
    factories.make_backup(login, label="Burnt", place=burnt)
    factories.make_backup(login, label="Ended", carriers=[card], ended_at=AT)

    assert second_ways(login, manager, office) == []
    assert why_not(login, manager, office) == {"Lost": "It is lost or retired.", "Burnt": "It is lost or retired."}


def test_a_token_of_a_program_is_no_second_way_for_a_person(manager, office, login, phone):
    server = factories.make_asset("Server", kind="server")
    factories.make_authenticator(login, carriers=[phone])
    factories.make_authenticator(login, "flex-token", carriers=[server])

    assert second_ways(login, manager, office) == []


def test_an_authenticator_whose_carrier_nobody_wrote_down_is_no_second_way_and_no_first(manager, office, login, card):
    factories.make_authenticator(login)
    factories.make_authenticator(login, "dsc-plus", carriers=[card])

    assert second_ways(login, manager, office) == []
    factories.make_backup(login, kind="rescue", label="By telephone")
    assert second_ways(login, manager, office) == ["By telephone"]


def test_once_the_first_way_is_lost_the_second_is_the_first(manager, office, login, phone, card):
    factories.make_authenticator(login, carriers=[phone])
    factories.make_backup(login, carriers=[card])
    phone.lost_at = AT
    phone.save()

    assert second_ways(login, manager, office) == ["Security card 61"]


def test_rings_are_those_of_logins_a_member_sees_by_label(manager, trader, office, login, phone, card):
    factories.make_authenticator(login, carriers=[phone], proved_at=AT - 5 * DAY)
    factories.make_backup(login, carriers=[phone], kind="second-factor", label="Same phone", proved_at=AT - 170 * DAY)
    factories.make_login(trader, label="Ended", ended_at=AT)
    daniel = factories.make_login(factories.make_member("Daniel"), label="Daniel at IBKR")

    found = queries.rings(manager, at=AT, office=office)

    assert [ring.login for ring in found] == [daniel, login]
    assert [ring.is_alone for ring in found] == [False, True]
    assert [(key.name, key.proof) for key in found[1].keys] == [("IB Key", "proven")]
    assert [(spare.label, spare.proof, spare.kept) for spare, _ in found[1].spares] == [
        ("Same phone", "due", "iPhone 15")
    ]
    assert [ring.login for ring in queries.rings(trader, at=AT, office=office)] == [login]


@pytest.mark.parametrize(
    ("facts", "kept"),
    [
        ({"place": True}, "Office safe"),
        ({"carriers": True}, "Card 61"),
        ({"custodian": True}, "Maria Santos"),
        ({"kind": "rescue"}, "At the broker"),
        ({}, ""),
    ],
)
def test_where_a_backup_is_kept_in_words(manager, trader, office, login, card, facts, kept):
    named = {"place": factories.make_asset("Office safe", kind="place"), "carriers": [card], "custodian": trader}
    factories.make_backup(login, **{name: named.get(name, value) for name, value in facts.items()})

    ((spare, _),) = queries.rings(manager, at=AT, office=office)[0].spares
    assert spare.kept == kept


def test_five_queries_however_many_logins(manager, office, login, phone):
    def asked() -> int:
        with CaptureQueriesContext(connection) as found:
            queries.rings(manager, at=AT, office=office)
        return len(found)

    factories.make_authenticator(login, carriers=[phone])
    before = asked()
    for number in range(3):
        other = factories.make_login(login.holder, label=f"Login {number}")
        factories.make_authenticator(other, carriers=[phone])
        factories.make_backup(other, carriers=[phone], kind="second-factor")

    assert (before, asked()) == (5, 5)


def test_what_lies_in_one_place_counts_once(manager, office, login, phone, card):
    house = factories.make_asset("The house", kind="place")
    safe = factories.make_asset("Office safe", kind="place", place=house)
    sheet = factories.make_asset("Sheet", kind="paper", place=house)
    card.place = safe
    card.save()
    factories.make_authenticator(login, carriers=[phone])
    factories.make_backup(login, label="Card", carriers=[card])
    factories.make_backup(login, label="Codes", kind="printed-codes", place=safe)
    factories.make_backup(login, label="Other codes", kind="printed-codes", carriers=[sheet])

    assert second_ways(login, manager, office) == ["Card"]
    assert why_not(login, manager, office) == {
        "Card": "",
        "Codes": "It falls with another backup.",
        "Other codes": "It falls with another backup.",
    }


@pytest.mark.parametrize("kind", ["mailbox", "password-manager", "sim"])
def test_what_is_opened_only_on_the_phone_falls_with_it(manager, trader, office, login, phone, kind):
    thing = factories.make_asset("Only there", kind=kind, holder=trader, carried_by=phone)
    sort = {"mailbox": "mailbox", "password-manager": "seed-copy", "sim": "number"}[kind]
    factories.make_authenticator(login, carriers=[phone])
    factories.make_backup(login, label="Second", kind=sort, carriers=[thing])

    assert second_ways(login, manager, office) == []
    thing.carried_by = None
    thing.save()
    assert second_ways(login, manager, office) == ["Second"]


def test_two_backups_of_which_only_the_keeper_is_known_count_once(manager, trader, office, login, phone, card):
    factories.make_authenticator(login, carriers=[phone])
    for label in ("First", "Second"):
        factories.make_backup(login, label=label, kind="printed-codes", custodian=trader)
    factories.make_backup(login, label="Third", kind="printed-codes", custodian=manager)

    assert second_ways(login, manager, office) == ["First", "Third"]


def test_a_copy_of_a_seed_on_another_thing_is_a_second_way_and_one_on_the_same_is_none(
    manager, trader, office, login, phone
):
    vault = factories.make_asset("Vault", kind="password-manager", carried_by=phone)
    factories.make_authenticator(login, "totp", label="Codes", carriers=[phone, vault])
    assert second_ways(login, manager, office) == []

    vault.carried_by = None
    vault.save()
    assert second_ways(login, manager, office) == ["Codes"]


def test_printed_codes_that_are_used_up_are_no_second_way(manager, office, login, phone, card):
    safe = factories.make_asset("Office safe", kind="place")
    factories.make_authenticator(login, carriers=[phone])
    codes = factories.make_backup(login, label="Codes", kind="printed-codes", place=safe, codes_left=1)
    assert second_ways(login, manager, office) == ["Codes"]

    codes.codes_left = 0
    codes.save()
    assert second_ways(login, manager, office) == []
    assert why_not(login, manager, office) == {"Codes": "No code is left."}


def test_a_backup_that_falls_with_two_others_hides_neither(manager, trader, office, login, phone, card):
    sim = factories.make_asset("SIM", kind="sim", holder=trader)
    factories.make_authenticator(login, carriers=[phone])
    factories.make_backup(login, label="Both", kind="second-factor", carriers=[card, sim])
    factories.make_backup(login, label="Card", carriers=[card])
    factories.make_backup(login, label="Number", kind="number", carriers=[sim])

    assert second_ways(login, manager, office) == ["Card", "Number"]
