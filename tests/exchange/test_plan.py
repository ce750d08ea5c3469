"""What importing each row would do, and why not: the dry run’s verdicts."""

from __future__ import annotations

from datetime import timedelta

import pytest

from accounts.models import Account, Login
from devices.models import Asset, Validation
from exchange import queries
from exchange.rules.plan import ambiguous_columns
from identity.models import Member
from tests import factories
from tests.exchange.books import SMALL, read, table, with_rows

pytestmark = pytest.mark.django_db


# --- new, same, changes ----------------------------------------------------------------------------------------------
def test_everything_is_new_in_an_empty_house_and_the_same_once_it_is_in(look, bring, said):
    first = said(look(SMALL))
    bring(SMALL)
    second = look(SMALL)

    assert set(first.values()) == {"new"}
    assert len(first) == 10
    assert {row.verdict for row in second.rows} == {"same"}


def test_a_change_names_the_column_and_both_values(look, bring, said):
    bring(SMALL)
    sheets = with_rows(
        people=[["key", "name", "email"], ["lena", "Lena Brandt-Meier", "lena@brandt.example"]],
        things=[["key", "name", "kind", "holder", "lost on"], ["phone", "Lena’s phone", "phone", "", "2026-11-20"]],
        grants=[["login", "account", "rights"], ["lena-ibkr", "lago", "view, reports"]],
    )

    assert said(look(sheets)) == {
        "people 2": {"name": ("Lena Brandt", "Lena Brandt-Meier")},
        "things 2": {"holder": ("lena", ""), "lost on": ("", "2026-11-20")},
        "grants 2": {"rights": ("view, trade", "view, reports")},
    }


def test_a_missing_column_leaves_what_is_there_and_an_empty_cell_empties_it(look, bring, said):
    note = [["key", "name", "note", "role"], ["lena", "Lena Brandt", "Stand-in for Nico", "manager"]]
    bring({"people": note})

    without = look({"people": [["key", "name"], ["lena", "Lena Brandt"]]})
    empty = look({"people": [["key", "name", "note", "role"], ["lena", "Lena Brandt", "", ""]]})

    assert said(without) == {}
    assert said(empty) == {"people 2": {"note": ("Stand-in for Nico", "")}}


def test_a_key_is_made_of_the_name_when_it_is_empty(look, said):
    plan = look(
        {"people": [["name"], ["Zoë Müller"]], "logins": [["label", "broker", "holder"], ["Z", "saxo", "Zoë Müller"]]}
    )

    assert said(plan) == {"people 2": "new", "logins 2": "new"}
    assert [row.key for row in plan.rows] == ["zoe-muller", "z"]


def test_required_columns_need_not_be_there_for_rows_that_are_here(look, bring, said):
    bring(SMALL)

    plan = look({"things": [["key", "note"], ["laptop", "Spare battery in the drawer"], ["new-one", "x"]]})

    assert said(plan) == {
        "things 2": {"note": ("", "Spare battery in the drawer")},
        "things 3": ["name: Fill this in. What the office calls it.", "kind: Fill this in. What it is."],
    }


def test_new_rows_take_the_defaults_and_the_offices_own_zone(bring, office):
    bring(SMALL)

    lena = Member.objects.get_queryset().get(key="lena")

    assert (lena.role, lena.timezone, lena.digest_hour, lena.joined_at) == ("trader", office.timezone, 7, None)
    assert not lena.has_usable_password()


def test_a_person_with_a_new_key_and_a_known_address_is_that_person(look, owner, said):
    sheets = {
        "people": [["key", "name", "email"], ["eleanor", "Eleanor Hartwell", owner.email.upper()]],
        "logins": [["key", "label", "broker", "holder"], ["e", "Eleanor at Saxo", "saxo", "eleanor"]],
    }

    plan = look(sheets | {"people": [["key", "name", "email"], ["eleanor", "Eleanor Hartwell", owner.email]]})

    assert said(plan) == {"people 2": f"same: Known here as “{owner.key}”.", "logins 2": "new"}
    assert plan.rows[1].facts["holder"] == owner.key


