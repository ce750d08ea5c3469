"""Twenty at once, each with a connection of its own: what counts once counts once."""

from __future__ import annotations

from collections import Counter
from itertools import count

import pytest
from django.test import Client

from core import clock
from core.errors import Refused
from core.trail import queries as trail
from core.trail.models import Event
from identity import actions, rules, throttle
from identity.enums import Stage
from identity.models import BackupCode, CallRequest, Member, Office, SignIn
from tests import factories
from tests.identity.doors import WRONG, fail, right_code, show_password, sign_in, wrong_code
from tests.identity.test_gate import race

pytestmark = pytest.mark.django_db(transaction=True)
MANY = 20


def halfway(member, how_many: int = MANY) -> list[Client]:
    """So many browsers in different networks that showed the right password."""
    clients = [Client(REMOTE_ADDR=f"203.0.113.{n + 1}") for n in range(how_many)]
    for client in clients:
        assert show_password(client, member.email).status_code == 302
    return clients


def all_at_once(clients, post) -> Counter:
    """What each of those browsers got for its POST, all sent together."""
    turn = iter(clients)
    return Counter(race(lambda: post(next(turn)).status_code, count=len(clients)))


def test_one_code_in_twenty_browsers_signs_in_once(trader):
    clients, code = halfway(trader), right_code(trader)

    answers = all_at_once(clients, lambda client: client.post("/signin/code/", {"code": code}))

    assert answers[302] == 1
    assert sum(client.get("/me/").status_code == 200 for client in clients) == 1
    assert Event.objects.filter(verb="member.signed_in").count() == 1


def test_one_backup_code_in_twenty_browsers_signs_in_once(trader):
    trader.backupsheet_set.all().delete()
    factories.make_sheet(trader, ["aaaa-bbbb-cccc-dddd", "eeee-ffff-gggg-hhhh"])
    clients = halfway(trader)

    answers = all_at_once(clients, lambda client: client.post("/signin/backup/", {"code": "aaaa-bbbb-cccc-dddd"}))

    assert answers[302] == 1
    assert sum(client.get("/me/").status_code == 200 for client in clients) == 1
    assert BackupCode.objects.filter(used_at=None).count() == 1


def test_one_code_as_a_fresh_proof_in_twenty_tabs_counts_once(trader):
    clients = [factories.signed_in(trader, Client(REMOTE_ADDR=f"203.0.113.{n + 1}")) for n in range(MANY)]
    code = right_code(trader)

    answers = all_at_once(clients, lambda client: client.post("/stepup/?next=/me/", {"proof-code": code}))

    assert answers[302] == 1


def test_twenty_wrong_passwords_from_one_network_at_once_are_five(trader):
    clients = [Client() for _ in range(MANY)]

    answers = all_at_once(clients, lambda client: show_password(client, trader.email, WRONG))

    assert answers == {200: throttle.FREE_TRIES + 1, 429: MANY - throttle.FREE_TRIES - 1}
    assert SignIn.objects.count() == throttle.FREE_TRIES + 1


def test_wrong_passwords_from_many_networks_at_once_stay_within_the_day(trader):
    fail(trader.email, 10)
    clients = [Client(REMOTE_ADDR=f"203.0.113.{n + 1}") for n in range(MANY)]

    answers = all_at_once(clients, lambda client: show_password(client, trader.email, WRONG))

    assert answers == {200: throttle.FREE_A_DAY - 10, 429: MANY - throttle.FREE_A_DAY + 10}
    assert SignIn.objects.count() == throttle.FREE_A_DAY


def test_names_tried_at_once_from_one_network_count_together(trader):
    fail_network = [
        SignIn(at=clock.now(), stage=Stage.PASSWORD, name=str(n), network="127.0.0.1", ok=False)
        for n in range(throttle.NETWORK_TRIES)
    ]
    SignIn.objects.bulk_create(fail_network)
    number = count()
    clients = [Client() for _ in range(MANY)]

    answers = all_at_once(clients, lambda client: show_password(client, f"n{next(number)}@hartwell.test", WRONG))

    assert answers[200] == throttle.FREE_TRIES + 1


