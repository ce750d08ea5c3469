"""Days on which somebody is away, and who stands in."""

from __future__ import annotations

from datetime import date

from django.contrib.postgres.constraints import ExclusionConstraint
from django.contrib.postgres.fields import RangeOperators
from django.db import models
from django.db.models import F, Func, Q, Value

from identity.models.members import Member


class AwayQuerySet(models.QuerySet["Away"]):
    def visible_to(self, member: Member) -> AwayQuerySet:
        return self if member.sees_everything else self.filter(member=member)

    def standing(self) -> AwayQuerySet:
        """Those that nobody called off."""
        return self.filter(ended_at=None)

    def touching(self, from_on: date, until_on: date) -> AwayQuerySet:
        """Those that share at least one day with these days, both ends included."""
        return self.filter(from_on__lte=until_on, until_on__gte=from_on)


class Away(models.Model):
    """One person is away from one day to another, both included, and another one stands in.

    The days are those of the away person's own zone.
    """

    member = models.ForeignKey(Member, on_delete=models.PROTECT, related_name="aways")
    stand_in = models.ForeignKey(Member, on_delete=models.PROTECT, related_name="stands_in")
    from_on = models.DateField()
    until_on = models.DateField()
    made_by = models.ForeignKey(Member, on_delete=models.PROTECT, related_name="+")
    made_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True, help_text="When it was called off.")

    objects = AwayQuerySet.as_manager()

    class Meta:
        constraints = [
            models.CheckConstraint(
                name="days_away_end_no_earlier_than_they_begin", condition=Q(until_on__gte=F("from_on"))
            ),
            models.CheckConstraint(name="nobody_stands_in_for_themselves", condition=~Q(stand_in=F("member"))),
            # A person as a range of one number: so the index needs no extension of the server.
            ExclusionConstraint(
                name="nobody_is_away_twice_at_once",
                expressions=[
                    (Func("member", "member", Value("[]"), function="int8range"), RangeOperators.OVERLAPS),
                    (Func("from_on", "until_on", Value("[]"), function="daterange"), RangeOperators.OVERLAPS),
                ],
                condition=Q(ended_at=None),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.member} away until {self.until_on:%Y-%m-%d}"
