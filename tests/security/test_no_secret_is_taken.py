"""A seed is refused in every field of every form and in every column of every sheet, and nothing of it is kept."""

from __future__ import annotations

from html.parser import HTMLParser
from itertools import pairwise

import pytest
from django.apps import apps
from django.db import connection
from django.db.models import CharField, JSONField, TextField
from django.db.models.functions import Cast
from django.test import Client

from core.secrets import SEED
from exchange.sheets.columns import SHEETS, Kind
from recovery.enums import BackupKind
from tests import factories
from tests.architecture.test_matrix import Rows, guarded
from tests.exchange.books import read

pytestmark = pytest.mark.django_db
SECRET = "NKWI L6CJ 4IA3 E3OQ NJMX 72FQ DA42 WI5U"
TYPED = {"text", "search", "tel", "email", "url"}
# What is asked for to know somebody is read by its digest and kept nowhere, so the detector does not look at it.
PROOFS = {"code", "password", "token", "sheet_date"}


class Forms(HTMLParser):
    """The forms of a page that write: where each goes, what it would send, and which fields take any text."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.forms: list[tuple[str, dict[str, str], set[str]]] = []
        self._open = False
        self._area = self._select = ""
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        told = dict(attrs)
        name = told.get("name") or ""
        if tag == "form":
            self._open = told.get("method", "").lower() == "post"
            if self._open:
                self.forms.append((told.get("action") or "", {}, set()))
        if not self._open or not name:
            self._first_option(tag, told)
            return
        _, sent, texts = self.forms[-1]
        kind = told.get("type", "text")
        if tag == "textarea" or (tag == "input" and kind in TYPED):
            texts.add(name)
            sent[name] = told.get("value") or ""
            self._area = name if tag == "textarea" else ""
        elif tag == "select":
            self._select = name
        elif tag == "input" and (kind not in ("checkbox", "radio") or "checked" in told):
            sent.setdefault(name, told.get("value") or "")

    def _first_option(self, tag: str, told: dict[str, str | None]) -> None:
        if tag == "option" and self._open and self._select and (told.get("value") or "selected" in told):
            sent = self.forms[-1][1]
            if self._select not in sent or "selected" in told:
                sent[self._select] = told.get("value") or ""

    def handle_endtag(self, tag: str) -> None:
        if tag == "form":
            self._open = False
        if tag == "textarea":
            self._area = ""
        if tag == "select":
            self._select = ""

    def handle_data(self, data: str) -> None:
        if self._open and self._area:
            self.forms[-1][1][self._area] = data


@pytest.fixture
def house(office):
    owner = factories.make_member("Olga Owner", role="owner")
    factories.make_member("Otto Owner", role="owner")
    return Rows("Maria", owner), factories.signed_in(owner, Client())


def further(rows: Rows) -> dict[str, str]:
    """Forms that are seen only once something was chosen on the page before."""
    chosen = {f"backups/new/ {kind}": f"/backups/new/?login={rows.login.pk}&kind={kind}" for kind in BackupKind.values}
    broker = {"accounts/new/ ibkr": "/accounts/new/?broker=ibkr"}
    return chosen | broker | {"authenticators/new/ login": f"/authenticators/new/?login={rows.login.pk}"}


def rows_that_hold(secret: str) -> list[str]:
    """Every row of the database in which the words stand, by model and field."""
    found, tables = [], connection.introspection.table_names()
    for model in (one for one in apps.get_models() if one._meta.db_table in tables):
        for field in model._meta.concrete_fields:
            if isinstance(field, CharField | TextField | JSONField):
                texts = model._base_manager.annotate(text_of=Cast(field.name, TextField()))
                if texts.filter(text_of__icontains=secret).exists():
                    found.append(f"{model._meta.label}.{field.name}")
    return found


def test_a_seed_is_refused_in_every_text_field_of_every_form(house):
    rows, client = house
    taken, refused = [], set()

    addresses = {route: rows.address(route) for route in guarded()} | further(rows)
    for route, address in addresses.items():
        page = client.get(address)
        if page.status_code != 200 or "html" not in page["Content-Type"]:
            continue
        for action, sent, texts in Forms(page.content.decode()).forms:
            for name in texts - PROOFS:
                answer = client.post(action or address, sent | {name: SECRET})
                said = answer.content.decode() if answer.status_code == 200 else ""
                if SEED in said:
                    refused.add((route, name))
                else:
                    taken.append((route, name, answer.status_code))

    assert taken == []
    assert {name for _, name in refused} >= {"name", "label", "note", "reason", "text", "title", "hint", "model"}
    assert len(refused) > 40
    assert rows_that_hold(SECRET) == rows_that_hold("NKWI L6CJ") == []


@pytest.mark.parametrize("sheet", SHEETS, ids=lambda sheet: sheet.name)
def test_a_seed_is_refused_in_every_column_of_every_sheet(sheet):
    columns = {column.name: column.examples[0] for column in sheet.columns}

    for column in sheet.columns:
        cells = columns | {column.name: SECRET}
        [found] = read({sheet.name: [list(cells), list(cells.values())]}).sheets
        [row] = found.rows
        wanted = "last four characters" if column.kind == Kind.HINT else SEED
        assert wanted in row.faults[column.name], f"{sheet.name}: {column.name}"
        assert SECRET not in repr(found)


@pytest.mark.parametrize("sheet", SHEETS, ids=lambda sheet: sheet.name)
def test_a_seed_that_was_parted_over_neighbouring_cells_is_refused(sheet):
    columns = {column.name: column.examples[0] for column in sheet.columns}
    texts = [column.name for column in sheet.columns if column.kind == Kind.TEXT]

    for first, second in pairwise(texts):
        cells = columns | {first: SECRET[:9].replace(" ", ""), second: SECRET[10:19].replace(" ", "")}
        [found] = read({sheet.name: [list(cells), list(cells.values())]}).sheets
        assert found.rows[0].faults[first] == found.rows[0].faults[second] == SEED
        assert cells[first] not in repr(found)


def test_a_seed_that_was_parted_over_two_fields_of_a_form_is_refused(house):
    rows, client = house
    page = client.get(f"/devices/{rows.asset.pk}/edit/").content.decode()
    sent = next(sent for _, sent, texts in Forms(page).forms if {"name", "model"} <= texts)

    answer = client.post(f"/devices/{rows.asset.pk}/edit/", sent | {"name": "NKWIL6CJ", "model": "4IA3E3OQ"})

    assert SEED in answer.content.decode()
    assert rows_that_hold("4IA3E3OQ") == []
