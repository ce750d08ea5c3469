"""What is due, for whom, on which rung of the ladder. Rules read; `notices.actions.raise_due` writes."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime

from notices.rules.answers import unanswered
from notices.rules.backups import untested
from notices.rules.checkups import untried
from notices.rules.circle import Circle, circle
from notices.rules.due import Due, Matter, dues_of
from notices.rules.endings import ending
from notices.rules.ladder import may_repeat
from notices.rules.validations import unproven

__all__ = ["ALL", "Circle", "Due", "Matter", "circle", "due", "may_repeat"]

ALL = (unproven, untested, unanswered, ending, untried)


def due(at: datetime, people: Circle, *, items: Collection[str] | None = None) -> list[Due]:
    """Everything that is due at `at`, once for each person who is asked; of `items` only, when they are named.

    A fixed number of queries, one for each rule, however much is due.
    """
    matters = [matter for rule in ALL for matter in rule(at, people.office, items)]
    return [one for matter in matters for one in dues_of(matter, people, at)]
