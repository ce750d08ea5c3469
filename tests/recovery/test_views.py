"""The pages of backups: adding, changing, testing, ending."""

from __future__ import annotations

from datetime import timedelta

import pytest
import time_machine

from core.trail.models import Event
from devices.models import Asset
from recovery.models import AuthenticatorBackup
from tests import factories
from tests.devices.pages import errors, queries, said, typed, words
from tests.factories import AT

pytestmark = pytest.mark.django_db
DAY, LIST, NEW = timedelta(days=1), "/authenticators/", "/backups/new/"


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
def backup(login, card):
    return factories.make_backup(login, carriers=[card])


def page(backup, verb: str = "") -> str:
    return f"/backups/{backup.pk}/{verb}/".replace("//", "/")


def new(login, kind: str) -> str:
    return f"{NEW}?login={login.pk}&kind={kind}"


def test_a_manager_adds_a_backup_for_a_chosen_login(tom, trader, login, phone, card):
    safe = factories.make_asset("Office safe", kind="place")
    key = factories.make_authenticator(login, carriers=[phone])
    assert f"?login={login.pk}" in tom.get(NEW).content.decode()
    assert f"?login={login.pk}&amp;kind=card" in tom.get(f"{NEW}?login={login.pk}").content.decode()
    path = new(login, "card")

    chosen = {"label": "Card 61", "authenticator": key.pk, "carriers": [card.pk], "place": safe.pk}
    answer = tom.post(path, typed(tom, path, custodian=trader.pk, **chosen))

    found = AuthenticatorBackup.objects.get()
    assert (answer.url, said(answer)) == (
        f"/backups/{found.pk}/",
        ["Card 61 is on file for Maria at IBKR. Test it, so that somebody knows."],
    )
    assert (found.login, found.authenticator, found.place, found.custodian) == (login, key, safe, trader)
    assert list(found.carriers.all()) == [card]


def test_the_form_offers_the_login_s_authenticators_and_things_that_can_hold_a_backup(tom, trader, login, phone, card):
    key = factories.make_authenticator(login, carriers=[phone])
    factories.make_authenticator(login, "totp", ended_at=AT)
    factories.make_authenticator(factories.make_login(trader, label="Other"))
    factories.make_asset("Laptop")
    factories.make_asset("Old card", kind="card", retired_at=AT)
    safe = factories.make_asset("Safe", kind="place")

    form = tom.get(new(login, "card")).context["form"]
    other = tom.get(new(login, "second-factor")).context["form"]

    assert set(form.fields["authenticator"].queryset) == {key}
    assert set(form.fields["carriers"].queryset) == {card}
    assert set(other.fields["carriers"].queryset) == {card, phone, Asset.objects.get(name="Laptop")}
    assert set(form.fields["place"].queryset) == {safe}


def test_a_refusal_lands_on_the_form(tom, login, phone):
    factories.make_authenticator(login, carriers=[phone])
    path = new(login, "second-factor")
    answer = tom.post(path, typed(tom, path, factor="ib-key-push", label="My card", carriers=[phone.pk]))

    assert errors(answer) == {"__all__": ["IB Key is active on one phone at a time: a second phone is no backup."]}
    assert answer.context["form"]["label"].value() == "My card"
    assert AuthenticatorBackup.objects.count() == 0


@pytest.mark.parametrize("field", ["label", "note"])
def test_recovery_codes_are_never_taken(tom, login, field):
    path = new(login, "printed-codes")
    posted = typed(tom, path, label="Codes") | {field: "recovery codes 8K3M-22PQ 9DF2-77XA 4RT8-19ZB"}

    assert errors(tom.post(path, posted))[field][0].startswith("This looks like recovery codes")
    assert AuthenticatorBackup.objects.count() == 0


def test_a_manager_changes_where_a_backup_lies(tom, backup, card):
    safe = factories.make_asset("Office safe", kind="place")
    answer = tom.post(page(backup, "edit"), typed(tom, page(backup, "edit"), place=safe.pk))

    backup.refresh_from_db()
    assert (answer.url, backup.place, list(backup.carriers.all())) == (page(backup), safe, [card])
    assert Event.objects.get().detail == {"changes": {"place": [None, safe.pk]}}