# --- rows that refer to others ---------------------------------------------------------------------------------------
def test_references_are_found_in_the_file_and_in_the_office(look, bring, said):
    bring({"people": SMALL["people"]})
    no_person = (
        'There is no person “lenna” here or in the file (did you mean "lena"?). '
        "Add it to the sheet “people”, or mend the key."
    )

    plan = look(
        {"logins": [["key", "label", "broker", "holder"], ["l", "L", "ibkr", "lena"], ["m", "M", "ibkr", "lenna"]]}
    )

    assert said(plan) == {
        "logins 2": "new",
        "logins 3": [f"holder: {no_person}"],
    }


def test_what_hangs_on_a_row_with_a_problem_has_one_too(look, said):
    sheets = with_rows(people=[["key", "name", "email"], ["lena", "Lena Brandt", "no address"]])

    troubles = said(look(sheets))

    assert troubles["people 2"] == ["email: That is not an e-mail address. Write it like lena@brandt.example."]
    assert troubles["logins 2"] == ["holder: The person “lena” in row 2 has a problem itself. Mend that first."]
    assert troubles["doors 2"] == ["login: The login “lena-ibkr” in row 2 has a problem itself. Mend that first."]
    assert troubles["accounts 2"] == "new"


def test_things_may_name_things_of_later_rows_and_fall_with_them(look, said):
    rows = [
        ["key", "name", "kind", "place", "carried by"],
        ["sim", "SIM", "sim", "", "phone"],
        ["phone", "Phone", "phone", "safe", ""],
        ["safe", "Safe", "place", "", ""],
        ["card", "Card", "card", "drawer", ""],
        ["box", "Box", "card", "card", ""],
    ]

    assert said(look({"things": rows})) == {
        "things 2": "new",
        "things 3": "new",
        "things 4": "new",
        "things 5": [
            "place: There is no thing “drawer” here or in the file. Add it to the sheet “things”, or mend the key."
        ],
        "things 6": ["place: The thing “card” in row 5 has a problem itself. Mend that first."],
    }


def test_things_that_carry_each_other_or_lie_in_themselves_are_refused(look, said):
    rows = [
        ["key", "name", "kind", "place", "carried by"],
        ["a", "A", "phone", "", "b"],
        ["b", "B", "phone", "", "a"],
        ["c", "C", "place", "c", ""],
    ]

    troubles = said(look({"things": rows}))

    assert "Two things cannot carry each other" in troubles["things 2"][0]
    assert "Nothing is kept in itself" in troubles["things 4"][0]


def test_the_same_row_twice_is_a_problem_of_the_second(look, said):
    sheets = with_rows(
        people=[["key", "name"], ["lena", "Lena Brandt"], ["Lena", "Lena again"]],
        doors=[["login", "door"], ["lena-ibkr", "tws"], ["lena-ibkr", "Trader Workstation"]],
    )

    troubles = said(look(sheets))

    assert troubles["people 3"] == ["key: Row 2 is the same person. Keep one of them."]
    assert troubles["doors 3"] == ["login: Row 2 is the same door. Keep one of them."]


