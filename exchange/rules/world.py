"""The office as the sheets say it: the picture that a file is compared with, and that an export writes down."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from core.clock import local_day

# A row by its key: a slug, or the slugs of the rows it joins.
Key = str | tuple[str, ...]
# A row’s values by column name, with keys in the place of other rows.
Facts = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Known:
    """A row of the office. `gone` says since when it counts no more, in words; empty while it does."""

    pk: int
    facts: Facts
    gone: str = ""


@dataclass(frozen=True, slots=True)
class World:
    """Everything that a file can speak of, at one moment.

    `signs_in` are the keys of people who have joined; `loaded` those of things on which something standing hangs.
    """

    at: datetime
    zone: str
    validity_days: int
    rows: Mapping[str, Mapping[Any, Known]]
    signs_in: frozenset[str] = frozenset()
    loaded: frozenset[str] = frozenset()

    def known(self, sheet: str, key: Any) -> Known | None:
        return self.rows[sheet].get(key)

    @property
    def today(self):
        """The office’s day."""
        return local_day(self.at, self.zone)


@dataclass(frozen=True, slots=True)
class Importer:
    """What the person who imports may do with people; predicates on roles."""

    may_give: Callable[[str], bool]
    may_change: Callable[[str], bool]


def everything(_role: str) -> bool:
    return True


OWNER = Importer(may_give=everything, may_change=everything)


def zone_of(login: Facts, thing: Facts | None, person: Callable[[str], Facts | None], office_zone: str) -> str:
    """In whose days a proof is counted: the login’s holder’s, else the thing’s holder’s, else the office’s."""
    for row in (login, thing):
        holder = person(row["holder"]) if row and row["holder"] else None
        if holder:
            return str(holder["time zone"]) or office_zone
    return office_zone


@dataclass(slots=True)
class Trouble:
    """Why a row cannot be imported, and in which column that shows."""

    column: str | None
    words: str


@dataclass(slots=True)
class PlannedRow:
    """What importing one row would do. `facts` is the whole row as it would be, `changes` what of it is new."""

    sheet: str
    number: int
    key: Any
    facts: Facts
    known: Known | None = None
    verdict: str = ""
    word: str = ""
    replaces: bool = False
    troubles: list[Trouble] = field(default_factory=list)
    changes: list[tuple[str, Any, Any]] = field(default_factory=list)

    @property
    def is_new(self) -> bool:
        return self.known is None

    @property
    def name(self) -> str:
        """What the row is called on the page."""
        named = self.facts.get("name") or self.facts.get("label")
        key = self.key if isinstance(self.key, str) else " · ".join(part for part in self.key or () if part)
        return str(named or key or "")

    def trouble(self, column: str | None, words: str | None) -> None:
        if words:
            self.troubles.append(Trouble(column, words))
