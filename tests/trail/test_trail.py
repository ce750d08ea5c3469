"""The trail is append-only, chained, and part of the deed's transaction."""

from __future__ import annotations

import threading

import pytest
from django.db import ProgrammingError, close_old_connections, connection, transaction

from core.trail import queries
from core.trail.actions import record
from core.trail.enums import Verb
from core.trail.models import GENESIS, Event
from tests.factories import make_account


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
def test_a_change_behind_the_trigger_is_found_by_the_chain(owner, at):
    _, second, _ = some_events(owner, at)

    with connection.cursor() as cursor:
        cursor.execute("ALTER TABLE trail_event DISABLE TRIGGER trail_is_never_changed")
        cursor.execute("UPDATE trail_event SET facts = '{}' WHERE id = %s", [second.pk])
        cursor.execute("ALTER TABLE trail_event ENABLE ALWAYS TRIGGER trail_is_never_changed")

    assert queries.verify().broken_at == second.pk


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


@pytest.mark.django_db
def test_the_role_of_the_web_may_only_append():
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT privilege FROM unnest(ARRAY['SELECT', 'INSERT', 'UPDATE', 'DELETE', 'TRUNCATE']) AS privilege "
            "WHERE has_table_privilege('postern_app', 'trail_event', privilege)"
        )
        held = {privilege for (privilege,) in cursor.fetchall()}

    assert held <= {"SELECT", "INSERT"}
