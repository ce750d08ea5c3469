"""Backups of authenticators: where the second way lies, who keeps it, when it was last tried."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import Q

from accounts.models import Login
from core.trail.history import tracked
from devices.models import Asset, Authenticator
from recovery.enums import BackupKind


class BackupQuerySet(models.QuerySet["AuthenticatorBackup"]):
    def visible_to(self, member) -> BackupQuerySet:
        return self if member.sees_everything else self.filter(login__holder=member)

    def standing(self) -> BackupQuerySet:
        return self.filter(ended_at=None)

    def to_try(self) -> BackupQuerySet:
        """Standing ones of logins in use that somebody can try.

        The broker's rescue path can't be tried without a real lockout. What is used up or lies on a lost or retired
        thing must be replaced, not tried.
        """
        away = Asset.objects.filter(Q(lost_at__isnull=False) | Q(retired_at__isnull=False)).values("pk")
        return (
            self.standing()
            .filter(login__ended_at=None)
            .exclude(kind=BackupKind.RESCUE)
            .exclude(codes_left=0)
            .exclude(carriers__in=away)
            .exclude(carriers__carried_by__in=away)
            .exclude(place__in=away)
        )


@tracked("BackupHistory", says="A backup as it was from one moment on.")
class AuthenticatorBackup(models.Model):
    """A second way for a login, or for one authenticator of it. It says where a secret lies, never the secret."""

    key = models.SlugField(max_length=60, unique=True)
    login = models.ForeignKey(Login, on_delete=models.PROTECT, related_name="backups")
    authenticator = models.ForeignKey(
        Authenticator, on_delete=models.PROTECT, related_name="backups", null=True, blank=True
    )
    kind = models.CharField(max_length=20, choices=BackupKind)
    factor = models.SlugField(
        max_length=40,
        blank=True,
        default="",
        db_default="",
        db_index=False,
        help_text="Of a second authenticator: its slug in the broker’s profile.",
    )
    label = models.CharField(max_length=80)
    carriers = models.ManyToManyField(Asset, related_name="backups_carried", blank=True)
    place = models.ForeignKey(Asset, on_delete=models.PROTECT, related_name="backups_kept", null=True, blank=True)
    custodian = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="backups_kept", null=True, blank=True
    )
    codes_left = models.PositiveSmallIntegerField(null=True, blank=True)
    proved_at = models.DateTimeField(null=True)
    note = models.CharField(max_length=300, blank=True)
    ended_at = models.DateTimeField(null=True)
    created_at = models.DateTimeField()

    objects = BackupQuerySet.as_manager()

    class Meta:
        constraints = [
            models.CheckConstraint(
                name="only_printed_codes_are_counted", condition=Q(codes_left=None) | Q(kind="printed-codes")
            ),
            models.CheckConstraint(
                name="only_a_second_authenticator_is_a_factor", condition=Q(factor="") | Q(kind="second-factor")
            ),
        ]

    def __str__(self) -> str:
        return self.label

    @property
    def what(self) -> str:
        """What sort of second way it is; of a second authenticator, what the broker calls it."""
        return self.login.profile.factor(self.factor).name if self.factor else BackupKind(self.kind).label


@tracked("BackupCarrierHistory", says="A thing began or ceased to carry a backup.")
class BackupCarrier(AuthenticatorBackup.carriers.through):  # type: ignore[name-defined]  # made by Django
    """That a thing carries a backup; named so that its history can be kept."""

    class Meta:
        proxy = True
