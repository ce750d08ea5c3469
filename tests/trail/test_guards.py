"""What the database itself refuses: to the role of the web all but adding, to the owner of the tables the rest."""

# ruff: noqa: S608  # tables and changes are named by the tests themselves

from __future__ import annotations

from collections.abc import Iterator

import psycopg
import pytest
from django.db import ProgrammingError, connection, transaction

from core.trail import queries
from core.trail.actions import record, walk
from core.trail.enums import Verb
from core.trail.guards import OF_THE_TRAIL, Guard, of_history
from core.trail.models import Event, Typed, Walk
from identity import traces
from tests.conftest import emptying_guards
from tests.factories import make_account

HISTORY = (
    "accounts_accounthistory",
    "accounts_loginhistory",
    "accounts_doorhistory",
    "accounts_granthistory",
    "devices_assethistory",
    "devices_validationhistory",
    "devices_authenticatorhistory",
    "devices_authenticatorcarrierhistory",
    "recovery_backuphistory",
    "recovery_backupcarrierhistory",
)
TABLES = ("trail_event", "trail_typed", "trail_walk", *HISTORY)


@pytest.fixture
def web(transactional_db) -> Iterator[psycopg.Connection]:
    """A connection as the role under which web and worker run."""
    settings = connection.settings_dict
    with psycopg.connect(
        host=settings["HOST"], dbname=settings["NAME"], user="postern_app", autocommit=True
    ) as as_the_web:
        yield as_the_web


def deeds(owner, at) -> None:
    """An event with a typed word, a walk, and an account with its history."""
    with transaction.atomic():
        account = make_account()
        record(Verb.ACCOUNT_ADDED, by=owner, about=account, at=at, name=account.name)
    walk(at=at)


def guards_of(table: str) -> list[Guard]:
    return list(of_history(table)) if table in HISTORY else [one for one in OF_THE_TRAIL if one.table == table]


def count(table: str) -> int:
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT count(*) FROM {table}")
        return cursor.fetchone()[0]


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("table", TABLES)
def test_the_web_can_not_delete_empty_drop_or_switch_off(web, owner, at, table):
    deeds(owner, at)
    before = count(table)

    for deed in (
        f"DELETE FROM {table}",
        f"TRUNCATE {table} CASCADE",
        f"DROP TABLE {table} CASCADE",
        f"ALTER TABLE {table} DISABLE TRIGGER ALL",
        f"ALTER TABLE {table} DISABLE TRIGGER USER",
        f"ALTER TABLE {table} RENAME TO away",
        *(f"DROP TRIGGER {one.name} ON {table}" for one in guards_of(table)),
        f"UPDATE {table} SET id = id + 1000000",
        f"CREATE TRIGGER mine BEFORE INSERT ON {table} EXECUTE FUNCTION trail_refuses()",
    ):
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            web.execute(deed)

    assert count(table) == before


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize(
    "deed",
    [
        "SET session_replication_role = replica",
        "CREATE OR REPLACE FUNCTION trail_refuses() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NULL; END'",
        "CREATE FUNCTION public.mine() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NULL; END'",
        "DROP FUNCTION trail_refuses() CASCADE",
        "ALTER FUNCTION trail_refuses() RENAME TO away",
        "SET ROLE postern_owner",
        "GRANT DELETE ON trail_event TO postern_app",
    ],
)
def test_the_web_can_not_get_round_the_guards(web, deed):
    try:
        web.execute(deed)
    except psycopg.errors.InsufficientPrivilege:
        return
    # A GRANT of what one does not have is a warning; what counts is that nothing was granted.
    with pytest.raises(psycopg.errors.InsufficientPrivilege):
        web.execute("DELETE FROM trail_event")


@pytest.mark.django_db(transaction=True)
def test_the_web_adds_and_reads(web, owner, at):
    deeds(owner, at)

    rows = web.execute("SELECT verb FROM trail_event").fetchall()

    assert rows == [("account.added",)]
    assert web.execute("SELECT head FROM trail_end()").fetchone() == (Event.objects.get().digest,)


