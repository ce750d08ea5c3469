"""Passkeys of members, and the challenges they have answered.

A module of its own, loaded after the members: django-otp-webauthn asks for the user model while it is imported.
"""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.db.models import Q
from django_otp_webauthn.models import AbstractWebAuthnCredential, WebAuthnCredentialManager, WebAuthnCredentialQuerySet


class PasskeyQuerySet(WebAuthnCredentialQuerySet):
    """The package’s own, and what of it works at an address."""

    def working(self, host: str) -> PasskeyQuerySet:
        """Passkeys in use that were made for this host name; at another one no browser offers them."""
        return self.filter(confirmed=True, host=host)

    def void(self, host: str) -> PasskeyQuerySet:
        """Passkeys in use, of people who have not left, that do not work at this host name."""
        return self.filter(confirmed=True, user__left_at=None).exclude(host=host)


class Passkey(AbstractWebAuthnCredential):
    """A passkey of a member: the public half of a key pair that never leaves their device or their cloud account."""

    host = models.CharField(max_length=253, help_text="The host name it is bound to; it opens nothing at another one.")
    carrier = models.CharField(max_length=60, help_text="The device it was made on, or the key it is on.")

    kind = "passkey"

    objects: ClassVar[WebAuthnCredentialManager] = WebAuthnCredentialManager.from_queryset(PasskeyQuerySet)()

    class Meta(AbstractWebAuthnCredential.Meta):
        verbose_name = "passkey"
        verbose_name_plural = "passkeys"
        constraints = [
            models.CheckConstraint(name="a_passkey_is_bound_to_a_host", condition=~Q(host="")),
            models.CheckConstraint(name="a_passkey_is_on_something", condition=~Q(carrier="")),
        ]

    @property
    def is_synced(self) -> bool:
        """Whether a cloud account may hold copies of it, so that it is wherever that account is."""
        return self.backup_eligible

    def is_copied(self, count: int) -> bool:
        """Whether an answer with this count shows that a copy of it exists; devices that do not count say zero."""
        return bool(count or self.sign_count) and count <= self.sign_count


class SpentChallenge(models.Model):
    """A challenge that was answered once, rightly or wrongly. A second answer to it finds its row and is refused."""

    digest = models.CharField(max_length=64, unique=True)
    at = models.DateTimeField()

    def __str__(self) -> str:
        return f"challenge answered at {self.at:%Y-%m-%d %H:%M}"
