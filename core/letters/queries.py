"""Is the post working? Asked by the web process alone, from rows, so that it answers while workers are away."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import Count, Min, Subquery, Value

from core.letters.enums import LetterState
from core.letters.models import Letter, Pulse

BEAT_EVERY = timedelta(seconds=60)
SLOW_AFTER = timedelta(minutes=5)


@dataclass(frozen=True, slots=True)
class Health:
    """The state of scheduler, worker and outbox at one moment. Pulses are moments or None when never seen."""

    at: datetime
    beat_at: datetime | None
    worker_at: datetime | None
    oldest_waiting: datetime | None
    waiting: int
    failed: int

    @property
    def beat_late(self) -> bool:
        return _late(self.beat_at, self.at)

    @property
    def worker_late(self) -> bool:
        return _late(self.worker_at, self.at)

    @property
    def mail_late(self) -> bool:
        return self.oldest_waiting is not None and self.at - self.oldest_waiting > SLOW_AFTER

    @property
    def ok(self) -> bool:
        return not (self.beat_late or self.worker_late or self.mail_late)

    def in_words(self) -> str:
        """What is wrong, in one sentence; empty when nothing is."""
        if self.beat_late:
            return "The scheduler is not running, so no reminder is being raised."
        if self.worker_late:
            return "The worker is not running, so nothing is being sent."
        if self.mail_late:
            return "Mail has been waiting for more than five minutes; the mail server may be away."
        return ""


def health(at: datetime) -> Health:
    """Scheduler, worker and outbox as of `at`, in three queries."""
    pulses = dict(Pulse.objects.filter(name__in=["beat", "worker"]).values_list("name", "at"))
    waiting = _soon(at).aggregate(oldest=Min("queued_at"), count=Count("pk"))
    return Health(
        at=at,
        beat_at=pulses.get("beat"),
        worker_at=pulses.get("worker"),
        oldest_waiting=waiting["oldest"],
        waiting=waiting["count"],
        failed=_failed().count(),
    )


def _soon(at: datetime):
    return Letter.objects.unsent().filter(not_before__lte=at)


def _failed():
    return Letter.objects.filter(state__in=[LetterState.GIVEN_UP, LetterState.REFUSED])


def health_expressions(at: datetime) -> dict[str, Subquery]:
    """The figures of `health` as subqueries, so that a page can fetch them along with a row of its own."""
    return {
        "beat_at": Subquery(Pulse.objects.filter(name="beat").values("at")[:1]),
        "worker_at": Subquery(Pulse.objects.filter(name="worker").values("at")[:1]),
        "oldest_waiting": Subquery(_all(_soon(at), Min("queued_at"))),
        "waiting": Subquery(_all(_soon(at), Count("pk"))),
        "failed": Subquery(_all(_failed(), Count("pk"))),
    }


def health_from(row, at: datetime) -> Health:
    """A `Health` from a row that was annotated with `health_expressions`."""
    return Health(
        at=at,
        beat_at=row.beat_at,
        worker_at=row.worker_at,
        oldest_waiting=row.oldest_waiting,
        waiting=row.waiting or 0,
        failed=row.failed or 0,
    )


def _all(letters, figure):
    """One figure over a whole queryset, as a subquery of one row."""
    return letters.order_by().annotate(_one=Value(1)).values("_one").annotate(figure=figure).values("figure")


def _late(pulse: datetime | None, at: datetime) -> bool:
    return pulse is None or at - pulse > 2 * BEAT_EVERY
