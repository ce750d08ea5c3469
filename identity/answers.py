"""What is said to somebody whose answer at the front door was wrong or not looked at."""

from __future__ import annotations

from django.http import HttpResponse

from identity.actions import Answer
from identity.rules import span

# Nobody is told to come back later than tomorrow.
MOST_PROMISED = 24 * 60 * 60
NOT_IT = "That is not your password. Check it, and Caps Lock."
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


def slowed(response: HttpResponse, wait: int) -> HttpResponse:
    """The same answer, told to machines as well when it says to come again in `wait` seconds."""
    if wait:
        response.status_code = 429
        response["Retry-After"] = str(min(wait, MOST_PROMISED))
    return response
