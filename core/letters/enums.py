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
    HAND_OVER = "hand_over", "Hand-over"
    INVITATION = "invitation", "Invitation"
    LINK = "link", "Single-use link"
    SECURITY = "security", "Security"
    WEEKLY = "weekly", "Weekly letter"
    SELF_TEST = "self_test", "Self-test"


def kinds() -> list[tuple[str, str]]:
    """Every kind of letter with its words. A function, so that a new one needs no migration."""
    return LetterKind.choices


class Outcome(models.TextChoices):
    """How one try at sending ended.

    Three of them are tried again: AWAY is the relay's or our own trouble and says nothing about the letter, DEFERRED
    is about this letter, and UNANSWERED means that the relay may have it but never said so.
    """

    ACCEPTED = "accepted", "accepted by the relay"
    DEFERRED = "deferred", "not now, will be tried again"
    UNANSWERED = "unanswered", "handed over, but no answer came"
    AWAY = "away", "the mail server could not be used"
    REFUSED = "refused", "refused for good"
    NOT_NEEDED = "not_needed", "no longer needed"
