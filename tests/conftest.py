"""What every test may ask for: an office, its people, a signed-in browser."""

from __future__ import annotations

import gc
from datetime import UTC, datetime

import pytest
from django.conf import settings
from django.contrib.auth.hashers import get_hashers
from django.db import connection
from hypothesis import HealthCheck
from hypothesis import settings as hypothesis_settings

from identity.actions.gate import hash_of_nobody
from tests import factories

AT = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)

# A busy machine is no reason to fail: properties are judged by what they find, not by how long they look.
hypothesis_settings.register_profile("house", deadline=None, suppress_health_check=[HealthCheck.too_slow])
hypothesis_settings.load_profile("house")


@pytest.fixture(autouse=True, scope="session")
def _quick_hashes():
    """Argon2 is meant to be slow, which most tests need not be; nor do they need collected files."""
    settings.STATIC_ROOT.mkdir(parents=True, exist_ok=True)
    hash_of_nobody()
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher", *settings.PASSWORD_HASHERS]
    get_hashers.cache_clear()


@pytest.fixture(scope="session")
def django_db_setup(django_db_setup, django_db_blocker):
    """The tests' own database lets itself be emptied, which Django does after each test with real transactions.

    The guards against it are switched off here and nowhere else; tests/trail puts them up again and pushes.
    """
    with django_db_blocker.unblock(), connection.cursor() as cursor:
        for table, name in emptying_guards(cursor):
            cursor.execute(f'ALTER TABLE "{table}" DISABLE TRIGGER "{name}"')


def emptying_guards(cursor) -> list[tuple[str, str]]:
    """Every trigger before TRUNCATE, as pairs of table and name."""
    cursor.execute(
        "SELECT tgrelid::regclass::text, tgname FROM pg_trigger WHERE NOT tgisinternal AND tgtype & 32 = 32 ORDER BY 1"
    )
    return cursor.fetchall()


def pytest_runtestloop():
    """What is imported by now stays, so nobody needs to look through it for garbage again and again."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000, 20, 100)


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
