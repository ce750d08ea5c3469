"""Deeds on accounts, logins, doors and rights: what they write, what they refuse, what the trail says."""

from __future__ import annotations

import threading
from datetime import date, timedelta

import pytest
from django.db import connection

from accounts import actions
from accounts.models import Account, Door, Grant, Login
from core.errors import Refused
from core.trail.models import Event
from core.trail.queries import verify
from tests.factories import AT, make_account, make_door, make_grant, make_login, make_member

pytestmark = pytest.mark.django_db

LATER = AT + timedelta(hours=1)


def told() -> list[tuple[str, int | None, dict]]:
    """The trail so far: verb, row, detail."""
    return [(event.verb, event.about_id, event.detail) for event in Event.objects.order_by("pk")]


def refuses(words: str, deed, **facts) -> None:
    """The deed is refused with these words, and leaves no trace."""
    events = Event.objects.count()
    with pytest.raises(Refused, match=words):
        deed(**facts)
    assert Event.objects.count() == events


class TestAddingAnAccount:
    def test_it_is_on_file_and_in_the_trail(self, manager):
        account = actions.add_account(
            name="Global Macro", broker="ibkr", entity="ib-ie", hint="4417", note="Booked in Dublin", by=manager, at=AT
        )

        account.refresh_from_db()
        assert (account.key, account.name, account.masked) == ("global-macro", "Global Macro", "•••4417")
        assert account.entity_name == "Interactive Brokers Ireland Limited"
        assert (account.created_at, account.closed_at) == (AT, None)
        assert told() == [
            (
                "account.added",
                account.pk,
                {
                    "name": "Global Macro",
                    "broker": "ibkr",
                    "entity": "ib-ie",
                    "hint": "4417",
                    "note": "Booked in Dublin",
                },
            )
        ]
        assert Event.objects.get().actor_id == manager.pk
        assert verify().intact

    def test_two_of_one_name_get_keys_of_their_own(self, manager):
        first = actions.add_account(name="Macro", broker="ibkr", hint="4417", by=manager, at=AT)
        second = actions.add_account(name="Macro", broker="ibkr", hint="8093", by=manager, at=AT)

        assert (first.key, second.key) == ("macro", "macro-2")

    def test_the_wanted_key_is_taken(self, manager):
        make_account(key="macro")

        refuses(
            "The key “macro” is taken", actions.add_account, key="macro", name="X", broker="ibkr", by=manager, at=AT
        )

    def test_the_same_account_a_second_time_is_refused(self, manager):
        facts = {"name": "Macro", "broker": "ibkr", "hint": "4417", "by": manager, "at": AT}
        first = actions.add_account(**facts)

        refuses("Macro •••4417 is on file already", actions.add_account, **facts)

        assert list(Account.objects.all()) == [first]

    def test_a_closed_one_does_not_stand_in_the_way(self, manager):
        make_account("Macro", hint="4417", closed_at=AT)

        actions.add_account(name="Macro", broker="ibkr", hint="4417", by=manager, at=AT)

        assert Account.objects.open().count() == 1

    @pytest.mark.parametrize(
        ("facts", "words"),
        [
            ({"broker": "lynx"}, "There is no broker “lynx”"),
            ({"broker": "saxo", "entity": "ib-ie"}, 'Saxo Bank has no entity "ib-ie"'),
            ({"broker": "ibkr", "hint": "U1234417"}, "Write the last 4 characters at most"),
        ],
    )
    def test_what_does_not_fit_is_refused(self, manager, facts, words):
        refuses(words, actions.add_account, name="Macro", by=manager, at=AT, **facts)

        assert not Account.objects.exists()


