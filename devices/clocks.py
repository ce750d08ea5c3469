"""How far a device’s clock is off, and what that does to one-time codes. Pure.

A code changes every 30 seconds (RFC 6238), and a clock that is off by more than half of that begins to show codes which
are not the ones of now. Brokers accept a neighbouring code or two, but nobody tells how many.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

HALF_STEP = timedelta(seconds=15)
# Below this nobody needs to do anything: the time that a person takes to type a code is longer.
FINE = timedelta(seconds=5)
# A clock is off by minutes or, with a dead battery, by decades; more is no clock.
FURTHEST = timedelta(days=100 * 366)
WIDEST = timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class Reading:
    """A clock that was `offset_ms` ahead of the server’s (behind when negative), give or take `margin_ms`."""

    offset_ms: int
    margin_ms: int

    @property
    def least(self) -> timedelta:
        """The least that it is off, whichever way."""
        return timedelta(milliseconds=max(0, abs(self.offset_ms) - self.margin_ms))

    @property
    def most(self) -> timedelta:
        """The most that it may be off, whichever way."""
        return timedelta(milliseconds=abs(self.offset_ms) + self.margin_ms)

    @property
    def state(self) -> str:
        """ok, due, late or unknown: right, worth setting, off by more than half a code, or too rough to tell."""
        if self.least > HALF_STEP:
            return "late"
        if self.least > FINE:
            return "due"
        return "ok" if self.most <= HALF_STEP else "unknown"

    @property
    def words(self) -> str:
        """“21 seconds behind”; “right” when nothing can be told apart from that."""
        if self.least <= timedelta(seconds=1):
            return "right" if self.most <= HALF_STEP else "right as far as can be told"
        return f"{_long(abs(self.offset_ms) / 1000)} {'ahead' if self.offset_ms > 0 else 'behind'}"

    @property
    def margin(self) -> str:
        """“0.1 seconds”: by how much that may be wrong."""
        return _long(self.margin_ms / 1000)


def reading_fault(offset_ms: int, margin_ms: int) -> str | None:
    """Why a reading can’t be: no clock is off so far, and so wide a margin says nothing."""
    if abs(offset_ms) > FURTHEST / timedelta(milliseconds=1):
        return "No clock is off by so much. Measure again."
    if not 0 <= margin_ms <= WIDEST / timedelta(milliseconds=1):
        return "That took too long to say anything. Measure again."
    return None


def _long(seconds: float) -> str:
    for length, word in ((86400 * 365, "year"), (86400, "day"), (3600, "hour"), (60, "minute")):
        if seconds >= 2 * length:
            return f"{seconds / length:.0f} {word}s"
    if seconds < 0.1:
        return "less than 0.1 seconds"
    if seconds >= 10:
        return f"{seconds:.0f} seconds"
    return f"{seconds:.1f} seconds"