# --- the same rules as by hand ---------------------------------------------------------------------------------------
# What the file says in a sheet of the small office, where the problem shows, and how it begins.
REFUSED = [
    ("accounts", "key, name, broker, entity / lago, Lago, ibkr, ib-mars",
     "accounts 2", "entity: Interactive Brokers has no legal entity “ib-mars”"),
    ("accounts", "key, name, broker, last four / lago, Lago, ibkr, 1 / two, Lago, ibkr, 1",
     "accounts 3", "name: That account is on file already as “lago”. Use that key."),
    ("logins", "key, label, broker / lena-ibkr, Lena at IBKR, ibkr",
     "logins 2", "holder: Say who holds this login, or that it is for a program."),
    ("logins", "key, label, broker, holder / lena-ibkr, L, ibkr, lena / x, L, ibkr, lena",
     "logins 3", "label: That label is on file already as “lena-ibkr”."),
    ("doors", "login, door / lena-ibkr, tws / lena-ibkr, teleport",
     "doors 3", "door: Interactive Brokers has no door “teleport”"),
    ("accounts", "key, name, broker / lago, Lago, saxo",
     "grants 2", "account: A login at Interactive Brokers cannot reach an account at Saxo Bank."),
    ("validations", "login, door, thing / lena-ibkr, client-portal, laptop",
     "validations 2", "door: There is no door “lena-ibkr · client-portal” here or in the file."),
    ("things", "key, name, kind / laptop, L, card / phone, P, phone",
     "validations 2", "thing: L is a card. Only computers, phones, tablets and servers are validated."),
    ("validations", "login, door, thing, proved on / lena-ibkr, tws, laptop, 2026-12-24",
     "validations 2", "proved on: That lies in the future. Say when it was tried."),
    ("validations", "login, door, thing, outcome / lena-ibkr, tws, laptop, proven",
     "validations 2", "proved on: Say when it was tried."),
    ("validations", "login, door, thing, outcome, proved on / lena-ibkr, tws, laptop, never, 2026-11-01",
     "validations 2", "outcome: There is a date, so somebody tried it."),
    ("authenticators", "key, login, factor, carriers / ib-key, lena-ibkr, ib-key-push, laptop",
     "authenticators 2", "carriers: IB Key needs a phone. Choose again what carries it."),
    ("authenticators", "key, login, factor, carriers / a, lena-ibkr, ib-key-push, phone / b, lena-ibkr, ib-key-push,",
     "authenticators 3", "factor: IB Key is active on one phone at a time: a second phone is no backup."),
    ("authenticators", "key, login, factor / pw, lena-ibkr, password",
     "authenticators 2", "factor: Interactive Brokers has no factor “password”"),
    ("backups", "key, login, kind, label, carriers / b, lena-ibkr, card, Card, laptop",
     "backups 2", "carriers: “A card in a safe place” lies on a card. Choose again what carries it."),
    ("backups", "key, login, kind, label, codes left / b, lena-ibkr, card, Card, 8",
     "backups 2", "codes left: Only printed codes are counted."),
    ("backups", "key, login, kind, label, second factor / b, lena-ibkr, card, Card, dsc-plus",
     "backups 2", "second factor: Only a second authenticator is a factor of the broker."),
    ("backups", "key, login, kind, label, second factor / b, lena-ibkr, second-factor, Other phone, ib-key-push",
     "backups 2", "second factor: IB Key is active on one phone at a time: a second phone is no backup."),
    ("backups", "key, login, kind, label, second factor / b, lena-ibkr, second-factor, Card, dsc-plu",
     "backups 2", "second factor: "),
    ("backups", "key, login, kind, label, authenticator / b, lena-ibkr, seed-copy, Copy, ib-key",
     "backups 2", "carriers: IB Key is active on one phone at a time"),
    ("things", "key, name, kind, place, holder / laptop, L, computer, phone, lena / phone, P, phone, , lena",
     "things 2", "place: Choose a place to keep it in"),
]  # fmt: skip


@pytest.mark.parametrize(("sheet", "rows", "row", "words"), REFUSED, ids=range(len(REFUSED)))
def test_a_row_that_the_pages_would_refuse_is_refused_by_the_same_rules(look, said, sheet, rows, row, words):
    troubles = said(look(SMALL | {sheet: table(rows)}))[row]

    assert any(one.startswith(words) for one in troubles), troubles


def test_nobody_proves_a_way_in_from_somebody_elses_thing(look, said):
    sheets = with_rows(
        people=table("key, name / lena, Lena / nico, Nico"),
        things=table("key, name, kind, holder / laptop, L, computer, nico / phone, P, phone, "),
    )

    assert said(look(sheets))["validations 2"] == [
        "thing: L and that login belong to different people, so nobody can try it."
    ]


