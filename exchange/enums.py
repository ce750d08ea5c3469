"""Words of exchange."""

from __future__ import annotations

from django.db import models


class Origin(models.TextChoices):
    """Where the rows of a batch come from."""

    FILE = "file", "A file"
    DEMO = "demo", "The demo office"


class BatchState(models.TextChoices):
    """Where an import is in its life. While the worker is at it, it still waits: what is not committed is not done."""

    CHECKED = "checked", "Checked, not imported"
    WAITING = "waiting", "Waiting for the worker"
    DONE = "done", "Imported"
    FAILED = "failed", "Stopped, nothing written"
    UNDONE = "undone", "Undone"
    DISCARDED = "discarded", "Thrown away"


class Verdict(models.TextChoices):
    """What importing a row would do. The order is that of the page: what needs a person stands first."""

    PROBLEM = "problem", "Problem"
    NEW = "new", "New"
    CHANGES = "changes", "Changes"
    LEFT = "left", "Left alone"
    SAME = "same", "Same"

    @property
    def rank(self) -> int:
        return list(Verdict).index(self)


class DayOrder(models.TextChoices):
    """How 04/03/2026 is to be read, where the file itself does not say."""

    UNKNOWN = "", "Not said"
    DAY_FIRST = "dmy", "Day first"
    MONTH_FIRST = "mdy", "Month first"