def test_a_page_that_went_stale_comes_back_with_what_is_new(tom, backup):
    posted = typed(tom, page(backup, "edit"), label="Mine")
    AuthenticatorBackup.objects.filter(pk=backup.pk).update(note="Written meanwhile")

    answer = tom.post(page(backup, "edit"), posted)

    assert "Somebody changed this after you opened the page" in words(answer)
    assert (answer.context["form"]["label"].value(), answer.context["form"]["note"].value()) == (
        "Mine",
        "Written meanwhile",
    )
    backup.refresh_from_db()
    assert backup.label == "Security card 61"


def test_what_a_backup_names_already_stays_in_its_form(tom, trader, login, card):
    safe = factories.make_asset("Old safe", kind="place", retired_at=AT)
    key = factories.make_authenticator(login, ended_at=AT)
    backup = factories.make_backup(login, carriers=[card], place=safe, authenticator=key, custodian=trader)
    Asset.objects.filter(pk=card.pk).update(retired_at=AT)
    trader.left_at = AT
    trader.save()

    form = tom.get(page(backup, "edit")).context["form"]

    assert card in form.fields["carriers"].queryset
    assert safe in form.fields["place"].queryset
    assert key in form.fields["authenticator"].queryset
    assert trader in form.fields["custodian"].queryset


def test_a_trader_says_that_an_own_backup_was_tested(maria, backup):
    assert "codes_left" not in maria.get(page(backup, "test")).context["form"].fields
    answer = maria.post(page(backup, "test"), typed(maria, page(backup, "test")))

    backup.refresh_from_db()
    assert (answer.url, said(answer), backup.proved_at) == (page(backup), ["Security card 61 is tested."], AT)


def test_printed_codes_are_counted_when_they_are_tested(maria, login):
    backup = factories.make_backup(login, kind="printed-codes", label="Codes", codes_left=8)
    assert maria.get(page(backup, "test")).context["form"]["codes_left"].value() == 8

    maria.post(page(backup, "test"), typed(maria, page(backup, "test"), codes_left=7))

    backup.refresh_from_db()
    assert (backup.codes_left, backup.proved_at) == (7, AT)


def test_a_second_press_writes_nothing_more(maria, backup):
    posted = typed(maria, page(backup, "test"))
    maria.post(page(backup, "test"), posted)
    maria.post(page(backup, "test"), posted)

    assert Event.objects.count() == 1


def test_a_manager_ends_a_backup_once(tom, backup):
    assert "It is no second way for Maria at IBKR any more" in words(tom.get(page(backup, "end")))

    tom.post(page(backup, "end"))
    again = tom.post(page(backup, "end"))

    backup.refresh_from_db()
    assert backup.ended_at == AT
    assert said(again)[-1] == "That backup was ended already. Reload to see what is on file."


@pytest.mark.parametrize(
    ("kind", "fields"),
    [
        ("second-factor", ["factor", "label", "authenticator", "carriers", "place", "custodian", "note"]),
        ("seed-copy", ["label", "authenticator", "carriers", "place", "custodian", "note"]),
        ("printed-codes", ["label", "authenticator", "carriers", "place", "custodian", "codes_left", "note"]),
        ("card", ["label", "authenticator", "carriers", "place", "custodian", "note"]),
        ("mailbox", ["label", "authenticator", "carriers", "custodian", "note"]),
        ("number", ["label", "authenticator", "carriers", "custodian", "note"]),
        ("rescue", ["label", "carriers", "custodian", "note"]),
    ],
)
def test_each_kind_is_asked_for_what_it_needs_and_is_put_on_file(tom, trader, login, kind, fields):
    assert list(tom.get(new(login, kind)).context["form"].fields) == fields

    answer = tom.post(
        new(login, kind), typed(tom, new(login, kind), label="The second way", custodian=trader.pk, carriers=[])
    )

    found = AuthenticatorBackup.objects.get()
    assert (answer.url, found.kind, found.custodian) == (f"/backups/{found.pk}/", kind, trader)
    assert list(tom.get(f"/backups/{found.pk}/edit/").context["form"].fields) == [*fields, "version"]


def test_a_place_that_the_form_does_not_ask_for_is_not_lost(tom, login):
    safe = factories.make_asset("Safe", kind="place")
    backup = factories.make_backup(login, kind="number", place=safe)

    tom.post(page(backup, "edit"), typed(tom, page(backup, "edit"), label="The number"))

    backup.refresh_from_db()
    assert (backup.label, backup.place) == ("The number", safe)


