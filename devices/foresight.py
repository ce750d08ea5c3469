"""What a page of things has to ask about doors and backups.

Doors are judged above this app, in recovery, which registers its queries here at start-up; so a page of devices can
say what a loss would shut, and devices still imports only what stands below it.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Any, Protocol

from accounts.models import Login
from devices.models import Asset
from identity.models import Member, Office


class Foresight(Protocol):
    """What has to be answered; `recovery.queries` says what each answer holds."""

    def summaries(
        self, assets: Collection[Asset], member: Member, *, at: datetime, office: Office
    ) -> Mapping[int, Any]:
        """By the thing's number: how many doors it helps open, its proof that needs most, what stands in for it."""
        ...

    def thing_page(self, asset: Asset, member: Member, *, at: datetime, office: Office) -> Any:
        """The doors one thing helps open, what it carries, and what its loss would do."""
        ...

    def line_of(self, login: Login, member: Member, *, at: datetime, office: Office) -> Any:
        """One login with its authenticators, what backs them up, why no more of it counts, and the next step."""
        ...

    def rings(self, member: Member, *, at: datetime, office: Office) -> Sequence[Any]:
        """Each login with its authenticators and backups."""
        ...


_registered: list[Foresight] = []


def register(foresight: Foresight) -> None:
    """Name who answers; the last one named does."""
    _registered[:] = [foresight]


def foresight() -> Foresight:
    """Who answers."""
    return _registered[0]
