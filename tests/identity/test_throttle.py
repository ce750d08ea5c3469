"""Wrong answers slow whoever gives them, and nobody locks anybody else out."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from io import StringIO
from ipaddress import ip_network

import pytest
import time_machine
from django.core.management import CommandError, call_command
from django.db.models import F
from django.test import Client, override_settings

from core import clock
from core.letters.models import Letter
from core.trail.models import Event
from identity import actions, tasks, throttle
from identity.enums import Stage
from identity.models import BackupCode, Member, SignIn
from tests import factories
from tests.identity.doors import (
    WRONG,
    fail,
    is_in,
    right_code,
    show_password,
    shut,
    sign_in,
    wrong_code,
)

pytestmark = pytest.mark.django_db
NOON = datetime(2026, 11, 24, 12, 0, tzinfo=UTC)
AWAY = {"REMOTE_ADDR": "192.0.2.55"}


def known_client(member) -> Client:
    """A browser in which the member was ten days ago, signed out again and now in another network."""
    client = Client()
    sign_in(member, client)
    SignIn.objects.update(at=F("at") - timedelta(days=10))
    client.post("/signout/")
    client.defaults["REMOTE_ADDR"] = AWAY["REMOTE_ADDR"]
    return client


def show_code(client, code: str, where="/signin/code/"):
    return client.post(where, {"code": code})


def halfway(member, client: Client) -> Client:
    show_password(client, member.email)
    return client


# Passwords


def test_while_a_try_has_to_wait_it_does_not_count(trader):
    client = Client(**AWAY)
    for _ in range(12):
        show_password(client, trader.email, WRONG)

    assert SignIn.objects.count() == throttle.FREE_TRIES + 1


@pytest.mark.parametrize("spelling", ["MARIA@hartwell.test", "MAR\u0131A@hartwell.test", "maria@hartwell.te\u017ft"])
def test_other_spellings_of_an_address_give_no_more_tries(trader, spelling):
    """What the database takes for the same letters counts as the same name."""
    Member.objects.filter(pk=trader.pk).update(email="maria@hartwell.test")
    client = Client(**AWAY)
    for number in range(12):
        show_password(client, spelling if number % 2 else "maria@hartwell.test", WRONG)

    assert Member.objects.of_address(spelling) == trader
    assert SignIn.objects.count() == throttle.FREE_TRIES + 1


def test_a_wait_is_told_with_its_length(trader):
    client = Client(**AWAY)
    for _ in range(throttle.FREE_TRIES + 1):
        show_password(client, trader.email, WRONG)

    answer = show_password(client, trader.email)

    assert (answer.status_code, int(answer["Retry-After"]) in range(1, 5)) == (429, True)
    assert "Too many wrong tries. Wait " in answer.content.decode()


def test_a_right_password_ends_the_count_of_its_network(trader):
    client = Client(**AWAY)
    for _ in range(throttle.FREE_TRIES):
        show_password(client, trader.email, WRONG)
    show_password(client, trader.email)
    for _ in range(throttle.FREE_TRIES):
        show_password(client, trader.email, WRONG)

    assert show_password(client, trader.email).status_code == 302


def test_strangers_from_many_networks_are_held_to_a_number_a_day_together(trader):
    fail(trader.email, throttle.FREE_A_DAY)

    answer = show_password(Client(**AWAY), trader.email)

    assert answer.status_code == 429
    assert throttle.PACE - timedelta(minutes=1) < timedelta(seconds=int(answer["Retry-After"])) <= throttle.PACE


def test_strangers_are_looked_at_again_after_the_pace(trader):
    fail(trader.email, throttle.FREE_A_DAY, until=clock.now() - throttle.PACE)

    assert show_password(Client(**AWAY), trader.email).status_code == 302


def test_a_known_browser_gets_in_whatever_strangers_did(trader):
    client = known_client(trader)
    shut(trader)
    fail(trader.email, 60, member=trader)
    assert show_password(Client(**AWAY), trader.email).status_code == 429

    sign_in(trader, client)

    assert is_in(client)


def test_a_known_browser_waits_for_its_own_wrong_passwords(trader):
    client = known_client(trader)
    for _ in range(throttle.FREE_TRIES + 1):
        show_password(client, trader.email, WRONG)

    assert show_password(client, trader.email).status_code == 429
    assert show_password(Client(**AWAY), trader.email).status_code == 302


def test_a_known_browser_of_one_member_gives_no_tries_at_another(trader, manager):
    client = known_client(trader)
    fail(manager.email, throttle.FREE_A_DAY)

    assert show_password(client, manager.email).status_code == 429


def test_a_forgotten_browser_is_a_strangers(trader):
    client = known_client(trader)
    actions.forget_browser(trader.browsers.get(), by=trader, at=clock.now())
    shut(trader)

    assert show_password(client, trader.email).status_code == 429


def test_a_copied_cookie_is_a_strangers_after_the_owner_signed_in_again(trader):
    client = known_client(trader)
    thief = Client(**AWAY)
    thief.cookies["postern-browser"] = client.cookies["postern-browser"].value
    sign_in(trader, client)
    shut(trader)

    assert show_password(thief, trader.email).status_code == 429


def test_one_network_is_slowed_over_all_names(trader):
    for n in range(throttle.NETWORK_TRIES + throttle.FREE_TRIES + 1):
        show_password(Client(**AWAY), f"nobody{n}@hartwell.test", WRONG)

    assert show_password(Client(**AWAY), trader.email).status_code == 429
    assert show_password(Client(REMOTE_ADDR="192.0.2.56"), trader.email).status_code == 302


def test_addresses_of_one_ipv6_network_are_one(trader):
    for n in range(throttle.FREE_TRIES + 1):
        show_password(Client(REMOTE_ADDR=f"2001:db8:5:6::{n + 1:x}"), trader.email, WRONG)

    assert show_password(Client(REMOTE_ADDR="2001:db8:5:6:ffff::9"), trader.email).status_code == 429
    assert show_password(Client(REMOTE_ADDR="2001:db8:5:7::1"), trader.email).status_code == 302


@pytest.mark.parametrize("forged", ["198.51.100.9", "198.51.100.9, 198.51.100.10", "::1", "garbage", ""])
def test_a_peer_that_is_no_proxy_of_ours_forges_no_network(trader, settings, forged):
    settings.POSTERN_TRUSTED_PROXIES = (ip_network("10.0.0.5"),)
    for _ in range(throttle.FREE_TRIES + 1):
        show_password(Client(**AWAY, headers={"x-forwarded-for": forged}), trader.email, WRONG)

    assert set(SignIn.objects.values_list("network", flat=True)) == {AWAY["REMOTE_ADDR"]}
    assert show_password(Client(**AWAY), trader.email).status_code == 429


def test_behind_our_proxy_the_nearest_address_counts_and_not_what_the_client_wrote(trader, settings):
    settings.POSTERN_TRUSTED_PROXIES = (ip_network("10.0.0.5"),)
    for n in range(throttle.FREE_TRIES + 1):
        forwarded = f"198.51.100.{n}, {AWAY['REMOTE_ADDR']}"
        show_password(Client(REMOTE_ADDR="10.0.0.5", headers={"x-forwarded-for": forwarded}), trader.email, WRONG)

    assert set(SignIn.objects.values_list("network", flat=True)) == {AWAY["REMOTE_ADDR"]}


@override_settings(
    CACHES={"default": {"BACKEND": "django.core.cache.backends.redis.RedisCache", "LOCATION": "redis://127.0.0.1:1/0"}}
)
def test_the_limits_hold_while_valkey_is_away(trader):
    client = Client(**AWAY)
    for _ in range(throttle.FREE_TRIES + 1):
        show_password(client, trader.email, WRONG)

    assert show_password(client, trader.email).status_code == 429
    assert show_password(Client(), trader.email).status_code == 302


# The second question


def test_a_thief_of_the_password_does_not_slow_a_known_browser(trader):
    client = known_client(trader)
    fail(trader.email, 90, stage=Stage.CODE, member=trader)
    thief = halfway(trader, Client(**AWAY))
    assert show_code(thief, right_code(trader)).status_code == 429

    show_code(halfway(trader, client), right_code(trader))

    assert is_in(client)


def test_wrong_codes_slow_strangers_but_shut_nobody_out_for_good(trader):
    fail(trader.email, 400, stage=Stage.CODE, member=trader, until=clock.now() - throttle.PACE)
    client = halfway(trader, Client(**AWAY))

    show_code(client, right_code(trader))

    assert is_in(client)


def test_after_five_wrong_codes_the_right_one_waits(trader):
    client = halfway(trader, Client(**AWAY))
    for _ in range(throttle.FREE_TRIES + 1):
        show_code(client, wrong_code(trader))

    answer = show_code(client, right_code(trader))

    assert (answer.status_code, is_in(client)) == (429, False)


def test_codes_of_many_halfway_sessions_count_together(trader):
    for _ in range(throttle.FREE_TRIES + 1):
        show_code(halfway(trader, Client(**AWAY)), wrong_code(trader))

    assert show_code(halfway(trader, Client(**AWAY)), right_code(trader)).status_code == 429


def test_who_does_not_have_the_password_slows_nobody_at_the_second_question(trader):
    for n in range(throttle.FREE_TRIES + 6):
        stranger = Client(REMOTE_ADDR=f"203.0.113.{n}")
        show_password(stranger, trader.email, WRONG)
        show_code(stranger, wrong_code(trader))
        show_code(stranger, "aaaa-bbbb-cccc-dddd", "/signin/backup/")

    assert set(SignIn.objects.values_list("stage", flat=True)) == {"password"}


def test_after_five_wrong_backup_codes_the_right_one_waits_and_is_not_burned(trader):
    BackupCode.objects.all().delete()
    trader.backupsheet_set.all().delete()
    factories.make_sheet(trader, ["aaaa-bbbb-cccc-dddd"])
    client = halfway(trader, Client(**AWAY))
    for _ in range(throttle.FREE_TRIES + 1):
        show_code(client, "xxxx-xxxx-xxxx-xxxx", "/signin/backup/")

    answer = show_code(client, "aaaa-bbbb-cccc-dddd", "/signin/backup/")

    assert (answer.status_code, BackupCode.objects.get().used_at) == (429, None)


def test_a_fresh_proof_is_slowed_like_a_sign_in(trader):
    client = Client()
    sign_in(trader, client)
    for _ in range(throttle.FREE_TRIES + 1):
        client.post("/stepup/", {"proof-code": wrong_code(trader)})

    page = client.post("/stepup/", {"proof-code": right_code(trader)}).content.decode()

    assert "Too many wrong tries. Wait " in page


def test_guessing_the_set_up_token_is_slowed_and_shuts_nobody_else_out(db):
    token = actions.make_setup_token(at=clock.now())
    thief = Client(**AWAY)
    for _ in range(throttle.NETWORK_TRIES + throttle.FREE_TRIES + 1):
        SignIn.objects.create(at=clock.now(), stage=Stage.SETUP, name="setup", network=AWAY["REMOTE_ADDR"], ok=False)

    assert thief.post("/setup/", {"token": token}).status_code == 200
    assert Client().post("/setup/", {"token": token}).status_code == 302


# A hundred in a row


def test_after_a_hundred_in_a_row_an_owner_has_to_act(trader, owner):
    shut(trader)
    page = show_password(Client(**AWAY), trader.email)

    assert page.status_code == 429
    assert "An owner of the office has to open this again." in page.content.decode()


def test_the_owners_are_told_once_that_strangers_shut_a_sign_in(trader, owner, manager):
    shut(trader)
    tasks.watch_the_gate()
    tasks.watch_the_gate()

    letter = Letter.objects.get()
    assert (letter.recipient, letter.kind) == (owner, "security")
    assert letter.subject == f"{trader.name} can no longer sign in with a new browser"
    assert "/people/failures/" in letter.text


def test_below_a_hundred_nobody_is_written_to(trader, owner):
    fail(trader.email, throttle.MOST_IN_A_ROW - 1, member=trader)
    tasks.watch_the_gate()

    assert not Letter.objects.exists()


def test_an_owner_opens_the_sign_in_again_and_the_trail_says_so(trader, owner):
    shut(trader)
    fail(trader.email, 40, stage=Stage.CODE, member=trader)

    actions.lift_waits(trader, by=owner, at=clock.now())
    client = Client(**AWAY)
    sign_in(trader, client)

    assert is_in(client)
    assert Event.objects.about(trader).get(verb="member.waits_lifted").actor_id == owner.pk


def test_root_on_the_machine_lifts_the_waits_of_an_owner(owner):
    shut(owner)
    out = StringIO()
    call_command("unlock", f" {owner.email.upper()} ", stdout=out)

    assert out.getvalue() == "Eleanor Hartwell may try again at once. Password and factors are as they were.\n"
    assert Event.objects.about(owner).get(verb="member.waits_lifted").actor_id is None
    assert show_password(Client(**AWAY), owner.email).status_code == 302


@pytest.mark.parametrize("email", ["nobody@hartwell.test", "left@hartwell.test"])
def test_root_is_told_when_nobody_signs_in_with_an_address(office, email):
    factories.make_member("Left", email="left@hartwell.test", left_at=factories.AT)

    with pytest.raises(CommandError, match="Nobody here signs in with that address"):
        call_command("unlock", email)


# What is told, and what is kept


def test_failures_go_into_the_trail_together_and_once(trader, manager):
    fail(trader.email, 37, member=trader)
    fail(trader.email, 2, stage=Stage.CODE, member=trader)
    fail("nobody@hartwell.test", 9)
    tasks.watch_the_gate()
    tasks.watch_the_gate()

    events = Event.objects.filter(verb="member.sign_in_failed").order_by("pk")
    assert {(event.about_id, event.detail["stage"], event.detail["wrong"]) for event in events} == {
        (trader.pk, "password", 37),
        (trader.pk, "code", 2),
    }
    assert {len(event.detail["networks"]) for event in events} == {37, 2}


def test_a_sign_in_first_puts_the_failures_before_it_into_the_trail(trader, client):
    show_password(client, trader.email, WRONG)
    sign_in(trader, client)

    failed, inside = Event.objects.order_by("pk")
    assert (failed.verb, failed.detail["wrong"], failed.address) == ("member.sign_in_failed", 1, "127.0.0.1")
    assert inside.verb == "member.signed_in"


def test_a_burst_of_failures_followed_by_a_success_is_told_to_the_person(trader, client):
    fail(trader.email, 12, member=trader)
    fail(trader.email, 3, stage=Stage.CODE, member=trader)
    sign_in(trader, client)

    letter = Letter.objects.get(subject="Many wrong answers came before a sign-in as you")
    assert letter.recipient == trader
    assert "12 wrong passwords from 12 networks since" in letter.text
    assert "3 wrong one-time codes from 3 networks since" in letter.text
    assert "Then somebody signed in as you, with A browser on an unknown system." in letter.text


def wrong_codes(member, *, count, client=None, where="/signin/code/"):
    client = client or halfway(member, Client(**AWAY))
    for _ in range(count):
        show_code(client, wrong_code(member), where)
    return list(member.letters.filter(subject__contains="wrong codes").values_list("subject", flat=True))


def test_codes_guessed_behind_a_right_password_are_told_at_the_fifth(trader):
    """Whoever guesses has the password; the person hears of it before one is right, and once a day."""
    with time_machine.travel(NOON):
        client = halfway(trader, Client(**AWAY))
        assert wrong_codes(trader, count=4, client=client) == []
        assert wrong_codes(trader, count=1, client=client) == ["5 wrong codes were given in your name"]
    with time_machine.travel(NOON + timedelta(minutes=5)):
        assert len(wrong_codes(trader, count=1, client=client)) == 1
        assert SignIn.objects.filter(member=trader, ok=False).count() == 6
    with time_machine.travel(NOON + timedelta(days=1, minutes=1)):
        assert len(wrong_codes(trader, count=5)) == 2


def test_slips_before_a_right_code_are_not_counted_with_later_ones(trader):
    client = halfway(trader, Client(**AWAY))
    wrong_codes(trader, count=3, client=client)
    show_code(client, right_code(trader))

    assert wrong_codes(trader, count=3, client=halfway(trader, Client(**AWAY))) == []


def test_a_few_slips_before_a_sign_in_are_told_to_nobody(trader, client):
    fail(trader.email, throttle.FEWEST - 1, member=trader)
    sign_in(trader, client)

    assert not Letter.objects.filter(subject__startswith="Many wrong").exists()


def test_failures_before_the_last_sign_in_are_not_told_again(trader, client):
    fail(trader.email, 12, member=trader)
    sign_in(trader, client)
    client.post("/signout/")
    sign_in(trader, client)

    assert Letter.objects.filter(subject__startswith="Many wrong").count() == 1


def test_tries_are_kept_for_four_hundred_days(trader):
    now = clock.now()
    for days in (1, 399, 401, 900):
        SignIn.objects.create(at=now - timedelta(days=days), stage=Stage.PASSWORD, name="n", ok=False)
    tasks.forget_tries()

    assert sorted((now - at).days for at in SignIn.objects.values_list("at", flat=True)) == [1, 399]