def test_a_sort_that_there_is_not_leads_to_the_list_of_sorts(tom, login):
    assert "Which sort of backup?" in words(tom.get(new(login, "nonsense")))


def test_a_rescue_is_shown_with_the_broker_s_ways_back_and_how_they_are_known(tom, login):
    rescue = factories.make_backup(login, kind="rescue", label="By telephone")

    for path in (new(login, "rescue"), page(rescue), page(rescue, "edit")):
        text = words(tom.get(path))
        assert "Temporary code from Client Services 1 hour, at worst 1 day (estimate)." in text
        assert "Only the named person can ask for it." in text
        assert "How we know about Temporary code from Client Services" in text


def test_its_page_says_where_it_lies_when_it_is_due_and_whether_it_counts(tom, maria, trader, login, phone, card):
    safe = factories.make_asset("Office safe", kind="place")
    key = factories.make_authenticator(login, carriers=[phone])
    facts = {"kind": "second-factor", "factor": "dsc-plus", "authenticator": key, "custodian": trader, "place": safe}
    backup = factories.make_backup(login, carriers=[card], proved_at=AT - 200 * DAY, note="Sealed", **facts)
    maria.post(page(backup, "test"), typed(maria, page(backup, "test")))

    for client in (tom, maria):
        text = words(client.get(page(backup)))
        for told in (
            "Digital Security Card+ (card with keypad and own PIN) Maria at IBKR Maria Santos",
            "Stands in for IB Key, push approval in IBKR Mobile Carried by Card 61 Kept at Office safe",
            "Kept by Maria Santos Tested Proven Mon 23 Nov Due again Sat 22 May",
            "Note Sealed",
            "Does it count? An independent backup",
            "Withdrawals No cap on withdrawals.",
            "Maria Santos tested it.",
        ):
            assert told in text


def test_the_page_of_a_backup_that_does_not_count_says_why(tom, login, phone):
    factories.make_authenticator(login, carriers=[phone])
    backup = factories.make_backup(login, kind="second-factor", label="App", carriers=[phone])

    text = words(tom.get(page(backup)))
    assert "Does it count? Not counted It falls with Maria’s iPhone 15, as IB Key does." in text
    assert "IB Key and App: both are on Maria’s iPhone 15." in text


def test_an_ended_backup_offers_nothing_more_and_another_s_is_not_there(tom, browse, login):
    backup = factories.make_backup(login, ended_at=AT)

    shown = tom.get(page(backup)).content.decode()
    assert page(backup, "edit") not in shown
    assert page(backup, "test") not in shown
    assert browse(factories.make_member("Daniel")).get(page(backup)).status_code == 404


@pytest.mark.parametrize("role", ["owner", "manager", "trader", "auditor"])
def test_who_may_do_what_with_a_backup(browse, trader, login, backup, role):
    member = trader if role == "trader" else factories.make_member(f"{role} one", role=role)
    client, manages = browse(member), role in ("owner", "manager")
    verbs = {verb: page(backup, verb) for verb in ("edit", "test", "end")} | {"new": new(login, "card")}

    opens = {verb: client.get(path).status_code == 200 for verb, path in verbs.items()}
    acts = {verb: client.post(path).status_code != 403 for verb, path in verbs.items()}

    expected = {"edit": manages, "end": manages, "new": manages, "test": role != "auditor"}
    assert (opens, acts) == (expected, expected)


def test_another_s_backup_is_not_there(browse, backup):
    daniel = browse(factories.make_member("Daniel Reyes"))

    assert daniel.get(page(backup, "test")).status_code == 404
    assert daniel.post(page(backup, "test")).status_code == 404
    assert Event.objects.count() == 0


@pytest.mark.parametrize("verb", ["edit", "test", "end"])
def test_pages_ask_as_often_for_three_as_for_one(tom, trader, login, backup, verb):
    queries(tom, page(backup, verb))
    one = queries(tom, page(backup, verb))
    for number in range(2):
        other = factories.make_asset(f"Card {number}", kind="card")
        factories.make_backup(login, label=f"Card {number}", carriers=[other])
        factories.make_authenticator(login, "dsc-plus", carriers=[other])

    assert queries(tom, page(backup, verb)) == one
