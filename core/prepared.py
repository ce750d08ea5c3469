"""Querysets compiled once and run many times with other values.

On a page that asks ten questions, Django spends more time turning querysets into SQL than PostgreSQL spends answering,
and PostgreSQL as long planning them as running them. A prepared query is still written as a queryset, so that
visibility and meaning stay in one place; only the translation is kept, here and, as a prepared statement, in the
server. A `Slot` stands where a value goes.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import psycopg
from django.db import connection
from django.db.models import BooleanField, Expression, Field, Func, QuerySet
from psycopg import sql as literals


class Slot(Expression):
    """The place of a value that is given when the query is run."""

    def __init__(self, name: str, output_field: Field) -> None:
        super().__init__(output_field=output_field)
        self.name = name

    def as_sql(self, compiler: Any, connection: Any) -> Any:
        return "%s", [_Marker(self.name)]


class Reader(Slot):
    """A slot for the member who asks, as `visible_to` takes one."""

    def __init__(self, output_field: Field, *, sees_everything: bool) -> None:
        super().__init__("reader", output_field)
        self.sees_everything = sees_everything


class Among(Func):
    """Whether a number is one of an array: `filter(Among("door", Slot("doors", …)))`."""

    template = "(%(expressions)s))"
    arg_joiner = " = ANY("
    output_field = BooleanField()


class NoneOf(Func):
    """Whether a number is none of an array."""

    template = "(%(expressions)s))"
    arg_joiner = " <> ALL("
    output_field = BooleanField()


class _Marker:
    def __init__(self, name: str) -> None:
        self.name = name


class _Keeping(psycopg.Cursor[tuple[Any, ...]]):
    """A cursor whose statements the server keeps, parsed and soon planned too, for as long as the connection lives."""

    def execute(self, query: Any, params: Any = None, **kwargs: Any) -> _Keeping:
        return super().execute(query, params, prepare=True, **kwargs)


def _cursor() -> Any:
    """A keeping cursor inside Django's own wrapper, which counts queries and turns errors into Django's."""
    connection.close_if_health_check_failed()
    connection.ensure_connection()
    with connection.wrap_database_errors:
        # Django offers no public way to put a cursor of one's own into its wrapper.
        return connection._prepare_cursor(_Keeping(connection.connection))  # type: ignore[attr-defined]


class Prepared:
    """One queryset of `values_list` (or its kin), built by `build` at first use.

    `build` is called with what tells variants apart; each variant is compiled once a process. Rows come as the database
    driver gives them: plain tuples, moments aware in UTC, JSON as text.
    """

    def __init__(self, build: Callable[..., QuerySet[Any, Any]]) -> None:
        self.build = build
        self.compiled: dict[tuple[Any, ...], tuple[str, tuple[str, ...]]] = {}

    def rows(self, *variant: Any, **values: Any) -> list[tuple[Any, ...]]:
        """Run it with these values in its slots."""
        sql, slots = self.compiled.get(variant) or self._compile(variant)
        with _cursor() as cursor:
            cursor.execute(sql, [values[name] for name in slots])
            return cursor.fetchall()

    def _compile(self, variant: tuple[Any, ...]) -> tuple[str, tuple[str, ...]]:
        """SQL with a place for each slot, and their names in order. What never changes is written into it.

        So the server plans with the real values of constants, and one plan serves whatever the slots hold.
        """
        sql, params = self.build(*variant).query.sql_with_params()
        given = iter(params)
        slots: list[str] = []

        def fill(place: re.Match[str]) -> str:
            if place[0] == "%%":
                return "%%"
            param = next(given)
            if isinstance(param, _Marker):
                slots.append(param.name)
                return "%s"
            return literals.Literal(param).as_string(connection.connection).replace("%", "%%")

        connection.ensure_connection()
        self.compiled[variant] = re.sub("%[%s]", fill, sql), tuple(slots)
        return self.compiled[variant]
