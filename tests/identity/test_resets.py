"""Lost factors of Postern: two people, a waiting time, a way to stop it, one link."""

from __future__ import annotations

import base64
import re
from datetime import timedelta
from io import StringIO

import pytest
import time_machine
from django.core.management import CommandError, call_command
from django.db import IntegrityError, transaction
from django.test import Client

from core import clock
from core.errors import Refused
from core.letters import kinds
from core.letters.models import Letter
from core.trail.models import Event
from identity import actions, codes, queries
from identity.forms import OfficeForm
from identity.models import BackupSheet, FactorReset, Member, Office, TotpDevice
from tests import factories
from tests.factories import AT, PASSWORD
from tests.identity.proofs import asks_for_proof
from tests.identity.test_gate import race

pytestmark = pytest.mark.django_db
HOUR = timedelta(hours=1)
DAY = timedelta(days=1)
NEW_PASSWORD = "nine slow herons over the weir"


def open_reset(member, by, *, at=AT, reason="The phone was stolen."):
    return actions.open_reset(member, reason=reason, by=by, at=at)


def use(reset, at):
    seed = codes.new_seed()
    step = codes.matching_step(seed, codes.code_at(seed, at), at=at)
    return actions.use_reset(reset, seed=seed, step=step, address=None, at=at)


def links(member, purpose: str) -> list[str]:
    """The links of a kind in a person's letters, as they leave the house, oldest first."""
    found = []
    for letter in Letter.objects.filter(recipient=member, kind="link", key__startswith=f"{purpose}:").order_by("pk"):
        content = kinds.finished(letter, kinds.Content(letter.subject, letter.text, letter.html))
        assert (letter.text + letter.html).count(content.text) == 0
        found.append(re.search(r"https?://[^/]+(/\S+/)", content.text).group(1))
    return found


# Opening


def test_a_reset_for_a_trader_waits_some_hours_and_tells_everybody_at_once(owner, manager, trader):
    reset = open_reset(trader, manager)

    assert (reset.waits_until, reset.expires_at) == (AT + 4 * HOUR, AT + 28 * HOUR)
    told = set(Letter.objects.filter(not_before=AT).values_list("recipient", "subject"))
    assert told == {
        (trader.pk, "Your factors for Postern are to be reset"),
        (owner.pk, "A reset for Maria Santos was opened"),
    }
    event = Event.objects.get()
    assert (event.verb, event.actor_id, event.about_id) == ("member.reset_opened", manager.pk, trader.pk)
    assert event.detail["reason"] == "The phone was stolen."


def test_the_link_leaves_only_after_the_waiting_time(manager, trader):
    reset = open_reset(trader, manager)
    letter = Letter.objects.get(key__startswith="reset:")

    assert letter.not_before == reset.waits_until
    assert letter not in Letter.objects.waiting(reset.waits_until - timedelta(seconds=1))
    assert letter in Letter.objects.waiting(reset.waits_until)
    assert kinds.refreshed(letter, reset.waits_until) is not None


def test_the_office_says_how_long_a_reset_waits(manager, owner, trader, office):
    actions.change_office(by=owner, at=AT, reset_hours=48, trader_reset_hours=12)

    assert open_reset(trader, manager).waits_until == AT + 12 * HOUR


def test_only_an_owner_changes_how_long_a_reset_waits(manager, owner, office, browse):
    def save(client, **new):
        facts = OfficeForm(thing=Office.objects.get()).initial
        seen = re.search(r'name="version" value="([^"]*)"', client.get("/office/").content.decode()).group(1)
        return client.post("/office/", facts | {"version": seen} | new)

    shown = save(browse(manager), trader_reset_hours="1").content.decode()

    assert "Only an owner changes how long a reset" in shown
    assert save(browse(manager), warn_days="9").status_code == 302
    office.refresh_from_db()
    assert (office.warn_days, office.trader_reset_hours) == (9, 4)
    assert save(browse(owner), trader_reset_hours="1").status_code == 302
    office.refresh_from_db()
    assert office.trader_reset_hours == 1