class TestOpeningAnAccountWithItsLogin:
    def test_account_login_doors_and_rights_are_one_deed(self, manager, trader):
        login = {"label": "Maria at IBKR", "holder": trader, "doors": ["tws", "client-portal"]}

        account = actions.open_account(
            account={"name": "Macro", "broker": "ibkr"}, login=login, rights=["trade", "view"], by=manager, at=AT
        )

        user = Login.objects.get()
        doors = list(user.doors.order_by("interface"))
        grant = Grant.objects.get()
        assert [door.interface for door in doors] == ["client-portal", "tws"]
        assert (grant.login, grant.account, grant.rights) == (user, account, ["view", "trade"])
        assert [(verb, row) for verb, row, _ in told()] == [
            ("account.added", account.pk),
            ("login.added", user.pk),
            ("door.added", doors[0].pk),
            ("door.added", doors[1].pk),
            ("grant.given", grant.pk),
        ]

    def test_a_login_that_is_there_gets_rights_in_it(self, manager, trader):
        login = make_login(trader)

        account = actions.open_account(
            account={"name": "Macro", "broker": "ibkr"}, login=login, rights=["view"], by=manager, at=AT
        )

        assert list(Grant.objects.values_list("login", "account", "rights")) == [(login.pk, account.pk, ["view"])]
        assert Login.objects.count() == 1

    def test_without_a_login_the_account_stands_alone(self, manager):
        actions.open_account(account={"name": "Macro", "broker": "ibkr"}, by=manager, at=AT)

        assert (Account.objects.count(), Login.objects.count(), Grant.objects.count()) == (1, 0, 0)

    def test_when_the_login_is_refused_there_is_no_account_either(self, manager, trader):
        refuses(
            "A login at Saxo Bank cannot reach an account at Interactive Brokers",
            actions.open_account,
            account={"name": "Macro", "broker": "ibkr"},
            login=make_login(trader, broker="saxo"),
            rights=["view"],
            by=manager,
            at=AT,
        )

        assert not Account.objects.exists()


class TestChangingAnAccount:
    def test_the_trail_says_what_was_and_what_is(self, manager):
        account = make_account("Macro", entity="", hint="4417")

        actions.change_account(account, name="Global Macro", entity="ib-ie", hint="4417", by=manager, at=LATER)

        account.refresh_from_db()
        assert (account.name, account.entity) == ("Global Macro", "ib-ie")
        assert told() == [
            (
                "account.changed",
                account.pk,
                {"changes": {"name": ["Macro", "Global Macro"], "entity": ["", "ib-ie"]}},
            )
        ]

    def test_nothing_new_is_no_event(self, manager):
        account = make_account("Macro")

        actions.change_account(account, name="Macro", by=manager, at=LATER)

        assert told() == []

    @pytest.mark.parametrize(
        ("facts", "words"),
        [
            ({"broker": "saxo"}, "It cannot move to another broker"),
            ({"entity": "ib-xx"}, 'has no entity "ib-xx"'),
            ({"hint": "44171"}, "Write the last 4 characters at most"),
        ],
    )
    def test_what_does_not_fit_is_refused(self, manager, facts, words):
        account = make_account("Macro")

        refuses(words, actions.change_account, account=account, by=manager, at=LATER, **facts)

    def test_a_closed_account_stays_as_it_was(self, manager):
        account = make_account("Macro", closed_at=AT)

        refuses("Macro is closed", actions.change_account, account=account, name="X", by=manager, at=LATER)

    def test_a_fact_that_accounts_do_not_have_is_a_bug(self, manager):
        with pytest.raises(TypeError, match="colour"):
            actions.change_account(make_account(), colour="red", by=manager, at=LATER)


class TestClosingAnAccount:
    def test_every_right_in_it_ends_and_its_logins_stay(self, manager, trader):
        account, other = make_account("Macro"), make_account("Reserve")
        login = make_login(trader)
        grant, elsewhere = make_grant(login, account), make_grant(login, other)
        past = make_grant(make_login(trader, label="Old"), account, ended_at=AT)

        actions.close_account(account, reason="Moved to Saxo", by=manager, at=LATER)

        account.refresh_from_db()
        assert account.closed_at == LATER
        assert dict(Grant.objects.values_list("pk", "ended_at")) == {grant.pk: LATER, elsewhere.pk: None, past.pk: AT}
        assert Login.objects.open().count() == 2
        assert told() == [
            ("grant.ended", grant.pk, {"login": login.pk, "account": account.pk, "rights": ["view", "trade"]}),
            ("account.closed", account.pk, {"reason": "Moved to Saxo", "grants": [grant.pk]}),
        ]

    def test_a_second_time_is_refused(self, manager):
        account = make_account("Macro", closed_at=AT)

        refuses("Macro is closed already", actions.close_account, account=account, by=manager, at=LATER)


