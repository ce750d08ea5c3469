"""The front door: tokens, invitations, every attempt, and who asked to be called."""

from __future__ import annotations

import uuid
from datetime import datetime

from django.db import models
from django.db.models import Q

from identity import codes
from identity.enums import Stage
from identity.models.browsers import KnownBrowser
from identity.models.members import Member


class SetupToken(models.Model):
    """The one-time token that the terminal shows on the first start. Only its digest is kept."""

    digest = models.CharField(max_length=64, unique=True)
    made_at = models.DateTimeField()
    used_at = models.DateTimeField(null=True)

    def __str__(self) -> str:
        return f"set-up token of {self.made_at:%Y-%m-%d}"


class Invitation(models.Model):
    """A single-use link by which one person chooses a password and enrols.

    The link's token is derived from the row's own number and the pepper, so nothing here or in the letter holds it.
    """

    member = models.ForeignKey(Member, on_delete=models.CASCADE, related_name="invitations")
    uuid = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    address = models.EmailField(help_text="The address it was sent to; a changed address makes it void.")
    made_at = models.DateTimeField()
    expires_at = models.DateTimeField()
    used_at = models.DateTimeField(null=True)
    revoked_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                name="an_invitation_expires_after_it_was_made", condition=Q(expires_at__gt=models.F("made_at"))
            ),
            models.UniqueConstraint(
                fields=["member"],
                condition=Q(used_at=None, revoked_at=None),
                name="one_open_invitation_each",
            ),
        ]

    def __str__(self) -> str:
        return f"invitation of {self.member_id}"

    def token(self) -> str:
        """What the link carries: the row's number and its keyed digest."""
        return f"{self.uuid.hex}{codes.digest(f'join:{self.uuid.hex}')[:40]}"

    def is_open(self, at: datetime) -> bool:
        return self.used_at is None and self.revoked_at is None and self.expires_at > at


class SignIn(models.Model):
    """One attempt at one question of the front door, right or wrong. The throttle counts these rows.

    A failure in a member's name goes into the trail a little later, several as one event: so a known and an unknown
    name cost the same, and strangers cannot make the trail grow by a line for each try. Rows are kept for 400 days.
    """

    at = models.DateTimeField()
    stage = models.CharField(max_length=10, choices=Stage)
    name = models.CharField(max_length=64, help_text="Keyed digest of the address that was typed.")
    network = models.GenericIPAddressField(null=True)
    ok = models.BooleanField()
    member = models.ForeignKey(Member, on_delete=models.CASCADE, null=True, related_name="sign_ins")
    browser = models.ForeignKey(
        KnownBrowser,
        on_delete=models.SET_NULL,
        null=True,
        related_name="sign_ins",
        help_text="The browser in which this member was known; empty for everybody else.",
    )
    told_at = models.DateTimeField(null=True, help_text="When a member’s failure went into the trail.")

    class Meta:
        indexes = [
            models.Index(fields=["name", "stage", "-at"], name="sign_ins_by_name"),
            models.Index(fields=["network", "-at"], name="sign_ins_by_network"),
            models.Index(fields=["at"], name="sign_ins_by_age"),
            models.Index(
                fields=["member"],
                condition=Q(ok=False, told_at=None, member__isnull=False),
                name="failures_to_tell",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.stage} at {self.at:%Y-%m-%d %H:%M}"


class CallRequest(models.Model):
    """Somebody locked out asked, before sign-in, to be called. It names a number, never a person on file."""

    at = models.DateTimeField()
    name = models.CharField(max_length=80)
    number = models.CharField(max_length=30)
    lost = models.CharField(max_length=120, blank=True)
    done_at = models.DateTimeField(null=True)
    done_by = models.ForeignKey(Member, on_delete=models.PROTECT, null=True, related_name="+")

    def __str__(self) -> str:
        return f"{self.name}, {self.number}"
