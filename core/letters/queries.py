"""Is the post working? Asked by the web process alone, from rows, so that it answers while workers are away."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import Case, Count, Expression, F, Max, Min, Q, Subquery, Value, When

from core.letters.enums import LetterState
from core.letters.models import Attempt, Letter, Pulse

# A moment, or what stands for one in a query that is compiled before it is asked.
Moment = datetime | Expression

PULSES = ("beat", "worker", "rules")
BEAT_EVERY = timedelta(seconds=60)
SLOW_AFTER = timedelta(minutes=5)
# Failures older than this are history: they stay on the Letters page and no longer make a banner.
FAILED_WITHIN = timedelta(days=30)


@dataclass(frozen=True, slots=True)
class Health:
    """The state of scheduler, worker and outbox at one moment. Pulses are moments or None when never seen.

    `waiting` counts letters that should have left, `failed` those refused or given up within the last 30 days.
    """

    at: datetime
    beat_at: datetime | None
    worker_at: datetime | None
    oldest_waiting: datetime | None
    waiting: int
    failed: int
    rules_at: datetime | None = None

    @property
    def beat_late(self) -> bool:
        return _late(self.beat_at, self.at)

    @property
    def worker_late(self) -> bool:
        return _late(self.worker_at, self.at)

    @property
    def rules_late(self) -> bool:
        """The rules ran here before, and lately failed or did not run."""
        return self.rules_at is not None and self.at - self.rules_at > 2 * SLOW_AFTER

    @property
    def mail_late(self) -> bool:
        return self.oldest_waiting is not None and self.at - self.oldest_waiting > SLOW_AFTER

    @property
    def ok(self) -> bool:
        return not (self.beat_late or self.worker_late or self.rules_late or self.mail_late)

    def in_words(self) -> str:
        """What is wrong, in one sentence; empty when nothing is."""
        if self.beat_late:
            return "The scheduler is not running, so no reminder is being raised and no letter leaves."
        if self.worker_late:
            return "The worker is not running, so no reminder is being raised and no letter leaves."
        if self.mail_late:
            return "Mail has been waiting for more than five minutes; the mail server may be away."
        if self.rules_late:
            return "Reminders have not been worked out for more than ten minutes; the worker’s log says why."
        return ""


def health(at: datetime) -> Health:
    """Scheduler, worker and outbox as of `at`, in three queries."""
    pulses = dict(Pulse.objects.values_list("name", "at"))
    late = _late_letters(at).aggregate(oldest=OLDEST, waiting=Count("pk"))
    return Health(
        at=at,
        beat_at=pulses.get("beat"),
        worker_at=pulses.get("worker"),
        rules_at=pulses.get("rules"),
        oldest_waiting=late["oldest"],
        waiting=late["waiting"],
        failed=_failed_letters(at).count(),
    )


# A letter that was put off waits from then on, one that was tried before since it was queued.
OLDEST = Min(Case(When(tries=0, then=F("not_before")), default=F("queued_at")))


def _late_letters(at: Moment):
    return Letter.objects.unsent().filter(Q(not_before__lte=at) | Q(tries__gt=0))


def _failed_letters(at: Moment):
    failed = [LetterState.GIVEN_UP, LetterState.REFUSED]
    return Letter.objects.filter(state__in=failed, settled_at__gt=at - FAILED_WITHIN)


# The names of what `health_expressions` gives, in its order.
FIGURES = [*(f"{name}_at" for name in PULSES), "oldest_waiting", "waiting", "failed"]


def health_expressions(at: Moment) -> dict[str, Subquery]:
    """The figures of `health` as subqueries, so that a page can fetch them along with a row of its own."""
    pulses = {f"{name}_at": Subquery(Pulse.objects.filter(name=name).values("at")[:1]) for name in PULSES}
    return pulses | {
        "oldest_waiting": Subquery(_all(_late_letters(at), OLDEST)),
        "waiting": Subquery(_all(_late_letters(at), Count("pk"))),
        "failed": Subquery(_all(_failed_letters(at), Count("pk"))),
    }


def health_from(row, at: datetime) -> Health:
    """A `Health` from a row that was annotated with `health_expressions`."""
    return Health(
        at=at,
        beat_at=row.beat_at,
        worker_at=row.worker_at,
        rules_at=row.rules_at,
        oldest_waiting=row.oldest_waiting,
        waiting=row.waiting or 0,
        failed=row.failed or 0,
    )


def _all(letters, figure):
    """One figure over a whole queryset, as a subquery of one row."""
    return letters.order_by().annotate(_one=Value(1)).values("_one").annotate(figure=figure).values("figure")


def last_accepted(at: datetime) -> datetime | None:
    """When the relay last took a letter, within the last 30 days; None when it did not."""
    taken = Letter.objects.filter(state=LetterState.ACCEPTED, settled_at__gt=at - FAILED_WITHIN)
    return taken.aggregate(last=Max("settled_at"))["last"]


def last_trouble(at: datetime) -> Attempt | None:
    """The newest try of a letter that is still unsent, so what the mail server says now; None when none failed."""
    return Attempt.objects.filter(letter__in=Letter.objects.unsent(), at__lte=at).order_by("-at", "-pk").first()


def _late(pulse: datetime | None, at: datetime) -> bool:
    return pulse is None or at - pulse > 2 * BEAT_EVERY
