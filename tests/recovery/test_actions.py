"""What people do with backups."""

from __future__ import annotations

from datetime import timedelta

import pytest

from core.errors import Refused
from core.trail.models import Event
from recovery import actions
from recovery.models import AuthenticatorBackup
from tests import factories
from tests.factories import AT

pytestmark = pytest.mark.django_db
DAY, SECOND = timedelta(days=1), timedelta(seconds=1)


def told() -> list[tuple]:
    return [(event.verb, event.about_id, event.detail) for event in Event.objects.order_by("pk")]


def refused(words: str):
    return pytest.raises(Refused, match=words)


def test_a_backup_is_put_on_file_with_where_it_lies(manager, trader, login, phone, card):
    safe = factories.make_asset("Office safe", kind="place")
    key = factories.make_authenticator(login, carriers=[phone])

    found = actions.add_backup(
        login=login, kind="card", label="Security card 61", authenticator=key, carriers=[card], place=safe,
        custodian=trader, note="Sealed", by=manager, at=AT,
    )  # fmt: skip

    assert (found.key, found.authenticator, found.place, found.custodian) == ("security-card-61", key, safe, trader)
    assert (list(found.carriers.all()), found.proved_at, found.codes_left) == ([card], None, None)
    assert told() == [("backup.added", found.pk, {"login": login.pk, "kind": "card", "carriers": [card.pk]})]


@pytest.mark.parametrize(
    ("facts", "words"),
    [
        ({"kind": "number"}, "lies on a sim or number"),
        ({"codes_left": 3}, "Only printed codes are counted"),
        ({"place": "card"}, "Choose a place"),
        ({"place": "old safe"}, "Old safe was retired"),
        ({"carriers": ["old card"]}, "Old card was retired"),
        ({"custodian": "left"}, "Ann Left has left"),
        ({"authenticator": "theirs"}, "belongs to another login"),
        ({"kind": "seed-copy", "carriers": [], "authenticator": "ib key"}, "a second phone is no backup"),
        ({"kind": "second-factor", "factor": "ib-key-push", "carriers": []}, "a second phone is no backup"),
        ({"kind": "second-factor", "factor": "dsc-plus", "carriers": ["phone"]}, "needs a card"),
        ({"kind": "second-factor", "factor": "nonsense", "carriers": []}, "has no factor"),
        ({"factor": "dsc-plus"}, "Only a second authenticator"),
        ({"proved_at": AT + SECOND}, "lies in the future"),
        ({"login": "ended"}, "Ended has ended"),
    ],
)
def test_a_backup_that_cannot_be_is_refused(manager, trader, login, card, facts, words):
    named = {
        "card": card,
        "phone": factories.make_asset("iPhone 15", kind="phone", holder=trader),
        "old safe": factories.make_asset("Old safe", kind="place", retired_at=AT),
        "old card": factories.make_asset("Old card", kind="card", retired_at=AT),
        "left": factories.make_member("Ann Left", left_at=AT),
        "theirs": factories.make_authenticator(factories.make_login(trader, label="Other")),
        "ib key": factories.make_authenticator(login),
        "ended": factories.make_login(trader, label="Ended", ended_at=AT),
    }

    def meant(value):
        if isinstance(value, list):
            return [named[one] for one in value]
        return named.get(value, value) if isinstance(value, str) else value

    facts = {name: meant(value) for name, value in facts.items()}
    with refused(words):
        actions.add_backup(
            **{"login": login, "kind": "card", "label": "Card", "carriers": [card], "by": manager, "at": AT} | facts
        )
    assert AuthenticatorBackup.objects.count() == 0
    assert told() == []


