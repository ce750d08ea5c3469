"""The pages of things: the list, one thing, adding, changing, losing, finding, retiring."""

from __future__ import annotations

from datetime import timedelta

import pytest
import time_machine
from django.urls import reverse

from core.trail.models import Event
from devices import actions
from devices.models import Asset, Validation
from tests import factories
from tests.devices.pages import errors, queries, said, typed, words
from tests.factories import AT

pytestmark = pytest.mark.django_db
DAY = timedelta(days=1)
LIST = "/devices/"


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


def page(asset, verb: str = "") -> str:
    return f"/devices/{asset.pk}/{verb}"


def listed(response) -> list[str]:
    return [asset.name for asset, _ in response.context["rows"]]


# The list


def test_the_list_says_who_holds_a_thing_what_it_opens_and_what_stands_in(tom, login, door, laptop, phone):
    desk = factories.make_asset("Desk PC 1")
    factories.make_authenticator(login, carriers=[phone])
    factories.make_validation(door, laptop, proved_at=AT - 80 * DAY)
    factories.make_validation(door, desk)

    rows = {asset.name: told for asset, told in tom.get(LIST).context["rows"]}
    text = words(tom.get(LIST))

    assert (rows["ThinkPad X1"].opens, rows["ThinkPad X1"].spare.words) == ("1 door, Maria at IBKR", "Desk PC 1")
    assert (rows["iPhone 15"].opens, rows["iPhone 15"].spare.words) == ("2 doors, Maria at IBKR", "None")
    assert "80 days 10 left" in text
    assert "Maria Santos 2 doors, Maria at IBKR None" in text


def test_the_list_is_narrowed_by_kind_holder_state_and_text(tom, trader, laptop, phone):
    safe = factories.make_asset("Office safe", kind="place")
    card = factories.make_asset("Card 61", kind="card", place=safe, is_spare=True)
    lost = factories.make_asset("iPad", kind="tablet", lost_at=AT)
    old = factories.make_asset("Old PC", retired_at=AT, model="Latitude", hint="7QK4")

    found = {
        query: listed(tom.get(f"{LIST}?{query}"))
        for query in (
            "", "kind=phone", f"holder={trader.pk}", "holder=none", "state=lost", "state=retired", "state=spare",
            "text=office", "text=THINK", "state=retired&text=latitude", "state=retired&text=7qk4", "kind=nonsense",
        )
    }  # fmt: skip

    kept = [card.name, laptop.name, phone.name, safe.name, lost.name]
    assert found == {
        "": kept,
        "kind=phone": [phone.name],
        f"holder={trader.pk}": [laptop.name, phone.name],
        "holder=none": [card.name, safe.name, lost.name],
        "state=lost": [lost.name],
        "state=retired": [old.name],
        "state=spare": [card.name],
        "text=office": [card.name, safe.name],
        "text=THINK": [laptop.name],
        "state=retired&text=latitude": [old.name],
        "state=retired&text=7qk4": [old.name],
        "kind=nonsense": kept,
    }


def test_an_empty_list_says_what_it_is_for_and_what_to_do(tom, maria):
    managers, traders = words(tom.get(LIST)), words(maria.get(LIST))

    assert "No thing on file yet" in managers
    assert "Import a spreadsheet" in managers
    assert "Nothing of yours is on file" in traders
    assert "Import" not in traders
    assert "Nothing is like that. Show all" in words(tom.get(f"{LIST}?text=xyz"))


def test_a_trader_s_list_holds_own_things_and_nobody_else_s_name(maria, laptop):
    daniel = factories.make_member("Daniel Reyes")
    factories.make_asset("MacBook", holder=daniel)

    answer = maria.get(LIST)

    assert listed(answer) == [laptop.name]
    assert "Daniel" not in answer.content.decode()
    assert "Add a thing" not in words(answer)


def test_a_page_of_things_weighs_little_and_the_next_one_follows(tom, trader, door):
    for number in range(80):
        thing = factories.make_asset(f"Computer with a longer name {number:03}", holder=trader)
        factories.make_validation(door, thing, proved_at=AT - number * DAY)

    first, second = tom.get(LIST), tom.get(f"{LIST}?page=2")

    assert (len(first.context["rows"]), len(second.context["rows"])) == (50, 30)
    weight = (len(first.content) - len(tom.get(f"{LIST}?text=xyz").content)) / 50
    assert weight * 100 < 70_000
    assert 'rel="next"' in first.content.decode()


# One thing


