"""Who has no independent backup: how each login stands, why, what to do next, and who may read that of whom."""

from __future__ import annotations

import csv
import io
from datetime import timedelta
from itertools import pairwise

import pytest
import time_machine

from core.trail.models import Event
from recovery import queries
from recovery.enums import Standing
from tests import factories
from tests.devices.pages import queries as asked
from tests.devices.pages import words
from tests.factories import AT

pytestmark = pytest.mark.django_db
DAY, PAGE, FILE = timedelta(days=1), "/backups/", "/backups/export/"


@pytest.fixture(autouse=True)
def _on_that_monday():
    with time_machine.travel(AT, tick=False):
        yield


def line(login, member, office) -> queries.Line:
    (found,) = [one for one in queries.lines(member, at=AT, office=office) if one.login == login]
    return found


def told(login, member, office) -> tuple[str, str, str]:
    found = line(login, member, office)
    return found.standing.value, found.why, found.step


PASSKEY = "Enrol Passkey on another thing, or put another backup on file."


def test_nothing_on_file_is_said_to_be_nothing(manager, office, login):
    assert told(login, manager, office) == ("nothing", "Nothing is on file.", "Put its authenticator on file.")


def test_one_way_alone_is_named_with_where_it_is(manager, office, login, phone):
    factories.make_authenticator(login, carriers=[phone])

    assert told(login, manager, office) == ("alone", "Only IB Key, on Maria’s iPhone 15.", PASSKEY)


def test_two_ways_on_one_phone_are_said_to_be_both_there(manager, trader, office, login, phone):
    sim = factories.make_asset("SIM 0142", kind="sim", holder=trader, carried_by=phone)
    factories.make_authenticator(login, carriers=[phone])
    factories.make_backup(login, kind="number", label="the number on file", carriers=[sim])

    why = "IB Key and the number on file: both are on Maria’s iPhone 15."
    assert told(login, manager, office) == ("alone", why, PASSKEY)


def test_three_ways_that_fall_together_are_counted_in_words(manager, trader, office, login, phone):
    vault = factories.make_asset("Vault", kind="password-manager", carried_by=phone)
    sim = factories.make_asset("SIM", kind="sim", holder=trader, carried_by=phone)
    factories.make_authenticator(login, carriers=[phone])
    factories.make_backup(login, kind="seed-copy", label="the seed", carriers=[vault])
    factories.make_backup(login, kind="number", label="the number", carriers=[sim])

    assert line(login, manager, office).why == "IB Key, the seed and the number: all three are on Maria’s iPhone 15."


def test_ways_in_one_safe_or_with_one_person_are_said_so(manager, trader, office, login):
    safe = factories.make_asset("the office safe", kind="place")
    card = factories.make_asset("Card 61", kind="card", place=safe)
    factories.make_authenticator(login, "dsc-plus", label="the card", carriers=[card])
    factories.make_backup(login, kind="printed-codes", label="the codes", place=safe)
    other = factories.make_login(trader, label="Kept by Tom")
    for label in ("Codes", "More codes"):
        factories.make_backup(other, kind="printed-codes", label=label, custodian=manager)

    assert line(login, manager, office).why == "the card and the codes: both are in the office safe."
    assert line(other, manager, office).why == "Codes (Tom Okafor)."


def test_what_does_not_count_is_said_with_why(manager, trader, office, login, phone):
    factories.make_authenticator(login, carriers=[phone])
    factories.make_authenticator(login, "totp", label="the app")
    factories.make_backup(login, kind="printed-codes", label="the codes", place=None)
    factories.make_backup(login, kind="printed-codes", label="old codes", custodian=manager, codes_left=0)

    assert line(login, manager, office).why == (
        "Only IB Key, on Maria’s iPhone 15. the codes: nobody wrote down where it is. old codes: no code is left. "
        "the app: nobody wrote down where it is."
    )


def test_what_nobody_wrote_down_and_what_is_lost_are_told_apart(manager, trader, office, login, phone):
    key = factories.make_authenticator(login)
    assert told(login, manager, office) == (
        "unplaced", "Nobody wrote down where IB Key is.", "Write down what carries it.",
    )  # fmt: skip

    key.carriers.set([phone])
    phone.lost_at = AT
    phone.save()
    assert told(login, manager, office) == (
        "gone", "IB Key is lost, retired or used up.",
        "Bring it back at the broker, then put it on file on another thing.",
    )  # fmt: skip


def test_a_rescue_by_the_broker_alone_is_not_fine(manager, office, login, phone):
    factories.make_authenticator(login, carriers=[phone])
    factories.make_backup(login, kind="rescue", label="Client Services")

    found = line(login, manager, office)
    assert (found.standing, found.why, found.step) == ("rescue", "Client Services.", PASSKEY)
    assert not found.standing.is_without


@pytest.mark.parametrize(
    ("proved_at", "standing", "step"),
    [
        (None, "untested", "Test Security card 61."),
        (AT - 400 * DAY, "untested", "Test Security card 61."),
        (AT - DAY, "tested", ""),
    ],
)
def test_a_backup_that_counts_is_named_and_to_be_tested(manager, office, login, phone, card, proved_at, standing, step):
    factories.make_authenticator(login, carriers=[phone])
    factories.make_backup(login, carriers=[card], proved_at=proved_at)

    assert told(login, manager, office) == (standing, "Security card 61 (Card 61).", step)


def test_what_is_to_enrol_next_lies_on_another_kind_of_thing(manager, trader, office):
    keys = factories.make_asset("Grey key", kind="security-key", holder=trader)
    login = factories.make_login(trader, label="With a passkey")
    factories.make_authenticator(login, "passkey", carriers=[keys])

    assert line(login, manager, office).step == "Enrol IB Key on another thing, or put another backup on file."


