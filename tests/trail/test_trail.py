"""The trail is append-only, chained, and part of the deed's transaction."""

# ruff: noqa: S608  # tables and changes are named by the tests themselves

from __future__ import annotations

import threading
from datetime import UTC, timedelta, timezone
from io import StringIO

import pytest
from django.core.management import CommandError, call_command
from django.db import ProgrammingError, close_old_connections, connection, transaction

from core.trail import actions, queries
from core.trail.actions import record
from core.trail.enums import Verb
from core.trail.models import GENESIS, Event, Typed, Walk, with_words
from tests.factories import make_account
from tests.trail.tampering import tampering


def some_events(owner, at, count=3):
    with transaction.atomic():
        return [record(Verb.SIGNED_IN, by=owner, about=owner, at=at, n=n) for n in range(count)]


@pytest.mark.django_db
def test_each_event_carries_the_digest_of_the_one_before(owner, at):
    first, second, third = some_events(owner, at)

    assert (first.previous, second.previous, third.previous) == (GENESIS, first.digest, second.digest)
    assert str(queries.verify()) == "3 of 3 events, chain intact"


@pytest.mark.django_db
@pytest.mark.parametrize("change", [{"facts": {"n": 9}}, {"actor_id": None}, {"verb": "member.signed_out"}])
def test_an_event_cannot_be_changed(owner, at, change):
    some_events(owner, at)

    with pytest.raises(ProgrammingError, match="ever changed or taken away"), transaction.atomic():
        Event.objects.update(**change)


@pytest.mark.django_db
def test_an_event_cannot_be_deleted(owner, at):
    some_events(owner, at)

    with pytest.raises(ProgrammingError, match="ever changed or taken away"), transaction.atomic():
        Event.objects.all().delete()


@pytest.mark.django_db
def test_a_change_behind_the_guards_is_found_by_the_chain(owner, at):
    _, second, _ = some_events(owner, at)

    with tampering() as cursor:
        cursor.execute("UPDATE trail_event SET facts = '{}' WHERE id = %s", [second.pk])

    found = queries.verify()
    assert (found.broken_at, found.events) == (second.pk, 1)
    assert str(found) == f"the chain breaks at event {second.pk}, after 1 good one: what it says was changed"


@pytest.mark.django_db
def test_an_event_says_what_was_typed_but_its_row_does_not(owner, at):
    with transaction.atomic():
        event = record(
            Verb.ACCOUNT_CHANGED, by=owner, at=at, changes={"name": ["Old vault", "New vault"]}, reason="sold"
        )

    again = Event.objects.get()
    assert event.detail == again.detail == {"changes": {"name": ["Old vault", "New vault"]}, "reason": "sold"}
    assert "vault" not in str(again.facts)
    assert set(Typed.objects.values_list("text", "member_id")) == {
        ("Old vault", None), ("New vault", None), ("sold", None)
    }  # fmt: skip


@pytest.mark.django_db
def test_words_about_a_person_are_marked_as_theirs(owner, trader, at):
    with transaction.atomic():
        record(Verb.MEMBER_CHANGED, by=owner, about=trader, at=at, changes={"note": ["", "Left hand"]})

    assert set(Typed.objects.values_list("text", "member_id")) == {("Left hand", trader.pk)}


@pytest.mark.django_db
def test_the_words_of_many_events_are_one_query(owner, at, django_assert_num_queries):
    with transaction.atomic():
        for n in range(5):
            record(Verb.ACCOUNT_ADDED, by=owner, at=at, name=f"Vault {n}")

    with django_assert_num_queries(2):
        names = [event.detail["name"] for event in with_words(Event.objects.order_by("pk"))]

    assert names == [f"Vault {n}" for n in range(5)]


@pytest.mark.django_db
def test_an_event_knows_from_where_its_person_came(owner, at):
    owner.came_from = "203.0.113.7"

    with transaction.atomic():
        from_there = record(Verb.ACCOUNT_ADDED, by=owner, at=at)
        told = record(Verb.SIGNED_IN, by=owner, at=at, address="198.51.100.2")
        nobody = record(Verb.SIGN_IN_FAILED, by=None, at=at)

    assert [event.address for event in (from_there, told, nobody)] == ["203.0.113.7", "198.51.100.2", None]


@pytest.mark.django_db
def test_a_moment_given_in_another_zone_is_read_again_as_it_was(owner, at):
    with transaction.atomic():
        record(Verb.SIGNED_IN, by=owner, at=at.astimezone(timezone(timedelta(hours=5))))

    assert queries.verify().intact
    assert Event.objects.get().at.tzinfo == UTC


# Walks that are kept, and the page's verdict


@pytest.mark.django_db
def test_after_a_walk_only_what_came_since_is_looked_at(owner, at, django_assert_max_num_queries):
    some_events(owner, at, count=3)
    walk = actions.walk(at=at)
    some_events(owner, at, count=2)

    with django_assert_max_num_queries(6):
        found = queries.standing()

    assert (str(found.verdict), found.fresh, found.left) == ("5 of 5 events, chain intact", 2, 0)
    assert found.walk == walk


@pytest.mark.django_db
def test_without_a_walk_everything_is_looked_at(owner, at):
    some_events(owner, at)

    found = queries.standing()

    assert (str(found.verdict), found.walk, found.fresh) == ("3 of 3 events, chain intact", None, 3)


@pytest.mark.django_db
def test_a_page_looks_at_so_many_events_and_says_how_many_are_left(owner, at, monkeypatch):
    some_events(owner, at, count=7)
    monkeypatch.setattr(queries, "MOST_ON_A_PAGE", 5)

    found = queries.standing()

    assert (found.verdict.events, found.left, found.intact) == (5, 2, True)


