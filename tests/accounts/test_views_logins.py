"""Pages on which a login is added, shown, corrected and ended, and its doors are set."""

from __future__ import annotations

import re

import pytest

from accounts import rules
from accounts.models import Door, Login
from tests.accounts.pages import SECRETS, account_page, errors, login_page, looks_secret, told, typed, words
from tests.factories import AT, make_account, make_door, make_grant, make_login, make_member

pytestmark = pytest.mark.django_db

LOGIN = {"label": "Maria at IBKR", "kind": "person", "hint": "", "note": ""}


class TestAddingALogin:
    url = "/logins/new/"

    def test_first_the_broker_is_asked_for(self, tom):
        assert "At which broker is the login?" in words(tom.get(self.url))

    def test_for_an_account_it_gets_rights_there_and_goes_back_there(self, tom, trader):
        account = make_account("Macro")
        page = tom.get(f"{self.url}?account={account.pk}")
        assert page.context["form"]["account"].value() == account.pk

        data = LOGIN | {"holder": trader.pk, "account": account.pk, "rights": ["view"], "doors": ["tws"]}
        answer = tom.post(f"{self.url}?account={account.pk}", data)

        login = Login.objects.get()
        assert answer.url == account_page(account)
        assert list(login.grants.values_list("account", "rights")) == [(account.pk, ["view"])]
        assert list(login.doors.values_list("interface", flat=True)) == ["tws"]
        assert told() == ["login.added", "door.added", "grant.given"]

    def test_alone_it_goes_to_its_own_page(self, tom):
        data = LOGIN | {"label": "Rebalancer", "kind": "automation", "rights": ["view"], "doors": ["openapi"]}

        answer = tom.post(f"{self.url}?broker=saxo", data)

        login = Login.objects.get()
        assert answer.url == login_page(login)
        assert (login.broker, login.kind, login.holder, login.grants.count()) == ("saxo", "automation", None, 0)

    def test_doors_ask_for_what_the_account_s_entity_asks_for(self, tom):
        account = make_account("Asia", entity="ib-hk")

        lines = tom.get(f"{self.url}?account={account.pk}").context["form"].lines

        assert lines[0].asks == "Username and password; and Passkey (phone, computer or FIDO2 security key)"

    @pytest.mark.parametrize(
        ("typed", "found"),
        [
            ({"label": ""}, {"label": ["Fill this in."]}),
            ({"holder": ""}, {"holder": ["Say who holds this login, or that it is for a program."]}),
            ({"kind": "robot"}, {"kind": ["Choose one from the list."]}),
            ({"hint": "maria"}, {"hint": [rules.hint_fault("maria")]}),
            ({"doors": ["front"]}, {"doors": ["Choose from the list."]}),
            ({"account": "77777"}, {"account": ["Choose one from the list."]}),
            ({"label": "x" * 10_000}, {"label": ["Write at most 60 characters; these are 10000."]}),
            ({"note": "x" * 10_000}, {"note": ["Write at most 300 characters; these are 10000."]}),
        ],
    )  # fmt: skip
    def test_what_is_wrong_stands_at_its_field(self, tom, trader, typed, found):
        page = tom.post(f"{self.url}?broker=ibkr", LOGIN | {"holder": trader.pk} | typed)

        assert (page.status_code, errors(page)) == (200, found)
        assert not Login.objects.exists()

    def test_an_account_without_rights_is_asked_about(self, tom, trader):
        account = make_account()

        page = tom.post(f"{self.url}?broker=ibkr", LOGIN | {"holder": trader.pk, "account": account.pk})

        assert errors(page) == {"rights": ["Choose what the login may do in that account."]}

    def test_another_broker_s_account_is_not_in_the_list(self, tom, trader):
        other = make_account(broker="saxo")

        page = tom.post(
            f"{self.url}?broker=ibkr", LOGIN | {"holder": trader.pk, "account": other.pk, "rights": ["view"]}
        )

        assert errors(page) == {"account": ["Choose one from the list."]}

    def test_who_has_left_is_not_in_the_list(self, tom):
        gone = make_member("Gone Away", left_at=AT)

        page = tom.post(f"{self.url}?broker=ibkr", LOGIN | {"holder": gone.pk})

        assert errors(page) == {"holder": ["Choose one from the list."]}

    def test_sent_twice_it_makes_one_login(self, tom, trader):
        answers = [tom.post(f"{self.url}?broker=ibkr", LOGIN | {"holder": trader.pk}) for _ in range(2)]

        assert [answer.status_code for answer in answers] == [302, 200]
        assert errors(answers[1])["__all__"][0].startswith("A login called “Maria at IBKR” is on file already")
        assert Login.objects.count() == 1

    @pytest.mark.parametrize("number", ["999999", "abc", "-1", "9" * 40, "٣"])
    def test_an_account_that_is_not_there_is_no_page(self, tom, number):
        assert tom.get(f"{self.url}?account={number}").status_code == 404

    def test_a_closed_account_takes_no_login(self, tom):
        account = make_account(closed_at=AT)

        assert tom.get(f"{self.url}?account={account.pk}").status_code == 404

    @pytest.mark.parametrize("field", ["label", "hint", "note"])
    def test_a_secret_is_refused_wherever_it_is_typed(self, tom, trader, field):
        facts = LOGIN | {"holder": trader.pk}

        refused = {
            name: looks_secret(tom.post(f"{self.url}?broker=ibkr", facts | {field: secret}), field)
            for name, secret in SECRETS.items()
        }

        assert refused == dict.fromkeys(SECRETS, True)
        assert not Login.objects.exists()