def test_after_a_changed_address_a_trader_waits_long_and_the_old_one_is_warned(manager, owner, trader):
    old = trader.email
    actions.change_member(trader, by=owner, at=AT - 29 * DAY, email="new@hartwell.test")
    trader.refresh_from_db()

    reset = open_reset(trader, manager)

    assert reset.waits_until == AT + DAY
    warned = Letter.objects.filter(key__startswith=f"stop-reset:{reset.pk}:")
    assert {letter.address for letter in warned} == {old, "new@hartwell.test"}
    assert Letter.objects.get(key__startswith="reset:").address == "new@hartwell.test"


@pytest.mark.parametrize("case", ["self", "trader", "auditor", "no reason", "left", "over", "not joined", "second"])
def test_a_reset_is_refused_in_words(owner, manager, trader, auditor, case):
    def member(**facts):
        return factories.make_member("Somebody", **facts)

    tries = {
        "self": (lambda: open_reset(manager, manager), "Nobody resets their own"),
        "trader": (lambda: open_reset(member(), trader), "Only an owner or a manager"),
        "auditor": (lambda: open_reset(member(), auditor), "Only an owner or a manager"),
        "no reason": (lambda: open_reset(trader, manager, reason="  "), "Say what happened"),
        "left": (lambda: open_reset(member(left_at=AT), manager), "has left"),
        "over": (lambda: open_reset(member(ends_on=AT.date() - DAY), manager), "last day is over"),
        "not joined": (lambda: open_reset(member(signs_in=False), manager), "Send an invitation"),
        "second": (lambda: [open_reset(trader, manager), open_reset(trader, owner)], "open already"),
    }
    attempt, words = tries[case]

    with pytest.raises(Refused, match=words):
        attempt()


def test_a_reset_that_ran_out_makes_room_for_another(manager, trader):
    first = open_reset(trader, manager)

    second = open_reset(trader, manager, at=first.expires_at)

    first.refresh_from_db()
    assert (first.stage(second.opened_at), second.stage(second.opened_at)) == ("stopped", "waits")


# The second person


def test_a_manager_is_reset_only_after_a_second_person_and_the_whole_wait(owner, manager):
    boss = factories.make_member("Second Owner", role="owner")
    reset = open_reset(manager, owner)
    assert (reset.stage(AT), links(manager, "reset")) == ("asks", [])

    reset = actions.confirm_reset(reset, by=boss, at=AT + HOUR)

    assert reset.waits_until == AT + HOUR + DAY
    assert len(links(manager, "stop-reset")) == 2
    with pytest.raises(Refused):
        use(reset, reset.waits_until - timedelta(seconds=1))
    use(reset, reset.waits_until)


def test_nobody_is_two_people(owner, manager):
    reset = open_reset(owner, manager)

    with pytest.raises(Refused, match="Whoever opened"):
        actions.confirm_reset(reset, by=manager, at=AT)
    with pytest.raises(Refused, match="Nobody confirms their own"):
        actions.confirm_reset(reset, by=owner, at=AT)


def test_a_second_role_makes_no_second_person(owner, manager, trader):
    """Made an owner in between, whoever opened it is still the one who opened it."""
    reset = open_reset(owner, manager)
    actions.change_member(manager, by=owner, at=AT, role="owner")

    with pytest.raises(Refused, match="Whoever opened"):
        actions.confirm_reset(reset, by=Member.objects.get(pk=manager.pk), at=AT)


@pytest.mark.parametrize("who", ["opener", "second"])
@pytest.mark.parametrize("change", [{"role": "trader"}, {"left_at": AT}, {"ends_on": AT.date() - DAY}])
def test_a_reset_counts_only_while_both_still_run_the_office(owner, manager, who, change):
    second = factories.make_member("Second Manager", role="manager")
    reset = actions.confirm_reset(open_reset(owner, manager), by=second, at=AT)
    gone = {"opener": manager, "second": second}[who]
    Member.objects.filter(pk=gone.pk).update(**change)

    with pytest.raises(Refused, match="opens nothing"):
        use(reset, reset.waits_until)


