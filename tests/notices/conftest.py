"""What the tests of notices share."""

from __future__ import annotations

import pytest

from tests.factories import make_asset, make_login, make_validation
from tests.mail import sink

__all__ = ["sink"]


@pytest.fixture
def login(trader):
    """Maria's login with two doors."""
    return make_login(trader, doors=["tws", "client-portal"])


@pytest.fixture
def laptop(trader):
    return make_asset("ThinkPad X1", holder=trader)


@pytest.fixture
def validate(login, laptop):
    """A function that makes a validation of Maria's laptop at her first door, with what a test says differently."""

    def make(device=None, door=None, **facts):
        return make_validation(door or login.doors.get(interface="tws"), device or laptop, **facts)

    return make
