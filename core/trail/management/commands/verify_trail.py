"""Walks the trail and says whether its chain is whole."""

from __future__ import annotations

from django.core.management.base import BaseCommand, CommandError

from core.trail import queries


class Command(BaseCommand):
    help = "Recompute every digest of the trail; exits with 1 and names the event where the chain breaks."

    def handle(self, *args, **options) -> None:
        verdict = queries.verify()
        if not verdict.intact:
            raise CommandError(str(verdict))
        self.stdout.write(f"{verdict}; head {verdict.head}")
