"""The demo office: six states, believable, dated from today; in and out in one press."""

from __future__ import annotations

from collections import Counter
from datetime import timedelta

import pytest

from accounts.models import Account, Door, Login
from core.errors import Refused
from core.letters.actions import enqueue
from core.letters.kinds import Content
from core.letters.models import Letter
from core.trail.enums import Verb
from core.trail.models import Event
from core.trail.queries import verify
from devices.models import Asset, Authenticator, Validation
from exchange import actions, queries
from exchange.models import ImportBatch
from identity.models import Member, Office
from notices.models import Notice, Reminder
from recovery.models import AuthenticatorBackup
from tests import factories

pytestmark = pytest.mark.django_db


def test_the_demo_office_is_an_office_in_all_six_states(owner, office, at):
    actions.load_demo(by=owner, at=at)

    states = Counter(Validation.objects.with_proof(at, office.warn_days).values_list("proof", flat=True))
    assert set(states) == {"proven", "due", "overdue", "never", "failed", "unknown"}
    assert min(states.values()) >= 3
    assert (Account.objects.count(), Account.objects.values("broker").distinct().count()) == (6, 4)
    assert [model.objects.count() for model in (Login, Door, Asset, Validation)] == [14, 58, 40, 90]
    assert Office.objects.get().is_demo
    assert Event.objects.filter(verb=Verb.DEMO_LOADED).count() == 1
    assert verify().intact


@pytest.mark.parametrize("days", [0, 1, 37, 400, 1500])
def test_it_is_dated_from_the_day_on_which_it_is_loaded(owner, office, at, days):
    when = at + timedelta(days=days)
    actions.load_demo(by=owner, at=when)

    newest = Validation.objects.filter(proved_at__isnull=False).order_by("-proved_at").first()
    states = set(Validation.objects.with_proof(when, office.warn_days).values_list("proof", flat=True))
    assert (when - newest.proved_at) < timedelta(days=2)
    assert len(states) == 6


def test_the_owner_keeps_their_row_and_has_doors_of_their_own(owner, at):
    before = Member.objects.get_queryset().filter(pk=owner.pk).values().get()

    actions.load_demo(by=owner, at=at)

    assert Member.objects.get_queryset().filter(pk=owner.pk).values().get() == before
    assert {thing.kind for thing in Asset.objects.filter(holder=owner)} >= {"computer", "phone"}
    assert Door.objects.filter(login__holder=owner, used=True).count() >= 3
    assert Member.objects.get_queryset().filter(name="Eleanor Hartwell").count() == 1


def test_an_owner_of_another_name_has_the_principal_beside_them(office, at):
    other = factories.make_member("Alex Morgan", role="owner")

    actions.load_demo(by=other, at=at)

    eleanor = Member.objects.get_queryset().get(name="Eleanor Hartwell")
    assert (eleanor.joined_at, eleanor.email) == (None, "eleanor.hartwell@hartwell.example")
    assert Login.objects.filter(holder=other).count() == 2


def test_it_follows_the_facts_of_the_brokers(owner, at):
    actions.load_demo(by=owner, at=at)

    for login in Login.objects.all():
        pushes = login.authenticators.standing().filter(factor="ib-key-push")
        phones = [thing.kind for push in pushes for thing in push.carriers.all()]
        assert phones in ([], ["phone"]), f"IB Key of {login} is active on one phone"
    for address in Member.objects.get_queryset().exclude(pk=owner.pk).values_list("email", flat=True):
        assert address.endswith(".example")


def test_it_needs_an_empty_house(owner, at):
    factories.make_asset()

    with pytest.raises(Refused, match="needs an empty house"):
        actions.load_demo(by=owner, at=at)

    assert (Asset.objects.count(), Office.objects.get().is_demo, ImportBatch.objects.count()) == (1, False, 0)


def test_a_second_press_finds_it_here(owner, at):
    actions.load_demo(by=owner, at=at)

    with pytest.raises(Refused, match="here already"):
        actions.load_demo(by=owner, at=at)


def test_it_cannot_be_undone_as_an_import(owner, at):
    batch = actions.load_demo(by=owner, at=at)

    assert not queries.may_be_undone(batch)
    with pytest.raises(Refused, match="Remove it as a whole"):
        actions.undo(batch, by=owner, at=at)


def test_removing_it_empties_the_house_and_leaves_who_joined(owner, trader, at):
    actions.load_demo(by=owner, at=at)
    maria = Member.objects.get_queryset().get(key="maria-santos")
    said = Content("s", "t", "h")
    reminder = enqueue(key="r", kind="reminder", to=trader, content=said, at=at)
    enqueue(key="i", kind="invitation", to=maria, content=said, at=at)
    security = enqueue(key="s", kind="security", to=trader, content=said, at=at)
    Reminder.objects.create(
        key="k", rule="validation", item="x", stage="7", member=trader, raised_at=at, letter=reminder
    )
    factories.make_answer(factories.make_notice(owner), maria)
    factories.make_backup(factories.make_login(trader), carriers=[factories.make_asset(holder=trader)])
    factories.make_hand_over(factories.make_asset(), maria, by=owner)

    gone = actions.remove_demo(by=owner, at=at)

    assert gone["validations"] == 90
    assert gone["people who never joined"] == 6
    for model in (Account, Login, Door, Asset, Validation, Authenticator, AuthenticatorBackup, Notice, Reminder):
        assert model.objects.count() == 0, model
    assert set(Member.objects.get_queryset()) == {owner, trader}
    assert set(Letter.objects.all()) == {security}
    assert not Office.objects.get().is_demo
    assert queries.inventory_is_empty()
    assert Event.objects.get(verb=Verb.DEMO_REMOVED).detail["gone"]["accounts"] == 6


def test_only_the_demo_office_is_removed(owner, bring, at):
    factories.make_asset()

    with pytest.raises(Refused, match="not the demo office"):
        actions.remove_demo(by=owner, at=at)

    assert Asset.objects.count() == 1


def test_in_and_out_and_in_again(owner, at):
    for _ in range(2):
        actions.load_demo(by=owner, at=at)
        actions.remove_demo(by=owner, at=at)

    assert queries.inventory_is_empty()
    assert verify().intact