def test_the_worst_come_first(manager, trader, office, phone, card):
    logins = {name: factories.make_login(trader, label=name) for name in ("tested", "nothing", "alone", "rescue")}
    for name in ("tested", "alone", "rescue"):
        factories.make_authenticator(logins[name], carriers=[phone])
    factories.make_backup(logins["tested"], carriers=[card], proved_at=AT)
    factories.make_backup(logins["rescue"], kind="rescue", label="By telephone")

    found = [one.login.label for one in queries.lines(manager, at=AT, office=office)]
    assert found == ["nothing", "alone", "rescue", "tested"]
    assert all(one.rank <= other.rank for one, other in pairwise(queries.lines(manager, at=AT, office=office)))


def test_every_way_to_stand_is_drawn_and_the_first_ones_are_without_a_backup():
    assert [one.is_without for one in Standing] == sorted((one.is_without for one in Standing), reverse=True)
    assert {one.state for one in Standing} == {"late", "due", "ok"}


@pytest.fixture
def maria_alone(login, phone):
    factories.make_authenticator(login, carriers=[phone])
    return login


@pytest.fixture
def daniel_safe(card):
    login = factories.make_login(factories.make_member("Daniel Reyes"), label="Daniel at IBKR")
    factories.make_authenticator(login, carriers=[factories.make_asset("Pixel", kind="phone", holder=login.holder)])
    factories.make_backup(login, carriers=[card], proved_at=AT)
    return login


def test_the_page_shows_who_is_without_and_on_demand_everybody(browse, manager, maria_alone, daniel_safe):
    tom = browse(manager)

    text = words(tom.get(PAGE))
    assert "1 of 2 logins" in text
    assert "Maria at IBKR" in text
    assert "Daniel at IBKR" not in text
    assert f'href="/backups/new/?login={maria_alone.pk}"' in tom.get(PAGE).content.decode()
    assert "Daniel at IBKR" in words(tom.get(PAGE, {"show": "all"}))
    assert "Maria at IBKR" not in words(tom.get(PAGE, {"show": "all", "person": daniel_safe.holder.pk}))
    assert words(tom.get(PAGE, {"person": "nonsense", "sort": "why"})).count("Maria at IBKR") == 2


def test_a_trader_reads_their_own_only_and_is_offered_no_manager_s_deed(browse, trader, maria_alone, daniel_safe):
    for address in (PAGE, f"{PAGE}?show=all"):
        page = browse(trader).get(address)
        assert "Maria at IBKR" in words(page)
        assert "Daniel" not in page.content.decode()
        assert "/backups/new/" not in page.content.decode()


def test_a_thing_of_somebody_else_is_not_named_to_a_trader(browse, trader, login):
    other = factories.make_member("Daniel Reyes")
    theirs = factories.make_asset("Daniel’s vault", kind="password-manager", holder=other)
    factories.make_authenticator(login, "totp", label="the app", carriers=[theirs])

    assert "Only the app, on Password manager of another person." in words(browse(trader).get(PAGE))


def test_an_auditor_reads_all_and_presses_nothing(browse, auditor, maria_alone):
    page = browse(auditor).get(PAGE).content.decode()

    assert "Maria at IBKR" in page
    assert "/backups/new/" not in page


@pytest.mark.parametrize("query", ["", "?show=all", "?show=all&sort=-login", "?show=all&sort=backups"])
def test_the_file_holds_what_the_page_shows_in_its_order(browse, manager, maria_alone, daniel_safe, query):
    tom = browse(manager)
    shown = [
        [one.holder, one.login.label, one.login.profile.name, one.counted, one.standing.label, one.why, one.step]
        for one in tom.get(f"{PAGE}{query}").context["rows"]
    ]

    data = tom.post(f"{FILE}{query}").content.decode("utf-8-sig")
    rows = list(csv.reader(io.StringIO(data)))

    assert rows[0] == [head.label for head in tom.get(f"{PAGE}{query}").context["table"].heads]
    assert rows[1:] == shown
    assert Event.objects.filter(verb="export.list").count() == 1


def test_a_file_of_a_trader_holds_nobody_else(browse, trader, maria_alone, daniel_safe):
    data = browse(trader).post(f"{FILE}?show=all").content.decode()

    assert "Maria at IBKR" in data
    assert "Daniel" not in data


def test_it_asks_as_often_for_one_login_as_for_many(browse, manager, trader, maria_alone, daniel_safe):
    tom = browse(manager)
    asked(tom, f"{PAGE}?show=all")
    one = asked(tom, f"{PAGE}?show=all")
    for number in range(4):
        more = factories.make_login(factories.make_member(f"Person {number}"), label=f"Login {number}")
        thing = factories.make_asset(f"Phone {number}", kind="phone", holder=more.holder)
        factories.make_authenticator(more, carriers=[thing])
        factories.make_backup(more, carriers=[thing], kind="second-factor")

    assert asked(tom, f"{PAGE}?show=all") == one


def test_it_is_one_press_from_today_and_from_people(browse, manager, maria_alone):
    tom = browse(manager)

    for page in ("/", "/people/", "/authenticators/"):
        assert 'href="/backups/"' in tom.get(page).content.decode()


def test_an_empty_house_says_what_the_page_is_for(browse, manager, trader):
    assert "No login on file yet" in words(browse(manager).get(PAGE))
    assert "No login of yours is on file" in words(browse(trader).get(PAGE))