def test_a_demoted_opener_cannot_be_confirmed(owner, manager):
    second = factories.make_member("Second Manager", role="manager")
    reset = open_reset(owner, manager)
    Member.objects.filter(pk=manager.pk).update(role="trader")

    with pytest.raises(Refused, match="may not do so any more"):
        actions.confirm_reset(reset, by=second, at=AT)


def test_a_trader_made_manager_in_between_needs_the_second_person_after_all(owner, manager, trader):
    reset = open_reset(trader, manager)
    actions.change_member(trader, by=owner, at=AT, role="manager")

    with pytest.raises(Refused, match="opens nothing"):
        use(reset, reset.waits_until)

    reset = actions.confirm_reset(reset, by=owner, at=AT + HOUR)
    assert reset.waits_until == AT + HOUR + DAY
    use(reset, reset.waits_until)


# Nobody is both people, by making or unmaking somebody


def made(member, role, *, by, days):
    """Give a person a role, so many days after the test's Monday."""
    actions.change_member(member, by=by, at=AT + days * DAY, role=role)
    return Member.objects.get(pk=member.pk)


@pytest.mark.parametrize("role", ["manager", "owner"])
def test_a_new_manager_is_no_second_person_for_thirty_days(owner, manager, trader, role):
    puppet = made(trader, role, by=owner, days=100)
    reset = open_reset(manager, owner, at=AT + 129 * DAY)

    with pytest.raises(Refused, match="runs the office only since 3 March 2027"):
        actions.confirm_reset(reset, by=puppet, at=AT + 129 * DAY)

    assert actions.confirm_reset(reset, by=puppet, at=AT + 130 * DAY).confirmed_by == puppet


def test_a_new_manager_opens_no_reset_of_who_runs_the_office_either(owner, manager, trader):
    puppet = made(trader, "manager", by=owner, days=100)

    with pytest.raises(Refused, match="runs the office only since"):
        open_reset(manager, puppet, at=AT + 101 * DAY)
    assert open_reset(factories.make_member("Nico"), puppet, at=AT + 101 * DAY).waits_until is not None


def test_who_was_demoted_lately_still_takes_two_people(owner, manager):
    """Else one owner could demote another, send the link to a mailbox of theirs, and be both."""
    demoted = made(manager, "trader", by=owner, days=100)

    reset = open_reset(demoted, owner, at=AT + 129 * DAY)

    assert (reset.two_people, reset.waits_until, reset.stage(AT + 129 * DAY)) == (True, None, "asks")
    actions.stop_reset(reset, by=owner, at=AT + 129 * DAY)
    assert open_reset(demoted, owner, at=AT + 131 * DAY).waits_until == AT + 131 * DAY + 4 * HOUR


def test_demoting_after_it_was_opened_saves_no_second_person(owner, manager):
    reset = open_reset(manager, owner, at=AT + 100 * DAY)
    made(manager, "trader", by=owner, days=100)
    reset.refresh_from_db()

    assert (reset.needs_second, reset.stage(AT + 101 * DAY)) == (True, "asks")


def test_a_break_starts_the_thirty_days_anew(owner, manager, trader):
    made(manager, "trader", by=owner, days=100)
    again = made(manager, "manager", by=owner, days=101)
    second = factories.make_member("Second Owner", role="owner")
    reset = open_reset(second, owner, at=AT + 120 * DAY)

    assert queries.runs_since(again) == AT + 101 * DAY
    with pytest.raises(Refused, match="runs the office only since"):
        actions.confirm_reset(reset, by=again, at=AT + 120 * DAY)


def test_in_the_first_days_of_an_office_everybody_counts(owner, manager, trader):
    second = made(trader, "manager", by=owner, days=6)
    reset = open_reset(manager, owner, at=AT + 7 * DAY)

    assert actions.confirm_reset(reset, by=second, at=AT + 8 * DAY).confirmed_by == second


