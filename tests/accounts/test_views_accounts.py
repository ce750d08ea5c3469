"""Pages on which an account is added, corrected and closed."""

from __future__ import annotations

import re

import pytest

from accounts.models import Account, Grant, Login
from core.trail.models import Event
from tests.accounts.pages import SECRETS, account_page, errors, looks_secret, told, typed, words
from tests.factories import AT, make_account, make_grant, make_login

pytestmark = pytest.mark.django_db

ACCOUNT = {"name": "Global Macro", "hint": "4417", "entity": "ib-ie", "note": ""}


class TestAddingAnAccount:
    url = "/accounts/new/"

    def test_first_the_broker_is_asked_for(self, tom):
        page = tom.get(self.url)

        links = re.findall(r'href="/accounts/new/\?broker=([a-z]+)"', page.content.decode())
        assert sorted(links) == ["etrade", "fidelity", "ibkr", "saxo", "schwab", "swissquote", "tastytrade"]

    @pytest.mark.parametrize("broker", ["lynx", "", "../etc", "%00"])
    def test_a_broker_that_is_not_known_is_asked_for_again(self, tom, broker):
        page = tom.get(f"{self.url}?broker={broker}")

        assert page.status_code == 200
        assert "Which broker holds the account?" in words(page)

    def test_then_its_entities_and_doors_are_on_the_page_with_the_usual_ones_ticked(self, tom):
        page = tom.get(f"{self.url}?broker=ibkr")

        form = page.context["form"]
        assert [line.door.slug for _, line in form.door_boxes()] == [
            "tws", "ibkr-desktop", "ibkr-mobile", "client-portal", "ib-gateway",
        ]  # fmt: skip
        assert form["doors"].value() == ["tws", "ibkr-desktop", "ibkr-mobile", "client-portal", "ib-gateway"]
        assert len(form.more_door_boxes()) == 11
        assert ("ib-ie", "Interactive Brokers Ireland Limited") in form.fields["entity"].choices
        assert "login" not in form.fields

    def test_a_broker_without_entities_asks_for_none(self, tom):
        page = tom.get(f"{self.url}?broker=saxo")

        assert "entity" not in page.context["form"].fields
        answer = tom.post(f"{self.url}?broker=saxo", {"name": "Nordic", "hint": "7718"})
        assert answer.url == account_page(Account.objects.get())

    def test_account_login_doors_and_rights_come_from_one_form(self, tom, trader):
        login = {"label": "Maria at IBKR", "holder": trader.pk, "rights": ["view", "trade"], "doors": ["tws", "flex"]}

        answer = tom.post(f"{self.url}?broker=ibkr", ACCOUNT | login)

        account = Account.objects.get()
        grant = account.grants.get()
        assert (answer.status_code, answer.url) == (302, account_page(account))
        assert (account.name, account.broker, account.entity, account.hint) == ("Global Macro", "ibkr", "ib-ie", "4417")
        assert (grant.login.label, grant.login.holder, grant.rights) == ("Maria at IBKR", trader, ["view", "trade"])
        assert sorted(grant.login.doors.values_list("interface", "used")) == [("flex", True), ("tws", True)]
        assert told() == ["account.added", "login.added", "door.added", "door.added", "grant.given"]

    def test_an_account_alone_needs_only_a_name(self, tom):
        tom.post(f"{self.url}?broker=ibkr", {"name": "Reserve", "rights": ["view"], "doors": ["tws"]})

        assert list(Account.objects.values_list("name", "hint", "entity")) == [("Reserve", "", "")]
        assert not Login.objects.exists()

    def test_a_login_that_is_there_can_be_chosen(self, tom, trader):
        login = make_login(trader)
        make_login(trader, label="At Saxo", broker="saxo")
        make_login(trader, label="Ended", ended_at=AT)
        offered = tom.get(f"{self.url}?broker=ibkr").context["form"].fields["login"].queryset

        tom.post(f"{self.url}?broker=ibkr", ACCOUNT | {"login": login.pk, "rights": ["view"]})

        assert list(offered) == [login]
        assert list(Grant.objects.values_list("login", "rights")) == [(login.pk, ["view"])]

    @pytest.mark.parametrize(
        ("typed", "found"),
        [
            ({"name": ""}, {"name": ["Fill this in."]}),
            ({"name": "x" * 10_000}, {"name": ["Write at most 80 characters; these are 10000."]}),
            ({"note": "x" * 10_000}, {"note": ["Write at most 300 characters; these are 10000."]}),
            ({"entity": "saxo"}, {"entity": ["Choose one from the list."]}),
            ({"doors": ["front"]}, {"doors": ["Choose from the list."]}),
            ({"rights": ["fly"]}, {"rights": ["Choose from the list."]}),
            (
                {"label": "Maria"},
                {
                    "holder": ["Say who holds the new login."],
                    "rights": ["Choose what the login may do in this account."],
                },
            ),
            ({"label": "x" * 10_000}, {"label": ["Write at most 60 characters; these are 10000."]}),
            ({"holder": "999999"}, {"holder": ["Choose one from the list."]}),
            ({"holder": "nobody"}, {"holder": ["Choose one from the list."]}),
        ],
    )  # fmt: skip
    def test_what_is_wrong_stands_at_its_field(self, tom, typed, found):
        page = tom.post(f"{self.url}?broker=ibkr", ACCOUNT | typed)

        assert (page.status_code, errors(page)) == (200, found)
        assert not Account.objects.exists()

    def test_a_holder_without_a_login_and_two_logins_at_once_are_asked_about(self, tom, trader):
        login = make_login(trader)

        nameless = tom.post(f"{self.url}?broker=ibkr", ACCOUNT | {"holder": trader.pk, "rights": ["view"]})
        both = tom.post(f"{self.url}?broker=ibkr", ACCOUNT | {"login": login.pk, "label": "New", "rights": ["view"]})

        assert errors(nameless) == {"label": ["Say what you call this person’s login."]}
        assert errors(both) == {"label": ["Choose a login you have, or name a new one. Not both."]}
        assert not Account.objects.exists()

    def test_a_whole_number_is_refused_with_a_word_on_why(self, tom):
        page = tom.post(f"{self.url}?broker=ibkr", ACCOUNT | {"hint": "12344417"})

        assert list(errors(page)) == ["hint"]
        assert "last 4 characters at most" in errors(page)["hint"][0] or "last four" in errors(page)["hint"][0]
        assert "maxlength" not in str(page.context["form"]["hint"])
        assert not Account.objects.exists()

    def test_sent_twice_it_makes_one_account(self, tom):
        first = tom.post(f"{self.url}?broker=ibkr", ACCOUNT)
        second = tom.post(f"{self.url}?broker=ibkr", ACCOUNT)

        assert (first.status_code, second.status_code) == (302, 200)
        assert errors(second) == {"__all__": ["Global Macro •••4417 is on file already."]}
        assert Account.objects.count() == 1

    def test_characters_that_no_name_has_are_dropped(self, tom):
        tom.post(f"{self.url}?broker=ibkr", ACCOUNT | {"name": "Glo\x00bal \x1bMacro\u202e", "note": "a\x00b"})

        assert list(Account.objects.values_list("name", "note")) == [("Global Macro", "ab")]

    @pytest.mark.parametrize("field", ["name", "hint", "note", "label"])
    def test_a_secret_is_refused_wherever_it_is_typed(self, tom, field):
        refused = {
            name: looks_secret(tom.post(f"{self.url}?broker=ibkr", ACCOUNT | {field: secret}), field)
            for name, secret in SECRETS.items()
        }

        assert refused == dict.fromkeys(SECRETS, True)
        assert not Account.objects.exists()


