"""Write docs/sample-office.xlsx, the same as CSV files, and docs/import.md, each from its one source."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandParser

from exchange import samples
from exchange.sheets.guide import guide
from exchange.sheets.writing import csv_files, workbook

ABOUT = "The office of Brandt & Ferrari, invented to be looked at and to be imported as it is."


class Command(BaseCommand):
    help = "Write the sample office and the guide to importing into docs/."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--to", type=Path, default=Path(settings.BASE_DIR) / "docs", help="Another folder than docs/."
        )

    def handle(self, *args: Any, to: Path, **options: Any) -> None:
        office = samples.office("sample")
        folder = to / "sample-office"
        folder.mkdir(parents=True, exist_ok=True)
        to.joinpath("sample-office.xlsx").write_bytes(workbook(office, about=ABOUT))
        for name, data in csv_files(office).items():
            folder.joinpath(name).write_bytes(data)
        to.joinpath("import.md").write_text(guide(), encoding="utf-8")
        self.stdout.write(f"Wrote the sample office and import.md to {to}.")