@pytest.mark.django_db(transaction=True)
def test_an_event_of_another_moment_is_not_taken(web, owner, at):
    deeds(owner, at)
    columns = "(at, recorded_at, transaction, verb, about_type, facts, previous, digest)"
    good = "now(), clock_timestamp(), pg_current_xact_id()::text::bigint, 'x', '', '{}'"

    for values in (
        good.replace("clock_timestamp()", "clock_timestamp() - interval '2 minutes'"),
        good.replace("clock_timestamp()", "NULL"),
        good.replace("pg_current_xact_id()::text::bigint", "7"),
        good.replace("pg_current_xact_id()::text::bigint", "NULL"),
    ):
        with pytest.raises(psycopg.errors.InsufficientPrivilege, match="own transaction and moment"):
            web.execute(f"INSERT INTO trail_event {columns} VALUES ({values}, 'a', 'b')")

    assert Event.objects.count() == 1


@pytest.mark.django_db(transaction=True)
def test_a_forged_event_is_found_by_the_walk(web, owner, at):
    deeds(owner, at)

    web.execute(
        "INSERT INTO trail_event (at, recorded_at, transaction, verb, about_type, facts, previous, digest)"
        " SELECT now(), clock_timestamp(), pg_current_xact_id()::text::bigint, 'member.signed_in', '', '{}', digest,"
        " repeat('a', 64) FROM trail_event"
    )

    assert queries.verify().why == "what it says was changed"


@pytest.mark.django_db(transaction=True)
def test_a_word_is_only_taken_by_a_deed_of_the_same_transaction(web, owner, at):
    deeds(owner, at)
    event = Event.objects.get()

    for change in (
        "text = 'Another name'",
        f"text = NULL, salt = NULL, taken_by = {event.pk}",
        "text = NULL, salt = NULL, taken_by = 999",
    ):
        with pytest.raises(psycopg.errors.InsufficientPrivilege, match="only taken away"):
            web.execute(f"UPDATE trail_typed SET {change}")

    assert Typed.objects.get().text == "Global Macro"


@pytest.mark.django_db(transaction=True)
def test_a_temporary_table_does_not_fool_the_guards(web, owner, at):
    deeds(owner, at)
    web.execute("CREATE TEMP TABLE trail_event AS SELECT 999 AS id, 'member.pseudonymised' AS verb, 0 AS transaction")
    web.execute("SET search_path = pg_temp, public")

    with web.transaction():
        web.execute("UPDATE pg_temp.trail_event SET transaction = pg_current_xact_id()::text::bigint")
        with pytest.raises(psycopg.errors.InsufficientPrivilege), web.transaction():
            web.execute("UPDATE public.accounts_accounthistory SET name = 'x'")
        with pytest.raises(psycopg.errors.InsufficientPrivilege), web.transaction():
            web.execute("UPDATE public.trail_typed SET text = NULL, salt = NULL, taken_by = 999")


@pytest.mark.django_db
@pytest.mark.parametrize("table", TABLES)
def test_not_even_the_owner_of_the_tables_empties_them(owner, at, table):
    """The tests' database has these guards switched off; put up again as every other database has them."""
    deeds(owner, at)
    before = count(table)
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        for guarded, name in emptying_guards(cursor):
            cursor.execute(f"ALTER TABLE {guarded} ENABLE ALWAYS TRIGGER {name}")

        with pytest.raises(ProgrammingError, match="ever changed or taken away"), transaction.atomic():
            cursor.execute(f"TRUNCATE {table} CASCADE")

    assert count(table) == before
    assert queries.missing_guards() == []


