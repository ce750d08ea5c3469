"""`manage.py prepare`: bring the database and the static files to this version's state. Safe to run again."""

import hashlib
import io
from pathlib import Path
from typing import Any

from django.conf import settings
from django.contrib.staticfiles.finders import get_finders
from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import OperationalError, connection
from django.db.migrations.executor import MigrationExecutor

from config.up.preparation import TOKEN
from identity.checks import address_of_passkeys

LOCK_WAIT = "15s"


class Command(BaseCommand):
    help = "Migrate as the tables' owner and collect the static files when they changed."
    requires_system_checks = ()

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--token", action="store_true", help="also print a set-up token while there is no owner")

    def handle(self, **options: Any) -> None:
        try:
            self._migrate()
        except OperationalError as away:
            raise CommandError(f"The database does not answer as it should: {away}") from away
        self._collect_static()
        for warning in address_of_passkeys():
            self.stdout.write(f"Warning: {warning.msg} {warning.hint}")
        if options["token"]:
            self._make_token()

    def _migrate(self) -> None:
        """One migration waiting behind a long transaction must not make everybody else wait behind it."""
        with connection.cursor() as cursor:
            cursor.execute("SELECT set_config('lock_timeout', %s, false)", [LOCK_WAIT])
        executor = MigrationExecutor(connection)
        changes = executor.migration_plan(executor.loader.graph.leaf_nodes())
        if changes:
            self._say(f"Bringing the database up to date ({len(changes)} changes).")
            call_command("migrate", interactive=False, verbosity=0)

    def _collect_static(self) -> None:
        """Skipped when nothing that goes into them has changed since the last time."""
        stamp = Path(settings.STATIC_ROOT).with_name("static.digest")
        digest = _digest_of_static()
        if stamp.exists() and stamp.read_text() == digest:
            return
        self._say("Collecting static files.")
        call_command("collectstatic", interactive=False, verbosity=0)
        stamp.write_text(digest)

    def _make_token(self) -> None:
        token = io.StringIO()
        call_command("setup_token", stdout=token)
        if words := token.getvalue().strip():
            self._say(TOKEN + words)

    def _say(self, line: str) -> None:
        self.stdout.write(line)
        self.stdout.flush()


def _digest_of_static() -> str:
    """Of the path, size and time of each source file, and of how they are stored."""
    total = hashlib.sha256(repr(settings.STORAGES).encode())
    for finder in get_finders():
        for path, storage in finder.list([]):
            file = Path(storage.path(path)).stat()
            total.update(f"{path} {file.st_size} {file.st_mtime_ns}\n".encode())
    return total.hexdigest()
