"""Undoing the last import: everything as it was, or a word on what rests on it."""

from __future__ import annotations

from datetime import timedelta

import pytest

from accounts.actions import change_account
from accounts.models import Account
from core.errors import Refused
from core.letters.actions import enqueue
from core.letters.kinds import Content
from core.letters.models import Letter
from core.trail.enums import Verb
from core.trail.models import Event
from devices.actions import confirm_validation, mark_lost
from devices.models import Asset, Authenticator, Validation
from exchange import actions, queries
from exchange.enums import BatchState
from identity.actions import invite
from identity.models import Member
from notices.models import Reminder
from tests import factories
from tests.exchange.books import SMALL, read, table, with_rows

pytestmark = pytest.mark.django_db

CHANGED = with_rows(
    people=table("key, name, email, phone / lena, Lena Meier, lena@meier.example, 1 / nico, Nico, , "),
    accounts=table("key, name, broker, last four, note / lago, Lago Two, ibkr, 9, x"),
    doors=table("login, door, used / lena-ibkr, tws, no / lena-ibkr, client-portal, yes"),
    things=table(
        "key, name, kind, holder, carried by, lost on / laptop, Laptop, computer, lena, , "
        "/ phone, Phone, phone, nico, , 2026-11-20 / sim, SIM, sim, nico, phone, "
    ),
    validations=table("login, door, thing, proved on / lena-ibkr, client-portal, laptop, 2026-11-21"),
    authenticators=table("key, login, factor, carriers, label / ib-key, lena-ibkr, ib-key-push, , Key"),
    backups=table("key, login, kind, label, carriers / desk, lena-ibkr, number, Number, sim"),
    grants=table("login, account, rights, granted on / lena-ibkr, lago, reports, 2026-01-01"),
)


def test_an_undone_import_leaves_the_office_as_it_was(owner, bring, at):
    before = queries.office_rows(at)
    batch = bring(SMALL)

    undone = actions.undo(batch, by=owner, at=at + timedelta(hours=1))

    assert queries.office_rows(at) == before
    assert (undone.state, undone.undone_at) == (BatchState.UNDONE, at + timedelta(hours=1))
    assert Event.objects.get(verb=Verb.IMPORT_UNDONE).detail == {
        "files": "office.xlsx", "digest": batch.digest, "rows": 10,
    }  # fmt: skip


def test_changes_are_put_back_to_the_last_value_and_the_last_carrier(owner, bring, at):
    bring(SMALL)
    before, proofs = queries.office_rows(at), list(Validation.objects.values())

    batch = bring(CHANGED)
    assert queries.office_rows(at) != before
    actions.undo(batch, by=owner, at=at)

    assert queries.office_rows(at) == before
    assert list(Validation.objects.values()) == proofs
    assert [thing.key for thing in Authenticator.objects.get().carriers.all()] == ["phone"]


def test_a_replaced_proof_stands_again(owner, bring, at):
    bring(SMALL)
    [before] = Validation.objects.values()
    batch = bring({"validations": table("login, door, thing, proved on / lena-ibkr, tws, laptop, 2026-11-20")})

    actions.undo(batch, by=owner, at=at)

    assert list(Validation.objects.values()) == [before]


def test_undo_import_undo_import_goes_on_and_on(owner, bring, at):
    bring(SMALL)
    for _ in range(3):
        batch = bring(CHANGED)
        actions.undo(batch, by=owner, at=at)

    assert Account.objects.get().name == "Lago"


def test_imports_are_undone_from_the_last_to_the_first(owner, bring, at):
    first, second = bring(SMALL), bring(CHANGED, when=at + timedelta(minutes=1))

    with pytest.raises(Refused, match="Only the last import can be undone"):
        actions.undo(first, by=owner, at=at)
    actions.undo(second, by=owner, at=at)
    actions.undo(first, by=owner, at=at)

    assert Account.objects.count() == 0
    with pytest.raises(Refused, match="undone already"):
        actions.undo(first, by=owner, at=at)


def test_what_was_never_imported_has_nothing_to_undo(owner, at):
    batch = actions.upload(read(SMALL), by=owner, at=at)

    with pytest.raises(Refused, match="never imported"):
        actions.undo(batch, by=owner, at=at)


# --- what rests on it ------------------------------------------------------------------------------------------------
def change_the_account(owner, at):
    change_account(Account.objects.get(), name="By hand", by=owner, at=at)


