"""Words of pages that compose several apps."""

from __future__ import annotations

from django.db import models


class FindingKind(models.TextChoices):
    """What is odd about rights and logins, from what is worst."""

    SINGLE = "single", "One person alone"
    SHARED = "shared", "A person and a program on one login"
    NO_HOLDER = "no-holder", "A login without a holder"
    NO_DOOR = "no-door", "A right that no door can use"
    UNUSED = "unused", "A right that nobody used"
