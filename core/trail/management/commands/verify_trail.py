"""Walks the trail, here or in an exported file, and says whether its chain is whole and a head still part of it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from core import clock
from core.trail import actions, files, queries
from core.trail.chain import SHORTEST_HEAD, same_head
from core.trail.enums import Verb


class Command(BaseCommand):
    """Exits with 1 and names the event where the chain breaks, or says that the head is not in it."""

    help = "Recompute every digest of the trail, or of an exported file, and compare it with a head from a letter."
    requires_system_checks = ()

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--file", type=Path, metavar="F", help="an export in JSON lines; no database is needed")
        parser.add_argument("--head", metavar="DIGEST", help="a head from a weekly letter, whole or its beginning")

    def handle(self, *args: Any, file: Path | None, head: str | None, **options: Any) -> None:
        if head is not None and len("".join(head.split())) < SHORTEST_HEAD:
            raise CommandError(f"Give at least the first {SHORTEST_HEAD} characters of the head.")
        if file is not None:
            self._verify_file(file, head)
        else:
            self._verify_here(head)

    def _verify_here(self, head: str | None) -> None:
        """The walk is kept, so that the page knows of it; the guards of the database are looked at too."""
        walk = actions.walk(at=clock.now())
        verdict = queries.verdict_of(walk)
        if not verdict.intact:
            raise CommandError(str(verdict))
        self.stdout.write(f"{verdict}; head {verdict.head}")
        self.stdout.write(f"It took {walk.took_ms / 1000:.1f} s.")
        if missing := queries.missing_guards():
            raise CommandError(f"The database does not guard it as it should. Missing: {', '.join(missing)}")
        if head is not None:
            found = queries.anchor(head)
            if found.event is None:
                raise CommandError(NOT_THERE)
            self.stdout.write(f"The head is event {found.place:,} of {verdict.events:,}, still part of the chain.")

    def _verify_file(self, file: Path, head: str | None) -> None:
        try:
            with file.open(encoding="utf-8") as lines:
                verdict = files.verify(lines, takes=Verb.MEMBER_PSEUDONYMISED)
        except OSError as trouble:
            raise CommandError(f"{file} can’t be read: {trouble.strerror}") from None
        except UnicodeDecodeError:
            raise CommandError(f"{file} is not a text file.") from None
        except files.NotATrailError as trouble:
            raise CommandError(str(trouble)) from None
        if not verdict.intact:
            raise CommandError(str(verdict))
        self.stdout.write(f"{verdict}; head {verdict.head}")
        if head is not None:
            number = next((n for digest, n in verdict.numbers.items() if same_head(digest, head)), None)
            if number is None:
                raise CommandError(NOT_THERE)
            self.stdout.write(f"The head is event number {number} of the file.")


NOT_THERE = "No event has that head. Either it was copied wrongly, or the trail was written anew since."
