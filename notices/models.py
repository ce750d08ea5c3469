"""Broker notices, who has answered them, and every reminder that was raised."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import Q

from accounts.brokers import catalogue
from core.letters.models import Letter
from notices.enums import AckState, RuleKind


class NoticeQuerySet(models.QuerySet["Notice"]):
    def visible_to(self, member) -> NoticeQuerySet:
        """Every notice for those who see everything, else those a person was asked to answer."""
        if member.sees_everything:
            return self
        return self.filter(pk__in=Acknowledgement.objects.filter(member=member).values("notice"))

    def open(self) -> NoticeQuerySet:
        return self.filter(closed_at=None)


class Notice(models.Model):
    """What a broker is about to change, by when somebody must answer."""

    broker = models.SlugField(max_length=40)
    title = models.CharField(max_length=120)
    text = models.TextField(max_length=20_000)
    digest = models.CharField(max_length=64, unique=True, help_text="The same text twice is one notice.")
    answer_by = models.DateField()
    effective_on = models.DateField(null=True, blank=True)
    owner = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="notices_owned")
    created_at = models.DateTimeField()
    closed_at = models.DateTimeField(null=True)

    objects = NoticeQuerySet.as_manager()

    def __str__(self) -> str:
        return self.title

    @property
    def broker_name(self) -> str:
        return catalogue()[self.broker].name


class AcknowledgementQuerySet(models.QuerySet["Acknowledgement"]):
    def visible_to(self, member) -> AcknowledgementQuerySet:
        return self if member.sees_everything else self.filter(member=member)

    def waiting(self) -> AcknowledgementQuerySet:
        return self.filter(state__in=[AckState.SENT, AckState.SEEN], notice__closed_at=None)


class Acknowledgement(models.Model):
    """One person’s answer to one notice."""

    notice = models.ForeignKey(Notice, on_delete=models.CASCADE, related_name="answers")
    member = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="acknowledgements")
    state = models.CharField(max_length=10, choices=AckState, default=AckState.SENT)
    seen_at = models.DateTimeField(null=True)
    answered_at = models.DateTimeField(null=True)
    answered_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.PROTECT,
        related_name="+",
        null=True,
        help_text="Who wrote the answer down, when it was told in person.",
    )
    reason = models.CharField(max_length=300, blank=True)

    objects = AcknowledgementQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["notice", "member"], name="one_answer_per_person_and_notice"),
            models.CheckConstraint(name="declining_has_a_reason", condition=~Q(state="declined") | ~Q(reason="")),
            models.CheckConstraint(
                name="an_answer_is_dated",
                condition=Q(state__in=["sent", "seen"], answered_at=None)
                | Q(state__in=["confirmed", "declined"], answered_at__isnull=False),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.member} on {self.notice}"

    @property
    def is_waiting(self) -> bool:
        return self.state in (AckState.SENT, AckState.SEEN)


class ReminderQuerySet(models.QuerySet["Reminder"]):
    def visible_to(self, member) -> ReminderQuerySet:
        return self if member.sees_everything else self.filter(member=member)

    def open(self) -> ReminderQuerySet:
        """Those whose thing is still due for their person."""
        return self.filter(settled_at=None)


class Reminder(models.Model):
    """One rung of the ladder, for one thing that is due and one person. The key makes a second one impossible.

    It is settled once the thing is done, its date has moved, or somebody else must act.
    """

    key = models.CharField(max_length=160, unique=True)
    rule = models.CharField(max_length=20, choices=RuleKind)
    item = models.CharField(max_length=80, help_text="What is due: the rule’s own name for it.")
    stage = models.CharField(max_length=10)
    member = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="reminders")
    due_at = models.DateTimeField(null=True)
    raised_at = models.DateTimeField()
    settled_at = models.DateTimeField(null=True)
    letter = models.ForeignKey(Letter, on_delete=models.SET_NULL, related_name="reminders", null=True)

    objects = ReminderQuerySet.as_manager()

    class Meta:
        indexes = [models.Index(fields=["item", "member"], name="open_reminders", condition=Q(settled_at=None))]

    def __str__(self) -> str:
        return self.key
