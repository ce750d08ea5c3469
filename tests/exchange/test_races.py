"""Many hands at once: one run for many presses and many workers, and nothing half written when a worker dies."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from django.db import DatabaseError, connection, transaction

from accounts.actions import change_account
from accounts.models import Account, Login
from core.errors import Refused
from core.trail.enums import Verb
from core.trail.models import Event
from core.trail.queries import verify
from devices.models import Asset, Validation
from exchange import actions
from exchange.actions import running
from exchange.actions.writing import Writer
from exchange.enums import BatchState
from exchange.models import ImportBatch
from identity.models import Member
from tests.exchange.books import SMALL, read, table

pytestmark = pytest.mark.django_db(transaction=True)


def at_once(*deeds: Callable[[], Any]) -> list[Any]:
    """What each deed returned or refused with, all begun at the same moment on connections of their own."""
    start = threading.Barrier(len(deeds))

    def one(deed: Callable[[], Any]) -> Any:
        start.wait()
        try:
            return deed()
        except Refused as no:
            return no
        finally:
            connection.close()

    with ThreadPoolExecutor(len(deeds)) as pool:
        return [future.result(timeout=60) for future in [pool.submit(one, deed) for deed in deeds]]


@pytest.fixture
def checked(owner, at) -> ImportBatch:
    return actions.upload(read(SMALL), by=owner, at=at)


@pytest.fixture
def waiting(owner, at, checked) -> ImportBatch:
    return actions.press(checked, by=owner, at=at)


def test_of_many_presses_one_counts(owner, at, checked):
    answers = at_once(*[lambda: actions.press(checked, by=owner, at=at)] * 6)

    refused = [answer for answer in answers if isinstance(answer, Refused)]
    assert len(refused) == 5
    assert {str(no) for no in refused} == {"That import is under way already."}


def test_of_many_workers_one_runs_it(at, waiting):
    answers = at_once(*[lambda: actions.run_next(at=at)] * 5)

    done = [batch for batch in answers if batch is not None and batch.state == BatchState.DONE]
    assert len(done) == 1
    assert (Account.objects.count(), Asset.objects.count(), Validation.objects.count()) == (1, 2, 1)
    assert Event.objects.filter(verb=Verb.IMPORT_RUN).count() == 1
    assert verify().intact


def test_workers_share_what_waits_without_doing_anything_twice(owner, at):
    for n in range(4):
        batch = actions.upload(read({"people": [["key", "name"], [f"p{n}", f"P{n}"]]}), by=owner, at=at)
        actions.press(batch, by=owner, at=at)

    def work() -> None:
        while actions.run_next(at=at):
            pass

    at_once(*[work] * 3)
    work()

    assert Member.objects.get_queryset().exclude(pk=owner.pk).count() == 4
    assert Event.objects.filter(verb=Verb.IMPORT_RUN).count() == 4


def test_of_two_undos_one_counts(owner, at, waiting):
    done = actions.run_next(at=at)

    answers = at_once(*[lambda: actions.undo(done, by=owner, at=at)] * 3)

    assert len([answer for answer in answers if isinstance(answer, Refused)]) == 2
    assert Account.objects.count() == 0
    assert Event.objects.filter(verb=Verb.IMPORT_UNDONE).count() == 1


def test_a_worker_that_dies_half_way_leaves_nothing_and_the_next_one_does_it_all(at, waiting, monkeypatch):
    whole = Writer._create

    def die_at_the_things(self, rows, sheet):
        if sheet == "things":
            cut_off()
        whole(self, rows, sheet)

    monkeypatch.setattr(Writer, "_create", die_at_the_things)
    with pytest.raises(DatabaseError):
        actions.run_next(at=at)
    connection.close()
    left = (Account.objects.count(), Login.objects.count(), Event.objects.count())
    monkeypatch.undo()
    waiting.refresh_from_db()

    assert left == (0, 0, 0)
    assert (waiting.state, waiting.tries) == (BatchState.WAITING, 1)
    assert actions.run_next(at=at).state == BatchState.DONE
    assert (Account.objects.count(), Asset.objects.count()) == (1, 2)


def cut_off() -> None:
    """End this thread’s connection from outside, as a server does whose client was killed."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_backend_pid()")
        [number] = cursor.fetchone()

    def end() -> None:
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_terminate_backend(%s)", [number])
        connection.close()

    thread = threading.Thread(target=end)
    thread.start()
    thread.join()


@pytest.fixture
def held_open(monkeypatch):
    """Makes an import wait between looking and writing: the event that it got there, and the one that it may go on."""
    there, go_on = threading.Event(), threading.Event()
    compare = running.differences

    def wait(batch, plan):
        found = compare(batch, plan)
        there.set()
        assert go_on.wait(20)
        return found

    monkeypatch.setattr(running, "differences", wait)
    return there, go_on


def test_an_edit_by_hand_waits_for_an_import_that_is_looking_and_is_not_lost(owner, at, held_open):
    there, go_on = held_open
    account = Account.objects.create(key="other", name="Other", broker="saxo", created_at=at)
    rows = table("key, name, broker, note / other, Other, saxo, from the file")
    actions.press(actions.upload(read({"accounts": rows}), by=owner, at=at), by=owner, at=at)

    def edit() -> str:
        there.wait(20)
        threading.Timer(0.5, go_on.set).start()
        change_account(account, name="By hand", by=owner, at=at)
        return Account.objects.get(key="other").note

    done, note = at_once(lambda: actions.run_next(at=at), edit)

    account.refresh_from_db()
    assert done.state == BatchState.DONE
    assert note == "from the file"
    assert (account.name, account.note) == ("By hand", "from the file")
    assert verify().intact


def test_people_sign_in_while_an_import_runs(owner, at, waiting, held_open):
    there, go_on = held_open

    def sign_in() -> bool:
        there.wait(20)
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute("SET LOCAL lock_timeout = '2s'")
            Member.objects.get_queryset().filter(pk=owner.pk).update(last_login=at)
        go_on.set()
        return True

    done, signed_in = at_once(lambda: actions.run_next(at=at), sign_in)

    assert signed_in
    assert done.state == BatchState.DONE