def test_what_changed_of_a_backup_is_in_the_trail_and_the_rest_stays(manager, login, card):
    other = factories.make_asset("Card 62", kind="card")
    backup = factories.make_backup(login, carriers=[card], note="Sealed")

    actions.change_backup(backup, label="Card sixty-two", carriers=[other], by=manager, at=AT)
    actions.change_backup(backup, label="Card sixty-two", by=manager, at=AT)

    changes = {"label": ["Security card 61", "Card sixty-two"], "carriers": [[card.pk], [other.pk]]}
    assert told() == [("backup.changed", backup.pk, {"changes": changes})]
    backup.refresh_from_db()
    assert (backup.note, list(backup.carriers.all())) == ("Sealed", [other])


def test_a_change_that_cannot_be_is_refused_and_changes_nothing(manager, login, card, phone):
    backup = factories.make_backup(login, carriers=[card])

    with refused("lies on a card"):
        actions.change_backup(backup, carriers=[phone], by=manager, at=AT)
    with refused("lies on a paper"):
        actions.change_backup(backup, kind="printed-codes", by=manager, at=AT)

    backup.refresh_from_db()
    assert (backup.kind, list(backup.carriers.all())) == ("card", [card])


def test_what_was_so_before_may_stay_and_is_not_chosen_anew(manager, trader, login):
    old_card = factories.make_asset("Old card", kind="card", retired_at=AT)
    old_safe = factories.make_asset("Old safe", kind="place", retired_at=AT)
    left = factories.make_member("Ann Left", left_at=AT)
    backup = factories.make_backup(login, carriers=[old_card], place=old_safe, custodian=left)
    same = {"carriers": [old_card], "place": old_safe, "custodian": left}

    assert actions.change_backup(backup, note="Look for it", **same, by=manager, at=AT).note == "Look for it"
    other = factories.make_backup(login)
    for name, value in same.items():
        with refused("was retired|has left"):
            actions.change_backup(other, **{name: value}, by=manager, at=AT)


def test_a_backup_is_tested_once_for_one_press(trader, login):
    backup = factories.make_backup(login, kind="printed-codes", codes_left=8)

    actions.test_backup(backup, proved_at=AT, codes_left=7, by=trader, at=AT)
    actions.test_backup(backup, proved_at=AT + 20 * SECOND, codes_left=6, by=trader, at=AT + 20 * SECOND)

    backup.refresh_from_db()
    assert (backup.proved_at, backup.codes_left) == (AT, 7)
    assert told() == [("backup.tested", backup.pk, {"proved_at": AT.isoformat(), "codes_left": 7})]


def test_a_test_is_said_by_the_holder_or_a_manager_and_for_no_other_time(trader, manager, auditor, login):
    backup = factories.make_backup(login, proved_at=AT - DAY)

    for member in (factories.make_member("Daniel"), auditor):
        with refused("Ask a manager"):
            actions.test_backup(backup, proved_at=AT, codes_left=None, by=member, at=AT)
    with refused("lies in the future"):
        actions.test_backup(backup, proved_at=AT + SECOND, codes_left=None, by=trader, at=AT)
    with refused("newer answer"):
        actions.test_backup(backup, proved_at=AT - 2 * DAY, codes_left=None, by=trader, at=AT)
    with refused("Only printed codes are counted"):
        actions.test_backup(backup, proved_at=AT, codes_left=3, by=trader, at=AT)
    assert told() == []
    assert actions.test_backup(backup, proved_at=AT, codes_left=None, by=manager, at=AT).proved_at == AT


def test_an_ended_backup_is_left_alone(manager, login):
    backup = factories.make_backup(login)
    actions.end_backup(backup, by=manager, at=AT)

    for deed in (
        lambda: actions.end_backup(backup, by=manager, at=AT),
        lambda: actions.change_backup(backup, label="x", by=manager, at=AT),
        lambda: actions.test_backup(backup, proved_at=AT, codes_left=None, by=manager, at=AT),
    ):
        with refused("was ended already"):
            deed()
    assert told() == [("backup.ended", backup.pk, {"login": login.pk, "label": "Security card 61"})]