class TestEditingAnAccount:
    def test_it_changes_and_goes_back_to_the_account(self, tom):
        account = make_account("Macro")
        url = f"/accounts/{account.pk}/edit/"

        answer = tom.post(url, typed(tom, url, name="Global Macro", entity="ib-uk"))

        account.refresh_from_db()
        assert answer.url == account_page(account)
        assert (account.name, account.entity) == ("Global Macro", "ib-uk")
        assert told() == ["account.changed"]

    def test_sent_twice_it_changes_once(self, tom):
        account = make_account("Macro")
        url = f"/accounts/{account.pk}/edit/"
        data = typed(tom, url, name="Global Macro")

        answers = [tom.post(url, data).status_code for _ in range(2)]

        assert answers == [302, 302]
        assert told() == ["account.changed"]

    def test_a_stale_page_comes_back_with_what_is_new(self, tom):
        account = make_account("Macro", note="")
        url = f"/accounts/{account.pk}/edit/"
        data = typed(tom, url, note="Ask Eleanor first")
        Account.objects.update(name="Global Macro")

        page = tom.post(url, data)

        assert page.status_code == 200
        assert errors(page)["__all__"][1:] == ["Name is now “Global Macro”."]
        shown = page.context["form"]
        assert (shown["name"].value(), shown["note"].value()) == ("Global Macro", "Ask Eleanor first")
        account.refresh_from_db()
        assert (account.name, account.note) == ("Global Macro", "")

        again = {name: shown[name].value() or "" for name in shown.fields}
        assert tom.post(url, again).status_code == 302
        account.refresh_from_db()
        assert (account.name, account.note) == ("Global Macro", "Ask Eleanor first")

    def test_what_does_not_fit_stands_at_its_field(self, tom):
        account = make_account("Macro")
        url = f"/accounts/{account.pk}/edit/"

        page = tom.post(url, typed(tom, url, name="", hint="44171", entity="nowhere", note="x" * 10_000))

        assert list(errors(page)) == ["name", "entity", "hint", "note"]
        assert told() == []

    @pytest.mark.parametrize("field", ["name", "hint", "note"])
    def test_a_secret_is_refused_wherever_it_is_typed(self, tom, field):
        account = make_account("Macro")
        url = f"/accounts/{account.pk}/edit/"
        page = typed(tom, url)

        refused = {name: looks_secret(tom.post(url, page | {field: secret}), field) for name, secret in SECRETS.items()}

        assert refused == dict.fromkeys(SECRETS, True)
        assert told() == []

    def test_a_closed_account_stays_as_it_was(self, tom):
        account = make_account("Macro", closed_at=AT)
        url = f"/accounts/{account.pk}/edit/"

        page = tom.post(url, typed(tom, url, name="X"))

        assert errors(page) == {"__all__": ["Macro is closed. What is on file about it stays as it was."]}