class TestAddingALogin:
    def test_it_is_on_file_with_its_doors_and_rights(self, manager, trader):
        macro, reserve = make_account("Macro"), make_account("Reserve", hint="8093")

        login = actions.add_login(
            label="Maria at IBKR",
            broker="ibkr",
            hint="ria1",
            holder=trader,
            note="Main user",
            doors=["tws", "client-portal", "tws"],
            accounts={reserve: ["view"], macro: ["withdraw", "view"]},
            by=manager,
            at=AT,
        )

        doors = {door.interface: door for door in login.doors.all()}
        grants = {grant.account: grant for grant in login.grants.all()}
        assert (login.key, login.kind, set(doors)) == ("maria-at-ibkr", "person", {"tws", "client-portal"})
        assert all(door.used for door in doors.values())
        assert {account: grant.rights for account, grant in grants.items()} == {
            macro: ["view", "withdraw"],
            reserve: ["view"],
        }
        facts = {"label": "Maria at IBKR", "broker": "ibkr", "hint": "ria1", "holder": trader.pk, "kind": "person"}
        assert told() == [
            ("login.added", login.pk, facts | {"note": "Main user"}),
            *[
                ("door.added", doors[slug].pk, {"login": login.pk, "interface": slug, "used": True})
                for slug in ("client-portal", "tws")
            ],
            *[
                (
                    "grant.given",
                    grants[account].pk,
                    {"login": login.pk, "account": account.pk, "rights": grants[account].rights, "granted_on": None},
                )
                for account in (macro, reserve)
            ],
        ]

    def test_a_program_needs_nobody(self, manager):
        login = actions.add_login(label="Rebalancer", broker="ibkr", kind="automation", by=manager, at=AT)

        assert (login.holder, login.doors.count(), login.grants.count()) == (None, 0, 0)

    @pytest.mark.parametrize(
        ("facts", "words"),
        [
            ({"broker": "lynx"}, "There is no broker “lynx”"),
            ({"hint": "maria"}, "Write the last 4 characters at most"),
            ({"holder": None}, "Say who holds this login"),
            ({"kind": "robot"}, "“robot” is neither"),
            ({"doors": ["tws", "front"]}, 'Interactive Brokers has no door "front"'),
        ],
    )
    def test_what_does_not_fit_is_refused(self, manager, trader, facts, words):
        given = {"label": "Maria", "broker": "ibkr", "holder": trader} | facts

        refuses(words, actions.add_login, by=manager, at=AT, **given)

        assert not Login.objects.exists()
        assert not Door.objects.exists()

    def test_an_account_of_another_broker_is_out_of_reach(self, manager, trader):
        refuses(
            "A login at Interactive Brokers cannot reach an account at Saxo Bank",
            actions.add_login,
            label="Maria",
            broker="ibkr",
            holder=trader,
            accounts={make_account(broker="saxo"): ["view"]},
            by=manager,
            at=AT,
        )

        assert not Login.objects.exists()

    @pytest.mark.parametrize(
        ("rights", "words"), [([], "Choose at least one right"), (["fly"], "There is no right “fly”")]
    )
    def test_rights_that_are_none_are_refused(self, manager, trader, rights, words):
        facts = {"label": "Maria", "broker": "ibkr", "holder": trader, "accounts": {make_account(): rights}}

        refuses(words, actions.add_login, by=manager, at=AT, **facts)

    def test_a_closed_account_gives_nobody_rights(self, manager, trader):
        facts = {"label": "Maria", "broker": "ibkr", "holder": trader}
        closed = make_account("Macro", closed_at=AT)

        refuses("Macro is closed", actions.add_login, accounts={closed: ["view"]}, by=manager, at=AT, **facts)

    def test_who_has_left_holds_nothing_new(self, manager):
        gone = make_member("Gone Away", left_at=AT)

        refuses("Gone Away has left", actions.add_login, label="X", broker="ibkr", holder=gone, by=manager, at=AT)

    def test_the_same_label_at_the_same_broker_is_refused_while_the_first_is_open(self, manager, trader):
        first = make_login(trader, label="Maria")
        facts = {"label": "Maria", "holder": trader, "by": manager, "at": AT}

        refuses("A login called “Maria” is on file already", actions.add_login, broker="ibkr", **facts)

        actions.add_login(broker="saxo", **facts)
        Login.objects.filter(pk=first.pk).update(ended_at=AT)
        actions.add_login(broker="ibkr", **facts)

    def test_the_wanted_key_is_taken(self, manager, trader):
        make_login(trader, label="Other", key="maria")
        facts = {"label": "Maria", "broker": "ibkr", "holder": trader}

        refuses("The key “maria” is taken", actions.add_login, key="maria", by=manager, at=AT, **facts)


