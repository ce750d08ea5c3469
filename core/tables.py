"""Lists that people sort, page through and take out as a file: declared once, for the page and for the file.

A view makes a `Table` of its columns, of what was found and of the address, and its template draws the heads with
`parts/table_head.html`. The route beside it, which answers with `export`, takes out what the page shows.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from typing import Any
from urllib.parse import quote

from django import forms
from django.core.paginator import Page, Paginator
from django.db.models import F, OrderBy, QuerySet
from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import render

from core import clock
from core.cells import MARK, csv_lines
from core.trail.actions import note_list_export

# Rows of a file are worked out and written this many at a time.
AT_ONCE = 500


@dataclass(frozen=True, slots=True)
class Column:
    """One column: its name in the address, its heading, what a file says in it, and what it is sorted by.

    `order` are fields for the database. `key` is for what only Python knows: every row is worked out before one page of
    them is shown. With neither, nobody sorts by it.
    """

    name: str
    label: str
    says: Callable[[Any], object]
    order: tuple[str, ...] = ()
    key: Callable[[Any], Any] | None = None

    @property
    def sorts(self) -> bool:
        return bool(self.order or self.key)


@dataclass(frozen=True, slots=True)
class Head:
    """The heading of a column: how the rows are sorted by it now, and what to ask for to sort by it (or to turn)."""

    label: str
    now: str
    ask: str


class Table:
    """What was found, in the order that the address asks for (`?sort=name`, `?sort=-name`), a page at a time.

    `found` comes in its usual order, which also decides between equals; a list of what was worked out already is sorted
    by `key` alone. `rows` turns some of its objects into rows, in the same order, with a constant number of queries.
    """

    def __init__(
        self,
        columns: Sequence[Column],
        found: QuerySet[Any] | list[Any],
        rows: Callable[[list[Any]], Sequence[Any]],
        *,
        asked: QueryDict,
        size: int,
    ) -> None:
        self.columns, self.size, self.asked = columns, size, asked
        self._found: Any = found
        self._rows = rows
        wanted = asked.get("sort", "")
        self.backwards = wanted.startswith("-")
        self.by = next((one for one in columns if one.sorts and one.name == wanted.removeprefix("-")), None)

    @property
    def sort(self) -> str:
        """What the address asks for, when it makes sense; empty for the usual order."""
        return f"{'-' * self.backwards}{self.by.name}" if self.by else ""

    @property
    def heads(self) -> list[Head]:
        return [self._head(column) for column in self.columns]

    def _head(self, column: Column) -> Head:
        if not column.sorts:
            return Head(column.label, "", "")
        if column is not self.by:
            return Head(column.label, "", column.name)
        now, ask = ("descending", column.name) if self.backwards else ("ascending", f"-{column.name}")
        return Head(column.label, now, ask)

    @property
    def choices(self) -> list[tuple[str, str]]:
        """The ways to sort, for where there is no room for headings."""
        ways = [("", "As usual")]
        for column in self.columns:
            if column.sorts:
                ways += [(column.name, column.label), (f"-{column.name}", f"{column.label}, backwards")]
        return ways

    @cached_property
    def page(self) -> Page[Any]:
        """The page that is asked for; its objects are rows when Python sorts, else what they are made of."""
        return Paginator(self._all(), self.size).get_page(self.asked.get("page"))

    @cached_property
    def rows(self) -> Sequence[Any]:
        """The rows of that page."""
        shown = list(self.page.object_list)
        return shown if self._is_worked_out else self._rows(shown)

    @property
    def count(self) -> int:
        return self.page.paginator.count

    @property
    def _is_worked_out(self) -> bool:
        return self.by is not None and self.by.key is not None

    def _all(self) -> Any:
        if self.by is None:
            return self._found
        if self.by.key is None:
            usual = self._found.query.order_by
            return self._found.order_by(*(self._ordered(name) for name in self.by.order), *usual)
        return sorted(self._rows(list(self._found)), key=self.by.key, reverse=self.backwards)

    def _ordered(self, name: str) -> OrderBy:
        """What is empty comes last, whichever way the rest is turned."""
        return F(name).desc(nulls_last=True) if self.backwards else F(name).asc(nulls_last=True)

    def csv(self) -> Iterator[bytes]:
        """Every page as one file, in pieces: UTF-8 with mark, commas, the headings first, formulas neutralised."""
        yield MARK + csv_lines([[column.label for column in self.columns]])
        every = list(self._all())
        for start in range(0, len(every), AT_ONCE):
            some = every[start : start + AT_ONCE]
            rows = some if self._is_worked_out else self._rows(some)
            yield csv_lines([_cell(column.says(row)) for column in self.columns] for row in rows)


def _cell(value: object) -> object:
    """What a file says for a value of ours; everything else as it is."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, datetime):
        return f"{value:%Y-%m-%d %H:%M} UTC"
    if isinstance(value, tuple | list):
        return ", ".join(map(str, value))
    return value


def in_words(form: forms.Form) -> list[tuple[str, str]]:
    """What a filter asks for, as pairs of a field’s label and what was chosen or typed; nothing that is empty."""
    form.is_valid()
    asked = {name: value for name, value in form.cleaned_data.items() if value not in (None, "", False)}
    return [(str(form.fields[name].label), _chosen(form.fields[name], value)) for name, value in asked.items()]


def _chosen(field: forms.Field, value: Any) -> str:
    if isinstance(field, forms.ModelChoiceField):
        return str(value)
    if isinstance(field, forms.ChoiceField):
        flat: Any = field.choices
        return next((str(label) for choice, label in flat if str(choice) == value), value)
    return "yes" if value is True else str(value)


def export(
    request: HttpRequest, table: Table, *, name: str, back: str, asked: Sequence[tuple[str, str]] = ()
) -> HttpResponse:
    """GET says what the file will hold, POST makes it. The trail notes who took how much of which list."""
    if request.method != "POST":
        facts = {"table": table, "name": name, "back": f"{back}?{request.GET.urlencode()}", "asked": asked}
        return render(request, "export.html", facts)
    at = clock.now()
    note_list_export(name, rows=table.count, asked=dict(asked), by=request.user, at=at)
    day = clock.local_day(at, request.user.timezone).isoformat()  # type: ignore[union-attr]  # behind a guard
    file_name = quote(f"{name.lower().replace(' ', '-')}-{day}.csv")
    return HttpResponse(
        table.csv(),
        content_type="text/csv; charset=utf-8",
        headers={"Content-Disposition": f"attachment; filename*=UTF-8''{file_name}"},
    )