def test_two_factors_of_one_activation_lie_on_the_same_phone(look, said):
    sheets = with_rows(
        things=[["key", "name", "kind"], ["laptop", "L", "computer"], ["phone", "P", "phone"], ["other", "O", "phone"]],
        authenticators=[
            ["key", "login", "factor", "carriers"],
            ["push", "lena-ibkr", "ib-key-push", "phone"],
            ["typed", "lena-ibkr", "ib-key-challenge", "other"],
        ],
    )

    assert "are one activation" in said(look(sheets))["authenticators 3"][0]


# --- what ends here --------------------------------------------------------------------------------------------------
def test_a_row_that_has_ended_here_is_left_alone_and_what_is_new_on_it_is_refused(look, bring, said, at):
    bring(SMALL)
    Login.objects.update(ended_at=at)
    Account.objects.update(closed_at=at)
    Asset.objects.filter(key="phone").update(retired_at=at)
    sheets = with_rows(
        accounts=[["key", "name", "broker", "last four"], ["lago", "Lago Two", "ibkr", "5512"]],
        logins=[["key", "label", "broker", "holder"], ["lena-ibkr", "Lena at IB", "ibkr", "lena"]],
        doors=[["login", "door"], ["lena-ibkr", "client-portal"]],
        things=[["key", "name", "kind", "holder"], ["phone", "Renamed", "phone", "lena"]],
    )

    words = said(look(sheets))

    assert words["accounts 2"] == "left: Lago Two was closed on 23 November 2026; what is on file stays as it was."
    assert words["logins 2"] == "left: Lena at IB was ended on 23 November 2026; what is on file stays as it was."
    assert words["things 2"] == "left: Renamed was retired on 23 November 2026; what is on file stays as it was."
    assert words["doors 2"] == ["login: That login was ended on 23 November 2026. Take the row out."]


ENDING = {
    "accounts": "key, name, broker, last four, closed on / lago, Lago, ibkr, 5512, 2026-11-01",
    "logins": "key, label, broker, holder, ended on / lena-ibkr, Lena at IBKR, ibkr, lena, 2026-11-01",
    "things": "key, name, kind, holder, retired on / laptop, Lena’s laptop, computer, lena, 2026-11-01",
    "people": "key, name, email, left on / lena, Lena Brandt, lena@brandt.example, 2026-11-01",
}


@pytest.mark.parametrize("sheet", ENDING)
def test_nothing_ends_by_import(look, bring, said, sheet):
    bring(SMALL)

    [words] = said(look({sheet: table(ENDING[sheet])}))[f"{sheet} 2"]

    assert "where you see what hangs on it. Empty this cell." in words


def test_what_ended_elsewhere_comes_in_ended(bring):
    bring(
        {
            "people": [["key", "name", "left on"], ["paul", "Paul", "2026-06-30"]],
            "accounts": [["key", "name", "broker", "closed on"], ["old", "Old", "saxo", "17.4.2026"]],
            "logins": [
                ["key", "label", "broker", "holder", "ended on"],
                ["p", "Paul at Saxo", "saxo", "paul", "2026-04-17"],
            ],
            "things": [["key", "name", "kind", "holder", "retired on"], ["pad", "Pad", "tablet", "paul", "2026-06-30"]],
        }
    )

    assert Member.objects.get_queryset().get(key="paul").left_at.date().isoformat() == "2026-06-30"
    assert Account.objects.get(key="old").closed_at.date().isoformat() == "2026-04-17"
    assert Login.objects.get(key="p").ended_at.date().isoformat() == "2026-04-17"
    assert Asset.objects.get(key="pad").retired_at.date().isoformat() == "2026-06-30"


def test_nothing_new_goes_to_somebody_who_has_left(look, bring, said, at):
    bring(SMALL)
    Member.objects.get_queryset().filter(key="lena").update(left_at=at)

    words = said(look({"things": [["key", "name", "kind", "holder"], ["pad", "Pad", "tablet", "lena"]]}))

    assert words == {"things 2": ["holder: Lena Brandt has left the office. Choose somebody who is here."]}


def test_a_day_that_is_still_to_come_is_no_past(look, said):
    rows = [["key", "name", "kind", "lost on"], ["pad", "Pad", "tablet", "2026-12-24"]]

    assert said(look({"things": rows})) == {"things 2": ["lost on: That day lies in the future."]}


