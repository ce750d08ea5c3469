"""What the tables of accounts themselves refuse, and who sees which rows."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import DataError, IntegrityError, connection, transaction

from accounts.models import Account, Door, Grant, Login
from tests.factories import AT, make_account, make_door, make_grant, make_login, make_member

pytestmark = pytest.mark.django_db


def refused(constraint: str, deed) -> None:
    """The database itself says no, naming that constraint."""
    with pytest.raises(IntegrityError, match=constraint), transaction.atomic():
        deed()


def widen(table: str) -> None:
    """Take the column's own limit away, so that only the named constraint stands in the way."""
    with connection.cursor() as cursor:
        cursor.execute(f"ALTER TABLE {table} ALTER COLUMN hint TYPE varchar")


class TestConstraints:
    def test_an_account_number_is_never_whole(self):
        widen("accounts_account")

        refused("an_account_number_is_never_whole", lambda: make_account(hint="44175"))

        assert make_account(hint="4417").masked == "•••4417"

    def test_the_column_of_an_account_number_holds_four_characters(self):
        with pytest.raises(DataError), transaction.atomic():
            make_account(hint="44175")

    def test_a_user_name_is_never_whole(self):
        widen("accounts_login")

        refused("a_user_name_is_never_whole", lambda: make_login(hint="maria"))

        assert make_login(hint="ria1").hint == "ria1"

    def test_the_column_of_a_user_name_holds_four_characters(self):
        with pytest.raises(DataError), transaction.atomic():
            make_login(hint="maria")

    def test_a_person_s_login_has_a_holder(self):
        refused("a_person_s_login_has_a_holder", lambda: make_login(kind="person"))

        assert make_login(kind="automation").holder is None

    def test_a_login_has_each_door_once(self):
        login = make_login(doors=["tws"])

        refused("a_login_has_each_door_once", lambda: make_door(login, "tws", used=False))

        make_door(login, "client-portal")
        assert sorted(login.doors.values_list("interface", flat=True)) == ["client-portal", "tws"]

    def test_one_open_grant_for_login_and_account(self):
        login, account = make_login(), make_account()
        ended = make_grant(login, account, ended_at=AT)
        standing = make_grant(login, account)

        refused("one_open_grant_for_login_and_account", lambda: make_grant(login, account, ["view"]))

        assert set(Grant.objects.all()) == {ended, standing}

    def test_a_grant_gives_something(self):
        login, account = make_login(), make_account()

        refused("a_grant_gives_something", lambda: make_grant(login, account, []))

    def test_two_accounts_never_share_a_key(self):
        make_account(key="macro")

        refused("accounts_account_key", lambda: make_account(key="macro"))

    def test_two_logins_never_share_a_key(self):
        make_login(key="maria")

        refused("accounts_login_key", lambda: make_login(key="maria"))

    def test_what_others_rest_on_is_never_deleted(self):
        login, account = make_login(doors=["tws"]), make_account()
        make_grant(login, account)

        for row in (login, account):
            with pytest.raises(Exception, match="protected foreign keys"), transaction.atomic():
                row.delete()


class TestWhoSeesWhat:
    @pytest.fixture
    def two_desks(self, office):
        """Maria's and Daniel's logins, each with a door and rights in an account of its own."""
        desks = {}
        for name in ("Maria Santos", "Daniel Reyes"):
            member = make_member(name)
            login = make_login(member, label=name, doors=["tws"])
            account = make_account(f"{name}’s account")
            desks[name] = (member, login, account, make_grant(login, account))
        return desks["Maria Santos"], desks["Daniel Reyes"]

    def test_a_trader_sees_what_the_own_logins_reach_and_nothing_else(self, two_desks):
        (maria, login, account, grant), _ = two_desks

        seen = {model: list(model.objects.visible_to(maria)) for model in (Account, Login, Door, Grant)}

        assert seen == {Account: [account], Login: [login], Door: [login.doors.get()], Grant: [grant]}

    @pytest.mark.parametrize("role", ["owner", "manager", "auditor"])
    def test_everybody_else_sees_everything(self, two_desks, role):
        member = make_member("Somebody Else", role=role)

        counts = [model.objects.visible_to(member).count() for model in (Account, Login, Door, Grant)]

        assert counts == [2, 2, 2, 2]

    def test_an_account_is_out_of_sight_once_the_rights_in_it_end(self, two_desks):
        (maria, _, _, grant), _ = two_desks

        Grant.objects.filter(pk=grant.pk).update(ended_at=AT)

        assert not Account.objects.visible_to(maria).exists()

    def test_an_account_is_out_of_sight_once_the_login_ends(self, two_desks):
        (maria, login, _, _), _ = two_desks

        Login.objects.filter(pk=login.pk).update(ended_at=AT + timedelta(days=1))

        assert not Account.objects.visible_to(maria).exists()

    def test_doors_in_use_are_those_switched_on_of_open_logins(self):
        login, ended = make_login(doors=["tws"]), make_login(doors=["tws"], ended_at=AT)
        make_door(login, "client-portal", used=False)

        assert [(door.login, door.interface) for door in Door.objects.in_use()] == [(login, "tws")]
        assert list(Login.objects.open()) == [login]
        assert ended.doors.count() == 1


@pytest.mark.parametrize(
    ("rights", "words"),
    [
        (["trade"], "Trade"),
        (["trade", "view"], "View and trade"),
        (["withdraw", "view", "reports"], "View, withdraw and reports"),
    ],
)
def test_rights_are_said_in_one_order(rights, words):
    assert Grant(rights=rights).rights_in_words() == words
