"""Puts a new sealing key in place of the old one; broken off at any moment and run again, it completes."""

from __future__ import annotations

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from core import clock
from core.errors import Refused
from identity.actions import rotation


class Command(BaseCommand):
    help = "Change the key that seals authenticators. People can sign in meanwhile. Run it again if it was broken off."

    def handle(self, *args, **options) -> None:
        try:
            with rotation.one_rotation():
                self._rotate()
        except Refused as no:
            raise CommandError(str(no)) from no

    def _rotate(self) -> None:
        begun = rotation.begin_rotation()
        self._say(_beginning(begun))
        last = rotation.Step(resealed=0, shut=())
        for last in rotation.reseal(newest=begun.newest):
            self._say(f"Sealed anew: {last.resealed}.")
        if not rotation.finish_rotation(begun=begun, resealed=last.resealed, at=clock.now()):
            raise CommandError(_unfinished(begun, last))
        self._say(f"No row needs {_keys(begun.older)} any more; dropped from {settings.POSTERN_SEALING_KEYS.path}.")
        self._say(
            "Copy that file to where you keep your keys. Keep the old copy as long as you keep backups from before "
            "today: to restore one, put the old copy's line under the line of the new file, then run this again."
        )

    def _say(self, line: str) -> None:
        self.stdout.write(line)
        self.stdout.flush()


def _beginning(begun: rotation.Begun) -> str:
    if begun.is_resumed:
        return f"An earlier run made key {begun.newest}; going on where it stopped."
    return f"Made key {begun.newest}. Until this is done it seals, and {_keys(begun.older)} opens what is older."


def _unfinished(begun: rotation.Begun, last: rotation.Step) -> str:
    if not last.shut:
        return f"A row was sealed with {_keys(begun.older)} meanwhile, so nothing is dropped. Run this again."
    numbers = ", ".join(map(str, last.shut))
    return (
        f"{len(last.shut)} of the authenticators open with no key here (numbers {numbers}), so "
        f"{_keys(begun.older)} stays in the file. Put the key that sealed them back, or have these people sign in with "
        "a backup code and enrol anew; then run this again."
    )


def _keys(numbers: tuple[int, ...]) -> str:
    return ("key " if len(numbers) == 1 else "keys ") + " and ".join(map(str, numbers))
