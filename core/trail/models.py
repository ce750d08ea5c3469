"""The trail: an append-only, hash-chained list of deeds."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django.db import models
from django.db.models import Q

from core.trail import chain
from core.trail.chain import GENESIS, Link, Word
from core.trail.enums import verbs

__all__ = ["GENESIS", "Event", "Typed", "Walk"]


class EventQuerySet(models.QuerySet["Event"]):
    def visible_to(self, member) -> EventQuerySet:
        """All events for those who see everything, else a person's own deeds."""
        return self if member.sees_everything else self.filter(actor_id=member.pk)

    def about(self, thing: models.Model) -> EventQuerySet:
        """The events that concern one row, oldest first."""
        return self.filter(about_type=thing._meta.label_lower, about_id=thing.pk).order_by("pk")


class Event(models.Model):
    """One deed. Rows are never changed, deleted or emptied: triggers refuse it (core/trail/guards.py).

    `actor_id` and `about_id` are plain numbers rather than foreign keys, so that no cascade can reach the trail. What
    somebody typed is not in the row either: `facts` has a salted digest in its place, and the word stands in `Typed`,
    so that a person's name can be taken away without breaking the chain.
    """

    at = models.DateTimeField()
    recorded_at = models.DateTimeField(null=True, help_text="The database’s own clock; empty in the oldest events.")
    transaction = models.BigIntegerField(
        null=True, help_text="By which the field history finds the deed behind a change; empty in the oldest events."
    )
    verb = models.CharField(max_length=40, choices=verbs)
    actor_id = models.BigIntegerField(null=True, help_text="Member who did it; empty for Postern itself.")
    about_type = models.CharField(max_length=60, blank=True)
    about_id = models.BigIntegerField(null=True)
    address = models.GenericIPAddressField(null=True)
    facts = models.JSONField(default=dict)
    previous = models.CharField(max_length=64)
    digest = models.CharField(max_length=64, unique=True)

    objects = EventQuerySet.as_manager()

    class Meta:
        indexes = [
            models.Index(fields=["about_type", "about_id"], name="event_about"),
            models.Index(fields=["actor_id", "-id"], name="event_by_actor"),
            models.Index(fields=["verb", "-id"], name="event_by_verb"),
            models.Index(fields=["at"], name="event_by_day"),
            models.Index(fields=["transaction"], name="event_by_transaction"),
        ]
        constraints = [models.UniqueConstraint(fields=["previous"], name="the_chain_does_not_fork")]

    def __str__(self) -> str:
        return f"{self.pk} {self.verb}"

    @property
    def link(self) -> Link:
        """The event as it is chained."""
        return Link(
            self.pk,
            chain.moment(self.at),
            chain.moment(self.recorded_at) if self.recorded_at else None,
            self.transaction,
            str(self.verb),
            self.actor_id,
            self.about_type,
            self.about_id,
            self.address,
            self.facts,
            self.previous,
            self.digest,
        )

    @property
    def detail(self) -> dict[str, Any]:
        """What the deed came to, typed words included. One query for an event whose words were not `fetched`."""
        kept = vars(self)
        if "words" not in kept:
            has_words = any(True for _ in chain.digests_in(self.facts))
            kept["words"] = dict(self.typed.values_list("digest", "text")) if has_words else {}
        return chain.together(self.facts, kept["words"])


def with_words(events: Iterable[Event]) -> list[Event]:
    """The same events with their typed words at hand, in one query."""
    events = list(events)
    for event in events:
        vars(event)["words"] = {}
    by_number = {event.pk: event for event in events}
    for number, digest, text in Typed.objects.filter(event__in=by_number).values_list("event", "digest", "text"):
        vars(by_number[number])["words"][digest] = text
    return events


class Typed(models.Model):
    """Something a person typed, beside the event that tells of it. The chain holds its digest, salted.

    It can be taken away by a deed that stands in the trail itself: then text and salt are gone, and `taken_by` is left.
    """

    event = models.ForeignKey(Event, on_delete=models.DO_NOTHING, related_name="typed")
    digest = models.CharField(max_length=64, unique=True)
    salt = models.CharField(max_length=32, null=True)
    text = models.TextField(null=True)
    member_id = models.BigIntegerField(null=True, help_text="Whom the event is about, when it is a person.")
    taken_by = models.BigIntegerField(null=True, help_text="Number of the event by which it was taken away.")

    class Meta:
        indexes = [models.Index(fields=["member_id"], name="typed_of_a_person", condition=Q(member_id__isnull=False))]
        constraints = [
            models.CheckConstraint(
                name="a_word_stands_or_was_taken_by_a_deed",
                condition=Q(text__isnull=False, salt__isnull=False, taken_by=None)
                | Q(text=None, salt=None, taken_by__isnull=False),
            ),
        ]

    def __str__(self) -> str:
        return f"word {self.pk} of event {self.event_id}"

    @property
    def word(self) -> Word:
        return Word(self.digest, self.salt, self.text, self.taken_by)


class Walk(models.Model):
    """One walk along the whole chain and what it found. The seal is keyed: the database alone can't make one up."""

    at = models.DateTimeField()
    events = models.BigIntegerField(help_text="How many good events it counted.")
    last = models.BigIntegerField(help_text="Number of the last good one.")
    head = models.CharField(max_length=64)
    broken_at = models.BigIntegerField(null=True)
    why = models.CharField(max_length=80, blank=True)
    took_ms = models.PositiveIntegerField()
    seal = models.CharField(max_length=64)

    def __str__(self) -> str:
        return f"walk of {self.at:%Y-%m-%d %H:%M}"
