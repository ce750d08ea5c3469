"""Pages on which rights are given, changed and ended, and who may open any of these pages."""

from __future__ import annotations

from datetime import date

import pytest

from accounts.models import Grant
from tests.accounts.pages import account_page, errors, told, typed, words
from tests.factories import AT, make_account, make_grant, make_login

pytestmark = pytest.mark.django_db


class TestRights:
    def test_given_from_the_account_s_side(self, tom, trader):
        account, login = make_account("Macro"), make_login(trader)
        taken, other = make_login(trader, label="Has rights"), make_login(trader, label="At Saxo", broker="saxo")
        make_grant(taken, account)
        url = f"/grants/new/?account={account.pk}"
        offered = list(tom.get(url).context["form"].fields["login"].queryset)

        data = typed(tom, url, login=login.pk, rights=["withdraw", "view"], granted_on="2026-03-02")
        answer = tom.post(url, data)

        grant = Grant.objects.get(login=login)
        assert offered == [login]
        assert other not in offered
        assert answer.url == account_page(account)
        assert (grant.account, grant.rights, grant.granted_on) == (account, ["view", "withdraw"], date(2026, 3, 2))
        assert told() == ["grant.given"]

    def test_given_from_the_login_s_side(self, tom, trader):
        account, login = make_account("Macro"), make_login(trader)
        url = f"/grants/new/?login={login.pk}"

        answer = tom.post(url, typed(tom, url, account=account.pk, rights=["view"]))

        assert answer.url == account_page(account)
        assert list(Grant.objects.values_list("login", "account")) == [(login.pk, account.pk)]

    @pytest.mark.parametrize(
        ("typed_in", "fields"),
        [
            ({"rights": []}, ["rights"]),
            ({"rights": ["fly"]}, ["rights"]),
            ({"login": ""}, ["login"]),
            ({"login": "abc\x00"}, ["login"]),
            ({"granted_on": "yesterday"}, ["granted_on"]),
            ({"account": "4711"}, ["account"]),
        ],
    )
    def test_what_is_wrong_stands_at_its_field(self, tom, trader, typed_in, fields):
        account, login = make_account("Macro"), make_login(trader)
        url = f"/grants/new/?account={account.pk}"

        page = tom.post(url, typed(tom, url, login=login.pk, rights=["view"]) | typed_in)

        assert (page.status_code, list(errors(page))) == (200, fields)
        assert not Grant.objects.exists()

    def test_sent_twice_they_are_given_once(self, tom, trader):
        account, login = make_account("Macro"), make_login(trader)
        url = f"/grants/new/?account={account.pk}"
        data = typed(tom, url, login=login.pk, rights=["view"])

        answers = [tom.post(url, data) for _ in range(2)]

        assert [answer.status_code for answer in answers] == [302, 200]
        said = ["Choose one from the list. It leaves out each login with rights already."]
        assert errors(answers[1]) == {"login": said}
        assert Grant.objects.count() == 1

    @pytest.mark.parametrize("query", ["", "?account=99999", "?login=99999", "?login=x"])
    def test_without_an_account_or_a_login_there_is_no_page(self, tom, query):
        assert tom.get(f"/grants/new/{query}").status_code == 404

    def test_closed_and_ended_ones_have_no_page(self, tom, trader):
        account, login = make_account(closed_at=AT), make_login(trader, ended_at=AT)

        assert tom.get(f"/grants/new/?account={account.pk}").status_code == 404
        assert tom.get(f"/grants/new/?login={login.pk}").status_code == 404

    def test_strong_rights_are_marked(self, tom, trader):
        grant = make_grant(make_login(trader), make_account())

        boxes = tom.get(f"/grants/{grant.pk}/edit/").context["form"].right_boxes()

        assert {box.choice_label: strong for box, _, strong in boxes} == {
            "View": False, "Trade": True, "Withdraw": True, "Manage users": True, "Reports": False,
        }  # fmt: skip

    def test_changed(self, tom, trader):
        grant = make_grant(make_login(trader), make_account())
        url = f"/grants/{grant.pk}/edit/"

        answer = tom.post(url, typed(tom, url, rights=["view"], granted_on=""))

        grant.refresh_from_db()
        assert answer.url == account_page(grant.account)
        assert (grant.rights, grant.granted_on) == (["view"], None)
        assert told() == ["grant.changed"]

    def test_a_stale_page_comes_back_with_what_is_new(self, tom, trader):
        grant = make_grant(make_login(trader), make_account())
        url = f"/grants/{grant.pk}/edit/"
        data = typed(tom, url, granted_on="2026-02-02")
        Grant.objects.update(rights=["view", "withdraw"])

        page = tom.post(url, data)

        assert errors(page)["__all__"][1:] == ["Rights is now “View, Withdraw”."]
        assert sorted(page.context["form"]["rights"].value()) == ["view", "withdraw"]
        assert told() == []

    def test_taking_all_away_by_unticking_is_refused(self, tom, trader):
        grant = make_grant(make_login(trader), make_account())
        url = f"/grants/{grant.pk}/edit/"

        assert errors(tom.post(url, typed(tom, url, rights=[]))) == {"rights": ["Choose at least one."]}

    def test_ended(self, tom, trader):
        grant = make_grant(make_login(trader), make_account("Macro"))
        url = f"/grants/{grant.pk}/end/"

        page = tom.get(url)
        answers = [tom.post(url) for _ in range(2)]

        assert "Nobody else may view and trade in Macro •••4417." in words(page)
        assert [answer.status_code for answer in answers] == [302, 200]
        assert errors(answers[1])["__all__"][0].startswith("Those rights were ended already")
        assert told() == ["grant.ended"]


