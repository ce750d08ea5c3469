"""The database's own guards, as SQL for migrations. A role that owns no table can neither drop nor switch them off.

They are plain triggers and not django-pgtrigger's, which any session may tell to look away; and they fire always, also
in a session that plays a replica. Only the tests' own database has the guards against TRUNCATE switched off, because
Django empties it that way between tests (tests/conftest.py).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

from django.db.migrations.operations import RunPython, RunSQL

APP = "postern_app"

# Each names its search path: a temporary table of the same name must not be believed.
FUNCTIONS = """
CREATE FUNCTION trail_end(OUT transaction bigint, OUT recorded_at timestamptz, OUT head text)
LANGUAGE plpgsql SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    PERFORM pg_advisory_xact_lock(1886352244);  -- one writer at a time: the chain has one end
    SELECT digest INTO head FROM public.trail_event ORDER BY id DESC LIMIT 1;
    transaction := pg_current_xact_id()::text::bigint;
    recorded_at := clock_timestamp();
END $$;

CREATE FUNCTION trail_refuses() RETURNS trigger LANGUAGE plpgsql
SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    RAISE EXCEPTION 'Nothing in % is ever changed or taken away.', TG_TABLE_NAME
        USING ERRCODE = 'insufficient_privilege';
END $$;

CREATE FUNCTION trail_takes_the_moment() RETURNS trigger LANGUAGE plpgsql
SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    IF NEW.transaction IS DISTINCT FROM pg_current_xact_id()::text::bigint
       OR coalesce(abs(extract(epoch FROM clock_timestamp() - NEW.recorded_at)), 61) > 60 THEN
        RAISE EXCEPTION 'An event belongs to its own transaction and moment.'
            USING ERRCODE = 'insufficient_privilege';
    END IF;
    RETURN NEW;
END $$;

CREATE FUNCTION trail_takes_words() RETURNS trigger LANGUAGE plpgsql
SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    IF NEW.text IS NOT NULL OR NEW.salt IS NOT NULL OR OLD.taken_by IS NOT NULL
       OR (NEW.id, NEW.event_id, NEW.digest) IS DISTINCT FROM (OLD.id, OLD.event_id, OLD.digest)
       OR NEW.member_id IS DISTINCT FROM OLD.member_id
       OR NOT EXISTS (SELECT FROM public.trail_event WHERE id = NEW.taken_by
                      AND verb = 'member.pseudonymised' AND transaction = pg_current_xact_id()::text::bigint) THEN
        RAISE EXCEPTION 'A word of the trail is only taken away, by a deed that says so.'
            USING ERRCODE = 'insufficient_privilege';
    END IF;
    RETURN NEW;
END $$;

CREATE FUNCTION trail_lets_forget() RETURNS trigger LANGUAGE plpgsql
SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    IF NOT EXISTS (SELECT FROM public.trail_event
                   WHERE verb = 'member.pseudonymised' AND transaction = pg_current_xact_id()::text::bigint) THEN
        RAISE EXCEPTION 'Nothing in % is changed but to take a name away.', TG_TABLE_NAME
            USING ERRCODE = 'insufficient_privilege';
    END IF;
    RETURN NULL;