def test_today_shows_a_reset_to_whoever_may_be_the_second_person(owner, manager, trader, browse):
    second = factories.make_member("Second Manager", role="manager")
    factories.make_reset(owner, manager, waits_until=None, two_people=True)
    factories.make_reset(trader, manager)

    shown = {one: b"waits for a second person" in browse(one).get("/").content for one in (owner, manager, second)}

    assert shown == {owner: False, manager: False, second: True}


def test_a_changed_address_makes_the_link_void(owner, manager, trader):
    reset = open_reset(trader, manager)
    actions.change_member(trader, by=owner, at=AT, email="new@hartwell.test")

    assert queries.reset_to_use(reset.token(), at=reset.waits_until) is None
    assert kinds.refreshed(Letter.objects.get(key__startswith="reset:"), reset.waits_until) is None


# Using and stopping


def test_using_it_ends_every_earlier_factor_and_session(owner, manager, trader, browse):
    client = browse(trader)
    old = set(TotpDevice.objects.filter(user=trader).values_list("pk", flat=True))
    now = clock.now()
    reset = factories.make_reset(trader, manager, waits_until=now)

    device = use(reset, now)

    assert list(TotpDevice.objects.filter(user=trader)) == [device]
    assert device.pk not in old
    assert not BackupSheet.objects.filter(user=trader).exists()
    assert client.get("/me/").url.startswith("/signin/")
    assert "You enrolled anew" in trader.letters.values_list("subject", flat=True)


def test_the_code_that_enrolled_opens_nothing_a_second_time(manager, trader):
    now = clock.now()
    reset = factories.make_reset(trader, manager, waits_until=now)
    device = use(reset, now)

    answer = actions.try_code(trader, code=codes.code_at(device.seed(), now), network=None, at=now)

    assert answer.device is None


def test_a_stopped_reset_opens_nothing_and_its_letter_stays(manager, trader):
    reset = open_reset(trader, manager)
    letter = Letter.objects.get(key__startswith="reset:")

    actions.stop_reset(reset, by=None, at=AT + HOUR)

    assert kinds.refreshed(letter, reset.waits_until) is None
    with pytest.raises(Refused):
        use(reset, reset.waits_until)
    event = Event.objects.get(verb="member.reset_stopped")
    assert (event.actor_id, event.detail["by_letter"]) == (None, True)


def test_opening_the_page_of_the_veto_changes_nothing_and_the_button_stops_it(manager, trader):
    reset = factories.make_reset(trader, manager)
    address = f"/reset/stop/{reset.stop_token()}/"

    pages = [Client().get(address).content.decode() for _ in range(3)]
    assert all("Stop this" in page for page in pages)
    assert FactorReset.objects.get().ended_at is None

    assert "It is stopped" in Client().post(address).content.decode()
    assert FactorReset.objects.get().ended_at is not None
    assert Client().post(address).status_code == 409


def test_the_links_of_one_kind_open_nothing_of_another(manager, trader):
    reset = factories.make_reset(trader, manager, waits_until=clock.now() - HOUR)

    statuses = {
        path: Client().get(path).status_code
        for path in (
            f"/reset/link/{reset.stop_token()}/",
            f"/reset/stop/{reset.token()}/",
            f"/password/{reset.token()}/",
            f"/join/{reset.token()}/",
            f"/reset/link/{reset.token()[:-1]}x/",
            "/reset/link/none/",
        )
    }

    assert set(statuses.values()) == {404}
    assert Client().get(f"/reset/link/{reset.token()}/").status_code == 200


def test_neither_rows_nor_letters_hold_a_token(manager, trader):
    reset = open_reset(trader, manager)

    kept = str(list(FactorReset.objects.values_list())) + str(list(Letter.objects.values_list("text", "html")))

    assert [token for token in (reset.token(), reset.stop_token()) if token in kept] == []


@pytest.mark.django_db(transaction=True)
def test_one_link_used_in_many_parallel_requests_enrols_once(manager, trader):
    now = clock.now()
    reset = factories.make_reset(trader, manager, waits_until=now)

    def attempt():
        try:
            return use(reset, now)
        except Refused:
            return None

    assert sum(device is not None for device in race(attempt, count=20)) == 1
    assert TotpDevice.objects.filter(user=trader).count() == 1