class TestEditingALogin:
    def test_it_changes(self, tom, trader):
        login, daniel = make_login(trader, label="Desk 1"), make_member("Daniel Reyes")
        url = f"/logins/{login.pk}/edit/"

        answer = tom.post(url, typed(tom, url, label="Desk\x00 one", holder=daniel.pk))

        login.refresh_from_db()
        assert answer.url == login_page(login)
        assert (login.label, login.holder) == ("Desk one", daniel)
        assert told() == ["login.changed"]

    def test_a_holder_who_has_left_stays_in_the_list(self, tom):
        gone = make_member("Gone Away", left_at=AT)
        login = make_login(gone)
        url = f"/logins/{login.pk}/edit/"

        answer = tom.post(url, typed(tom, url, note="Hand over"))

        login.refresh_from_db()
        assert (answer.status_code, login.note, login.holder) == (302, "Hand over", gone)

    def test_a_stale_page_comes_back_with_what_is_new(self, tom, trader):
        login, daniel = make_login(trader, label="Desk 1"), make_member("Daniel Reyes")
        url = f"/logins/{login.pk}/edit/"
        data = typed(tom, url, label="Desk one")
        Login.objects.update(holder=daniel, label="First desk")

        page = tom.post(url, data)

        assert errors(page)["__all__"][1:] == [
            "What you call it is now “First desk” on file; what you typed still stands below.",
            "Who holds it is now “Daniel Reyes”.",
        ]
        assert told() == []

    @pytest.mark.parametrize(
        ("typed_in", "fields"),
        [
            ({"label": ""}, ["label"]),
            ({"holder": ""}, ["holder"]),
            ({"hint": "maria"}, ["hint"]),
            ({"kind": ""}, ["kind"]),
        ],
    )
    def test_what_is_wrong_stands_at_its_field(self, tom, trader, typed_in, fields):
        login = make_login(trader)
        url = f"/logins/{login.pk}/edit/"

        assert list(errors(tom.post(url, typed(tom, url, **typed_in)))) == fields

    @pytest.mark.parametrize("field", ["label", "hint", "note"])
    def test_a_secret_is_refused_wherever_it_is_typed(self, tom, trader, field):
        login = make_login(trader)
        url = f"/logins/{login.pk}/edit/"
        page = typed(tom, url)

        refused = {name: looks_secret(tom.post(url, page | {field: secret}), field) for name, secret in SECRETS.items()}

        assert refused == dict.fromkeys(SECRETS, True)
        assert told() == []

    def test_an_ended_login_stays_as_it_was(self, tom, trader):
        login = make_login(trader, label="Desk 1", ended_at=AT)
        url = f"/logins/{login.pk}/edit/"

        page = tom.post(url, typed(tom, url, label="X"))

        assert errors(page) == {"__all__": ["Desk 1 was ended. Add a new login instead."]}


class TestEndingALogin:
    def test_the_page_says_what_breaks_and_the_press_ends_it(self, tom, trader):
        login = make_login(trader, doors=["tws"])
        make_grant(login, make_account("Macro"))
        url = f"/logins/{login.pk}/end/"

        page = tom.get(url)
        answer = tom.post(url, {"reason": "Left the desk"})

        assert "Nobody else may view and trade in Macro •••4417." in words(page)
        assert "It opens no door any more: TWS." in words(page)
        assert answer.url == login_page(login)
        assert told() == ["grant.ended", "login.ended"]
        assert "Ended" in words(tom.get(answer.url))

    def test_a_second_press_and_a_missing_reason_are_told(self, tom, trader):
        login = make_login(trader, label="Desk 1")
        url = f"/logins/{login.pk}/end/"

        assert errors(tom.post(url, {})) == {"reason": ["Fill this in."]}
        tom.post(url, {"reason": "x"})
        assert errors(tom.post(url, {"reason": "x"})) == {"__all__": ["Desk 1 was ended. Add a new login instead."]}


