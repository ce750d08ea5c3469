"""Ways back in: a reset of lost factors, a forgotten password, a changed address.

Each row stands for a link. Its token is derived from the row's random number and the pepper, so that neither the row
nor the stored letter holds it.
"""

from __future__ import annotations

import uuid
from datetime import datetime

from django.db import models
from django.db.models import Expression, F, Q

from identity import codes
from identity.enums import ResetStage, Role
from identity.models.members import Member


def token_of(purpose: str, number: uuid.UUID) -> str:
    """What a link carries: the row's number and its digest under the pepper, another one for each purpose."""
    return f"{number.hex}{codes.digest(f'{purpose}:{number.hex}')[:40]}"


class FactorResetQuerySet(models.QuerySet["FactorReset"]):
    def visible_to(self, member: Member) -> FactorResetQuerySet:
        return self if member.sees_everything else self.filter(member=member)

    def waits_for_a_second(self) -> FactorResetQuerySet:
        """Those that nobody has confirmed yet and somebody has to, as `needs_second` says of one."""
        guards = Q(two_people=True) | Q(member__role__in=[Role.OWNER, Role.MANAGER])
        return self.filter(guards, opened_by__isnull=False, confirmed_by=None)

    def running(self, at: datetime | Expression) -> FactorResetQuerySet:
        """Those that can still come to something."""
        return self.filter(ended_at=None, expires_at__gt=at)


class FactorReset(models.Model):
    """A person lost what they show beside the password, and the office lets them enrol anew.

    Opened by an owner or manager with a reason; for owners and managers somebody else confirms; then it waits, so that
    the person can stop it, and only then does its link open, once. Without `opened_by` it was begun on the server's
    console, waits for nothing, and asks for a new password.
    """

    LINK, STOP = "reset", "stop-reset"

    member = models.ForeignKey(Member, on_delete=models.PROTECT, related_name="resets")
    uuid = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    address = models.EmailField(help_text="Where the link goes; a changed address makes it void.")
    reason = models.CharField(max_length=300)
    two_people = models.BooleanField(
        default=False, help_text="Whether the person ran the office within the 30 days before it was opened."
    )
    opened_by = models.ForeignKey(Member, on_delete=models.PROTECT, related_name="+", null=True)
    opened_at = models.DateTimeField()
    confirmed_by = models.ForeignKey(Member, on_delete=models.PROTECT, related_name="+", null=True)
    confirmed_at = models.DateTimeField(null=True)
    waits_until = models.DateTimeField(null=True, help_text="From when the link opens; empty until it is confirmed.")
    expires_at = models.DateTimeField()
    used_at = models.DateTimeField(null=True)
    stopped_by = models.ForeignKey(Member, on_delete=models.PROTECT, related_name="+", null=True)
    ended_at = models.DateTimeField(null=True)

    objects = FactorResetQuerySet.as_manager()

    class Meta:
        constraints = [
            models.CheckConstraint(name="nobody_opens_their_own_reset", condition=~Q(opened_by=F("member"))),
            models.CheckConstraint(
                name="a_reset_is_confirmed_by_a_third_person",
                condition=Q(confirmed_by=None) | (~Q(confirmed_by=F("member")) & ~Q(confirmed_by=F("opened_by"))),
            ),
            models.CheckConstraint(
                name="a_confirmed_reset_is_dated",
                condition=Q(confirmed_by=None, confirmed_at=None)
                | Q(confirmed_by__isnull=False, confirmed_at__isnull=False),
            ),
            models.CheckConstraint(name="a_reset_has_a_reason", condition=~Q(reason="")),
            models.CheckConstraint(
                name="a_reset_opens_before_it_expires",
                condition=Q(waits_until=None) | Q(expires_at__gt=F("waits_until")),
            ),
            models.CheckConstraint(name="a_used_reset_is_over", condition=Q(used_at=None) | Q(ended_at=F("used_at"))),
            models.UniqueConstraint(fields=["member"], condition=Q(ended_at=None), name="one_open_reset_each"),
        ]

    def __str__(self) -> str:
        return f"reset of {self.member_id}"

    def token(self) -> str:
        """What the link to enrol anew carries."""
        return token_of(self.LINK, self.uuid)

    def stop_token(self) -> str:
        """What the link to the page that stops it carries."""
        return token_of(self.STOP, self.uuid)

    @property
    def on_console(self) -> bool:
        return self.opened_by_id is None

    @property
    def needs_second(self) -> bool:
        """Whether somebody else still has to confirm."""
        return self.guards_the_office and self.confirmed_by_id is None

    @property
    def guards_the_office(self) -> bool:
        """Whether it is of somebody who runs the office, by the role they have now or had within 30 days before."""
        return (self.two_people or self.member.is_manager) and not self.on_console

    def stage(self, at: datetime) -> ResetStage:
        """How far it is. That it ran out is seen from the time alone; no job has to say so."""
        if self.ended_at is not None:
            return ResetStage.USED if self.used_at else ResetStage.STOPPED
        if self.expires_at <= at:
            return ResetStage.LAPSED
        if self.waits_until is None or self.needs_second:
            return ResetStage.ASKS
        return ResetStage.WAITS if self.waits_until > at else ResetStage.OPEN


