"""The trail: an append-only, hash-chained list of deeds."""

from __future__ import annotations

import hashlib
import json

import pgtrigger
from django.db import models

from core.trail.enums import Verb

GENESIS = "0" * 64


class EventQuerySet(models.QuerySet["Event"]):
    def visible_to(self, member) -> EventQuerySet:
        """All events for those who see everything, else a person's own deeds."""
        return self if member.sees_everything else self.filter(actor_id=member.pk)

    def about(self, thing: models.Model) -> EventQuerySet:
        """The events that concern one row, oldest first."""
        return self.filter(about_type=thing._meta.label_lower, about_id=thing.pk).order_by("pk")


class Event(models.Model):
    """One deed. Rows are never changed or deleted: a trigger refuses both.

    `actor_id` and `about_id` are plain numbers rather than foreign keys, so that no cascade can reach the trail
    and a person's name can be taken away without breaking the chain, which never contained it.
    """

    at = models.DateTimeField()
    verb = models.CharField(max_length=40, choices=Verb)
    actor_id = models.BigIntegerField(null=True, help_text="Member who did it; empty for Postern itself.")
    about_type = models.CharField(max_length=60, blank=True)
    about_id = models.BigIntegerField(null=True)
    address = models.GenericIPAddressField(null=True)
    detail = models.JSONField(default=dict)
    previous = models.CharField(max_length=64)
    digest = models.CharField(max_length=64, unique=True)

    objects = EventQuerySet.as_manager()

    class Meta:
        indexes = [
            models.Index(fields=["about_type", "about_id"], name="event_about"),
            models.Index(fields=["actor_id", "-id"], name="event_by_actor"),
        ]
        constraints = [models.UniqueConstraint(fields=["previous"], name="the_chain_does_not_fork")]
        triggers = [
            pgtrigger.Protect(name="trail_is_append_only", operation=pgtrigger.Update | pgtrigger.Delete),
        ]

    def __str__(self) -> str:
        return f"{self.pk} {self.verb}"

    def computed_digest(self) -> str:
        """The SHA-256 (hex) over the previous digest and everything the event says, in canonical JSON."""
        facts = [
            self.previous,
            self.at.isoformat(),
            str(self.verb),
            self.actor_id,
            self.about_type,
            self.about_id,
            self.address,
            self.detail,
        ]
        return hashlib.sha256(json.dumps(facts, sort_keys=True, separators=(",", ":")).encode()).hexdigest()
