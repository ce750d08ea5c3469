"""What a new house shows, and where it leads."""

from __future__ import annotations

import pytest


def words(response) -> str:
    return response.content.decode()


def test_only_an_owner_is_offered_the_demo_office(browse, owner, manager):
    assert "Try the demo office" in words(browse(owner).get("/"))
    assert "Try the demo office" not in words(browse(manager).get("/"))


@pytest.mark.parametrize("path", ["/accounts/", "/devices/", "/notices/"])
def test_an_empty_list_offers_one_way_to_fill_it(browse, manager, path):
    assert words(browse(manager).get(path)).count("btn btn--go") == 1


@pytest.mark.parametrize("path", ["/validations/new/", "/authenticators/", "/authenticators/new/", "/backups/new/"])
def test_where_a_login_is_missing_the_page_leads_to_an_account(browse, manager, path):
    shown = words(browse(manager).get(path))

    assert '<a class="btn btn--go" href="/accounts/new/">' in shown


def test_a_trader_without_doors_or_devices_is_told_whom_to_ask(browse, trader):
    shown = words(browse(trader).get("/validations/new/"))

    assert "Ask somebody who runs the office" in shown
    assert "<select" not in shown


def test_search_can_be_repeated_on_its_own_page(browse, trader):
    shown = words(browse(trader).get("/search/?q=maria"))

    assert '<input id="again" name="q" type="search" maxlength="100" value="maria">' in shown
