"""Prints the one-time set-up token while the office is not set up yet, else nothing."""

from __future__ import annotations

from django.core.management.base import BaseCommand

from core import clock
from identity import actions


class Command(BaseCommand):
    help = "Print a fresh one-time set-up token; prints nothing once the office is set up."

    def handle(self, *args, **options) -> None:
        token = actions.make_setup_token(at=clock.now())
        if token:
            self.stdout.write(token)