class TestChangingALogin:
    def test_the_trail_says_what_was_and_what_is(self, manager, trader):
        login, daniel = make_login(trader, label="Desk 1"), make_member("Daniel Reyes")

        actions.change_login(login, label="Desk one", holder=daniel, note="Since May", by=manager, at=LATER)

        login.refresh_from_db()
        assert (login.label, login.holder, login.note) == ("Desk one", daniel, "Since May")
        what = {"label": ["Desk 1", "Desk one"], "holder": [trader.pk, daniel.pk], "note": ["", "Since May"]}
        assert told() == [("login.changed", login.pk, {"changes": what})]

    def test_nothing_new_is_no_event(self, manager, trader):
        login = make_login(trader, label="Desk 1")

        actions.change_login(login, label="Desk 1", holder=trader, by=manager, at=LATER)

        assert told() == []

    @pytest.mark.parametrize(
        ("facts", "words"),
        [
            ({"broker": "saxo"}, "It cannot move to another broker"),
            ({"holder": None}, "Say who holds this login"),
            ({"hint": "maria"}, "Write the last 4 characters at most"),
            ({"kind": "robot"}, "“robot” is neither"),
        ],
    )
    def test_what_does_not_fit_is_refused(self, manager, trader, facts, words):
        login = make_login(trader)

        refuses(words, actions.change_login, login=login, by=manager, at=LATER, **facts)

    def test_nobody_who_has_left_takes_it_over_but_who_held_it_before_leaving_keeps_it(self, manager, trader):
        gone = make_member("Gone Away", left_at=AT)
        login, held = make_login(trader, label="Desk 1"), make_login(gone, label="Desk 2")

        refuses("Gone Away has left", actions.change_login, login=login, holder=gone, by=manager, at=LATER)
        actions.change_login(held, note="To be handed over", holder=gone, by=manager, at=LATER)

        held.refresh_from_db()
        assert held.note == "To be handed over"

    def test_an_ended_login_stays_as_it_was(self, manager, trader):
        login = make_login(trader, label="Desk 1", ended_at=AT)

        refuses("Desk 1 was ended", actions.change_login, login=login, note="x", by=manager, at=LATER)


class TestEndingALogin:
    def test_its_rights_end_and_its_doors_stay_on_file(self, manager, trader):
        account = make_account()
        login = make_login(trader, doors=["tws"])
        grant, others = make_grant(login, account), make_grant(make_login(label="Other"), account)

        actions.end_login(login, reason="Left the desk", by=manager, at=LATER)

        login.refresh_from_db()
        assert login.ended_at == LATER
        assert dict(Grant.objects.values_list("pk", "ended_at")) == {grant.pk: LATER, others.pk: None}
        assert login.doors.get().used
        assert told() == [
            ("grant.ended", grant.pk, {"login": login.pk, "account": account.pk, "rights": ["view", "trade"]}),
            ("login.ended", login.pk, {"reason": "Left the desk", "grants": [grant.pk]}),
        ]

    def test_a_second_time_is_refused(self, manager, trader):
        login = make_login(trader, label="Desk 1", ended_at=AT)

        refuses("Desk 1 was ended", actions.end_login, login=login, by=manager, at=LATER)


