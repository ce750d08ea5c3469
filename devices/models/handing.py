"""Things on their way from one person to another."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import F, Q

from devices.enums import Answer
from devices.models.inventory import Asset


class HandOverQuerySet(models.QuerySet["HandOver"]):
    def visible_to(self, member) -> HandOverQuerySet:
        """Every one for those who see everything, else those that concern the person."""
        if member.sees_everything:
            return self
        return self.filter(Q(receiver=member) | Q(giver=member) | Q(offered_by=member))

    def waiting(self) -> HandOverQuerySet:
        """Those that nobody has answered."""
        return self.filter(answered_at=None)

    def unsettled(self) -> HandOverQuerySet:
        """Those that somebody still has to do something about: answer it, or take note that it was declined."""
        return self.filter(Q(answered_at=None) | Q(answer=Answer.DECLINED, noted_at=None))


class HandOver(models.Model):
    """A thing goes from one person to another, who says that they have it; until then it is still the giver's.

    `giver` is who held it when it was offered, None for what was shared. What was declined stays until somebody has
    taken note of it.
    """

    asset = models.ForeignKey(Asset, on_delete=models.PROTECT, related_name="hand_overs")
    giver = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="gave", null=True)
    receiver = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="received")
    offered_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="handed_over")
    offered_at = models.DateTimeField()
    note = models.CharField(max_length=300, blank=True)
    answer = models.CharField(max_length=10, choices=Answer, blank=True)
    answered_at = models.DateTimeField(null=True)
    reason = models.CharField(max_length=300, blank=True)
    noted_at = models.DateTimeField(null=True)

    objects = HandOverQuerySet.as_manager()

    class Meta:
        verbose_name = "hand-over"
        constraints = [
            models.UniqueConstraint(
                fields=["asset"], condition=Q(answered_at=None), name="a_thing_is_handed_to_one_person_at_a_time"
            ),
            models.CheckConstraint(
                name="an_answer_to_a_hand_over_is_dated",
                condition=Q(answer="", answered_at=None) | (~Q(answer="") & Q(answered_at__isnull=False)),
            ),
            models.CheckConstraint(
                name="who_declines_a_hand_over_says_why", condition=~Q(answer="declined") | ~Q(reason="")
            ),
            models.CheckConstraint(
                name="nobody_hands_over_to_themselves", condition=Q(giver=None) | ~Q(giver=F("receiver"))
            ),
            models.CheckConstraint(
                name="only_what_was_declined_is_taken_note_of", condition=Q(noted_at=None) | Q(answer="declined")
            ),
        ]

    def __str__(self) -> str:
        return f"{self.asset} to {self.receiver}"

    @property
    def waits(self) -> bool:
        return self.answered_at is None

    @property
    def is_unnoticed(self) -> bool:
        """Whether it was declined and nobody has taken note of that."""
        return self.answer == Answer.DECLINED and self.noted_at is None
