"""Backups as rows: their constraint, and who sees them."""

from __future__ import annotations

import pytest
from django.db import IntegrityError, transaction

from recovery.models import AuthenticatorBackup
from tests import factories
from tests.factories import AT

pytestmark = pytest.mark.django_db


def test_only_printed_codes_are_counted(login):
    factories.make_backup(login, kind="printed-codes", codes_left=0)

    with pytest.raises(IntegrityError, match="only_printed_codes_are_counted"), transaction.atomic():
        factories.make_backup(login, kind="card", codes_left=3)


def test_only_a_second_authenticator_is_a_factor(login):
    factories.make_backup(login, kind="second-factor", factor="dsc-plus")

    with pytest.raises(IntegrityError, match="only_a_second_authenticator_is_a_factor"), transaction.atomic():
        factories.make_backup(login, kind="card", factor="dsc-plus")


def test_a_trader_sees_the_backups_of_own_logins_and_others_see_all(trader, manager, auditor, login):
    mine = factories.make_backup(login)
    daniel = factories.make_member("Daniel Reyes")
    theirs = factories.make_backup(factories.make_login(daniel, label="Daniel"), custodian=trader)

    assert set(AuthenticatorBackup.objects.visible_to(trader)) == {mine}
    for member in (manager, auditor):
        assert set(AuthenticatorBackup.objects.visible_to(member)) == {mine, theirs}


def test_standing_backups_are_those_not_ended(login):
    standing = factories.make_backup(login)
    factories.make_backup(login, ended_at=AT)

    assert set(AuthenticatorBackup.objects.standing()) == {standing}
