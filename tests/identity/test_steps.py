"""No step of the sign-in is skipped, no code counts twice, and nothing in between gives anything away."""

from __future__ import annotations

import base64
import zlib
from datetime import timedelta

import pytest
from django.contrib.sessions.models import Session
from django.db import connection
from django.test import Client

from core import clock
from core.trail.models import Event
from identity import actions, codes
from identity.enums import Stage
from identity.models import BackupCode, SignIn, TotpDevice
from tests import factories
from tests.architecture.test_matrix import guarded
from tests.factories import PASSWORD
from tests.identity.doors import is_in, right_code, show_password, sign_in

pytestmark = pytest.mark.django_db
SECOND_QUESTIONS = ["/signin/code/", "/signin/backup/"]


@pytest.fixture
def halfway(trader) -> Client:
    """A browser that showed the right password and nothing else."""
    client = Client()
    show_password(client, trader.email)
    return client


@pytest.mark.parametrize("where", SECOND_QUESTIONS)
@pytest.mark.parametrize("facts", [{}, {"code": ""}, {"code": " "}, {"other": "1"}, {"code": ["", ""]}])
def test_an_empty_answer_opens_nothing(halfway, where, facts):
    assert halfway.post(where, facts).status_code == 200
    assert not is_in(halfway)


@pytest.mark.parametrize("where", SECOND_QUESTIONS)
def test_the_second_question_is_not_asked_before_the_first(trader, client, where):
    answers = [client.get(where), client.post(where, {"code": right_code(trader)})]

    assert [answer.url for answer in answers] == ["/signin/", "/signin/"]
    assert not is_in(client)
    assert not SignIn.objects.exists()


def test_a_wrong_password_leads_to_no_second_question(trader, client):
    show_password(client, trader.email, "wrong wrong wrong wrong")

    assert client.post("/signin/code/", {"code": right_code(trader)}).url == "/signin/"
    assert not is_in(client)


def test_a_session_between_the_steps_opens_no_other_page(halfway):
    for route in guarded():
        answer = halfway.get("/" + route.replace("<int:pk>", "1").replace("<slug:slug>", "ibkr"))
        if answer.status_code != 405:
            assert answer["Location"].startswith("/signin/?next="), route


def test_a_session_between_the_steps_is_nobodys(halfway, trader):
    assert "_auth_user_id" not in halfway.session
    assert halfway.session["halfway"]["member"] == trader.pk


@pytest.mark.parametrize("where", SECOND_QUESTIONS)
def test_a_code_in_the_address_opens_nothing(halfway, trader, where):
    halfway.get(where, {"code": right_code(trader)})
    halfway.post(f"{where}?code={right_code(trader)}", {})

    assert not is_in(halfway)


def test_between_the_steps_neither_session_nor_database_holds_the_password(halfway):
    row = Session.objects.get()
    packed = row.session_data.split(":")[0]
    inside = base64.urlsafe_b64decode(packed.lstrip(".") + "=" * (-len(packed.lstrip(".")) % 4))
    inside = (zlib.decompress(inside) if packed.startswith(".") else inside).decode()
    assert '"halfway"' in inside

    for text in (inside, str(row.get_decoded())):
        assert PASSWORD not in text
        assert "password" not in text.lower()
    assert tables_with(PASSWORD) == []


def tables_with(secret: str) -> list[str]:
    """The tables of the database in which some row contains a text."""
    found = []
    with connection.cursor() as cursor:
        for table in connection.introspection.table_names(cursor):
            cursor.execute(f"SELECT count(*) FROM {table} AS t WHERE t::text LIKE %s", [f"%{secret}%"])  # noqa: S608  own tables
            if cursor.fetchone()[0]:
                found.append(table)
    return found


def test_the_look_through_the_database_would_find_a_password(trader):
    SignIn.objects.create(at=clock.now(), stage=Stage.PASSWORD, name=PASSWORD, ok=False)

    assert tables_with(PASSWORD) == ["identity_signin"]


def test_a_right_password_waits_ten_minutes_for_its_code(halfway, trader):
    session = halfway.session
    session["halfway"]["at"] -= timedelta(minutes=10, seconds=1).total_seconds()
    session.save()

    assert halfway.post("/signin/code/", {"code": right_code(trader)}).url == "/signin/"
    assert not is_in(halfway)


def test_who_leaves_between_the_steps_does_not_get_in(halfway, trader, owner):
    code = right_code(trader)
    actions.end_membership(trader, by=owner, at=clock.now())

    assert halfway.post("/signin/code/", {"code": code}).url == "/signin/"
    assert not is_in(halfway)


