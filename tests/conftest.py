"""What every test may ask for: an office, its people, a signed-in browser."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from django.conf import settings
from django.contrib.auth.hashers import get_hashers

from tests import factories

AT = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)


@pytest.fixture(autouse=True, scope="session")
def _quick_hashes():
    """Argon2 is meant to be slow, which most tests need not be; nor do they need collected files."""
    settings.STATIC_ROOT.mkdir(parents=True, exist_ok=True)
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher", *settings.PASSWORD_HASHERS]
    get_hashers.cache_clear()


@pytest.fixture
def at() -> datetime:
    """A Monday morning, the day the design was drawn for."""
    return AT


@pytest.fixture
def office(db):
    return factories.make_office()


@pytest.fixture
def owner(office):
    return factories.make_member("Eleanor Hartwell", role="owner")


@pytest.fixture
def manager(office):
    return factories.make_member("Tom Okafor", role="manager")


@pytest.fixture
def trader(office):
    return factories.make_member("Maria Santos", role="trader")


@pytest.fixture
def auditor(office):
    return factories.make_member("Ada Voss", role="auditor")


@pytest.fixture
def browse():
    """A function from a member to a test client that has shown password and code."""
    return factories.signed_in