def test_a_thing_s_page_says_what_it_opens_and_what_happens_if_it_is_lost(tom, manager, trader, login, door, laptop):
    phone = factories.make_asset("iPhone 15", kind="phone", holder=trader)
    factories.make_authenticator(login, carriers=[phone], label="IB Key on her phone")
    factories.make_validation(door, laptop, proved_at=AT - 102 * DAY)
    factories.make_validation(door, phone)

    text, phones = words(tom.get(page(laptop))), words(tom.get(page(phone)))

    assert "102 days 12 late" in text
    assert "Nothing shuts. Every door it helps open has another way." in text
    assert "Two doors shut." in phones
    assert "IB Key on her phone is on a lost phone." in phones
    assert "Carries IB Key on her phone" in phones


def test_the_timeline_says_in_words_what_it_draws(tom, door, laptop):
    factories.make_validation(door, laptop, proved_at=AT - 200 * DAY, ended_at=AT - 102 * DAY)
    factories.make_validation(door, laptop, proved_at=AT - 102 * DAY)

    year = tom.get(page(laptop)).context["year"]

    assert year.months == ("Dec", "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov")
    assert len(year.ticks) == 11
    assert year.words == (
        "Last twelve months. TWS was proven on 7 May, 13 August and has been past its limit since 11 November."
    )
    (row,) = year.rows
    assert (row.name, row.state) == ("TWS", "unknown")
    assert len(row.row.good) == 2
    assert len(row.row.late) == 2


def test_a_failed_proof_has_the_broker_s_rules_on_lock_outs_beside_it(tom, login, laptop):
    portal = login.doors.get(interface="client-portal")
    factories.make_validation(portal, laptop, outcome="failed", proved_at=AT)

    text = words(tom.get(page(laptop)))

    assert "It did not work at Client Portal / Advisor Portal" in text
    assert "Ten failed portal logins in a row within 24 hours" in text


def test_what_happened_to_a_thing_is_told_to_those_who_may_know(tom, maria, manager, trader, door, laptop):
    actions.change_asset(laptop, note="Travels", by=manager, at=AT)
    actions.confirm_validation(door, laptop, proved_at=AT, proved_by=trader, by=trader, at=AT)
    actions.confirm_validation(door, laptop, outcome="failed", proved_at=AT, by=manager, at=AT)
    actions.confirm_validation(door, laptop, outcome="unknown", proved_at=AT, by=manager, at=AT)

    lines = [(line.who, line.deed, line.where) for line in tom.get(page(laptop)).context["lines"]]

    assert lines == [
        ("Tom Okafor", "could not say whether it works at", "TWS, Maria at IBKR"),
        ("Tom Okafor", "tried in vain at", "TWS, Maria at IBKR"),
        ("Maria Santos", "proved it at", "TWS, Maria at IBKR"),
        ("Tom Okafor", "changed what is on file.", ""),
    ]
    assert [line.deed for line in maria.get(page(laptop)).context["lines"]] == ["proved it at"]


def test_what_hangs_on_a_thing_is_listed(tom, login, phone):
    safe = factories.make_asset("Office safe", kind="place")
    factories.make_asset("SIM 0142", kind="sim", carried_by=phone)
    factories.make_asset("Card 61", kind="card", place=safe)
    factories.make_backup(login, place=safe, label="Sealed envelope", kind="printed-codes")
    factories.make_authenticator(login, carriers=[phone])

    assert "IB Key Maria at IBKR Never proven SIM 0142 In it" in words(tom.get(page(phone)))
    assert "Sealed envelope Backup of Maria at IBKR Never proven Card 61 Kept there" in words(tom.get(page(safe)))


def test_a_lost_or_retired_thing_says_so_and_offers_no_proof(tom, laptop):
    Asset.objects.filter(pk=laptop.pk).update(lost_at=AT)
    lost = words(tom.get(page(laptop)))
    Asset.objects.filter(pk=laptop.pk).update(retired_at=AT)
    retired = words(tom.get(page(laptop)))

    assert "It is back" in lost
    assert "If it is lost tonight" not in lost
    assert all("Record a validation" not in text for text in (lost, retired))
    assert all(press not in retired for press in ("Change", "It is back", "Retire it", "It is lost"))


def test_an_auditor_reads_a_thing_and_is_offered_nothing_to_press(browse, auditor, door, laptop):
    factories.make_validation(door, laptop)
    answer = browse(auditor).get(page(laptop))

    assert "TWS" in words(answer)
    # Search, sign-out and staying signed in, as on every page.
    assert answer.content.decode().count("<form") == 3
    assert "/edit/" not in answer.content.decode()


