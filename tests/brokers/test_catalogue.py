"""The seven profiles that ship with Postern."""

import re
import subprocess
import sys
from datetime import date
from pathlib import Path

import pytest

from accounts.brokers import catalogue, expressions, in_words, load, missing, satisfied, slugs, vocabulary
from accounts.brokers.entries import ENROLLED_KINDS, KIND_NAMES

ROOT = Path(__file__).parents[2]
BROKERS = ["etrade", "fidelity", "ibkr", "saxo", "schwab", "swissquote", "tastytrade"]
BEFORE, ON = date(2026, 8, 30), date(2026, 8, 31)


def test_all_seven_brokers_load_in_order_and_once():
    assert list(catalogue()) == BROKERS
    assert catalogue() is catalogue()
    assert [profile.slug for profile in catalogue().values()] == BROKERS


def test_nobody_can_change_the_catalogue():
    with pytest.raises(TypeError):
        catalogue()["acme"] = catalogue()["ibkr"]


def test_a_profile_loads_by_its_path():
    folder = ROOT / "accounts" / "brokers" / "profiles"

    assert load(folder / "saxo.toml") == catalogue()["saxo"]


def test_the_vocabulary_and_the_code_know_the_same_words():
    words = vocabulary()

    assert words["expression_ops"] == expressions.OPERATORS
    assert words["door_kinds"] == tuple(KIND_NAMES)
    assert set(words["factor_kinds"]) > ENROLLED_KINDS
    assert "revalidation" in words["timer_kinds"]


@pytest.mark.parametrize("broker", BROKERS)
def test_each_door_has_its_place_its_short_name_and_a_sentence(broker):
    profile = catalogue()[broker]
    kinds = [vocabulary()["door_kinds"].index(door.kind) for door in profile.doors]

    assert kinds == sorted(kinds)
    assert [door.slug for door in profile.doors if door.short is None] == []
    assert max(len(door.short_name) for door in profile.doors) <= 12
    assert len({door.short_name for door in profile.doors}) == len(profile.doors)
    for door in profile.doors:
        words = in_words(door.requires, profile.factor_names)
        assert all(profile.factor(slug).name in words for slug in slugs(door.requires))


@pytest.mark.parametrize(
    ("broker", "doors"),
    [
        ("etrade", ["web"]),
        ("fidelity", ["mobile", "web"]),
        ("ibkr", ["tws", "ibkr-desktop", "ibkr-mobile", "client-portal", "ib-gateway"]),
        ("saxo", ["desktop", "mobile", "web"]),
        ("schwab", ["thinkorswim", "mobile", "web"]),
        ("swissquote", ["mobile", "web"]),
        ("tastytrade", ["platform"]),
    ],
)
def test_the_usual_doors_are_those_an_office_uses(broker, doors):
    assert [door.slug for door in catalogue()[broker].usual_doors] == doors


@pytest.mark.parametrize("broker", BROKERS)
def test_no_usual_door_opens_on_what_is_only_assumed(broker):
    profile = catalogue()[broker]

    assert [door.slug for door in profile.usual_doors if satisfied(door.requires, profile.assumed)] == []


@pytest.mark.parametrize("broker", BROKERS)
def test_every_timer_says_what_kind_it_is_and_none_is_a_revalidation(broker):
    profile = catalogue()[broker]

    assert [timer.slug for timer in profile.timers if timer.kind is None] == []
    assert {profile.validity_days(door.slug) for door in profile.doors} == {None}


def test_ib_key_is_active_on_one_phone():
    ibkr = catalogue()["ibkr"]

    assert ibkr.factor("ib-key-push").max_active == 1
    assert ibkr.factor("ib-key-challenge").max_active == 1
    assert ibkr.factor("ib-key-challenge").same_activation_as == "ib-key-push"


@pytest.mark.parametrize("door", ["tws", "ibkr-desktop", "ibkr-mobile", "client-portal", "ib-gateway", "cp-gateway"])
def test_hong_kong_asks_for_a_passkey_from_the_last_of_august_2026(door):
    ibkr, ib_key = catalogue()["ibkr"], frozenset({"password", "ib-key-push"})

    assert satisfied(ibkr.requirement(door, "ib-hk", BEFORE), ib_key)
    assert missing(ibkr.requirement(door, "ib-hk", ON), ib_key) == (frozenset({"passkey"}),)
    assert satisfied(ibkr.requirement(door, "ib-ie", ON), ib_key)
    assert satisfied(ibkr.requirement(door, None, ON), ib_key)


def test_stop_gap_factors_open_tws_and_not_the_gateway():
    ibkr, stop_gap = catalogue()["ibkr"], frozenset({"password", "temporary-code"})

    assert satisfied(ibkr.door("tws").requires, stop_gap)
    assert not satisfied(ibkr.door("ib-gateway").requires, stop_gap)
    assert ibkr.door("ib-gateway").refused == ("security-code-card", "temporary-code", "online-code-card")


@pytest.mark.parametrize(
    ("broker", "assumed"),
    [
        ("ibkr", {"password", "running-session", "socket-reach", "allowed-ip", "caller-identity"}),
        ("schwab", {"password"}),
        ("saxo", {"password"}),
    ],
)
def test_what_is_not_enrolled_is_assumed_unless_it_is_a_stop_gap(broker, assumed):
    assert catalogue()[broker].assumed == assumed


@pytest.mark.parametrize("broker", BROKERS)
def test_every_source_cited_is_shown_and_no_copy_of_a_page_is_among_them(broker):
    profile = catalogue()[broker]

    for entry in (*profile.factors, *profile.doors, *profile.timers, *profile.recoveries, *profile.contacts):
        links = profile.source_links(entry.fact)
        assert len(links) == len(entry.fact.sources) > 0
        assert all(re.match(r"https?://", link.url) and link.host in link.url for link in links)
        assert all(profile.is_official(link.host) is link.official for link in links)
    assert not any(profile.is_official(host) for host in profile.lookalikes_seen)


def test_the_package_needs_nothing_but_the_standard_library():
    script = "import sys, accounts.brokers as b; b.catalogue(); print(*sys.modules)"

    ran = subprocess.run([sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, check=True)

    roots = {name.partition(".")[0] for name in ran.stdout.split()}
    assert roots & {"django", "celery", "redis", "kombu", "psycopg", "config", "core", "identity"} == set()
    assert "accounts" in roots
