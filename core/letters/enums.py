"""Words for a letter's life."""

from __future__ import annotations

from django.db import models


class LetterState(models.TextChoices):
    """Where a letter is. Only what the relay said is claimed; nobody can know that it was read."""

    QUEUED = "queued", "queued"
    SENDING = "sending", "being sent"
    ACCEPTED = "accepted", "accepted by the relay"
    REFUSED = "refused", "refused"
    GIVEN_UP = "given_up", "given up"
    CANCELLED = "cancelled", "no longer needed"


class LetterKind(models.TextChoices):
    """What a letter is for; the kind decides who may stop it before it leaves."""

    REMINDER = "reminder", "Reminder"
    NOTICE = "notice", "Broker notice"
    INVITATION = "invitation", "Invitation"
    SECURITY = "security", "Security"
    SELF_TEST = "self_test", "Self-test"


class Outcome(models.TextChoices):
    """How one attempt at sending ended."""

    ACCEPTED = "accepted", "accepted by the relay"
    DEFERRED = "deferred", "not now, will be tried again"
    REFUSED = "refused", "refused for good"
    NOT_NEEDED = "not_needed", "no longer needed"