def confirm_the_validation(owner, at):
    row = Validation.objects.get()
    confirm_validation(row.door, row.device, proved_at=at, by=owner, at=at)


def lose_the_laptop(owner, at):
    mark_lost(Asset.objects.get(key="laptop"), by=owner, at=at)


def invite_lena(owner, at):
    invite(Member.objects.get(key="lena"), by=owner, at=at)


def give_lena_a_tablet(owner, at):
    factories.make_asset("Lena’s tablet", kind="tablet", holder=Member.objects.get(key="lena"))


def put_the_backup_on_the_phone(owner, at):
    factories.make_backup(factories.make_login(owner), carriers=[Asset.objects.get(key="phone")], label="New card")


def change_what_carries_the_key(owner, at):
    Authenticator.objects.get().carriers.clear()


def take_the_door_away(owner, at):
    Validation.objects.all().delete()


def hand_the_phone_over(owner, at):
    factories.make_hand_over(Asset.objects.get(key="phone"), owner, by=owner)


SINCE = {
    hand_the_phone_over: "The hand-over “Lena’s phone to Eleanor Hartwell” came after the import and rests on Lena",
    change_the_account: "“By hand •••5512” was changed after the import.",
    confirm_the_validation: "was changed after the import.",
    lose_the_laptop: "“Lena’s laptop” was changed after the import.",
    invite_lena: "rests on Lena Brandt.",
    give_lena_a_tablet: "The asset “Lena’s tablet” came after the import and rests on Lena Brandt.",
    put_the_backup_on_the_phone: "“New card” came after the import and rests on Lena’s phone.",
    change_what_carries_the_key: "was changed after the import.",
    take_the_door_away: "is no longer there",
}


@pytest.mark.parametrize("deed", SINCE, ids=lambda deed: deed.__name__)
def test_what_was_done_since_is_named_and_nothing_is_undone(owner, bring, at, deed):
    batch = bring(SMALL)
    deed(owner, at + timedelta(minutes=5))
    before = queries.office_rows(at)

    with pytest.raises(Refused) as no:
        actions.undo(batch, by=owner, at=at + timedelta(minutes=10))

    assert SINCE[deed] in str(no.value)
    assert queries.office_rows(at) == before


def test_who_has_joined_since_stays(owner, bring, at):
    batch = bring(SMALL)
    Member.objects.get_queryset().filter(key="lena").update(joined_at=at)

    with pytest.raises(Refused, match="“Lena Brandt” was changed after the import"):
        actions.undo(batch, by=owner, at=at)


def letter_to_lena(at, **facts) -> Letter:
    letter = enqueue(
        key="three-things", kind="reminder", to=Member.objects.get(key="lena"), content=Content("s", "t", "h"), at=at
    )
    Letter.objects.filter(pk=letter.pk).update(**facts)
    reminder = {"rule": "validation", "item": "x", "stage": "never", "member": letter.recipient, "raised_at": at}
    Reminder.objects.create(key="x:never", letter=letter, **reminder)
    return letter


def test_a_reminder_that_never_left_goes_with_the_person_it_was_for(owner, bring, at):
    batch = bring(SMALL)
    letter_to_lena(at)

    actions.undo(batch, by=owner, at=at)

    assert (Letter.objects.count(), Reminder.objects.count(), Member.objects.get_queryset().count()) == (0, 0, 1)


def test_a_letter_that_has_left_stays_and_so_does_the_import(owner, bring, at):
    batch = bring(SMALL)
    letter_to_lena(at, state="accepted", tries=1, settled_at=at)

    with pytest.raises(Refused, match="rests on Lena Brandt"):
        actions.undo(batch, by=owner, at=at)

    assert (Letter.objects.count(), Reminder.objects.count()) == (1, 1)


def test_a_manager_undoes_no_import_of_managers(owner, manager, bring, at):
    harmless = bring(SMALL)
    actions.undo(harmless, by=manager, at=at)
    batch = bring(with_rows(people=[["key", "name", "role"], ["lena", "Lena", "manager"]]))

    with pytest.raises(Refused, match="Only an owner can undo it"):
        actions.undo(batch, by=manager, at=at)
    assert actions.undo(batch, by=owner, at=at).state == BatchState.UNDONE
