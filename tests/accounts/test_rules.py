"""Which facts fit together, as sentences."""

from __future__ import annotations

import pytest

from accounts import rules


@pytest.mark.parametrize(
    ("facts", "says"),
    [
        ({"broker": "ibkr"}, None),
        ({"broker": "ibkr", "entity": "ib-ie", "hint": "4417"}, None),
        ({"broker": "saxo", "hint": ""}, None),
        (
            {"broker": "ibrk"},
            'There is no broker “ibrk” here (did you mean "ibkr"?). Choose one of: etrade, fidelity, ',
        ),
        ({"broker": ""}, "There is no broker “” here. Choose one of: "),
        ({"broker": "ibkr", "entity": "ib-iee"}, 'Interactive Brokers has no entity "ib-iee" (did you mean "ib-ie"?).'),
        ({"broker": "saxo", "entity": "ib-ie"}, 'Saxo Bank has no entity "ib-ie".'),
        ({"broker": "ibkr", "hint": "44175"}, "Write the last 4 characters at most."),
    ],
)
def test_an_account_is_of_a_known_broker_and_one_of_its_entities(facts, says):
    fault = rules.account_fault(**facts)

    assert fault is None if says is None else fault.startswith(says)


@pytest.mark.parametrize(
    ("facts", "says"),
    [
        ({"broker": "ibkr", "has_holder": True, "doors": ["tws", "client-portal"]}, None),
        ({"broker": "ibkr", "has_holder": False, "kind": "automation"}, None),
        ({"broker": "lynx", "has_holder": True}, "There is no broker “lynx” here. Choose one of: "),
        ({"broker": "ibkr", "has_holder": True, "hint": "maria"}, "Write the last 4 characters at most."),
        ({"broker": "ibkr", "has_holder": False}, "Say who holds this login, or that it is for a program."),
        (
            {"broker": "ibkr", "has_holder": True, "kind": "robot"},
            "A login is for a person or for a program; “robot” is",
        ),
        (
            {"broker": "ibkr", "has_holder": True, "doors": ["tws", "tsw"]},
            'Interactive Brokers has no door "tsw" (did you mean "tws"?).',
        ),
        ({"broker": "saxo", "has_holder": True, "doors": ["tws"]}, 'Saxo Bank has no door "tws".'),
    ],
)
def test_a_login_is_of_a_known_broker_with_doors_of_its_own_and_a_holder(facts, says):
    fault = rules.login_fault(**facts)

    assert fault is None if says is None else fault.startswith(says)


@pytest.mark.parametrize(
    ("login_broker", "account_broker", "rights", "says"),
    [
        ("ibkr", "ibkr", ["view"], None),
        ("ibkr", "ibkr", {"view", "withdraw"}, None),
        ("ibkr", "saxo", ["view"], "A login at Interactive Brokers cannot reach an account at Saxo Bank."),
        ("ibkr", "nowhere", ["view"], "A login at Interactive Brokers cannot reach an account at nowhere."),
        ("ibkr", "ibkr", [], "Choose at least one right."),
        ("ibkr", "ibkr", ["view", "traid"], 'There is no right “traid” (did you mean "trade"?). Choose from: view, '),
    ],
)
def test_a_grant_is_for_two_of_one_broker_and_gives_something(login_broker, account_broker, rights, says):
    fault = rules.grant_fault(login_broker=login_broker, account_broker=account_broker, rights=rights)

    assert fault is None if says is None else fault.startswith(says)


def test_rights_are_stored_once_each_in_the_order_of_the_enum():
    assert rules.in_order(["reports", "view", "reports", "trade"]) == ["view", "trade", "reports"]


def test_strong_rights_are_trading_cash_and_users():
    strong = [right for right in ["view", "trade", "withdraw", "manage-users", "reports"] if rules.is_strong(right)]

    assert strong == ["trade", "withdraw", "manage-users"]
