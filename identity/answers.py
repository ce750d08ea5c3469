"""What is said to somebody whose answer at the front door was wrong or not looked at."""

from __future__ import annotations

from identity.actions import Answer
from identity.rules import span

WRONG = "That address and password do not belong together. Check both, and Caps Lock."
USED = "That code is wrong, used or has run out. Wait for the next one."
SLOW = "Too many wrong tries. Wait {} and try again; a right answer counts only then."
SHUT = (
    "Too many wrong tries from browsers that are new here. An owner of the office has to open this again. A browser in "
    "which you signed in before still works."
)


def why_slow(answer: Answer) -> str:
    """Why a try was not looked at, and what to do."""
    return SHUT if answer.is_shut else SLOW.format(span(answer.wait))
