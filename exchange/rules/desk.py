"""The table at which a file is judged: what the office has, what the file adds, and how one finds the other."""

from __future__ import annotations

from collections import defaultdict
from datetime import datetime, time
from typing import Any
from zoneinfo import ZoneInfo

from accounts.brokers import Profile, catalogue
from accounts.brokers.errors import did_you_mean
from exchange.rules.world import Facts, Importer, PlannedRow, World, zone_of
from exchange.sheets.columns import BY_NAME, Column


class Desk:
    """The office and the file side by side. The file’s word on a row counts, the office’s where the file is silent."""

    def __init__(self, world: World, importer: Importer) -> None:
        self.world = world
        self.importer = importer
        self.planned: dict[str, dict[Any, PlannedRow]] = {name: {} for name in BY_NAME}
        self.also_called: dict[str, str] = {}
        self.enrolled = self._standing_authenticators()
        self.addresses = self._taken("people", "email")
        self.guesses_left = 50_000
        self._said: dict[tuple[str, ...], dict[tuple[Any, ...], list[str]]] = {}

    def _standing_authenticators(self) -> dict[str, dict[str, Facts]]:
        """Facts of the authenticators that stand, by login and key."""
        found: dict[str, dict[str, Facts]] = defaultdict(dict)
        for key, known in self.world.rows["authenticators"].items():
            if not known.gone:
                found[known.facts["login"]][key] = known.facts
        return found

    def _taken(self, sheet: str, column: str) -> dict[str, str]:
        rows = self.world.rows[sheet].items()
        return {known.facts[column].casefold(): key for key, known in rows if known.facts[column]}

    def saying(self, sheet: str, columns: tuple[str, ...], *, ended: str) -> dict[tuple[Any, ...], list[str]]:
        """The keys of all open rows, after the import, by what they say in these columns."""
        if (sheet, *columns) not in self._said:
            rows = {key: known.facts for key, known in self.world.rows[sheet].items()}
            rows |= {key: planned.facts for key, planned in self.planned[sheet].items()}
            found: dict[tuple[Any, ...], list[str]] = defaultdict(list)
            for key, facts in rows.items():
                if facts[ended] is None:
                    found[tuple(facts[column] for column in columns)].append(key)
            self._said[sheet, *columns] = found
        return self._said[sheet, *columns]

    # --- finding -----------------------------------------------------------------------------------------------------
    def facts(self, sheet: str, key: Any) -> Facts | None:
        """What a row would say after the import; None when there is none, or only one that has a problem."""
        planned = self.planned[sheet].get(key)
        if planned is not None and not planned.troubles:
            return planned.facts
        known = self.world.known(sheet, key)
        return known.facts if known else None

    def person(self, key: str) -> Facts | None:
        return self.facts("people", key)

    def is_new(self, sheet: str, key: Any) -> bool:
        """Whether the file brings the row into the office."""
        return self.world.known(sheet, key) is None

    def gone(self, sheet: str, key: Any) -> str:
        """Since when a row of the office counts no more, in words; empty while it does, and for what is new."""
        known = self.world.known(sheet, key)
        return known.gone if known else ""

    def find(self, row: PlannedRow, column: Column, sheet: str, key: Any, shown: str) -> Facts | None:
        """The row a cell refers to; when there is none that can be used, the row that refers gets the trouble."""
        found = self.facts(sheet, key)
        if found is not None:
            return found
        one = BY_NAME[sheet].one
        planned = self.planned[sheet].get(key)
        if planned is not None:
            words = f"The {one} “{shown}” in row {planned.number} has a problem itself. Mend that first."
            row.trouble(column.name, words)
        else:
            near = self._near(sheet, shown)
            where = f"Add it to the sheet “{sheet}”, or mend the key."
            row.trouble(column.name, f"There is no {one} “{shown}” here or in the file{near}. {where}")
        return None

    def _near(self, sheet: str, shown: str) -> str:
        """A likely meaning of a key that is not there; comparing takes time, so of many only the first get one."""
        keys = {key for key in (*self.world.rows[sheet], *self.planned[sheet]) if isinstance(key, str)}
        self.guesses_left -= len(keys)
        return did_you_mean(shown, keys) if self.guesses_left > 0 else ""

    # --- what several judges ask -------------------------------------------------------------------------------------
    def profile_of(self, login: str) -> Profile | None:
        """The broker’s profile of a login, new or known; None when the login cannot be used."""
        found = self.facts("logins", login)
        return catalogue().get(found["broker"]) if found else None

    def kind_of(self, thing: str) -> str | None:
        found = self.facts("things", thing) if thing else None
        return found["kind"] if found else None

    def zone_of(self, login: str, thing: str) -> str:
        """In whose days a proof of this login from this thing is counted."""
        held = self.facts("logins", login)
        return zone_of(held, self.facts("things", thing), self.person, self.world.zone) if held else self.world.zone

    def moment(self, day: Any, zone: str) -> datetime | None:
        """The moment that stands for a day: its noon, or now on the day itself before noon."""
        if day is None:
            return None
        noon = datetime.combine(day, time(12), tzinfo=ZoneInfo(zone))
        now = self.world.at.astimezone(ZoneInfo(zone))
        return self.world.at if day == now.date() and noon > now else noon