class TestWhoMay:
    @pytest.fixture
    def addresses(self, trader):
        """Every page that changes something, on rows of the trader’s own."""
        account, login = make_account(), make_login(trader, doors=["tws"])
        grant = make_grant(login, account)
        return [
            "/accounts/new/",
            "/accounts/new/?broker=ibkr",
            f"/accounts/{account.pk}/edit/",
            f"/accounts/{account.pk}/close/",
            "/logins/new/",
            f"/logins/new/?account={account.pk}",
            f"/logins/{login.pk}/edit/",
            f"/logins/{login.pk}/end/",
            f"/logins/{login.pk}/doors/",
            f"/grants/new/?account={account.pk}",
            f"/grants/{grant.pk}/edit/",
            f"/grants/{grant.pk}/end/",
        ]

    @pytest.mark.parametrize("role", ["trader", "auditor"])
    def test_traders_and_auditors_change_nothing(self, role, addresses, browse, trader, auditor):
        client = browse({"trader": trader, "auditor": auditor}[role])

        answers = {
            url: (client.get(url).status_code, client.post(url, {"reason": "x"}).status_code) for url in addresses
        }

        assert answers == dict.fromkeys(addresses, (403, 403))
        assert told() == []

    @pytest.mark.parametrize("role", ["owner", "manager"])
    def test_owners_and_managers_open_every_page(self, role, addresses, browse, owner, manager):
        client = browse({"owner": owner, "manager": manager}[role])

        assert {url: client.get(url).status_code for url in addresses} == dict.fromkeys(addresses, 200)

    def test_nobody_gets_in_without_signing_in(self, addresses, client):
        for url in [*addresses, "/brokers/", "/brokers/ibkr/"]:
            answer = client.get(url)
            assert answer.status_code == 302
            assert answer.url.startswith("/signin/")

    @pytest.mark.parametrize(
        "url",
        [
            "/accounts/999999/edit/", "/accounts/999999/close/", "/logins/999999/", "/logins/999999/edit/",
            "/logins/999999/end/", "/logins/999999/doors/", "/grants/999999/edit/", "/grants/999999/end/",
            f"/accounts/{10**30}/edit/", "/brokers/lynx/",
        ],
    )  # fmt: skip
    def test_what_is_not_there_is_no_page(self, tom, url):
        assert tom.get(url).status_code == 404
        assert tom.post(url, {"reason": "x"}).status_code in (404, 405)

    @pytest.mark.parametrize("url", ["/brokers/", "/brokers/ibkr/"])
    def test_pages_that_only_show_take_no_post(self, tom, url):
        assert tom.post(url).status_code == 405