# Adding and changing


def test_a_manager_adds_a_thing(tom, trader):
    posted = typed(tom, f"{LIST}new/", kind="phone", name="iPhone 15", holder=trader.pk, hint="7QK4")
    answer = tom.post(f"{LIST}new/", posted)

    asset = Asset.objects.get()
    assert answer.url == page(asset)
    assert said(answer) == ["iPhone 15 is on file."]
    assert (asset.name, asset.holder, asset.hint, asset.is_spare) == ("iPhone 15", trader, "7QK4", False)


def test_what_is_refused_lands_on_the_form_and_nothing_is_lost(tom, laptop):
    card = factories.make_asset("Card", kind="card")
    posted = typed(tom, f"{LIST}new/", kind="place", name="Safe", carried_by=laptop.pk)
    answer = tom.post(f"{LIST}new/", posted)

    assert errors(answer) == {"__all__": ["A place is not carried by another thing. Leave “Carried by” empty."]}
    assert answer.context["form"]["name"].value() == "Safe"
    assert set(Asset.objects.all()) == {laptop, card}


@pytest.mark.parametrize("field", ["name", "model", "note"])
def test_a_secret_is_not_taken_in_any_text_of_a_thing(tom, field):
    posted = typed(tom, f"{LIST}new/", kind="computer", name="PC")
    answer = tom.post(f"{LIST}new/", posted | {field: "otpauth://totp/IBKR:maria?secret=JBSWY3DPEHPK3PXP"})

    assert errors(answer)[field][0].startswith("This looks like the seed")
    assert Asset.objects.count() == 0


def test_a_manager_changes_a_thing(tom, laptop):
    answer = tom.post(page(laptop, "edit/"), typed(tom, page(laptop, "edit/"), name="ThinkPad X2", is_spare="on"))

    laptop.refresh_from_db()
    assert answer.url == page(laptop)
    assert (laptop.name, laptop.is_spare) == ("ThinkPad X2", True)
    assert Event.objects.get().detail["changes"] == {"name": ["ThinkPad X1", "ThinkPad X2"], "is_spare": [False, True]}


def test_a_page_that_went_stale_shows_what_is_new_and_loses_nothing(tom, laptop):
    posted = typed(tom, page(laptop, "edit/"), name="My name for it")
    Asset.objects.filter(pk=laptop.pk).update(note="Written meanwhile")

    first = tom.post(page(laptop, "edit/"), posted)
    assert "Somebody changed this after you opened the page" in words(first)
    assert first.context["form"]["name"].value() == "My name for it"
    assert first.context["form"]["note"].value() == "Written meanwhile"

    again = {name: first.context["form"][name].value() or "" for name in first.context["form"].fields}
    again.pop("is_spare")
    assert tom.post(page(laptop, "edit/"), again).status_code == 302
    laptop.refresh_from_db()
    assert (laptop.name, laptop.note) == ("My name for it", "Written meanwhile")


def test_what_a_thing_names_already_stays_in_its_form_though_it_has_left(tom, trader, laptop):
    old = factories.make_asset("Old safe", kind="place")
    Asset.objects.filter(pk=laptop.pk).update(place=old)
    Asset.objects.filter(pk=old.pk).update(retired_at=AT)
    trader.left_at = AT
    trader.save()

    form = tom.get(page(laptop, "edit/")).context["form"]

    assert old in form.fields["place"].queryset
    assert trader in form.fields["holder"].queryset
    assert form["place"].value() == old.pk


# Losing, finding, retiring


def test_losing_a_thing_says_first_what_it_shuts(tom, login, door, laptop, phone):
    factories.make_authenticator(login, carriers=[phone])
    factories.make_validation(door, laptop)
    sim = factories.make_asset("SIM 0142", kind="sim", carried_by=phone)

    asked = tom.get(page(phone, "lost/"))
    assert asked.context["effects"] == [
        "Two doors shut.",
        "Trader Workstation, Maria at IBKR: IB Key is on a lost phone.",
        "Client Portal / Advisor Portal, Maria at IBKR: IB Key is on a lost phone.",
        "IB Key of Maria at IBKR is on it and goes with it.",
        "SIM 0142 is in it and goes with it.",
    ]
    phone.refresh_from_db()
    assert phone.lost_at is None

    answer = tom.post(page(phone, "lost/"))
    phone.refresh_from_db()
    assert (phone.lost_at, answer.url, said(answer)) == (AT, page(phone), ["iPhone 15 is marked as lost."])
    assert Asset.objects.get(pk=sim.pk).lost_at is None


