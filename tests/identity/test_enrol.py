"""Set-up by a token, joining by an invitation, and the enrolment both end in."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
import time_machine
from django.core.management import call_command
from django.test import Client

from core import clock
from core.errors import Refused
from core.letters import kinds
from core.letters.models import Letter
from core.trail.models import Event
from identity import actions, codes, queries, sealing
from identity.models import Invitation, Member, Office, SetupToken, TotpDevice
from tests import factories
from tests.factories import PASSWORD
from tests.identity.test_gate import race

pytestmark = pytest.mark.django_db
OFFICE = {
    "office_name": "Hartwell Family Office",
    "timezone": "Europe/London",
    "name": "Eleanor Hartwell",
    "email": "eleanor@hartwell.test",
    "password": PASSWORD,
    "again": PASSWORD,
}


def enrol(client) -> None:
    """From the QR code to the open house."""
    page = client.get("/enrol/authenticator/").content.decode()
    typed = re.search(r'class="seed">([A-Z2-7 ]+)<', page).group(1)
    member = Member.objects.get(pk=client.session["enrol"]["member"])
    seed = TotpDevice.objects.get(user=member).seed()
    assert codes.in_base32(seed) == typed
    client.post("/enrol/authenticator/", {"code": codes.code_at(seed, clock.now())})
    client.post("/enrol/codes/")
    client.post("/enrol/finish/", {"kept": "on"})


def set_up(client) -> None:
    client.post("/setup/", {"token": actions.make_setup_token(at=clock.now())})
    client.post("/setup/office/", OFFICE)
    enrol(client)


def test_the_token_leads_to_an_office_with_an_owner_who_is_in(client):
    set_up(client)

    assert client.get("/me/").status_code == 200
    assert Office.objects.get().set_up_at is not None
    assert [event.verb for event in Event.objects.order_by("pk")] == [
        "member.factor_added",
        "member.codes_printed",
        "office.set_up",
        "member.signed_in",
    ]


def test_the_proof_of_joining_is_as_old_as_its_code(client):
    began = clock.now()
    with time_machine.travel(began):
        client.post("/setup/", {"token": actions.make_setup_token(at=began)})
        client.post("/setup/office/", OFFICE)
        client.get("/enrol/authenticator/")
        code = codes.code_at(TotpDevice.objects.get().seed(), began)
        client.post("/enrol/authenticator/", {"code": code})

    with time_machine.travel(began + timedelta(hours=2)):
        client.post("/enrol/codes/")
        client.post("/enrol/finish/", {"kept": "on"})

        assert client.get("/me/").status_code == 200
        assert abs(client.session["fresh_at"] - began.timestamp()) <= codes.STEP


def test_before_set_up_every_page_leads_to_it(client):
    assert client.get("/me/", follow=True).redirect_chain[-1][0] == "/setup/"


def test_without_the_token_nothing_is_set_up(client):
    client.post("/setup/", {"token": "guessed"})

    assert client.get("/setup/office/").url == "/setup/"
    assert Office.objects.count() == 0


def test_the_token_is_void_once_the_office_is_set_up(client):
    token = actions.make_setup_token(at=clock.now())
    set_up(client)

    assert not actions.setup_token_is_good(token)
    assert actions.make_setup_token(at=clock.now()) is None
    assert Client().get("/setup/").url == "/signin/"


def test_a_new_token_makes_the_old_one_void():
    old = actions.make_setup_token(at=clock.now())
    new = actions.make_setup_token(at=clock.now())

    assert (actions.setup_token_is_good(old), actions.setup_token_is_good(new)) == (False, True)


def test_the_database_does_not_hold_the_token():
    token = actions.make_setup_token(at=clock.now())

    assert token not in str(list(SetupToken.objects.values_list()))


def test_the_command_prints_a_token_until_there_is_an_owner(capsys, office):
    call_command("setup_token")
    assert capsys.readouterr().out == ""

    Office.objects.update(set_up_at=None)
    call_command("setup_token")
    assert actions.setup_token_is_good(capsys.readouterr().out)


def test_a_broken_off_set_up_can_be_begun_again(client):
    client.post("/setup/", {"token": actions.make_setup_token(at=clock.now())})
    client.post("/setup/office/", OFFICE)

    set_up(Client())

    assert list(Member.objects.values_list("role", "email")) == [("owner", "eleanor@hartwell.test")]


def test_a_reload_shows_the_same_qr_code(client):
    client.post("/setup/", {"token": actions.make_setup_token(at=clock.now())})
    client.post("/setup/office/", OFFICE)

    pages = {
        re.search(r'class="seed">([^<]+)', client.get("/enrol/authenticator/").content.decode()).group(1) for _ in "ab"
    }

    assert len(pages) == 1


def test_a_wrong_code_confirms_nothing(client):
    client.post("/setup/", {"token": actions.make_setup_token(at=clock.now())})
    client.post("/setup/office/", OFFICE)

    client.get("/enrol/authenticator/")
    client.post("/enrol/authenticator/", {"code": "000000"})

    assert TotpDevice.objects.get().confirmed is False


@pytest.mark.parametrize(
    ("password", "words"),
    [
        ("short", "at least 15 characters"),
        ("passwordpassword", "too easy to guess"),
        ("hartwellhartwell", "too easy to guess"),
        ("aaaaaaaaaaaaaaaaaaaa", "too easy to guess"),
    ],
)
def test_weak_passwords_are_refused_in_words(client, password, words):
    client.post("/setup/", {"token": actions.make_setup_token(at=clock.now())})

    page = client.post("/setup/office/", OFFICE | {"password": password, "again": password})

    assert words in page.content.decode()
    assert Member.objects.count() == 0


def invitation_link(member: Member) -> str:
    letter = Letter.objects.get(recipient=member, kind="invitation")
    content = kinds.finished(letter, kinds.Content(letter.subject, letter.text, letter.html))
    return re.search(r"https?://[^/]+(/join/\S+/)", content.text).group(1)


@pytest.fixture
def invited(owner):
    member = factories.make_member("Maria Santos", email="maria@hartwell.test", signs_in=False)
    actions.invite(member, by=owner, at=clock.now())
    return member


def test_an_invited_person_joins_with_password_and_code(invited, client):
    client.post(invitation_link(invited), {"password": PASSWORD, "again": PASSWORD})
    enrol(client)

    assert client.get("/me/").status_code == 200
    assert Invitation.objects.get().used_at is not None


def test_the_stored_letter_does_not_hold_the_link(invited):
    letter = Letter.objects.get(recipient=invited)

    assert Invitation.objects.get().token() not in letter.text + letter.html


def test_an_invitation_works_once(invited, client):
    link = invitation_link(invited)
    client.post(link, {"password": PASSWORD, "again": PASSWORD})
    enrol(client)

    assert Client().get(link).status_code == 404


@pytest.mark.parametrize("change", [{"revoked_at": factories.AT}, {"expires_at": clock.now() - timedelta(seconds=1)}])
def test_a_revoked_or_old_invitation_opens_nothing(invited, client, change):
    link = invitation_link(invited)
    Invitation.objects.update(made_at=factories.AT - timedelta(days=400), **change)

    assert client.get(link).status_code == 404


def test_an_invitation_is_void_when_the_address_changes(invited, owner, client):
    link = invitation_link(invited)
    actions.change_member(invited, by=owner, at=clock.now(), email="other@hartwell.test")

    assert client.get(link).status_code == 404


def test_a_changed_token_opens_nothing(invited, client):
    link = invitation_link(invited)

    assert client.get(link[:-3] + "zz/").status_code == 404


def test_an_invitation_revoked_during_the_enrolment_ends_it(invited, client):
    client.post(invitation_link(invited), {"password": PASSWORD, "again": PASSWORD})
    Invitation.objects.update(revoked_at=clock.now())

    assert client.get("/enrol/authenticator/").url == "/setup/"


@pytest.mark.django_db(transaction=True)
def test_one_invitation_joins_once_in_many_parallel_requests(invited):
    invitation = Invitation.objects.get()
    factories.make_totp(invited)
    factories.make_sheet(invited)

    def finish():
        try:
            return actions.finish_enrolment(invited, invitation=invitation, at=clock.now())
        except Refused:
            return None

    assert sum(result is not None for result in race(finish)) == 1


def test_nobody_finishes_without_a_second_factor(invited):
    with pytest.raises(Refused, match="authenticator"):
        actions.finish_enrolment(invited, invitation=Invitation.objects.get(), at=clock.now())


def test_a_sealed_seed_moved_to_another_person_does_not_open(owner, manager):
    mine, theirs = TotpDevice.objects.get(user=owner), TotpDevice.objects.get(user=manager)
    theirs.sealed = mine.sealed

    with pytest.raises(sealing.CannotUnseal):
        theirs.seed()


def test_the_last_owner_cannot_be_removed(owner):
    second = factories.make_member("Second", role="owner")
    actions.change_member(second, by=owner, at=clock.now(), role="manager")

    with pytest.raises(Refused, match="last owner"):
        actions.change_member(owner, by=owner, at=clock.now(), role="manager")


def test_a_manager_makes_no_owner_and_changes_none(manager, owner, trader):
    with pytest.raises(Refused):
        actions.change_member(trader, by=manager, at=clock.now(), role="owner")
    with pytest.raises(Refused):
        actions.change_member(owner, by=manager, at=clock.now(), name="Somebody")
    with pytest.raises(Refused):
        actions.change_member(manager, by=manager, at=clock.now(), role="owner")


def test_asking_for_a_call_tells_those_who_run_the_office(owner, manager, trader, client):
    answer = client.post("/lost/", {"name": "Maria", "number": "020 7946 0999", "lost": "phone"})

    assert answer.status_code == 200
    assert {letter.recipient for letter in Letter.objects.all()} == {owner, manager}


def test_calls_from_one_place_come_to_an_end(owner, client):
    answers = [client.post("/lost/", {"name": "M", "number": "1"}).status_code for _ in range(7)]

    assert answers == [200] * 5 + [429] * 2
    assert queries.calls_from("127.0.0.1", since=factories.AT - timedelta(days=999)) == 5


def test_a_revoked_invitation_does_not_leave_any_more(invited):
    letter = Letter.objects.get(recipient=invited)
    assert kinds.refreshed(letter, clock.now()) is not None

    Invitation.objects.update(revoked_at=clock.now())

    assert kinds.refreshed(letter, clock.now()) is None


def test_what_a_revoked_link_showed_opens_nothing_later(invited, owner, client):
    thief = Client()
    thief.post(invitation_link(invited), {"password": PASSWORD, "again": PASSWORD})
    thief.get("/enrol/authenticator/")
    seen = TotpDevice.objects.get(user=invited).seed()
    actions.invite(invited, by=owner, at=clock.now())
    link = Letter.objects.filter(recipient=invited).order_by("-pk")[0]
    token = re.search(r"/join/(\S+)/", kinds.finished(link, kinds.Content("", link.text, "")).text).group(1)

    client.post(f"/join/{token}/", {"password": PASSWORD, "again": PASSWORD})
    client.get("/enrol/authenticator/")

    assert TotpDevice.objects.get(user=invited).seed() != seen
    assert thief.get("/enrol/authenticator/").url == "/setup/"


def test_an_older_enrolment_of_the_same_link_ends_when_it_is_opened_anew(invited, client):
    first = Client()
    first.post(invitation_link(invited), {"password": PASSWORD, "again": PASSWORD})

    client.post(invitation_link(invited), {"password": PASSWORD, "again": PASSWORD})

    assert first.get("/enrol/authenticator/").url == "/setup/"
    assert client.get("/enrol/authenticator/").status_code == 200


def test_a_changed_address_is_told_to_the_old_one_and_the_new(owner, manager):
    old = manager.email

    actions.change_member(manager, by=owner, at=clock.now(), email="new@hartwell.test")

    letters = Letter.objects.filter(recipient=manager, kind="security")
    assert {letter.address for letter in letters} == {old, "new@hartwell.test"}


def test_new_backup_codes_are_told_by_letter(manager):
    actions.make_backup_codes(manager, at=clock.now())

    assert [letter.subject for letter in manager.letters.all()] == ["You have new backup codes"]


@pytest.mark.django_db(transaction=True)
def test_calls_asked_for_at_once_come_to_the_same_end(owner):
    def ask():
        try:
            return actions.request_call(name="M", number="1", lost="", address="203.0.113.9", at=clock.now())
        except Refused:
            return None

    assert sum(call is not None for call in race(ask)) == 5