class TestClosingAnAccount:
    def test_the_page_says_what_ends_and_the_press_ends_it(self, tom, trader):
        account = make_account("Macro")
        grant = make_grant(make_login(trader), account)
        url = f"/accounts/{account.pk}/close/"

        page = tom.get(url)
        answer = tom.post(url, {"reason": "Moved to Saxo"})

        assert "Maria Santos, as Maria at IBKR, may no longer view and trade in it." in words(page)
        assert "Maria at IBKR reaches no other account." in words(page)
        assert answer.url == account_page(account)
        grant.refresh_from_db()
        assert grant.ended_at is not None
        assert told() == ["grant.ended", "account.closed"]
        assert Event.objects.last().detail["reason"] == "Moved to Saxo"

    def test_looking_changes_nothing(self, tom):
        account = make_account("Macro")

        tom.get(f"/accounts/{account.pk}/close/")

        account.refresh_from_db()
        assert account.closed_at is None

    @pytest.mark.parametrize(
        ("reason", "said"),
        [
            ("", "Fill this in."),
            ("x" * 10_000, "Write at most 200 characters; these are 10000."),
            (SECRETS["otpauth link"], "This looks like the seed of one-time codes."),
        ],
    )
    def test_a_reason_is_asked_for(self, tom, reason, said):
        account = make_account("Macro")

        page = tom.post(f"/accounts/{account.pk}/close/", {"reason": reason})

        assert errors(page)["reason"][0].startswith(said)
        account.refresh_from_db()
        assert account.closed_at is None

    def test_a_second_press_is_told_that_it_is_closed(self, tom):
        account = make_account("Macro")
        url = f"/accounts/{account.pk}/close/"

        answers = [tom.post(url, {"reason": "Moved"}) for _ in range(2)]

        assert [answer.status_code for answer in answers] == [302, 200]
        assert errors(answers[1]) == {"__all__": ["Macro is closed already."]}
        assert told() == ["account.closed"]