@pytest.mark.django_db
def test_the_tests_database_has_only_the_guards_against_emptying_switched_off():
    with connection.cursor() as cursor:
        emptying = {(table, name) for table, name in emptying_guards(cursor)}
        cursor.execute(
            "SELECT tgrelid::regclass::text, tgname, tgenabled FROM pg_trigger t WHERE NOT tgisinternal "
            "AND tgname !~ '^pgtrigger_'"
        )
        found = cursor.fetchall()

    wanted = {(one.table, one.name) for table in HISTORY for one in of_history(table)}
    wanted |= {(one.table, one.name) for one in OF_THE_TRAIL}
    assert {(table, name) for table, name, _ in found} == wanted
    assert {(table, name) for table, name, state in found if state != "A"} == emptying
    assert {table for table, _ in emptying} == set(TABLES)
    assert queries.missing_guards() == sorted(name for table, name in emptying if table.startswith("trail_"))


@pytest.mark.django_db
@pytest.mark.parametrize("table", ["trail_event", "trail_walk", *HISTORY])
def test_not_even_the_owner_changes_or_deletes_rows(owner, at, table):
    deeds(owner, at)

    with connection.cursor() as cursor:
        for deed in (f"UPDATE {table} SET id = id", f"DELETE FROM {table}"):
            with pytest.raises(ProgrammingError, match="Nothing in"), transaction.atomic():
                cursor.execute(deed)


@pytest.mark.django_db
def test_the_guards_stand_in_a_session_that_is_told_to_look_away(owner, at):
    deeds(owner, at)

    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT set_config('pgtrigger.ignore', '{trail_is_never_changed,history_is_never_deleted}', true)"
        )
        with pytest.raises(ProgrammingError, match="ever changed or taken away"), transaction.atomic():
            cursor.execute("DELETE FROM trail_event")


@pytest.mark.django_db
def test_the_web_may_write_every_column_that_a_name_is_taken_out_of():
    with connection.cursor() as cursor:
        refused = []
        for column in traces.columns():
            cursor.execute(
                "SELECT has_column_privilege('postern_app', %s, %s, 'UPDATE')",
                [column.model._meta.db_table, column.field.column],
            )
            if not cursor.fetchone()[0]:
                refused.append(f"{column.model._meta.label}.{column.field.name}")

    assert refused == []


@pytest.mark.django_db
def test_of_a_history_only_text_may_be_rewritten():
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT table_name, column_name FROM information_schema.column_privileges WHERE grantee = 'postern_app' "
            "AND privilege_type = 'UPDATE' AND table_name ~ '(history$|^trail_)' ORDER BY 1, 2"
        )
        may = cursor.fetchall()

    assert may == [
        ("accounts_accounthistory", "key"),
        ("accounts_accounthistory", "name"),
        ("accounts_accounthistory", "note"),
        ("accounts_loginhistory", "key"),
        ("accounts_loginhistory", "label"),
        ("accounts_loginhistory", "note"),
        ("devices_assethistory", "key"),
        ("devices_assethistory", "model"),
        ("devices_assethistory", "name"),
        ("devices_assethistory", "note"),
        ("devices_authenticatorhistory", "key"),
        ("devices_authenticatorhistory", "label"),
        ("devices_authenticatorhistory", "note"),
        ("devices_validationhistory", "note"),
        ("recovery_backuphistory", "key"),
        ("recovery_backuphistory", "label"),
        ("recovery_backuphistory", "note"),
        ("trail_typed", "salt"),
        ("trail_typed", "taken_by"),
        ("trail_typed", "text"),
    ]


@pytest.mark.django_db
def test_a_word_stands_or_was_taken_by_a_deed(owner, at):
    from django.db import IntegrityError

    deeds(owner, at)
    event = Event.objects.get()

    for facts in (
        {"text": None, "salt": None},
        {"text": "x", "salt": None},
        {"text": "x", "salt": "y", "taken_by": event.pk},
        {"text": None, "salt": "y", "taken_by": event.pk},
    ):
        with pytest.raises(IntegrityError, match="a_word_stands_or_was_taken_by_a_deed"), transaction.atomic():
            Typed.objects.create(event=event, digest="d" * 64, **facts)

    assert Walk.objects.count() == 1
