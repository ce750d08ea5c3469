"""Reading doors: the slim picture of all that a member sees, and the same with reasons for one page."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property, lru_cache
from typing import NamedTuple

from django.db.models import FilteredRelation, Max, Min, OuterRef, Q, Subquery
from django.db.models.functions import Coalesce

from accounts.brokers import catalogue, satisfied
from accounts.enums import LoginKind
from accounts.models import Door, Grant, Login
from core.clock import local_day
from devices import rules as device_rules
from devices.enums import Outcome
from devices.models import Asset
from recovery.accessgraph import STATES, gone, judge, proof_in_sum


class DoorFacts(NamedTuple):
    """One door of the picture. Lapses are of proofs on devices at hand: `best` the latest, `worst` the earliest."""

    id: int
    login_id: int
    holder_id: int | None
    broker: str
    interface: str
    state: str
    best: datetime | None
    worst: datetime | None


@dataclass(frozen=True)
class Picture:
    """How every door of a member's visible logins stands at one moment; doors in the order of login and row."""

    doors: tuple[DoorFacts, ...]
    at: datetime

    def by_login(self) -> dict[int, list[DoorFacts]]:
        """The doors under the number of their login; logins without doors are absent."""
        return _grouped(self.doors, "login_id")