def test_a_thing_on_which_something_rests_keeps_its_kind(look, bring, said):
    bring(SMALL)

    words = said(look({"things": [["key", "name", "kind", "holder"], ["laptop", "Lena’s laptop", "server", "lena"]]}))

    assert "so its kind stays" in words["things 2"][0]


def test_logins_accounts_and_authenticators_stay_where_they_are(look, bring, said):
    bring(SMALL)
    sheets = {
        "accounts": [["key", "name", "broker", "last four"], ["lago", "Lago", "saxo", "5512"]],
        "authenticators": [["key", "login", "factor", "carriers"], ["ib-key", "lena-ibkr", "totp", "phone"]],
    }

    words = said(look(sheets))

    assert words["accounts 2"][0].startswith("broker: It cannot move to another broker.")
    assert words["authenticators 2"][0].startswith("factor: Login and factor stay as they are.")


def test_an_auditor_without_a_last_day_is_refused_at_its_cell(look, said):
    rows = [
        ["key", "name", "role", "last day"],
        ["ada", "Ada", "auditor", ""],
        ["ruth", "Ruth", "auditor", "2027-03-31"],
    ]

    assert said(look({"people": rows})) == {
        "people 2": ["last day: An auditor’s access has a last day. Write it down; it can be moved later."],
        "people 3": "new",
    }


# --- roles -----------------------------------------------------------------------------------------------------------
@pytest.mark.parametrize("role", ["owner", "manager"])
def test_a_managers_import_makes_nobody_owner_or_manager(look, manager, said, role):
    rows = [["key", "name", "role"], ["lena", "Lena", role], ["nico", "Nico", "trader"]]

    assert said(look({"people": rows}, by=manager)) == {
        "people 2": ["role: Only an owner brings in or changes owners and managers. Take the row out, or ask one."],
        "people 3": "new",
    }
    assert said(look({"people": rows})) == {"people 2": "new", "people 3": "new"}


def test_a_managers_import_changes_no_owner_and_no_manager(look, owner, manager, said):
    rows = [["key", "name", "phone"], [owner.key, owner.name, "+41 44 555 01 99"], [manager.key, "New Name", ""]]

    by_manager, by_owner = said(look({"people": rows}, by=manager)), said(look({"people": rows}))

    assert set(by_manager) == {"people 2", "people 3"}
    assert all("Only an owner" in words[0] for words in by_manager.values())
    assert by_owner == {
        "people 2": {"phone": ("", "+41 44 555 01 99")},
        "people 3": {"name": ("Tom Okafor", "New Name")},
    }


def test_an_unchanged_owner_in_a_managers_file_is_no_problem(look, owner, manager, said):
    assert said(look({"people": [["key", "name"], [owner.key, owner.name]]}, by=manager)) == {}


@pytest.mark.parametrize("column", ["email", "role", "last day"])
def test_no_import_touches_how_somebody_who_signs_in_gets_in(look, trader, said, column):
    value = {"email": "thief@elsewhere.example", "role": "owner", "last day": "2030-01-01"}[column]
    rows = [["key", "name", column], [trader.key, trader.name, value]]

    assert said(look({"people": rows})) == {
        "people 2": [f"{column}: {trader.name} signs in here. Change that on their own page."]
    }


def test_one_address_belongs_to_one_person(look, trader, said):
    rows = [
        ["key", "name", "email"],
        ["a", "A", "same@brandt.example"],
        ["b", "B", "SAME@brandt.example"],
        [trader.key, trader.name, trader.email],
        ["c", "C", trader.email],
    ]

    assert said(look({"people": rows})) == {
        "people 2": "new",
        "people 3": ["email: “a” has that address already. Use that key, or another address."],
        "people 5": [f"email: “{trader.key}” has that address already. Use that key, or another address."],
    }


# --- validations -----------------------------------------------------------------------------------------------------
HEAD = ["login", "door", "thing", "outcome", "proved on", "how", "note"]
PAIR = ["lena-ibkr", "tws", "laptop"]