@pytest.mark.django_db(transaction=True)
def test_of_veto_and_completion_at_once_exactly_one_wins(manager, trader):
    now = clock.now()
    reset = factories.make_reset(trader, manager, waits_until=now)
    old = TotpDevice.objects.get(user=trader).pk
    acts = [lambda: use(reset, now), lambda: actions.stop_reset(reset, by=None, at=now)] * 5

    def run():
        try:
            return type(acts.pop()()).__name__
        except Refused:
            return None

    won = [result for result in race(run, count=10) if result]

    assert len(won) == 1
    kept = TotpDevice.objects.filter(pk=old).exists()
    assert (won, kept) in [(["TotpDevice"], False), (["FactorReset"], True)]


@pytest.mark.django_db(transaction=True)
def test_two_resets_opened_at_once_are_one(owner, manager, trader):
    people = [owner, manager]

    def attempt():
        try:
            return open_reset(trader, people.pop())
        except Refused:
            return None

    assert sum(reset is not None for reset in race(attempt, count=2)) == 1


# The pages behind the link


def enrol_by(client, address: str, *, first: dict) -> None:
    """From the link to the page of the backup codes."""
    assert client.post(address, first).url == "/reset/authenticator/"
    page = client.get("/reset/authenticator/").content.decode()
    typed = re.search(r'class="seed">([A-Z2-7 ]+)<', page).group(1)
    plain = typed.replace(" ", "")
    seed = base64.b32decode(plain + "=" * (-len(plain) % 8))
    answer = client.post("/reset/authenticator/", {"code": codes.code_at(seed, clock.now())})
    assert answer.url == "/reset/codes/"


def walk(client, address: str, *, first: dict) -> TotpDevice:
    """From the link to the open house."""
    enrol_by(client, address, first=first)
    assert len(re.findall(r"<li>[a-z0-9]{4}-", client.post("/reset/codes/").content.decode())) == 10
    assert client.post("/reset/finish/", {"kept": "on"}).url == "/"
    return TotpDevice.objects.get()


def test_a_password_changed_before_the_end_shuts_the_enrolment(manager, trader):
    TotpDevice.objects.exclude(user=trader).delete()
    client = Client()
    enrol_by(
        client,
        f"/reset/link/{factories.make_reset(trader, manager, waits_until=clock.now()).token()}/",
        first={"password": PASSWORD},
    )

    member = Member.objects.get(pk=trader.pk)
    member.set_password(NEW_PASSWORD)
    member.save()

    assert client.post("/reset/finish/", {"kept": "on"}).url == "/signin/"
    assert client.get("/").status_code == 302


def test_link_password_and_a_new_authenticator_open_the_house(manager, trader):
    TotpDevice.objects.exclude(user=trader).delete()
    reset = factories.make_reset(trader, manager, waits_until=clock.now())
    client = Client()

    walk(client, f"/reset/link/{reset.token()}/", first={"password": PASSWORD})

    assert client.get("/me/").status_code == 200
    assert Client().get(f"/reset/link/{reset.token()}/").status_code == 404


def test_a_wrong_password_goes_no_further_and_is_slowed_down(manager, trader):
    reset = factories.make_reset(trader, manager, waits_until=clock.now())
    client, address = Client(), f"/reset/link/{reset.token()}/"

    statuses = [client.post(address, {"password": "wrong password 123"}).status_code for _ in range(6)]

    assert (statuses[0], statuses[-1]) == (200, 429)
    assert client.get("/reset/authenticator/").status_code == 404


def test_the_link_alone_changes_nothing(manager, trader, browse):
    inside = browse(trader)
    reset = factories.make_reset(trader, manager, waits_until=clock.now())
    client = Client()

    client.get(f"/reset/link/{reset.token()}/")
    client.post(f"/reset/link/{reset.token()}/", {"password": PASSWORD})
    client.post("/reset/authenticator/", {"code": "000000"})

    assert inside.get("/me/").status_code == 200
    assert TotpDevice.objects.filter(user=trader).count() == 1


