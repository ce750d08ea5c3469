"""Reading the trail."""

from __future__ import annotations

from dataclasses import dataclass

from core.trail.models import GENESIS, Event


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a walk along the chain found. `broken_at` is the first event that does not fit, else None."""

    events: int
    broken_at: int | None
    head: str

    @property
    def intact(self) -> bool:
        return self.broken_at is None

    def __str__(self) -> str:
        if self.intact:
            return f"{self.events} of {self.events} events, chain intact"
        return f"the chain breaks at event {self.broken_at}, after {self.events} good ones"


def verify() -> Verdict:
    """Walk the whole chain from its first event and recompute every digest."""
    expected, good = GENESIS, 0
    for event in Event.objects.order_by("pk").iterator(chunk_size=2000):
        if event.previous != expected or event.digest != event.computed_digest():
            return Verdict(events=good, broken_at=event.pk, head=expected)
        expected, good = event.digest, good + 1
    return Verdict(events=good, broken_at=None, head=expected)