class TestSettingDoors:
    def test_doors_are_added_switched_on_and_switched_off_each_with_its_line(self, manager, trader):
        login = make_login(trader, doors=["tws", "ibkr-mobile"])
        off = make_door(login, "client-portal", used=False)
        tws = login.doors.get(interface="tws")

        changed = actions.set_doors(login, ["ibkr-mobile", "client-portal", "flex"], by=manager, at=LATER)

        flex = login.doors.get(interface="flex")
        assert dict(login.doors.values_list("interface", "used")) == {
            "tws": False, "ibkr-mobile": True, "client-portal": True, "flex": True,
        }  # fmt: skip
        assert changed == [flex, tws, off]
        assert told() == [
            ("door.added", flex.pk, {"login": login.pk, "interface": "flex", "used": True}),
            ("door.changed", tws.pk, {"login": login.pk, "interface": "tws", "changes": {"used": [True, False]}}),
            (
                "door.changed",
                off.pk,
                {"login": login.pk, "interface": "client-portal", "changes": {"used": [False, True]}},
            ),
        ]

    def test_the_same_doors_again_change_nothing(self, manager, trader):
        login = make_login(trader, doors=["tws"])

        assert actions.set_doors(login, ["tws"], by=manager, at=LATER) == []
        assert told() == []

    def test_a_door_that_the_broker_lacks_is_refused(self, manager, trader):
        login = make_login(trader, doors=["tws"])

        refuses('has no door "front"', actions.set_doors, login=login, used=["front"], by=manager, at=LATER)

        assert list(login.doors.values_list("interface", "used")) == [("tws", True)]

    def test_an_ended_login_keeps_its_doors(self, manager, trader):
        login = make_login(trader, label="Desk 1", doors=["tws"], ended_at=AT)

        refuses("Desk 1 was ended", actions.set_doors, login=login, used=[], by=manager, at=LATER)


class TestRights:
    def test_given(self, manager, trader):
        login, account = make_login(trader), make_account()

        grant = actions.give_grant(
            login, account, rights={"trade", "view"}, granted_on=date(2026, 3, 2), by=manager, at=AT
        )

        assert (grant.rights, grant.granted_on, grant.ended_at) == (["view", "trade"], date(2026, 3, 2), None)
        assert told() == [
            (
                "grant.given",
                grant.pk,
                {"login": login.pk, "account": account.pk, "rights": ["view", "trade"], "granted_on": "2026-03-02"},
            )
        ]

    @pytest.mark.parametrize(
        ("login", "account", "rights", "words"),
        [
            ({}, {"broker": "saxo"}, ["view"], "A login at Interactive Brokers cannot reach an account at Saxo Bank"),
            ({}, {}, [], "Choose at least one right"),
            ({}, {}, ["fly"], "There is no right “fly”"),
            ({"ended_at": AT}, {}, ["view"], "Desk 1 was ended"),
            ({}, {"closed_at": AT}, ["view"], "Macro is closed"),
        ],
    )
    def test_what_does_not_fit_is_refused(self, manager, trader, login, account, rights, words):
        pair = {"login": make_login(trader, label="Desk 1", **login), "account": make_account("Macro", **account)}

        refuses(words, actions.give_grant, rights=rights, by=manager, at=LATER, **pair)

        assert not Grant.objects.exists()

    def test_a_second_open_grant_for_the_pair_is_refused(self, manager, trader):
        login, account = make_login(trader, label="Desk 1"), make_account("Macro")
        make_grant(login, account, ["view"])
        pair = {"login": login, "account": account, "rights": ["trade"]}

        refuses("Desk 1 has rights in Macro •••4417 already", actions.give_grant, by=manager, at=LATER, **pair)

        Grant.objects.update(ended_at=AT)
        actions.give_grant(**pair, by=manager, at=LATER)

    def test_changed(self, manager, trader):
        grant = make_grant(make_login(trader), make_account(), ["view", "trade"])

        actions.change_grant(grant, rights=["withdraw", "view"], granted_on=None, by=manager, at=LATER)

        grant.refresh_from_db()
        assert (grant.rights, grant.granted_on) == (["view", "withdraw"], None)
        what = {"rights": [["view", "trade"], ["view", "withdraw"]], "granted_on": ["2026-01-05", None]}
        assert told() == [("grant.changed", grant.pk, {"changes": what})]

    def test_the_same_rights_in_another_order_are_no_change(self, manager, trader):
        grant = make_grant(make_login(trader), make_account(), ["view", "trade"])

        actions.change_grant(grant, rights=["trade", "view"], by=manager, at=LATER)

        assert told() == []

    def test_changing_to_nothing_is_refused(self, manager, trader):
        grant = make_grant(make_login(trader), make_account())

        refuses("Choose at least one right", actions.change_grant, grant=grant, rights=[], by=manager, at=LATER)

    def test_ended(self, manager, trader):
        login, account = make_login(trader), make_account()
        grant = make_grant(login, account)

        actions.end_grant(grant, by=manager, at=LATER)

        grant.refresh_from_db()
        assert grant.ended_at == LATER
        facts = {"login": login.pk, "account": account.pk, "rights": ["view", "trade"]}
        assert told() == [("grant.ended", grant.pk, facts)]

    @pytest.mark.parametrize(
        "deed", [actions.end_grant, lambda **given: actions.change_grant(rights=["view"], **given)]
    )
    def test_what_is_ended_is_left_alone(self, manager, trader, deed):
        grant = make_grant(make_login(trader), make_account(), ended_at=AT)

        refuses("Those rights were ended already", deed, grant=grant, by=manager, at=LATER)