END $$;
"""
NO_FUNCTIONS = """
DROP FUNCTION trail_end();
DROP FUNCTION trail_refuses();
DROP FUNCTION trail_takes_the_moment();
DROP FUNCTION trail_takes_words();
DROP FUNCTION trail_lets_forget();
"""


class Guard(NamedTuple):
    """One trigger, before a kind of statement on a table. It fires in every kind of session."""

    table: str
    name: str
    event: str
    function: str
    each: str = "STATEMENT"

    @property
    def put_up(self) -> str:
        return (
            f"CREATE TRIGGER {self.name} BEFORE {self.event} ON {self.table} "
            f"FOR EACH {self.each} EXECUTE FUNCTION {self.function}();\n"
            f"ALTER TABLE {self.table} ENABLE ALWAYS TRIGGER {self.name};\n"
        )

    @property
    def take_down(self) -> str:
        return f"DROP TRIGGER {self.name} ON {self.table};\n"


OF_THE_TRAIL = (
    Guard("trail_event", "trail_is_never_changed", "UPDATE OR DELETE", "trail_refuses"),
    Guard("trail_event", "trail_is_never_emptied", "TRUNCATE", "trail_refuses"),
    Guard("trail_event", "an_event_is_of_its_own_moment", "INSERT", "trail_takes_the_moment", "ROW"),
    Guard("trail_typed", "words_are_only_taken_by_a_deed", "UPDATE", "trail_takes_words", "ROW"),
    Guard("trail_typed", "words_are_never_deleted", "DELETE", "trail_refuses"),
    Guard("trail_typed", "words_are_never_emptied", "TRUNCATE", "trail_refuses"),
    Guard("trail_walk", "walks_are_never_changed", "UPDATE OR DELETE", "trail_refuses"),
    Guard("trail_walk", "walks_are_never_emptied", "TRUNCATE", "trail_refuses"),
)


def of_history(table: str) -> tuple[Guard, ...]:
    """The guards of one table of field history: only a person's name may be taken out of it."""
    return (
        Guard(table, "history_is_only_forgotten", "UPDATE", "trail_lets_forget"),
        Guard(table, "history_is_never_deleted", "DELETE", "trail_refuses"),
        Guard(table, "history_is_never_emptied", "TRUNCATE", "trail_refuses"),
    )


def guard_the_trail() -> RunSQL:
    """For the migration that makes the trail's tables, after them."""
    kept = {"trail_event": (), "trail_typed": ("salt", "text", "taken_by"), "trail_walk": ()}
    forward = FUNCTIONS + _up(OF_THE_TRAIL) + "".join(_take_rights(table, *columns) for table, columns in kept.items())
    return RunSQL(forward, _down(OF_THE_TRAIL) + "".join(map(_give_rights, kept)) + NO_FUNCTIONS)


def guard_history(**tables: Sequence[str]) -> RunSQL:
    """For a migration that makes tables of field history: each with the columns of text that a name may stand in."""
    guards = [guard for table in tables for guard in of_history(table)]
    forward = _up(guards) + "".join(_take_rights(table, *columns) for table, columns in tables.items())
    return RunSQL(forward, _down(guards) + "".join(map(_give_rights, tables)))


def _up(guards: Iterable[Guard]) -> str:
    return "".join(guard.put_up for guard in guards)


def _down(guards: Iterable[Guard]) -> str:
    return "".join(guard.take_down for guard in guards)


def _take_rights(table: str, *columns: str) -> str:
    """The web may add and read; and update those columns, as far as the guards let it."""
    keeps = f" GRANT UPDATE ({', '.join(columns)}) ON {table} TO {APP};" if columns else ""
    return _where_there_is_the_role(f"REVOKE UPDATE, DELETE, TRUNCATE ON {table} FROM {APP};{keeps}")


def _give_rights(table: str) -> str:
    return _where_there_is_the_role(f"GRANT UPDATE, DELETE ON {table} TO {APP};")


def _where_there_is_the_role(sql: str) -> str:
    return f"DO $$ BEGIN IF EXISTS (SELECT FROM pg_roles WHERE rolname = '{APP}') THEN {sql} END IF; END $$;\n"


def begin_history(app: str, **models: str) -> RunPython:
    """For the migration that makes tables of history: rows there already are written down as they are now.

    `models` are the names of history models with the names of what they are the history of.
    """

    def begin(apps: Any, editor: Any) -> None:
        for history, model in models.items():
            source, target = (apps.get_model(app, name)._meta for name in (model, history))
            columns = ", ".join(f'"{field.column}"' for field in source.local_concrete_fields)
            editor.execute(
                f'INSERT INTO "{target.db_table}" (pgh_created_at, pgh_label, {columns}) '  # noqa: S608  # names of ours
                f"SELECT clock_timestamp(), 'begun', {columns} FROM \"{source.db_table}\""
            )

    return RunPython(begin, RunPython.noop)
