"""Querysets compiled once and run many times with other values.

On a page that asks ten questions, Django spends more time turning querysets into SQL than PostgreSQL spends answering.
A prepared query is still written as a queryset, so that visibility and meaning stay in one place; only the translation
is kept. A `Slot` stands where a value goes.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.db import connection
from django.db.models import Expression, Field, QuerySet


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


class _Marker:
    def __init__(self, name: str) -> None:
        self.name = name


class Prepared:
    """One queryset of `values_list` (or its kin), built by `build` at first use.

    `build` is called with what tells variants apart; each variant is compiled once a process. Rows come as the database
    driver gives them: plain tuples, moments aware in UTC, JSON as text.
    """

    def __init__(self, build: Callable[..., QuerySet[Any, Any]]) -> None:
        self.build = build
        self.compiled: dict[tuple[Any, ...], tuple[str, tuple[Any, ...]]] = {}

    def rows(self, *variant: Any, **values: Any) -> list[tuple[Any, ...]]:
        """Run it with these values in its slots."""
        sql, params = self.compiled.get(variant) or self._compile(variant)
        given = [values[param.name] if isinstance(param, _Marker) else param for param in params]
        with connection.cursor() as cursor:
            cursor.execute(sql, given)
            return cursor.fetchall()

    def _compile(self, variant: tuple[Any, ...]) -> tuple[str, tuple[Any, ...]]:
        sql, params = self.build(*variant).query.sql_with_params()
        self.compiled[variant] = sql, tuple(params)
        return self.compiled[variant]
