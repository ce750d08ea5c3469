"""Lists: sorted, narrowed, paged and taken out by their address, for whoever may see them."""

from __future__ import annotations

import csv
import io
from datetime import timedelta

import pytest
import time_machine
from django.http import QueryDict

from core.cells import MARK
from core.tables import Column, Table, in_words
from core.trail.enums import Verb
from core.trail.models import Event
from devices.forms import AssetFilter
from devices.models import Asset
from tests import factories
from tests.factories import AT

pytestmark = pytest.mark.django_db
DAY = timedelta(days=1)
LISTS = ("/devices/", "/accounts/", "/people/")


@pytest.fixture(autouse=True)
def _on_that_monday():
    with time_machine.travel(AT, tick=False):
        yield


@pytest.fixture
def tom(manager, browse):
    return browse(manager)


def names(response) -> list[str]:
    return [str(getattr(row[0] if isinstance(row, tuple) else row, "name", row)) for row in response.context["rows"]]


def file(response) -> list[list[str]]:
    assert response.status_code == 200
    assert response["Content-Type"] == "text/csv; charset=utf-8"
    assert response.content.startswith(MARK)
    return list(csv.reader(io.StringIO(response.content.removeprefix(MARK).decode())))


def test_a_column_turns_the_list_and_turns_it_back(tom, trader):
    factories.make_asset("Zebra")
    factories.make_asset("Anvil", holder=trader)
    factories.make_asset("Mast", kind="phone")

    turned = {ask: names(tom.get(f"/devices/?sort={ask}")) for ask in ("", "name", "-name", "holder", "-holder", "x")}

    usual = ["Anvil", "Zebra", "Mast"]
    assert turned == {
        "": usual,
        "name": ["Anvil", "Mast", "Zebra"],
        "-name": ["Zebra", "Mast", "Anvil"],
        "holder": usual,
        "-holder": usual,
        "x": usual,
    }


def test_what_only_python_knows_sorts_every_page_together(tom, door, laptop):
    desk = factories.make_asset("Desk PC")
    factories.make_validation(door, laptop, proved_at=AT - 80 * DAY)
    factories.make_validation(door, desk, outcome="failed")
    for number in range(80):
        factories.make_asset(f"Anvil {number:02}")

    first = names(tom.get("/devices/?sort=proof"))
    last = names(tom.get("/devices/?sort=-proof&page=2"))

    assert first[:3] == ["Desk PC", "ThinkPad X1", "Anvil 00"]
    assert last[-2:] == ["ThinkPad X1", "Desk PC"]


def test_the_head_says_how_it_is_sorted_and_keeps_what_was_asked(tom, laptop):
    page = tom.get("/devices/?kind=computer&sort=name&page=1").content.decode()

    assert page.count("aria-sort=") == 1
    assert '<th role="columnheader" scope="col" aria-sort="ascending"><a href="?kind=computer&amp;sort=-name">' in page
    assert '<option value="name" selected>Thing</option>' in page


def test_the_heads_of_a_column_that_nobody_sorts_by_lead_nowhere():
    columns = (Column("a", "A", str), Column("b", "B", str, key=str))

    table = Table(columns, Asset.objects.all(), list, asked=QueryDict("sort=a"), size=5)

    assert [(head.label, head.now, head.ask) for head in table.heads] == [("A", "", ""), ("B", "", "b")]
    assert table.sort == ""


@pytest.mark.parametrize("path", LISTS)
def test_a_file_holds_every_page_of_exactly_what_is_shown(tom, manager, path):
    for number in range(120):
        factories.make_asset(f"Laptop {number:03}", holder=manager)
        factories.make_account(f"Vault {number:03}")
        factories.make_member(f"Person {number:03}", signs_in=False)

    query = "text=1&sort=-name"
    pages = [tom.get(f"{path}?{query}&page={number}") for number in (1, 2)]
    shown = [head.label for head in pages[0].context["table"].heads]
    rows = file(tom.post(f"{path}export/?{query}"))

    assert rows[0] == shown
    word = {"/devices/": "Laptop", "/accounts/": "Vault", "/people/": "Person"}[path]
    wanted = sorted((f"{word} {number:03}" for number in range(120) if "1" in f"{number:03}"), reverse=True)
    assert [row[0] for row in rows[1:]] == wanted
    assert pages[0].context["page"].paginator.count == len(wanted)


def test_what_a_spreadsheet_would_run_is_text_in_the_file(tom, laptop):
    laptop.name = '=HYPERLINK("http://x","y")'
    laptop.save()

    rows = file(tom.post("/devices/export/"))

    assert rows[1][0] == '\'=HYPERLINK("http://x","y")'


@pytest.mark.parametrize("path", LISTS)
def test_a_trader_s_file_holds_nobody_else_s_rows(trader, browse, path):
    other = factories.make_member("Daniel Reyes", email="daniel@amsel.example")
    for holder in (trader, other):
        factories.make_asset(f"Laptop of {holder.name}", holder=holder)
        login = factories.make_login(holder, label=f"Login of {holder.name}", doors=["tws"])
        factories.make_grant(login, factories.make_account(f"Vault of {holder.name}"))

    text = "\n".join(",".join(row) for row in file(browse(trader).post(f"{path}export/")))

    assert "Maria Santos" in text
    assert "Daniel" not in text


def test_the_page_before_the_file_says_what_goes_in_and_changes_nothing(tom, laptop):
    page = tom.get("/devices/export/?kind=computer&sort=name").content.decode()

    assert "1 row, as you narrowed them down" in page
    assert "<dt>Kind</dt><dd>Computer</dd>" in page
    assert 'href="/devices/?kind=computer&amp;sort=name"' in page
    assert not Event.objects.filter(verb=Verb.LIST_EXPORTED).exists()


def test_the_trail_says_who_took_how_much_of_which_list(tom, manager, laptop):
    tom.post("/devices/export/?kind=computer")

    event = Event.objects.get(verb=Verb.LIST_EXPORTED)
    assert (event.actor_id, event.facts["rows"]) == (manager.pk, 1)
    assert set(event.facts) == {"list", "rows", "asked"}


def test_a_filter_in_words_has_labels_and_choices_and_nothing_empty(manager, trader):
    form = AssetFilter(QueryDict(f"kind=phone&holder={trader.pk}&text=&state=nonsense"), by=manager)

    assert in_words(form) == [("Kind", "Phone"), ("Held by", "Maria Santos")]