def test_a_reset_stopped_in_the_midst_of_enrolling_ends_it(manager, trader):
    reset = factories.make_reset(trader, manager, waits_until=clock.now())
    client = Client()
    client.post(f"/reset/link/{reset.token()}/", {"password": PASSWORD})

    actions.stop_reset(reset, by=manager, at=clock.now())

    assert client.get("/reset/authenticator/").status_code == 404


def test_two_browsers_with_one_link_are_shown_different_seeds(manager, trader):
    reset = factories.make_reset(trader, manager, waits_until=clock.now())
    seeds = set()
    for client in (Client(), Client()):
        client.post(f"/reset/link/{reset.token()}/", {"password": PASSWORD})
        seeds.add(re.search(r'class="seed">([^<]+)', client.get("/reset/authenticator/").content.decode()).group(1))

    assert len(seeds) == 2


def test_a_reset_is_opened_and_confirmed_only_with_a_fresh_proof(owner, manager, trader, browse):
    reset = factories.make_reset(manager, owner, waits_until=None)
    second = factories.make_member("Second Owner", role="owner")

    stale = [
        browse(manager, fresh=False).post(f"/people/{trader.pk}/reset/", {"reason": "Phone gone"}),
        browse(second, fresh=False).post(f"/resets/{reset.pk}/confirm/"),
    ]

    assert [asks_for_proof(answer) for answer in stale] == [True, True]
    assert browse(second).post(f"/resets/{reset.pk}/confirm/").url == f"/people/{manager.pk}/"
    reset.refresh_from_db()
    assert reset.confirmed_by == second


def test_the_person_page_says_how_far_it_is(owner, manager, trader, browse):
    client = browse(manager)
    client.post(f"/people/{trader.pk}/reset/", {"reason": "Phone stolen in Basel"})

    page = client.get(f"/people/{trader.pk}/").content.decode()

    assert "Phone stolen in Basel" in page
    assert "Waits until" in page
    assert f"/resets/{FactorReset.objects.get().pk}/stop/" in page


# The console


def recover(*words: str) -> str:
    out = StringIO()
    call_command("recover_owner", *words, stdout=out)
    return out.getvalue()


def test_the_console_lets_an_owner_begin_anew(owner, manager, browse):
    inside = browse(owner)

    said = recover("--owner", owner.email.upper(), "--yes")

    assert inside.get("/me/").url.startswith("/signin/")
    assert not TotpDevice.objects.filter(user=owner).exists()
    path = re.search(r"(/reset/link/\S+/)", said).group(1)
    TotpDevice.objects.all().delete()
    client = Client()
    walk(client, path, first={"password": NEW_PASSWORD, "again": NEW_PASSWORD})
    assert client.get("/me/").status_code == 200
    event = Event.objects.get(verb="member.recovered_on_console")
    assert (event.actor_id, event.about_id) == (None, owner.pk)
    assert [letter.subject for letter in owner.letters.filter(key__startswith="recovered:")] == [
        "Eleanor Hartwell was recovered on the server’s console"
    ]


def test_the_link_of_the_console_lasts_a_quarter_of_an_hour(owner):
    path = re.search(r"(/reset/link/\S+/)", recover("--owner", owner.email, "--yes")).group(1)

    with time_machine.travel(clock.now() + timedelta(minutes=14), tick=False):
        assert Client().get(path).status_code == 200
    with time_machine.travel(clock.now() + timedelta(minutes=15, seconds=5), tick=False):
        assert Client().get(path).status_code == 404


def test_the_console_asks_which_owner_and_whether(owner, monkeypatch):
    other = factories.make_member("Second Owner", role="owner")
    answers = iter(["2", "no"])
    monkeypatch.setattr("builtins.input", lambda _: next(answers))

    with pytest.raises(CommandError, match="Nothing was changed"):
        recover()

    assert TotpDevice.objects.filter(user__in=[owner, other]).count() == 2


