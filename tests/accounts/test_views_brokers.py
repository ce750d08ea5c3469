"""What is known of brokers, on pages for everybody."""

from __future__ import annotations

import re

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from tests.accounts.pages import words
from tests.factories import make_account, make_grant, make_login, make_member

pytestmark = pytest.mark.django_db


class TestBrokers:
    @pytest.mark.parametrize("role", ["owner", "manager", "trader", "auditor"])
    def test_everybody_reads_them(self, office, browse, role):
        client = browse(make_member("Somebody", role=role))

        assert client.get("/brokers/").status_code == 200
        for slug in ("etrade", "fidelity", "ibkr", "saxo", "schwab", "swissquote", "tastytrade"):
            assert client.get(f"/brokers/{slug}/").status_code == 200

    def test_the_page_says_what_is_weakly_known_and_what_is_guessed(self, tom):
        page = tom.get("/brokers/ibkr/")

        said = words(page)
        assert "IBKR GlobalTrader Mobile" in said
        assert page.content.decode().count("Low confidence</span>") >= 3
        assert page.content.decode().count("Estimate</span>") == 11
        assert "Never open interractivebroker.com, royaltrade.exchange: copies of its pages." in said
        assert "Clients of Interactive Brokers Hong Kong Limited, from 31 August 2026:" in said
        assert "1 hour, at worst 1 day (estimate)." in said
        assert "+1 877 442 2757" in said

    @pytest.mark.parametrize("slug", ["etrade", "fidelity", "ibkr", "saxo", "schwab", "swissquote", "tastytrade"])
    def test_only_the_broker_s_own_addresses_are_links(self, tom, slug):
        page = tom.get(f"/brokers/{slug}/")

        hosts = set(re.findall(r'href="https?://([^/"]+)', page.content.decode()))
        profile = page.context["profile"]
        assert hosts
        assert {host for host in hosts if not profile.is_official(host)} == set()

    @pytest.mark.parametrize("url", ["/brokers/", "/brokers/ibkr/", "/accounts/new/?broker=ibkr"])
    def test_the_same_queries_with_one_account_and_with_three(self, tom, trader, url):
        tom.get(url)  # the first request of a session writes when it was last seen
        counts = []
        for names in (["One"], ["Two", "Three"]):
            for name in names:
                make_grant(make_login(trader, label=name), make_account(name))
            with CaptureQueriesContext(connection) as seen:
                assert tom.get(url).status_code == 200
            counts.append(len(seen))

        assert counts[0] == counts[1]