def one(*cells: str) -> dict[str, list[list[str]]]:
    return {"validations": [HEAD, [*PAIR, *cells, *[""] * (4 - len(cells))]]}


def test_a_proof_comes_in_with_the_day_on_which_it_lapses(bring, office):
    bring(SMALL)

    proof = Validation.objects.get()

    assert (proof.outcome, proof.how) == ("proven", "imported")
    assert proof.proved_at.isoformat() == "2026-11-02T12:00:00+00:00"
    assert proof.lapses_at.isoformat() == "2027-02-01T00:00:00+00:00"
    assert (proof.lapses_at - proof.proved_at) > timedelta(days=office.validity_days)


def test_a_proof_of_today_is_no_proof_of_the_future(bring, at):
    bring(with_rows(validations=[HEAD, [*PAIR, "proven", "2026-11-23", "", ""]]))

    assert Validation.objects.get().proved_at == at


def test_an_expectation_has_no_date_and_an_unknown_one_no_how(bring):
    bring(
        with_rows(
            doors=[["login", "door"], ["lena-ibkr", "tws"], ["lena-ibkr", "client-portal"]],
            validations=[
                HEAD,
                [*PAIR, "", "", "", ""],
                ["lena-ibkr", "client-portal", "laptop", "unknown", "", "used", ""],
            ],
        )
    )

    found = {row.door.interface: (row.outcome, row.proved_at, row.how) for row in Validation.objects.all()}

    assert found == {"tws": ("expected", None, ""), "client-portal": ("unknown", None, "")}


@pytest.mark.parametrize(
    ("row", "verdict"),
    [
        (("proven", "2026-11-02"), "same"),
        (("", "2026-11-02"), "same"),
        (("proven", "2026-11-20"), "changes"),
        (("failed", "2026-11-02"), "changes"),
        (("failed", "2026-11-20"), "changes"),
        (("unknown", "2026-11-20"), "changes"),
        (("proven", "2026-10-01"), "left"),
        (("failed", "2026-10-01"), "left"),
        (("unknown", ""), "left"),
        (("", ""), "left"),
        (("never", ""), "left"),
    ],
)
def test_the_newer_answer_stands(look, bring, row, verdict):
    bring(SMALL)

    [planned] = look(one(*row)).rows

    assert planned.verdict == verdict
    assert planned.replaces == (verdict == "changes")


def test_why_the_answer_on_file_stands_is_said(look, bring, said):
    bring(SMALL)

    older, never = said(look(one("proven", "2026-10-01"))), said(look(one("never", "")))

    assert older == {"validations 2": "left: A newer answer is on file: It worked, 2026-11-02."}
    assert never == {"validations 2": "left: More is known already: It worked, 2026-11-02."}


def test_a_newer_proof_ends_the_old_one_and_opens_its_successor(bring, at):
    bring(SMALL)
    before = Validation.objects.get()

    bring(one("failed", "2026-11-20", "drill", "Asked for a passkey"))
    old, new = Validation.objects.order_by("pk")

    assert (old.pk, old.ended_at, old.outcome) == (before.pk, at, "proven")
    assert (new.ended_at, new.outcome, new.how, new.note) == (None, "failed", "drill", "Asked for a passkey")
    assert new.lapses_at is None


def test_another_note_on_the_same_proof_is_a_correction_of_it(bring):
    bring(SMALL)

    bring(one("proven", "2026-11-02", "used", "At home"))

    [row] = Validation.objects.all()
    assert (row.how, row.note, row.ended_at) == ("used", "At home", None)


@pytest.mark.parametrize("gone", ["lost_at", "retired_at"])
def test_nothing_new_is_proven_on_a_thing_that_is_gone_here(look, bring, said, at, gone):
    bring(SMALL)
    Asset.objects.filter(key="laptop").update(**{gone: at})

    [words] = said(look(one("proven", "2026-11-20")))["validations 2"]

    assert words == f"thing: Lena’s laptop is {gone[:-3]}. What is tried on it no longer counts."