@pytest.mark.parametrize("who", ["manager", "left", "nobody"])
def test_the_console_recovers_owners_and_nobody_else(owner, manager, who):
    left = factories.make_member("Left Owner", role="owner", left_at=AT)
    address = {"manager": manager.email, "left": left.email, "nobody": "nobody@hartwell.test"}[who]

    with pytest.raises(CommandError, match="No owner has that address"):
        recover("--owner", address, "--yes")


def test_the_console_takes_a_last_day_away_that_is_over(owner):
    Member.objects.filter(pk=owner.pk).update(ends_on=AT.date() - 400 * DAY)

    recover("--owner", owner.email, "--yes")

    owner.refresh_from_db()
    assert owner.ends_on is None


def test_only_the_link_of_the_console_asks_for_a_new_password(manager, trader):
    reset = factories.make_reset(trader, manager, waits_until=clock.now())

    with pytest.raises(Refused):
        actions.choose_password_anew(reset, password=NEW_PASSWORD, at=clock.now())


def test_the_new_password_is_judged_again_under_the_lock(owner):
    """The link may have run out, or been used, between its page and its press."""
    now = clock.now()
    reset = actions.recover_owner(owner, at=now)

    with pytest.raises(Refused, match="opens nothing any more"):
        actions.choose_password_anew(reset, password=NEW_PASSWORD, at=reset.expires_at)
    FactorReset.objects.update(ended_at=now)
    with pytest.raises(Refused, match="opens nothing any more"):
        actions.choose_password_anew(reset, password=NEW_PASSWORD, at=now)
    owner.refresh_from_db()
    assert not owner.has_usable_password()


def test_the_proof_of_an_enrolment_is_as_old_as_its_code(manager, trader):
    """Ten minutes over the printer, and the door is open but the proof no longer fresh."""
    TotpDevice.objects.exclude(user=trader).delete()
    client, now = Client(), clock.now()
    reset = factories.make_reset(trader, manager, waits_until=now)
    enrol_by(client, f"/reset/link/{reset.token()}/", first={"password": PASSWORD})

    with time_machine.travel(now + timedelta(minutes=11)):
        assert client.post("/reset/finish/", {"kept": "on"}).url == "/"
        assert client.get("/me/").status_code == 200
        assert abs(client.session["fresh_at"] - now.timestamp()) <= codes.STEP
        assert client.get("/me/password/").url.startswith("/stepup/")


# What the table itself refuses


@pytest.mark.parametrize(
    ("name", "facts"),
    [
        ("nobody_opens_their_own_reset", lambda a, b: {"opened_by": a}),
        ("a_reset_is_confirmed_by_a_third_person", lambda a, b: {"confirmed_by": a, "confirmed_at": AT}),
        ("a_reset_is_confirmed_by_a_third_person", lambda a, b: {"confirmed_by": b, "confirmed_at": AT}),
        ("a_confirmed_reset_is_dated", lambda a, b: {"confirmed_at": AT}),
        ("a_reset_has_a_reason", lambda a, b: {"reason": ""}),
        ("a_reset_opens_before_it_expires", lambda a, b: {"waits_until": AT, "expires_at": AT}),
        ("a_used_reset_is_over", lambda a, b: {"used_at": AT, "ended_at": AT + HOUR}),
    ],
)
def test_the_table_refuses_what_cannot_be(trader, manager, name, facts):
    with pytest.raises(IntegrityError, match=name), transaction.atomic():
        factories.make_reset(trader, **({"by": manager} | _by(facts(trader, manager))))


def _by(facts: dict) -> dict:
    return {("by" if name == "opened_by" else name): value for name, value in facts.items()}


def test_the_table_keeps_one_open_reset_each(trader, manager):
    factories.make_reset(trader, manager)

    with pytest.raises(IntegrityError, match="one_open_reset_each"), transaction.atomic():
        factories.make_reset(trader, manager)


def test_the_office_cannot_make_a_reset_wait_too_short(office):
    office.reset_hours = 11

    with pytest.raises(IntegrityError, match="a_reset_leaves_time_to_stop_it"), transaction.atomic():
        office.save()