def test_finding_a_thing_makes_its_proofs_count_again(tom, door, laptop):
    factories.make_validation(door, laptop)
    Asset.objects.filter(pk=laptop.pk).update(lost_at=AT)

    assert "is back" in words(tom.get(page(laptop, "found/")))
    answer = tom.post(page(laptop, "found/"))

    assert said(answer) == ["ThinkPad X1 is back."]
    assert Validation.objects.with_proof(AT, 14).get().proof == "proven"


def test_retiring_a_thing_says_what_counts_no_more(tom, door, laptop):
    factories.make_validation(door, laptop)

    asked = tom.get(page(laptop, "retire/"))
    answer = tom.post(page(laptop, "retire/"))

    laptop.refresh_from_db()
    assert "1 validation on it no longer counts." in asked.context["effects"]
    assert (laptop.retired_at, said(answer)) == (AT, ["ThinkPad X1 is retired."])


def test_a_refusal_is_told_on_the_thing_s_page(tom):
    safe = factories.make_asset("Office safe", kind="place")
    factories.make_asset("Card 61", kind="card", place=safe)

    asked, answer = tom.get(page(safe, "retire/")), tom.post(page(safe, "retire/"))

    assert "Card 61 is kept there." in asked.context["effects"]
    assert said(answer) == ["One thing is still kept in Office safe. Say first where they are now."]
    assert Asset.objects.filter(retired_at__isnull=False).count() == 0


def test_a_second_press_on_lost_is_told_kindly(tom, laptop):
    tom.post(page(laptop, "lost/"))

    assert said(tom.post(page(laptop, "lost/")))[-1] == "ThinkPad X1 is marked as lost already."
    assert Event.objects.filter(verb="asset.lost").count() == 1


# Who may


@pytest.mark.parametrize("verb", ["edit/", "lost/", "found/", "retire/"])
@pytest.mark.parametrize("role", ["owner", "manager", "trader", "auditor"])
def test_who_may_change_a_thing(browse, trader, laptop, role, verb):
    member = trader if role == "trader" else factories.make_member(f"{role} one", role=role)
    client, allowed = browse(member), role in ("owner", "manager")

    assert client.get(page(laptop, verb)).status_code == (200 if allowed else 403)
    assert (client.post(page(laptop, verb)).status_code != 403) is allowed
    if not allowed:
        assert Event.objects.count() == 0


def test_another_s_thing_is_not_there_for_a_trader(browse, laptop):
    daniel = browse(factories.make_member("Daniel Reyes"))

    assert daniel.get(page(laptop)).status_code == 404
    assert daniel.get(f"{LIST}?text=ThinkPad").context["rows"] == []


def test_a_shared_thing_is_there_once_an_own_login_rests_on_it(maria, door):
    desk = factories.make_asset("Desk PC")
    assert maria.get(page(desk)).status_code == 404

    factories.make_validation(door, desk)
    assert maria.get(page(desk)).status_code == 200


# Queries


@pytest.mark.parametrize("which", ["list", "thing", "edit", "lost", "new"])
def test_pages_ask_as_often_for_three_as_for_one(tom, trader, which):
    first = house(trader, "1")
    path = {
        "list": LIST,
        "thing": page(first),
        "edit": page(first, "edit/"),
        "lost": page(first, "lost/"),
        "new": f"{LIST}new/",
    }[which]
    queries(tom, path)
    one = queries(tom, path)
    for number in ("2", "3"):
        house(trader, number, also=first)

    assert queries(tom, path) == one


def house(trader, number: str, also=None):
    """A login with doors, a device, an authenticator and a backup; its doors rest on `also` too."""
    login = factories.make_login(trader, label=f"Login {number}", doors=["tws", "client-portal"])
    device = factories.make_asset(f"Laptop {number}", holder=trader)
    phone = factories.make_asset(f"Phone {number}", kind="phone", holder=trader)
    factories.make_asset(f"SIM {number}", kind="sim", carried_by=also or device)
    factories.make_authenticator(login, carriers=[phone])
    factories.make_backup(login, kind="number", carriers=[also or device])
    for door in login.doors.all():
        factories.make_validation(door, device)
        if also:
            factories.make_validation(door, also)
    actions.change_asset(also or device, note=f"Note {number}", by=None, at=AT)
    return device


def test_the_names_of_routes_are_as_written_down(laptop):
    assert reverse("devices:list_assets") == LIST
    assert reverse("devices:add_asset") == f"{LIST}new/"
    assert reverse("devices:show_asset", args=[laptop.pk]) == page(laptop)