class TestOneLogin:
    def test_its_page_shows_doors_rights_and_what_ended(self, tom, trader):
        login = make_login(trader, doors=["tws"], hint="ria1", note="Main user")
        make_door(login, "flex", used=False)
        make_grant(login, make_account("Macro"))
        make_grant(login, make_account("Reserve", hint="8093"), ended_at=AT)

        said = words(tom.get(login_page(login)))

        assert "Maria at IBKR •••ria1" in said
        assert "View and trade, since Mon 5 Jan" in said
        assert "Trader Workstation" in said
        assert "Flex Web Service" not in said
        assert "Reserve •••8093" in said

    def test_a_trader_reads_the_own_one_without_a_way_to_change_it(self, trader, browse):
        login = make_login(trader, doors=["tws"])
        make_grant(login, make_account("Macro"))

        page = browse(trader).get(login_page(login))

        assert page.status_code == 200
        assert not re.findall(r'href="(/(?:logins|grants)/[^"]+)"', page.content.decode())

    def test_an_ended_login_offers_no_change(self, tom, trader):
        login = make_login(trader, doors=["tws"], ended_at=AT)

        page = tom.get(login_page(login))

        links = re.findall(r'href="(/(?:logins|grants)/[^"]+)"', page.content.decode())
        assert links == [f"/logins/{login.pk}/history/"]

    def test_a_trader_never_sees_another_s(self, trader, browse):
        other = make_login(make_member("Daniel Reyes"), label="Daniel")

        assert browse(trader).get(login_page(other)).status_code == 404


class TestDoorsOfALogin:
    def test_ticking_and_unticking(self, tom, trader):
        login = make_login(trader, doors=["tws", "ibkr-mobile"])
        url = f"/logins/{login.pk}/doors/"
        assert tom.get(url).context["form"]["doors"].value() == ["tws", "ibkr-mobile"]

        answer = tom.post(url, typed(tom, url, doors=["tws", "fix"]))

        assert answer.url == login_page(login)
        assert dict(login.doors.values_list("interface", "used")) == {"tws": True, "ibkr-mobile": False, "fix": True}
        assert told() == ["door.added", "door.changed"]

    def test_none_at_all_is_an_answer(self, tom, trader):
        login = make_login(trader, doors=["tws"])
        url = f"/logins/{login.pk}/doors/"

        tom.post(url, typed(tom, url, doors=[]))

        assert list(login.doors.values_list("interface", "used")) == [("tws", False)]

    def test_each_door_says_what_it_is_for_what_it_asks_for_and_how_we_know(self, tom, trader):
        login = make_login(trader)

        page = tom.get(f"/logins/{login.pk}/doors/")

        said = words(page)
        assert "Full trading platform. Lets you view and trade. Asks for Username and password, and one of:" in said
        assert "How we know about Trader Workstation High confidence. Read on Mon 23 Nov" in said
        links = set(re.findall(r'href="https?://([^/"]+)', page.content.decode()))
        assert "github.com" in said
        assert links
        assert all(login.profile.is_official(host) for host in links)

    def test_a_stale_page_comes_back_with_what_is_new(self, tom, trader):
        login = make_login(trader, doors=["tws"])
        url = f"/logins/{login.pk}/doors/"
        data = typed(tom, url, doors=["tws", "fix"])
        Door.objects.update(used=False)

        page = tom.post(url, data)

        assert errors(page)["__all__"][1:] == ["Doors is now empty on file; what you typed still stands below."]
        assert page.context["form"]["doors"].value() == ["tws", "fix"]
        assert told() == []

    def test_sent_twice_it_changes_once(self, tom, trader):
        login = make_login(trader)
        url = f"/logins/{login.pk}/doors/"
        data = typed(tom, url, doors=["tws"])

        assert [tom.post(url, data).status_code for _ in range(2)] == [302, 302]
        assert told() == ["door.added"]

    def test_a_door_that_the_broker_lacks_is_refused(self, tom, trader):
        login = make_login(trader)
        url = f"/logins/{login.pk}/doors/"

        assert errors(tom.post(url, typed(tom, url, doors=["front\x00"]))) == {"doors": ["Choose from the list."]}

    def test_an_ended_login_keeps_its_doors(self, tom, trader):
        login = make_login(trader, label="Desk 1", ended_at=AT)
        url = f"/logins/{login.pk}/doors/"

        page = tom.post(url, typed(tom, url, doors=["tws"]))

        assert errors(page) == {"__all__": ["Desk 1 was ended. Add a new login instead."]}