class PasswordReset(models.Model):
    """Somebody asked, before sign-in, for a link to a new password. A row is made for every name, known or not.

    The worker writes the letters, so that asking takes the same time for every name.
    """

    LINK = "password"

    uuid = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    name = models.CharField(max_length=64, help_text="Keyed digest of the address that was typed.")
    network = models.GenericIPAddressField(null=True)
    member = models.ForeignKey(Member, on_delete=models.CASCADE, null=True, related_name="password_resets")
    address = models.EmailField(blank=True, help_text="Where the link goes; a changed address makes it void.")
    made_at = models.DateTimeField()
    expires_at = models.DateTimeField()
    posted_at = models.DateTimeField(null=True, help_text="When the worker looked at it.")
    used_at = models.DateTimeField(null=True)
    revoked_at = models.DateTimeField(null=True)

    class Meta:
        indexes = [
            models.Index(fields=["name", "-made_at"], name="password_resets_by_name"),
            models.Index(fields=["network", "-made_at"], name="password_resets_by_network"),
            models.Index(fields=["made_at"], name="password_resets_to_post", condition=Q(posted_at=None)),
        ]
        constraints = [
            models.CheckConstraint(
                name="a_password_link_expires_after_it_was_made", condition=Q(expires_at__gt=F("made_at"))
            ),
        ]

    def __str__(self) -> str:
        return f"password reset {self.pk}"

    def token(self) -> str:
        return token_of(self.LINK, self.uuid)

    def is_open(self, at: datetime) -> bool:
        return self.used_at is None and self.revoked_at is None and self.expires_at > at


class AddressChange(models.Model):
    """A person's address was changed, or waits to be: one's own counts only once its link was used while signed in.

    `old` is told of everything about a reset of factors for as long as the change is recent.
    """

    LINK = "address"

    uuid = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    member = models.ForeignKey(Member, on_delete=models.CASCADE, related_name="address_changes")
    old = models.EmailField(blank=True)
    new = models.EmailField(blank=True)
    made_at = models.DateTimeField()
    expires_at = models.DateTimeField()
    confirmed_at = models.DateTimeField(null=True)
    revoked_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                name="an_address_is_confirmed_or_called_off", condition=Q(confirmed_at=None) | Q(revoked_at=None)
            ),
            models.UniqueConstraint(
                fields=["member"], condition=Q(confirmed_at=None, revoked_at=None), name="one_waiting_address_each"
            ),
        ]

    def __str__(self) -> str:
        return f"address change {self.pk} of {self.member_id}"

    def token(self) -> str:
        return token_of(self.LINK, self.uuid)

    def is_open(self, at: datetime) -> bool:
        return self.confirmed_at is None and self.revoked_at is None and self.expires_at > at
