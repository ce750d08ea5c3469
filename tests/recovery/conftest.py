"""What tests of recovery may ask for beside the common fixtures: Maria, her login, her laptop, phone and card."""

from __future__ import annotations

import pytest

from tests import factories


@pytest.fixture
def login(trader):
    return factories.make_login(trader, doors=["tws", "client-portal"])


@pytest.fixture
def door(login):
    return login.doors.get(interface="tws")


@pytest.fixture
def laptop(trader):
    return factories.make_asset(holder=trader)


@pytest.fixture
def phone(trader):
    return factories.make_asset("iPhone 15", kind="phone", holder=trader)


@pytest.fixture
def card(db):
    return factories.make_asset("Card 61", kind="card")