def test_a_code_of_somebody_else_opens_nothing(halfway, manager):
    answer = halfway.post("/signin/code/", {"code": right_code(manager)})

    assert (answer.status_code, is_in(halfway)) == (200, False)
    assert not Event.objects.filter(verb="member.signed_in").exists()


def test_a_backup_code_of_somebody_else_opens_nothing_and_stays_good(halfway, manager):
    BackupCode.objects.filter(sheet__user=manager).delete()
    manager.backupsheet_set.all().delete()
    factories.make_sheet(manager, ["aaaa-bbbb-cccc-dddd"])
    halfway.post("/signin/backup/", {"code": "aaaa-bbbb-cccc-dddd"})

    assert not is_in(halfway)
    assert BackupCode.objects.get(sheet__user=manager).used_at is None


def test_a_code_used_to_sign_in_is_no_fresh_proof(trader, client):
    code = right_code(trader)
    show_password(client, trader.email)
    client.post("/signin/code/", {"code": code})

    assert client.post("/stepup/?next=/me/", {"proof-code": code}).status_code == 200


def test_a_code_used_as_a_fresh_proof_signs_nobody_in(trader, client):
    sign_in(trader, client)
    code = right_code(trader)
    assert client.post("/stepup/?next=/me/", {"proof-code": code}).status_code == 302

    other = Client()
    show_password(other, trader.email)
    other.post("/signin/code/", {"code": code})

    assert not is_in(other)


@pytest.mark.parametrize(("steps", "good"), [(-2, False), (-1, True), (0, True), (1, True), (2, False)])
def test_a_code_counts_for_its_own_half_minute_and_its_neighbours(trader, at, steps, good):
    device = TotpDevice.objects.get(user=trader)
    code = codes.code_at(device.seed(), at + timedelta(seconds=30 * steps))

    assert (codes.matching_step(device.seed(), code, at=at) is not None) == good


def test_after_a_code_an_older_one_that_was_not_used_is_refused(trader, time_machine, at):
    time_machine.move_to(at, tick=False)
    device = TotpDevice.objects.get(user=trader)
    for offset, good in ((0, True), (-30, False), (0, False), (30, True)):
        code = codes.code_at(device.seed(), at + timedelta(seconds=offset))
        answer = actions.try_code(trader, code=code, network=f"203.0.113.{offset + 40}", at=at)
        assert (answer.device is not None) == good, offset


@pytest.mark.parametrize(
    "spelling",
    ["{0} {1}", " {0}{1}", "{0}{1}\n", "{0}\n{1}", "{0}_{1}", "{0}\u00a0{1}", "{0}-{1}", "{2}", "+{0}{1}", "{0}{1}."],
    ids=[
        "blank",
        "before",
        "newline",
        "newline-in",
        "underscore",
        "hard-blank",
        "dash",
        "full-width",
        "sign",
        "dot",
    ],
)
def test_a_used_code_is_used_in_every_spelling(trader, client, spelling):
    code = right_code(trader)
    show_password(client, trader.email)
    client.post("/signin/code/", {"code": code})
    other = Client()
    show_password(other, trader.email)
    wide = "".join(chr(ord(digit) + 0xFEE0) for digit in code)

    other.post("/signin/code/", {"code": spelling.format(code[:3], code[3:], wide)})

    assert (is_in(client), is_in(other)) == (True, False)


def test_the_code_that_confirmed_an_authenticator_signs_nobody_in(owner):
    member = factories.make_member("New Trader")
    TotpDevice.objects.filter(user=member).update(confirmed=False)
    code = right_code_of_unconfirmed(member)
    actions.confirm_authenticator(member, code=code, at=clock.now())

    assert actions.try_code(member, code=code, network=None, at=clock.now()).device is None


def right_code_of_unconfirmed(member) -> str:
    return codes.code_at(TotpDevice.objects.get(user=member).seed(), clock.now())


def test_a_used_backup_code_is_used_in_every_spelling(trader, client):
    BackupCode.objects.filter(sheet__user=trader).delete()
    trader.backupsheet_set.all().delete()
    factories.make_sheet(trader, ["aaaa-bbbb-cccc-dddd", "eeee-ffff-gggg-hhhh"])
    show_password(client, trader.email)
    client.post("/signin/backup/", {"code": "aaaa-bbbb-cccc-dddd"})
    refused = Client()
    show_password(refused, trader.email)
    for spelling in ("AAAA-BBBB-CCCC-DDDD", "aaaabbbbccccdddd", " aaaa bbbb cccc dddd\n", "ａａａａ-bbbb-cccc-dddd"):
        refused.post("/signin/backup/", {"code": spelling})

    assert (is_in(client), is_in(refused)) == (True, False)
    assert BackupCode.objects.filter(used_at=None).count() == 1
