"""Pure reasoning about delivery: when a letter is tried again, how long we listen, when we stop."""

from __future__ import annotations

import hashlib
from datetime import timedelta

from core.letters.enums import Outcome

# Longer than a worker's task may live (`task_time_limit` in config/celery.py), so that a lease outlives its holder.
LEASE = timedelta(seconds=180)
KEEP_TRYING = timedelta(days=4)
# A letter whose worker ended this often in the midst of it is not given to another one.
MOST_LOST_LEASES = 5

# The relay's or our own trouble: looked at again every minute, however long it lasts.
AWAY_WAIT = timedelta(seconds=60)
# First wait, factor and longest wait for what concerns the letter itself. Who never answers may have the letter, so
# every further try may be a further copy: these are few.
GROWING = {
    Outcome.DEFERRED: (timedelta(seconds=10), 2, timedelta(hours=1)),
    Outcome.UNANSWERED: (timedelta(seconds=30), 4, timedelta(hours=6)),
}
# Seconds to listen for the reply to the whole letter, the first time, the second, and from then on. Ten minutes would
# be right (RFC 5321, 4.5.3.2.6), but a lease and a worker's slot are short; a slow relay gets more at the next try.
PATIENCE = (20, 60, 110)


def wait_after(outcome: Outcome, failures: int, *, key: str) -> timedelta:
    """How long a letter rests after its n-th failure in a row (from 1), give or take a fifth, so that many spread out.

    The same key and number always give the same wait.
    """
    if outcome == Outcome.AWAY:
        return AWAY_WAIT * _jitter(f"{key}:{failures}")
    first, factor, longest = GROWING[outcome]
    # The exponent is cut where every kind has long reached its longest wait.
    return min(first * factor ** min(failures - 1, 12), longest) * _jitter(f"{key}:{failures}")


def _jitter(seed: str) -> float:
    """Between 0.8 and 1.2."""
    return 0.8 + 0.4 * int.from_bytes(hashlib.sha256(seed.encode()).digest()[:4]) / 2**32


def patience(failures: int) -> int:
    """Seconds to listen for the last reply after so many failures in a row."""
    return PATIENCE[min(failures, len(PATIENCE) - 1)]