@pytest.mark.django_db
@pytest.mark.parametrize(
    "change",
    [
        "UPDATE trail_event SET facts = '{\"n\": 5}' WHERE id = (SELECT max(id) FROM trail_event)",
        "DELETE FROM trail_event WHERE id = (SELECT max(id) FROM trail_event)",
        "DELETE FROM trail_event WHERE id = (SELECT min(id) FROM trail_event)",
    ],
)
def test_what_a_walk_counted_is_missed_at_once(owner, at, change):
    some_events(owner, at)
    actions.walk(at=at)

    with tampering() as cursor:
        cursor.execute(change)

    assert queries.standing().verdict.why == "events that the last walk counted are gone or changed"


@pytest.mark.django_db
def test_a_change_in_the_middle_is_found_by_the_next_walk_and_stays_found(owner, at):
    _, second, _ = some_events(owner, at)
    actions.walk(at=at)
    with tampering() as cursor:
        cursor.execute("UPDATE trail_event SET facts = '{}' WHERE id = %s", [second.pk])

    walk = actions.walk(at=at)

    assert (walk.broken_at, walk.events) == (second.pk, 1)
    some_events(owner, at)
    assert queries.standing().verdict.broken_at == second.pk


@pytest.mark.django_db
@pytest.mark.parametrize("change", ["head = repeat('0', 64)", "events = 9", "broken_at = NULL, why = ''", "at = now()"])
def test_a_walk_that_was_made_up_counts_for_nothing(owner, at, change):
    _, second, _ = some_events(owner, at)
    with tampering() as cursor:
        cursor.execute("UPDATE trail_event SET facts = '{}' WHERE id = %s", [second.pk])
    actions.walk(at=at)

    with tampering() as cursor:
        cursor.execute(f"UPDATE trail_walk SET {change}")

    found = queries.standing()
    assert (found.walk, found.verdict.broken_at) == (None, second.pk)


@pytest.mark.django_db
def test_a_walk_made_with_another_secret_counts_for_nothing(owner, at, settings):
    some_events(owner, at)
    actions.walk(at=at)

    settings.SECRET_KEY = "another" * 10

    assert queries.last_walk() is None


# Heads from letters


@pytest.mark.django_db
def test_a_head_from_an_old_letter_is_found_in_its_place(owner, at):
    _, second, _ = some_events(owner, at)

    found = queries.anchor(f"{second.digest[:20].upper()[:10]} {second.digest[10:20]}")

    assert (found.event, found.place, found.since) == (second, 2, 1)


@pytest.mark.django_db
@pytest.mark.parametrize("head", ["", "ab12", "0" * 64, "%" * 20])
def test_what_is_no_head_is_not_found(owner, at, head):
    some_events(owner, at)

    assert queries.anchor(head).event is None


# The command


def said(*arguments: str) -> str:
    out = StringIO()
    call_command("verify_trail", *arguments, stdout=out)
    return out.getvalue()


@pytest.fixture
def guarded(db):
    """The guards against emptying, put up as everywhere but in tests."""
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        for name in queries.missing_guards():
            table = "trail_event" if name.startswith("trail_") else f"trail_{'typed' if 'words' in name else 'walk'}"
            cursor.execute(f"ALTER TABLE {table} ENABLE ALWAYS TRIGGER {name}")


def test_the_command_says_how_many_and_keeps_the_walk(guarded, owner, at):
    *_, last = some_events(owner, at)

    first_line = said().splitlines()[0]

    assert first_line == f"3 of 3 events, chain intact; head {last.digest}"
    assert Walk.objects.get().events == 3


def test_the_command_finds_a_head_and_misses_another(guarded, owner, at):
    first, *_ = some_events(owner, at)

    assert "The head is event 1 of 3, still part of the chain." in said("--head", first.digest[:16])
    with pytest.raises(CommandError, match="No event has that head"):
        said("--head", "f" * 64)
    with pytest.raises(CommandError, match="at least the first 16"):
        said("--head", first.digest[:15])


@pytest.mark.django_db
def test_the_command_names_guards_that_were_switched_off(owner, at):
    some_events(owner, at)

    with pytest.raises(CommandError, match=r"does not guard it as it should\. Missing: trail_is_never_emptied"):
        said()


@pytest.mark.django_db
def test_the_command_names_the_event_where_the_chain_breaks(owner, at):
    _, second, _ = some_events(owner, at)
    with tampering() as cursor:
        cursor.execute("UPDATE trail_event SET actor_id = 0 WHERE id = %s", [second.pk])

    with pytest.raises(CommandError, match=f"breaks at event {second.pk}"):
        said()


@pytest.mark.django_db
def test_an_event_goes_with_the_deed_that_failed(owner, at):
    with pytest.raises(ZeroDivisionError), transaction.atomic():
        make_account()
        record(Verb.ACCOUNT_ADDED, by=owner, at=at)
        raise ZeroDivisionError

    assert Event.objects.count() == 0


@pytest.mark.django_db(transaction=True)
def test_a_deed_outside_a_transaction_is_refused(owner, at):
    with pytest.raises(RuntimeError, match="inside atomic"):
        record(Verb.SIGNED_IN, by=owner, at=at)


@pytest.mark.django_db(transaction=True)
def test_writers_at_the_same_time_do_not_fork_the_chain(owner, at):
    def write():
        some_events(owner, at, count=5)
        close_old_connections()
        connection.close()

    threads = [threading.Thread(target=write) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert str(queries.verify()) == "30 of 30 events, chain intact"
