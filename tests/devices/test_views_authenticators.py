"""Authenticators: the list with backups, adding, changing, confirming, ending."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
import time_machine

from core.trail.models import Event
from devices.models import Asset, Authenticator
from tests import factories
from tests.devices.pages import errors, queries, said, typed, words
from tests.factories import AT

pytestmark = pytest.mark.django_db
DAY, LIST = timedelta(days=1), "/authenticators/"


@pytest.fixture(autouse=True)
def _on_that_monday():
    with time_machine.travel(AT, tick=False):
        yield


@pytest.fixture
def tom(manager, browse):
    return browse(manager)


@pytest.fixture
def maria(trader, browse):
    return browse(trader)


@pytest.fixture
def key(login, phone):
    return factories.make_authenticator(login, carriers=[phone])


def test_the_list_says_which_login_hangs_on_one_thing(tom, trader, login, phone, key):
    sim = factories.make_asset("SIM 0142", kind="sim", holder=trader, carried_by=phone)
    factories.make_backup(login, kind="number", label="Number on file", carriers=[sim], proved_at=AT - DAY)
    safe = factories.make_login(trader, label="With a card")
    card = factories.make_asset("Card 61", kind="card")
    factories.make_authenticator(safe, carriers=[phone], proved_at=AT - 5 * DAY)
    factories.make_backup(safe, carriers=[card])

    answer = tom.get(LIST)
    text = words(answer)

    assert "1 login would be locked out by the loss of one thing." in text
    assert "Maria at IBKR Interactive Brokers, Maria Santos No second way" in text
    assert "No second way. It falls with Maria’s iPhone 15, as IB Key does." in text
    assert "With a card Interactive Brokers, Maria Santos One second way" in text
    assert [ring.login for ring in tom.get(f"{LIST}?alone").context["page"]] == [login]


def test_an_empty_list_says_what_it_is_for(tom):
    assert "No login on file yet" in words(tom.get(LIST))


def test_a_trader_sees_own_logins_and_no_name_of_another_s_thing(maria, login, phone):
    daniel = factories.make_member("Daniel Reyes")
    theirs = factories.make_login(daniel, label="Daniel at IBKR")
    factories.make_authenticator(theirs, carriers=[factories.make_asset("Pixel 8", kind="phone", holder=daniel)])
    factories.make_authenticator(login, carriers=[factories.make_asset("Daniel’s spare", kind="phone", holder=daniel)])

    page = maria.get(LIST).content.decode()

    assert [ring.login for ring in maria.get(LIST).context["page"]] == [login]
    assert "Phone of another person" in page
    assert all(name not in page for name in ("Pixel 8", "Daniel"))


def test_a_manager_adds_an_authenticator_for_a_chosen_login(tom, login, phone):
    assert f"?login={login.pk}" in tom.get(f"{LIST}new/").content.decode()

    path = f"{LIST}new/?login={login.pk}"
    answer = tom.post(path, typed(tom, path, factor="ib-key-push", carriers=[phone.pk], enrolled_on="2026-11-02"))

    found = Authenticator.objects.get()
    assert (answer.url, said(answer)) == (LIST, ["IB Key, push approval in IBKR Mobile is on file for Maria at IBKR."])
    assert (found.login, found.factor, found.enrolled_on) == (login, "ib-key-push", date(2026, 11, 2))
    assert list(found.carriers.all()) == [phone]


def test_the_form_offers_what_this_broker_enrols_and_what_its_holder_can_carry(tom, trader, login, laptop, phone):
    factories.make_asset("Pixel 8", kind="phone", holder=factories.make_member("Daniel"))
    card = factories.make_asset("Card", kind="card")
    factories.make_asset("Office", kind="place")
    factories.make_asset("Old phone", kind="phone", holder=trader, retired_at=AT)

    form = tom.get(f"{LIST}new/?login={login.pk}").context["form"]

    slugs = [slug for slug, _ in form.fields["factor"].choices]
    assert {"ib-key-push", "totp", "dsc-plus", "sms"} < set(slugs)
    assert "password" not in slugs
    assert set(form.fields["carriers"].queryset) == {card, laptop, phone}


def test_a_second_phone_is_refused_with_the_reason(tom, login, phone, key):
    path = f"{LIST}new/?login={login.pk}"
    answer = tom.post(path, typed(tom, path, factor="ib-key-push", carriers=[phone.pk]))

    assert errors(answer) == {"__all__": ["IB Key is active on one phone at a time: a second phone is no backup."]}
    assert Authenticator.objects.count() == 1


@pytest.mark.parametrize("field", ["label", "note"])
def test_a_seed_is_never_taken(tom, login, field):
    path = f"{LIST}new/?login={login.pk}"
    answer = tom.post(path, typed(tom, path, factor="totp", **{field: "JBSW Y3DP EHPK 3PXP JBSW Y3DP EHPK 3PXP"}))

    assert errors(answer)[field][0].startswith("This looks like")
    assert Authenticator.objects.count() == 0


def test_a_manager_moves_an_authenticator_to_another_phone(tom, trader, phone, key):
    other = factories.make_asset("iPhone 12", kind="phone", holder=trader)
    path = f"{LIST}{key.pk}/edit/"

    assert "factor" not in tom.get(path).context["form"].fields
    answer = tom.post(path, typed(tom, path, carriers=[other.pk], label="Maria’s key"))

    key.refresh_from_db()
    assert (answer.url, said(answer)) == (LIST, ["Saved."])
    assert (key.label, list(key.carriers.all()), key.factor) == ("Maria’s key", [other], "ib-key-push")


def test_a_page_that_went_stale_comes_back_with_what_is_new(tom, trader, phone, key):
    path = f"{LIST}{key.pk}/edit/"
    posted = typed(tom, path, label="Mine")
    other = factories.make_asset("iPhone 12", kind="phone", holder=trader)
    key.carriers.set([other])

    answer = tom.post(path, posted)

    assert "Somebody changed this after you opened the page" in words(answer)
    assert answer.context["form"]["carriers"].value() == [str(other.pk)]
    assert answer.context["form"]["label"].value() == "Mine"
    assert list(key.carriers.all()) == [other]


def test_what_carries_it_already_stays_in_the_list_though_it_is_retired(tom, phone, key):
    Asset.objects.filter(pk=phone.pk).update(retired_at=AT)

    assert phone in tom.get(f"{LIST}{key.pk}/edit/").context["form"].fields["carriers"].queryset


def test_its_page_says_what_the_broker_says_of_its_kind_and_how_that_is_known(tom, key):
    text = words(tom.get(f"{LIST}{key.pk}/"))

    for answer in (
        "Active at a time On one phone: a second phone is no backup.",
        "Without a connection Does not work.",
        "Signal Needs the phone’s internet.",
        "Clock Does not matter.",
        "Copies Cannot be made.",
        "Withdrawals Withdrawals up to USD 1,000,000 a day and USD 1,000,000 in 5 days.",
        "A fake page Can get hold of it.",
        "Several user names One can serve them all.",
        "Unlocked by Phone PIN or biometric.",
        "How we know about IB Key, push approval in IBKR Mobile High confidence.",
    ):
        assert answer in text


def test_its_page_says_what_carries_it_what_is_there_when_it_is_gone_and_what_happened(tom, maria, login, key):
    maria.post(f"{LIST}{key.pk}/confirm/", typed(maria, f"{LIST}{key.pk}/confirm/"))
    factories.make_backup(login, label="Card", carriers=[factories.make_asset("Card 61", kind="card")])
    other = factories.make_authenticator(login, "dsc-plus", label="Of another")
    factories.make_backup(login, kind="number", label="Not for this one", authenticator=other)

    for client in (tom, maria):
        page = client.get(f"{LIST}{key.pk}/")
        text = words(page)
        assert "Carried by iPhone 15" in text
        assert "Seen to work Proven" in text
        assert "Due again" in text
        assert "If it is gone Never tested, or too long ago Card (Card 61). Test Card." in text
        assert "Not for this one" not in text
        assert "Maria Santos saw it work." in text
        assert [card.state for card in page.context["lines"]] == ["ok"]


def test_the_page_of_one_that_was_ended_offers_nothing_more(tom, key):
    tom.post(f"{LIST}{key.pk}/end/")
    page = tom.get(f"{LIST}{key.pk}/").content.decode()

    assert "Ended" in page
    assert f"{LIST}{key.pk}/edit/" not in page
    assert f"{LIST}{key.pk}/confirm/" not in page


def test_forms_say_what_limits_each_kind(tom, login, key):
    kinds = words(tom.get(f"{LIST}new/?login={login.pk}"))
    own = words(tom.get(f"{LIST}{key.pk}/edit/"))

    assert (
        "On one phone: a second phone is no backup, needs a connection, withdrawals up to USD 1,000,000 a day" in kinds
    )
    assert "Works offline, cannot be copied, no cap on withdrawals." in kinds
    assert "Works offline, cannot be copied, no cap on withdrawals." not in own
    assert "Works offline, needs a clock that is right." in kinds


def test_a_trader_confirms_an_own_authenticator(maria, key):
    path = f"{LIST}{key.pk}/confirm/"
    answer = maria.post(path, typed(maria, path))

    key.refresh_from_db()
    assert (answer.url, key.proved_at) == (LIST, AT)
    assert said(answer) == ["IB Key, push approval in IBKR Mobile of Maria at IBKR is proven."]


def test_a_confirmation_of_the_future_is_refused(maria, key):
    path = f"{LIST}{key.pk}/confirm/"
    answer = maria.post(path, typed(maria, path, proved_at="2026-11-24T09:00"))

    assert errors(answer) == {"__all__": ["That lies in the future. Say when it was tried."]}
    assert Event.objects.count() == 0


def test_a_manager_ends_an_authenticator_once(tom, key):
    assert "This ends nothing at Interactive Brokers" in words(tom.get(f"{LIST}{key.pk}/end/"))

    tom.post(f"{LIST}{key.pk}/end/")
    again = tom.post(f"{LIST}{key.pk}/end/")

    key.refresh_from_db()
    assert key.ended_at == AT
    assert said(again)[-1] == "That authenticator was ended already. Reload to see what is on file."


@pytest.mark.parametrize("role", ["owner", "manager", "trader", "auditor"])
def test_who_may_do_what_with_an_authenticator(browse, trader, login, key, role):
    member = trader if role == "trader" else factories.make_member(f"{role} one", role=role)
    client, manages = browse(member), role in ("owner", "manager")
    verbs = {verb: f"{LIST}{key.pk}/{verb}/" for verb in ("edit", "confirm", "end")} | {
        "new": f"{LIST}new/?login={login.pk}"
    }

    opens = {verb: client.get(path).status_code == 200 for verb, path in verbs.items()}
    acts = {verb: client.post(path).status_code != 403 for verb, path in verbs.items()}

    expected = {"edit": manages, "end": manages, "new": manages, "confirm": role != "auditor"}
    assert (opens, acts) == (expected, expected)


def test_another_s_authenticator_is_not_there(browse, key):
    daniel = browse(factories.make_member("Daniel Reyes"))

    assert daniel.get(f"{LIST}{key.pk}/confirm/").status_code == 404
    assert daniel.post(f"{LIST}{key.pk}/confirm/").status_code == 404


@pytest.mark.parametrize("path", [LIST, f"{LIST}?alone", f"{LIST}new/", "edit"])
def test_pages_ask_as_often_for_three_as_for_one(tom, trader, login, phone, key, path):
    path = f"{LIST}{key.pk}/edit/" if path == "edit" else path
    queries(tom, path)
    one = queries(tom, path)
    for number in range(2):
        other = factories.make_login(trader, label=f"Login {number}")
        more = factories.make_asset(f"Phone {number}", kind="phone", holder=trader)
        factories.make_authenticator(other, carriers=[more])
        factories.make_backup(other, carriers=[more], kind="number")

    assert queries(tom, path) == one
