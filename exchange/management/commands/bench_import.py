"""Measure an import of many rows on this machine, and leave nothing behind."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import transaction

from core import clock
from exchange import actions, queries
from exchange.samples.large import large_office
from exchange.sheets.files import Upload
from exchange.sheets.reading import read_uploads
from exchange.sheets.writing import workbook
from identity.models import Member, Office


class Command(BaseCommand):
    help = "Import an office of many rows in a transaction that is rolled back, and print the seconds of each step."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--rows", type=int, default=10_000, help="How many rows, about.")

    def handle(self, *args: Any, **options: Any) -> None:
        with transaction.atomic():
            self._measure(options["rows"])
            transaction.set_rollback(True)

    def _measure(self, rows: int) -> None:
        at = clock.now()
        by = _owner(at)
        with self._step("write the workbook"):
            data = workbook(large_office(rows, today=at.date()), about="A large office.")
        with self._step("read the workbook"):
            reading = read_uploads([Upload("large.xlsx", data)])
        self.stdout.write(f"{reading.rows} rows, {len(data) / 1e6:.1f} MB")
        with self._step("dry run"):
            batch = actions.upload(reading, by=by, at=at)
        with self._step("import"):
            actions.press(batch, by=by, at=at)
            done = actions.run_next(at=at)
        if done is None or done.state != "done":
            raise CommandError(f"The import did not go through: {done and done.trouble}")
        with self._step("the same file again, dry run"):
            again = actions.upload(reading, by=by, at=at)
        self.stdout.write(f"the second time: {again.writes} rows would be written")
        with self._step("export"):
            workbook(queries.office_rows(at), about="A large office.")
        with self._step("undo"):
            actions.undo(done, by=by, at=at)

    @contextmanager
    def _step(self, name: str, clock_: Callable[[], float] = time.perf_counter) -> Iterator[None]:
        begun = clock_()
        yield
        self.stdout.write(f"{clock_() - begun:7.2f} s  {name}")


def _owner(at) -> Member:
    """Somebody who may import; made up in an empty database."""
    Office.objects.get_or_create(
        pk=1, defaults={"name": "Large office", "timezone": "Europe/London", "factors_ruled_at": at}
    )
    found = Member.objects.owners().first()
    return found or Member.objects.create(
        key="owner", name="Owner", role="owner", timezone="Europe/London", created_at=at, email="owner@large.example"
    )