def test_wrong_codes_at_once_from_many_networks_stay_within_the_day(trader):
    clients, code = halfway(trader), wrong_code(trader)
    fail(trader.email, 10, stage=Stage.CODE, member=trader)

    answers = all_at_once(clients, lambda client: client.post("/signin/code/", {"code": code}))

    assert answers == {200: throttle.FREE_A_DAY - 10, 429: MANY - throttle.FREE_A_DAY + 10}


def test_a_known_browser_passes_while_strangers_crowd_the_door(trader):
    client = Client()
    sign_in(trader, client)
    client.post("/signout/")
    fail(trader.email, throttle.FREE_A_DAY)
    strangers = [Client(REMOTE_ADDR=f"203.0.113.{n + 1}") for n in range(MANY - 1)]
    passwords = {id(client): factories.PASSWORD}

    all_at_once([*strangers, client], lambda one: show_password(one, trader.email, passwords.get(id(one), WRONG)))

    assert client.post("/signin/code/", {"code": right_code(trader)}).status_code == 302


def test_the_set_up_is_finished_once(db):
    at = clock.now()
    owner = actions.begin_office(
        office_name="Hartwell", timezone="Europe/London", name="Eleanor", email="e@hartwell.test",
        password=factories.PASSWORD, at=at,
    )  # fmt: skip
    factories.make_totp(owner)
    actions.make_backup_codes(owner, at=at)

    def finish() -> str:
        try:
            actions.finish_enrolment(owner, at=at)
        except Refused as no:
            return str(no)
        return "in"

    answers = Counter(race(finish, count=MANY))

    assert answers == {"in": 1, "That enrolment is finished already. Sign in instead.": MANY - 1}
    assert (Member.objects.count(), Office.objects.filter(set_up_at=at).count()) == (1, 1)


def test_guesses_at_the_set_up_token_at_once_count_together(db):
    token = actions.make_setup_token(at=clock.now())
    clients = [Client() for _ in range(MANY)]
    all_at_once(clients, lambda client: client.post("/setup/", {"token": "guess"}))

    assert SignIn.objects.filter(stage=Stage.SETUP).count() == throttle.FREE_TRIES + 1
    assert Client().post("/setup/", {"token": token}).status_code == 200


def test_one_network_asks_for_a_call_no_more_often_when_all_ask_at_once(owner):
    clients = [Client() for _ in range(MANY)]
    facts = {"name": "Maria", "number": "+44 20 7946 0103", "lost": "phone"}

    answers = all_at_once(clients, lambda client: client.post("/lost/", facts))

    assert answers == {200: rules.MOST_CALLS, 429: MANY - rules.MOST_CALLS}
    assert CallRequest.objects.count() == rules.MOST_CALLS


def test_failures_go_into_the_trail_once_however_many_workers_look(trader):
    fail(trader.email, 30, member=trader)

    race(lambda: actions.tell_failures(at=clock.now()), count=MANY)

    assert sum(event.detail["wrong"] for event in Event.objects.filter(verb="member.sign_in_failed")) == 30
    assert trail.verify().intact


def test_one_token_makes_one_browser_known_in_parallel_sign_ins(trader):
    first = actions.know_browser(trader, token="", label="Firefox", network=None, at=clock.now())

    known = race(
        lambda: actions.know_browser(trader, token=first.token, label="Firefox", network=None, at=clock.now()),
        count=MANY,
    )

    assert sum(not one.is_new for one in known) == 1


def test_a_role_taken_away_counts_at_once_in_every_open_session(manager):
    clients = [factories.signed_in(manager) for _ in range(MANY)]
    assert all_at_once(clients, lambda client: client.get("/people/failures/")) == {200: MANY}

    Member.objects.filter(pk=manager.pk).update(role="trader")

    assert all_at_once(clients, lambda client: client.get("/people/failures/")) == {403: MANY}
