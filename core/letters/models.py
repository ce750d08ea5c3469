"""Letters are rows of the same transaction as the fact that causes them."""

from __future__ import annotations

from datetime import datetime

from django.conf import settings
from django.db import models
from django.db.models import Q

from core.letters.enums import LetterState, Outcome, kinds


class LetterQuerySet(models.QuerySet["Letter"]):
    def visible_to(self, member) -> LetterQuerySet:
        """All letters for those who see everything, else those written to the person."""
        return self if member.sees_everything else self.filter(recipient=member)

    def waiting(self, at: datetime) -> LetterQuerySet:
        """Letters that should leave by `at` and that no worker holds at that moment."""
        due = self.filter(not_before__lte=at)
        return due.filter(Q(state=LetterState.QUEUED) | Q(state=LetterState.SENDING, claimed_until__lte=at))

    def unsent(self) -> LetterQuerySet:
        return self.filter(state__in=[LetterState.QUEUED, LetterState.SENDING])


class Letter(models.Model):
    """One mail to one person. The key says what, about whom, which stage: a second letter with it can't exist."""

    key = models.CharField(max_length=200, unique=True)
    kind = models.CharField(max_length=20, choices=kinds)
    recipient = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="letters")
    address = models.EmailField()
    subject = models.CharField(max_length=200)
    text = models.TextField()
    html = models.TextField()
    thread = models.CharField(max_length=200, blank=True, help_text="Letters about the same thing share it.")
    state = models.CharField(max_length=12, choices=LetterState, default=LetterState.QUEUED)
    queued_at = models.DateTimeField()
    not_before = models.DateTimeField()
    claimed_until = models.DateTimeField(null=True)
    tries = models.PositiveIntegerField(default=0, help_text="Leases so far; the newest one's number fences the rest.")
    deferrals = models.PositiveSmallIntegerField(default=0, help_text="Tries in a row that this letter itself failed.")
    lost_leases = models.PositiveSmallIntegerField(default=0, help_text="Workers that ended while they held it.")
    settled_at = models.DateTimeField(null=True)

    objects = LetterQuerySet.as_manager()

    class Meta:
        indexes = [
            models.Index(
                fields=["not_before", "id"], name="letters_to_send", condition=Q(state__in=["queued", "sending"])
            ),
            models.Index(fields=["recipient", "-id"], name="letters_of_a_person"),
            models.Index(
                fields=["settled_at"], name="letters_that_failed", condition=Q(state__in=["refused", "given_up"])
            ),
        ]
        constraints = [
            models.CheckConstraint(
                name="a_letter_is_settled_when_it_is_over",
                condition=Q(state__in=["queued", "sending"], settled_at=None)
                | (~Q(state__in=["queued", "sending"]) & Q(settled_at__isnull=False)),
            ),
            models.CheckConstraint(
                name="a_letter_being_sent_is_leased",
                condition=~Q(state="sending") | Q(claimed_until__isnull=False),
            ),
        ]

    def __str__(self) -> str:
        return self.subject

    @property
    def is_over(self) -> bool:
        return self.settled_at is not None


class Attempt(models.Model):
    """One try at handing a letter to the relay, or a run of tries at a relay that was away: then the last of them."""

    letter = models.ForeignKey(Letter, on_delete=models.CASCADE, related_name="attempts")
    number = models.PositiveIntegerField()
    at = models.DateTimeField()
    outcome = models.CharField(max_length=12, choices=Outcome)
    reply = models.CharField(max_length=300, blank=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["letter", "number"], name="each_try_is_recorded_once")]

    def __str__(self) -> str:
        return f"{self.letter_id} try {self.number}: {self.outcome}"


class Pulse(models.Model):
    """The last sign of life of a part that runs by itself: the beat, a worker's sweep."""

    name = models.CharField(max_length=40, unique=True)
    at = models.DateTimeField()

    def __str__(self) -> str:
        return f"{self.name} at {self.at:%H:%M:%S}"
