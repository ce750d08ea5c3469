"""Sessions that are or were open, and forms that could not be sent because one was over."""

from __future__ import annotations

import json
import uuid
from datetime import datetime, timedelta
from typing import ClassVar

from django.db import models
from django.db.models import F, Q

from identity import codes, places
from identity.enums import Ending, Role
from identity.models.members import Member, Office

# How long a form that could not be sent is kept for its sender.
UNSENT_LASTS = timedelta(hours=1)


class OpenSessionQuerySet(models.QuerySet["OpenSession"]):
    def visible_to(self, member: Member) -> OpenSessionQuerySet:
        """A person’s own sessions. Those of others are reached through the person, by who may change them."""
        return self.filter(member=member)

    def open(self) -> OpenSessionQuerySet:
        """Not ended by anybody. Some may have run out since; see `standing`."""
        return self.filter(ended_at=None)

    def standing(self, at: datetime, *, office: Office) -> OpenSessionQuerySet:
        """Open and within the limits of its member’s role, worked out here and now, whoever tidies up or does not."""
        strict = Q(member__role__in=[Role.OWNER, Role.MANAGER])
        lenient_ones = ~strict & self._within(at, office.idle_minutes, office.session_hours)
        strict_ones = strict & self._within(at, office.strict_idle_minutes, office.strict_session_hours)
        return self.open().filter(lenient_ones | strict_ones)

    def _within(self, at: datetime, minutes: int, hours: int) -> Q:
        return Q(seen_at__gt=at - timedelta(minutes=minutes), began_at__gt=at - timedelta(hours=hours))


class OpenSession(models.Model):
    """One session of one member, from both questions answered to its end.

    The browser holds the key; this row and Django’s own session row hold its digest. Ending a session deletes Django’s
    row in the same transaction, so that the next request finds none: no page asks a question more for it. The row here
    stays as a fact and is never opened again.
    """

    member = models.ForeignKey(Member, on_delete=models.CASCADE, related_name="sessions")
    digest = models.CharField(max_length=40, unique=True)
    browser = models.CharField(max_length=80, help_text="What the browser called itself, such as Firefox on Windows.")
    network = models.GenericIPAddressField(null=True)
    began_at = models.DateTimeField()
    seen_at = models.DateTimeField(help_text="Written at most once a minute.")
    ended_at = models.DateTimeField(null=True)
    why = models.CharField(max_length=10, choices=Ending, blank=True)

    objects: ClassVar[models.Manager] = OpenSessionQuerySet.as_manager()

    class Meta:
        indexes = [models.Index(fields=["member", "-began_at"], name="sessions_by_member")]
        constraints = [
            models.CheckConstraint(
                name="an_ended_session_says_why",
                condition=Q(ended_at=None, why="") | Q(ended_at__isnull=False) & ~Q(why=""),
            ),
            models.CheckConstraint(name="a_session_is_seen_after_it_began", condition=Q(seen_at__gte=F("began_at"))),
        ]

    def __str__(self) -> str:
        return f"{self.browser}, since {self.began_at:%Y-%m-%d %H:%M}"

    @property
    def place(self) -> str:
        return places.in_words(self.network)


class UnsentForm(models.Model):
    """What somebody typed into a form that arrived when their session was over, sealed, for them alone and an hour.

    Passwords and codes are not in it. What else was typed may hold anything, so it lies here as a factor's seed does.
    """

    member = models.ForeignKey(Member, on_delete=models.CASCADE, related_name="+")
    uuid = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    path = models.CharField(max_length=500, help_text="The page it was typed on.")
    sealed = models.BinaryField()
    kept_at = models.DateTimeField()

    def __str__(self) -> str:
        return f"unsent form of {self.member_id}"

    def close(self, fields: dict[str, list[str]]) -> None:
        """Seal what was typed into this row."""
        self.sealed = codes.seal(json.dumps(fields).encode(), context=self._context())

    def open(self) -> dict[str, list[str]]:
        """What was typed; raises CannotUnseal when the key has changed since."""
        return json.loads(codes.unseal(bytes(self.sealed), context=self._context()))

    def _context(self) -> bytes:
        return f"unsent:{self.member_id}:{self.uuid}:{self.path}".encode()