def test_a_lost_thing_comes_in_with_what_was_proven_on_it(look, said):
    things = [
        ["key", "name", "kind", "lost on"],
        ["laptop", "L", "computer", "2026-11-10"],
        ["phone", "P", "phone", ""],
    ]

    assert set(said(look(with_rows(things=things))).values()) == {"new"}


def test_a_door_that_is_switched_off_takes_no_new_proof(look, bring, said):
    bring(with_rows(validations=[HEAD, [*PAIR, "", "", "", ""]]))
    bring({"doors": [["login", "door", "used"], ["lena-ibkr", "tws", "no"]]})

    assert said(look(one("proven", "2026-11-20"))) == {
        "validations 2": ["thing: That door is not used. Switch it on for the login first."]
    }


# --- days that can be read two ways ----------------------------------------------------------------------------------
SLASHED = {
    "validations": [["login", "door", "thing", "proved on"], [*PAIR, "04/03/2026"]],
    "grants": [["login", "account", "rights", "granted on"], ["lena-ibkr", "lago", "view", "25/03/2026"]],
}


def test_a_column_that_can_be_read_two_ways_is_asked_about_and_one_that_cannot_is_not(look):
    plan = look(SMALL | SLASHED)

    assert [(ask.sheet, ask.column, ask.sample) for ask in plan.asks] == [("validations", "proved on", "04/03/2026")]
    [row] = [row for row in plan.rows if row.sheet == "validations"]
    assert [one.words for one in row.troubles] == [
        "Say at the top of the page whether the day or the month stands first."
    ]


@pytest.mark.parametrize(("order", "day"), [("dmy", "2026-03-04"), ("mdy", "2026-04-03")])
def test_the_answer_holds_for_every_column_that_was_asked_about(look, order, day):
    plan = look(SMALL | SLASHED, order=order)

    assert plan.asks == []
    assert {row.verdict for row in plan.rows} == {"new"}
    assert {str(row.facts["proved on"]) for row in plan.rows if row.sheet == "validations"} == {day}
    assert {str(row.facts["granted on"]) for row in plan.rows if row.sheet == "grants"} == {"2026-03-25"}


def test_a_column_decides_itself_whatever_is_answered_for_others(look):
    rows = [["login", "account", "rights", "granted on"], ["lena-ibkr", "lago", "view", "04/25/2026"],
            ["lena-ibkr", "lago", "view", "04/03/2026"]]  # fmt: skip

    plan = look(with_rows(grants=rows), order="dmy")

    assert [str(row.facts["granted on"]) for row in plan.rows if row.sheet == "grants"] == ["2026-04-25", "2026-04-03"]
    assert list(ambiguous_columns(read(with_rows(grants=rows)).sheets)) == []


# --- size ------------------------------------------------------------------------------------------------------------
def test_guessing_what_a_bad_key_meant_does_not_take_for_ever(look):
    people = [["key", "name"], *([f"person-{n}", f"Person {n}"] for n in range(600))]
    logins = [["key", "label", "broker", "holder"], *([f"l-{n}", f"L {n}", "ibkr", f"persn-{n}"] for n in range(600))]

    plan = look({"people": people, "logins": logins})

    words = [row.troubles[0].words for row in plan.rows if row.sheet == "logins"]
    assert len(words) == 600
    assert 0 < sum("did you mean" in one for one in words) < 100


def test_the_office_is_read_in_the_same_number_of_queries_whatever_its_size(
    bring, django_assert_num_queries, at, owner
):
    bring(SMALL)
    with django_assert_num_queries(13):
        queries.world(at)

    for n in range(3):
        member = factories.make_member(f"Person {n}", signs_in=False)
        login = factories.make_login(member, label=f"L{n}", doors=["tws"])
        phone = factories.make_asset(f"P{n}", kind="phone", holder=member)
        factories.make_authenticator(login, carriers=[phone])
        factories.make_backup(login, carriers=[phone], kind="second-factor")

    with django_assert_num_queries(13):
        queries.world(at)
