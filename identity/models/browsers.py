"""The browsers in which a member has signed in to the end."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import ClassVar

from django.db import models
from django.db.models import Q

from identity import codes
from identity.models.members import Member

# How long a browser stays known without a sign-in.
KNOWN_FOR = timedelta(days=180)


class KnownBrowserQuerySet(models.QuerySet["KnownBrowser"]):
    def visible_to(self, member: Member) -> KnownBrowserQuerySet:
        """A person’s own browsers, and nobody else’s."""
        return self.filter(member=member)

    def known(self, at: datetime) -> KnownBrowserQuerySet:
        """Browsers that still count: not forgotten, and used within the last half year."""
        return self.filter(forgotten_at=None, last_seen_at__gt=at - KNOWN_FOR)

    def of_token(self, token: str) -> KnownBrowserQuerySet:
        """Everybody’s rows of the one browser that holds this token."""
        return self.filter(digest=KnownBrowser.digest_of(token))


class KnownBrowser(models.Model):
    """One browser in which one member has shown password and factor. Strangers’ failures never hold it up.

    The browser holds a random token of 160 bits in a cookie of its own, the row a keyed digest. Several members may be
    known in one browser: they share the token, each has a row. Every completed sign-in gives the browser a new token,
    so that a copied cookie is worth nothing from then on.
    """

    member = models.ForeignKey(Member, on_delete=models.CASCADE, related_name="browsers")
    digest = models.CharField(max_length=64)
    made_at = models.DateTimeField()
    last_seen_at = models.DateTimeField()
    label = models.CharField(max_length=80, help_text="What the browser called itself, such as Firefox on Windows.")
    network = models.GenericIPAddressField(null=True, help_text="From where the last sign-in came.")
    forgotten_at = models.DateTimeField(null=True)

    objects: ClassVar[models.Manager] = KnownBrowserQuerySet.as_manager()

    class Meta:
        indexes = [models.Index(fields=["digest"], name="browsers_by_digest")]
        constraints = [
            models.UniqueConstraint(
                fields=["member", "digest"], condition=Q(forgotten_at=None), name="a_browser_knows_a_member_once"
            ),
            models.CheckConstraint(
                name="a_browser_is_seen_after_it_was_made", condition=Q(last_seen_at__gte=models.F("made_at"))
            ),
        ]

    def __str__(self) -> str:
        return self.label

    @staticmethod
    def digest_of(token: str) -> str:
        """What the database keeps of a token."""
        return codes.digest(f"browser:{token}")
