"""What can be asked of one profile."""

from datetime import date

import pytest

from accounts.brokers import All, Slug, SourceLink, UnknownEntryError, satisfied
from tests.brokers.acme import ACME, edited, loaded

BOTH = All((Slug("password"), Slug("passkey")))
PASSWORD_ONLY = All((Slug("password"),))


@pytest.fixture
def acme(tmp_path):
    """The sound profile."""
    return loaded(tmp_path, ACME)


def test_entries_are_found_by_slug(acme):
    assert acme.door("desk").name == "Acme Desk"
    assert acme.factor("passkey").max_active == 2
    assert acme.entity("acme-hk").name == "Acme Hong Kong"


def test_an_unknown_slug_is_told_with_the_nearest_known(acme):
    with pytest.raises(UnknownEntryError) as refused:
        acme.door("dsk")

    assert str(refused.value) == 'Acme Brokers has no door "dsk" (did you mean "desk"?)'


def test_doors_stand_desktop_first_whatever_the_files_order(acme):
    assert [door.slug for door in acme.doors] == ["desk", "web"]


@pytest.mark.parametrize(
    ("entity", "on", "expected"),
    [
        ("acme-hk", date(2026, 8, 30), PASSWORD_ONLY),
        ("acme-hk", date(2026, 8, 31), BOTH),
        ("acme-hk", date(2027, 1, 1), BOTH),
        (None, date(2027, 1, 1), PASSWORD_ONLY),
    ],
)
def test_an_override_holds_for_its_entity_from_its_day_on(acme, entity, on, expected):
    assert acme.requirement("desk", entity, on) == expected


def test_the_override_that_came_into_effect_last_holds(tmp_path):
    start, end = ACME.index("[[broker.door_override]]"), ACME.index("[[broker.recovery]]")
    later = ACME[start:end].replace("2026-08-31", "2027-01-01").replace('["password", "passkey"]', '["passkey"]')
    acme = loaded(tmp_path, edited(("[[broker.door_override]]", f"{later}[[broker.door_override]]")))

    assert acme.requirement("desk", "acme-hk", date(2026, 12, 31)) == BOTH
    assert acme.requirement("desk", "acme-hk", date(2027, 1, 1)) == All((Slug("passkey"),))


def test_an_override_leaves_other_doors_alone(acme):
    assert acme.override_for("web", "acme-hk", date(2027, 1, 1)) is None
    assert acme.override_for("desk", "acme-hk", date(2027, 1, 1)).fact.confidence == "low"


@pytest.mark.parametrize(("door", "entity"), [("tower", None), ("desk", "acme-jp")])
def test_a_requirement_of_the_unknown_is_refused(acme, door, entity):
    with pytest.raises(UnknownEntryError):
        acme.requirement(door, entity, date(2027, 1, 1))


TIMER = ACME[ACME.index("[[broker.timer]]") : ACME.index("[[broker.lockout]]")]


def with_timer(old, new):
    """Acme's file with a second timer, made from the first."""
    second = TIMER.replace("device-check", "second").replace(old, new)
    return edited(("[[broker.lockout]]", f"{second}[[broker.lockout]]"))


@pytest.mark.parametrize(
    ("old", "new", "days"),
    [
        ("days = 90", "days = 30", 30),
        ("days = 90", "days = 365", 90),
        ("days = 90", "hours = 30", 90),
        ('"revalidation"\napplies_to = ["desk"]\ndays = 90', '"session"\napplies_to = ["desk"]\ndays = 7', 90),
        ('"desk"', '"web"', 90),
    ],
)
def test_validity_is_the_shortest_revalidation_in_whole_days(tmp_path, old, new, days):
    acme = loaded(tmp_path, with_timer(old, new))

    assert acme.validity_days("desk") == days


@pytest.mark.parametrize("kind", ["", 'kind = "session"\n', 'kind = "token"\n', 'kind = "password"\n'])
def test_no_other_kind_of_timer_makes_a_validity(tmp_path, kind):
    acme = loaded(tmp_path, edited(('kind = "revalidation"\n', kind)))

    assert acme.validity_days("desk") is None


def test_a_door_without_revalidation_has_no_validity_of_the_brokers(acme):
    assert acme.validity_days("web") is None


def test_timers_are_found_by_door_and_by_factor(tmp_path):
    acme = loaded(tmp_path, with_timer('["desk"]', '["desk", "passkey"]'))

    assert [timer.slug for timer in acme.timers_for("desk")] == ["device-check", "second"]
    assert [timer.slug for timer in acme.timers_for("passkey")] == ["second"]
    assert acme.timers_for("web") == ()


def test_a_short_name_falls_back_to_the_name_and_then_to_the_kind(tmp_path):
    acme = loaded(tmp_path, edited(('slug = "web"\n', 'slug = "web"\nusual = true\n')))
    named = loaded(tmp_path, edited(('slug = "web"\n', 'slug = "web"\nshort = "Browser"\n')))

    assert acme.short_name("desk") == "Acme Desk"
    assert acme.short_name("web") == "Web"
    assert named.short_name("web") == "Browser"
    assert [door.slug for door in acme.usual_doors] == ["web"]


def test_sources_are_shown_in_the_order_cited_and_only_the_brokers_own_may_be_linked(acme):
    assert acme.source_links(acme.factor("passkey").fact) == (
        SourceLink("help.acme.example", "https://help.acme.example/login", "official", None, official=True),
        SourceLink("forum.example", "https://forum.example/threads/7", "community", date(2026, 5, 1), official=False),
    )


@pytest.mark.parametrize(
    ("host", "official"),
    [
        ("acme.example", True),
        ("HELP.Acme.Example.", True),
        ("notacme.example", False),
        ("acme.example.evil.example", False),
        ("acrne.example", False),
        ("example", False),
        ("", False),
    ],
)
def test_only_official_domains_and_what_lies_beneath_are_official(acme, host, official):
    assert acme.is_official(host) is official


def test_a_temporary_code_is_neither_enrolled_nor_taken_as_held(tmp_path):
    code = ACME[ACME.index("[[broker.factor]]") : ACME.index("[[broker.door]]")].split("\n\n")[0]
    code = code.replace('"password"', '"code"', 1).replace('"knowledge"', '"identity-proof"\ntemporary = true')
    change = ('{ all = ["password", "passkey"] }', '{ all = ["password", { any = ["passkey", "code"] }] }')
    acme = loaded(tmp_path, edited(("[[broker.door]]", f"{code}\n\n[[broker.door]]"), change))

    assert not acme.factor("code").enrolled
    assert acme.assumed == {"password"}
    assert not satisfied(acme.door("web").requires, acme.assumed)
