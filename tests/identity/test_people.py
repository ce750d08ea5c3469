"""People come, change, and go: roles, last days, invitations, and the owners that must stay."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from django.contrib.sessions.models import Session
from django.test import Client

from core import clock
from core.errors import Refused
from core.letters.models import Letter
from core.trail.models import Event
from identity import actions, queries
from identity.models import BackupCode, Invitation, Member, TotpDevice
from tests import factories
from tests.identity.proofs import asks_for_proof
from tests.identity.test_gate import race

pytestmark = pytest.mark.django_db
TOMORROW = timedelta(days=1)


# Roles and owners


@pytest.mark.django_db(transaction=True)
def test_of_two_owners_who_demote_each_other_at_once_one_stays(owner):
    other = factories.make_member("Second Owner", role="owner")
    pairs = [(owner, other), (other, owner)]

    def demote():
        by, member = pairs.pop()
        try:
            actions.change_member(member, by=by, at=clock.now(), role="manager")
        except Refused as no:
            return str(no)
        return "done"

    results = race(demote, count=2)

    assert sorted(results) == ["Only an owner can change an owner or a manager.", "done"]
    assert Member.objects.owners().count() == 1


@pytest.mark.django_db(transaction=True)
def test_of_two_owners_who_end_each_other_at_once_one_stays(owner):
    other = factories.make_member("Second Owner", role="owner")
    pairs = [(owner, other), (other, owner)]

    def end():
        by, member = pairs.pop()
        try:
            return actions.end_membership(member, by=by, at=clock.now()).left_at
        except Refused:
            return None

    assert sum(result is not None for result in race(end, count=2)) == 1


def test_a_role_taken_away_counts_for_whoever_still_holds_the_old_row(owner, manager, trader):
    stale = Member.objects.get(pk=manager.pk)
    actions.change_member(manager, by=owner, at=clock.now(), role="trader")

    with pytest.raises(Refused, match="Only an owner"):
        actions.change_member(trader, by=stale, at=clock.now(), name="Somebody else")


def test_a_changed_role_stands_in_the_trail_with_before_and_after(owner, trader):
    actions.change_member(trader, by=owner, at=clock.now(), role="manager")

    event = Event.objects.get()
    assert (event.verb, event.detail["changes"]) == ("member.role_changed", {"role": ["trader", "manager"]})


def test_every_other_owner_hears_who_runs_the_office_now_and_who_does_no_more(owner, manager, trader):
    second = factories.make_member("Second Owner", role="owner")

    actions.change_member(trader, by=owner, at=clock.now(), role="manager")
    actions.change_member(manager, by=owner, at=clock.now(), role="trader")
    actions.add_member(by=owner, at=clock.now(), name="Puppet", email="puppet@hartwell.test", role="manager")
    actions.add_member(by=owner, at=clock.now(), name="No news", role="trader")

    told = Letter.objects.filter(key__startswith="role:").order_by("pk")
    assert [letter.recipient for letter in told] == [second] * 3
    said = [letter.text for letter in told]
    assert f"made {trader.name} manager. Before that: trader." in said[0]
    assert f"made {manager.name} trader. Before that: manager." in said[1]
    assert "made Puppet manager. Before that: not on file." in said[2]


@pytest.mark.parametrize("act", ["demote", "end", "last day"])
def test_the_last_owner_on_whom_the_office_can_count_stays(owner, act):
    leaving = factories.make_member("Leaving Owner", role="owner", ends_on=date(2099, 1, 1))
    by = leaving
    acts = {
        "demote": lambda: actions.change_member(owner, by=by, at=clock.now(), role="manager"),
        "end": lambda: actions.end_membership(owner, by=by, at=clock.now()),
        "last day": lambda: actions.change_member(owner, by=by, at=clock.now(), ends_on=date(2099, 1, 1)),
    }

    with pytest.raises(Refused, match="last owner"):
        acts[act]()


def test_a_sole_owner_with_a_sole_factor_is_not_left_behind(owner):
    other = factories.make_member("Second Owner", role="owner")
    BackupCode.objects.filter(sheet__user=owner).update(used_at=clock.now())

    with pytest.raises(Refused, match="prints new backup codes"):
        actions.change_member(other, by=owner, at=clock.now(), role="manager")

    actions.make_backup_codes(owner, at=clock.now())
    actions.change_member(other, by=owner, at=clock.now(), role="manager")
    assert queries.owner_routes() == {owner: 2}


# Last days


def test_an_auditor_has_a_last_day(owner, trader):
    with pytest.raises(Refused, match="last day"):
        actions.change_member(trader, by=owner, at=clock.now(), role="auditor")
    with pytest.raises(Refused, match="last day"):
        actions.add_member(by=owner, at=clock.now(), name="Ada", role="auditor", timezone="Europe/London")
    old = factories.make_member("Old Auditor", role="auditor", signs_in=False, email="old@hartwell.test")
    with pytest.raises(Refused, match="last day"):
        actions.invite(old, by=owner, at=clock.now())

    actions.change_member(trader, by=owner, at=clock.now(), role="auditor", ends_on=date(2099, 1, 1))

    trader.refresh_from_db()
    assert (trader.role, trader.ends_on) == ("auditor", date(2099, 1, 1))


def test_the_form_asks_an_auditor_for_a_last_day(owner, browse):
    facts = {"name": "Ada", "email": "", "role": "auditor", "timezone": "Europe/London", "digest_hour": "7"}

    page = browse(owner).post("/people/new/", facts).content.decode()

    assert "An auditor’s access has a last day" in page


def test_a_last_day_ends_an_open_session_without_any_job(trader, browse):
    client = browse(trader)
    assert client.get("/me/").status_code == 200

    Member.objects.filter(pk=trader.pk).update(ends_on=clock.local_day(clock.now(), trader.timezone))
    assert client.get("/me/").status_code == 200
    Member.objects.filter(pk=trader.pk).update(ends_on=clock.local_day(clock.now(), trader.timezone) - TOMORROW)

    assert client.get("/me/").url.startswith("/signin/")


def test_the_last_day_is_counted_where_the_person_lives():
    member = Member(ends_on=date(2026, 11, 23), timezone="Pacific/Auckland")

    assert not member.is_over(clock.at_hour(date(2026, 11, 23), 23, "Pacific/Auckland"))
    assert member.is_over(clock.at_hour(date(2026, 11, 24), 0, "Pacific/Auckland"))


def test_nobody_moves_the_hour_at_which_their_last_day_ends(trader, browse):
    client = browse(trader)
    trader.ends_on = clock.now().date() + timedelta(days=9)
    trader.save()

    page = client.post("/me/", {"timezone": "Pacific/Niue", "digest_hour": "7", "phone": "", "theme": ""})

    trader.refresh_from_db()
    assert trader.timezone != "Pacific/Niue"
    assert "Your zone decides when your last day ends" in page.content.decode()
    client.post("/me/", {"timezone": trader.timezone, "digest_hour": "9", "phone": "", "theme": ""})
    trader.refresh_from_db()
    assert trader.digest_hour == 9


def test_nobody_moves_their_own_last_day(manager):
    with pytest.raises(Refused, match="own last day"):
        actions.change_member(manager, by=manager, at=clock.now(), ends_on=date(2099, 1, 1))


def test_who_has_left_is_out_at_once_with_every_link(owner, trader, browse):
    client = browse(trader)
    reset = factories.make_reset(trader, owner)

    actions.end_membership(trader, by=owner, at=clock.now())

    reset.refresh_from_db()
    assert reset.ended_at is not None
    assert Session.objects.count() == 0
    assert client.get("/me/").url.startswith("/signin/")


# Invitations


@pytest.fixture
def newcomer(office):
    return factories.make_member("Nina New", signs_in=False, email="nina@hartwell.test")


def test_open_invitations_are_listed_until_when_and_can_be_taken_back(owner, newcomer, browse):
    invitation = actions.invite(newcomer, by=owner, at=clock.now())
    client = browse(owner)

    page = client.get("/people/invitations/").content.decode()
    assert "Nina New" in page
    assert f"/invitations/{invitation.pk}/revoke/" in page
    client.post(f"/invitations/{invitation.pk}/revoke/")

    assert "Nobody is invited" in client.get("/people/invitations/").content.decode()
    assert Client().get(f"/join/{invitation.token()}/").status_code == 404
    assert Event.objects.filter(verb="member.invitation_revoked", about_id=newcomer.pk).count() == 1


def test_taking_an_invitation_back_needs_a_fresh_proof(owner, newcomer, browse):
    invitation = factories.make_invitation(newcomer)

    answer = browse(owner, fresh=False).post(f"/invitations/{invitation.pk}/revoke/")

    assert asks_for_proof(answer)


def test_a_manager_takes_back_no_invitation_of_an_owner(manager):
    invited = factories.make_member("New Owner", role="owner", signs_in=False, email="new@hartwell.test")
    invitation = factories.make_invitation(invited)

    with pytest.raises(Refused, match="Only an owner"):
        actions.revoke_invitation(invitation, by=manager, at=clock.now())


def test_sending_again_makes_the_earlier_link_void(owner, newcomer):
    first = actions.invite(newcomer, by=owner, at=clock.now())
    second = actions.invite(newcomer, by=owner, at=clock.now())

    assert queries.open_invitation(first.token(), at=clock.now()) is None
    assert queries.open_invitation(second.token(), at=clock.now()) == second


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({}, "Invited"),
        ({"revoked_at": factories.AT}, "The invitation was taken back"),
        ({"made_at": factories.AT - timedelta(days=2), "expires_at": factories.AT}, "The invitation ran out"),
    ],
)
def test_the_person_page_says_how_the_invitation_stands(owner, newcomer, browse, change, words):
    invitation = factories.make_invitation(newcomer)
    Invitation.objects.filter(pk=invitation.pk).update(**change)

    page = browse(owner).get(f"/people/{newcomer.pk}/").content.decode()

    assert words in page


def test_people_say_who_is_invited_away_or_over(owner, trader, newcomer, browse):
    factories.make_invitation(newcomer)
    today = clock.local_day(clock.now(), trader.timezone)
    factories.make_away(trader, owner, from_on=today, until_on=today)
    factories.make_member("Over Past", ends_on=date(2026, 1, 1))

    page = browse(owner).get("/people/").content.decode()

    assert [word in page for word in ("Invited", "Away until", "Access ended")] == [True] * 3


def test_nobody_joins_after_their_last_day(owner, newcomer):
    invitation = actions.invite(newcomer, by=owner, at=clock.now())
    factories.make_totp(newcomer)
    factories.make_sheet(newcomer)
    Member.objects.filter(pk=newcomer.pk).update(ends_on=date(2026, 1, 1))

    assert queries.open_invitation(invitation.token(), at=clock.now()) is None
    with pytest.raises(Refused, match="ended"):
        actions.finish_enrolment(newcomer, invitation=invitation, at=clock.now())
    with pytest.raises(Refused, match="last day"):
        actions.invite(newcomer, by=owner, at=clock.now())


@pytest.mark.django_db(transaction=True)
def test_an_invitation_taken_back_while_it_is_used_ends_one_way(owner, newcomer):
    invitation = actions.invite(newcomer, by=owner, at=clock.now())
    factories.make_totp(newcomer)
    factories.make_sheet(newcomer)
    acts = [
        lambda: actions.finish_enrolment(newcomer, invitation=invitation, at=clock.now()),
        lambda: actions.revoke_invitation(invitation, by=owner, at=clock.now()),
    ] * 4

    def run():
        try:
            return acts.pop()()
        except Refused:
            return None

    results = race(run, count=8)

    assert sum(result is not None for result in results) == 1
    invitation.refresh_from_db()
    newcomer.refresh_from_db()
    assert (invitation.used_at is None, invitation.revoked_at is None) in {(True, False), (False, True)}
    assert (newcomer.joined_at is not None) == (invitation.used_at is not None)


# People who never sign in


def test_somebody_without_a_mailbox_holds_things_and_the_page_says_so(owner, browse):
    holder = factories.make_member("Rosa Caretaker", signs_in=False)
    factories.make_asset("Safe key", kind="card", holder=holder)

    page = browse(owner).get(f"/people/{holder.pk}/").content.decode()

    assert "Has no mailbox, so holds things without signing in" in page
    assert "Safe key" in page
    assert "Invite to Postern" not in page
    assert TotpDevice.objects.filter(user=holder).count() == 0
