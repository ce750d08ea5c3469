"""`manage.py up`: everything Postern needs, on this machine, until Ctrl-C."""

import contextlib
import os
import sys
from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from config.env import load
from config.up.supervisor import Supervisor


class Command(BaseCommand):
    help = "Start PostgreSQL, Valkey, web, worker, beat and mail catcher; stop them all with Ctrl-C."
    requires_system_checks = ()

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--with-parent", action="store_true", help="also stop when the program that started this one ends"
        )

    def handle(self, **options: Any) -> None:
        supervisor = Supervisor(load(os.environ), say=self._say, ends_with_parent=options["with_parent"])
        if code := supervisor.run():
            sys.exit(code)

    def _say(self, line: str) -> None:
        """A terminal that is gone must not keep the children from being stopped in order."""
        with contextlib.suppress(OSError):
            self.stdout.write(line)
            self.stdout.flush()
