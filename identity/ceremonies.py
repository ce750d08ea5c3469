"""What a browser was asked of a passkey, kept in its session until it answers, and then used up."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from django.http import HttpRequest

from identity import passkeys

# How long a question waits for its answer: as long as a right password waits for its code.
ANSWER_WITHIN = timedelta(minutes=10)
# Two windows may ask at once, and each gets its answer; the oldest question falls out.
MOST_OPEN = 4
KEPT = "passkey_questions"


def put(request: HttpRequest, purpose: str, question: dict[str, Any], at: datetime) -> dict[str, Any]:
    """Keep the challenge of a question for one purpose; returns the question, for the page."""
    open_ones = request.session.get(KEPT, {})
    mine = [*open_ones.get(purpose, []), [question["challenge"], int(at.timestamp())]]
    request.session[KEPT] = open_ones | {purpose: mine[-MOST_OPEN:]}
    return question


def take(request: HttpRequest, purpose: str, at: datetime, *, field: str = "credential") -> tuple[str, str]:
    """What the browser answered in `field`, and the challenge it answers; "" when it was not asked, or too long ago.

    The challenge leaves the session at once, whatever becomes of the request.
    """
    answer = request.POST.get(field, "")
    challenge = passkeys.challenge_in(answer)
    open_ones = request.session.get(KEPT, {})
    asked = dict(open_ones.get(purpose, []))
    asked_at = asked.pop(challenge, None)
    request.session[KEPT] = open_ones | {purpose: [list(pair) for pair in asked.items()]}
    request.session.save()
    if asked_at is None or at.timestamp() - asked_at > ANSWER_WITHIN.total_seconds():
        return answer, ""
    return answer, challenge