def at_once(deeds) -> list[object]:
    """Run the deeds in threads of their own at the same time; what each returned, or the refusal it met."""
    results: list[object] = [None] * len(deeds)
    gate = threading.Barrier(len(deeds))

    def run(place, deed):
        try:
            gate.wait(timeout=10)
            results[place] = deed()
        except Exception as no:  # noqa: BLE001  whatever it is, the test looks at it
            results[place] = no
        finally:
            connection.close()

    threads = [threading.Thread(target=run, args=pair) for pair in enumerate(deeds)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=30)
    return results


@pytest.mark.django_db(transaction=True)
class TestTwoAtOnce:
    def test_a_form_sent_twice_in_the_same_moment_makes_one_account(self, manager, trader):
        facts = {"account": {"name": "Macro", "broker": "ibkr"}, "rights": ["view"], "by": manager, "at": AT}
        login = {"label": "Maria", "holder": trader, "doors": ["tws"]}

        results = at_once([lambda: actions.open_account(login=login, **facts) for _ in range(6)])

        assert sorted(type(result).__name__ for result in results) == ["Account", *["Refused"] * 5]
        assert (Account.objects.count(), Login.objects.count(), Grant.objects.count()) == (1, 1, 1)
        assert verify().intact

    def test_rights_given_twice_in_the_same_moment_are_given_once(self, manager, trader):
        login, account = make_login(trader), make_account()

        results = at_once(
            [lambda: actions.give_grant(login, account, rights=["view"], by=manager, at=AT) for _ in range(6)]
        )

        assert sorted(type(result).__name__ for result in results) == ["Grant", *["Refused"] * 5]
        assert Event.objects.count() == 1

    def test_closing_an_account_and_ending_its_login_and_rights_never_wait_for_each_other(self, manager, trader):
        login, account = make_login(trader), make_account()
        grant = make_grant(login, account)

        results = at_once(
            [
                lambda: actions.close_account(account, by=manager, at=LATER),
                lambda: actions.end_login(login, by=manager, at=LATER),
                lambda: actions.end_grant(grant, by=manager, at=LATER),
                lambda: actions.set_doors(login, ["tws"], by=manager, at=LATER),
            ]
        )

        assert {type(result).__name__ for result in results} <= {"Account", "Login", "Grant", "list", "Refused"}
        grant.refresh_from_db()
        assert grant.ended_at == LATER
        assert Event.objects.filter(verb="grant.ended").count() == 1
        assert verify().intact
