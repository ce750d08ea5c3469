"""How long a session has left. Its own stamps say it, in seconds since 1970; pure reasoning about a mapping."""

from __future__ import annotations

from collections.abc import Mapping, MutableMapping
from datetime import datetime
from typing import Any

from identity.enums import Ending
from identity.models import Limits

# A session's time stamps are written at most this often, so that reading pages costs no write.
STAMP_EVERY = 60
# How long before its end a page warns.
WARN_BEFORE = 120


def begin(session: MutableMapping[str, Any], limits: Limits, at: datetime, *, proved_at: datetime | None) -> None:
    """A session begins: both questions were answered. `proved_at` is when a factor was shown that counts as a fresh
    proof, which lies back where somebody printed their codes in between; None when none was.
    """
    session["began"] = int(at.timestamp())
    session["fresh_at"] = min(int(proved_at.timestamp()), session["began"]) if proved_at else 0
    stamp(session, limits, at)


def stamp(session: MutableMapping[str, Any], limits: Limits, at: datetime) -> None:
    """Something was pressed: the rest begins anew, the whole length does not."""
    seen = int(at.timestamp())
    session["seen"] = seen
    session["ends_at"] = min(seen + limits.idle, session["began"] + limits.longest)


def is_due(session: Mapping[str, Any], at: datetime) -> bool:
    """Whether the last stamp is old enough for another."""
    return int(at.timestamp()) - session.get("seen", 0) > STAMP_EVERY


def over(session: Mapping[str, Any], limits: Limits, at: datetime) -> Ending | None:
    """Why the session has run out, or None.

    What was promised at the last stamp counts as well as today's limits: a limit that is raised later wakes no session
    up, and one that is lowered holds from the next request.
    """
    now = int(at.timestamp())
    if now - session.get("began", 0) >= limits.longest:
        return Ending.LASTED
    if now - session.get("seen", 0) >= limits.idle or now >= session.get("ends_at", 0):
        return Ending.RESTED
    return None


def left(session: Mapping[str, Any], limits: Limits, at: datetime) -> tuple[int, int]:
    """Seconds until it ends if nothing is pressed, and until it ends whatever is pressed."""
    now = int(at.timestamp())
    over_in = session.get("began", 0) + limits.longest - now
    rests_in = min(session.get("seen", 0) + limits.idle, session.get("ends_at", 0)) - now
    return max(0, min(rests_in, over_in)), max(0, over_in)
