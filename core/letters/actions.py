"""Writing, leasing and settling letters."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import F

from core.errors import Refused
from core.letters.enums import LetterState, Outcome
from core.letters.kinds import Content
from core.letters.models import Attempt, Letter, Pulse
from core.trail.actions import record
from core.trail.enums import Verb

# Longer than the slowest conversation with a relay: connect, commands and the last reply together.
LEASE = timedelta(seconds=180)
MOST_TRIES = 12
FIRST_WAIT = timedelta(seconds=30)
LONGEST_WAIT = timedelta(hours=2)


def enqueue(
    *, key: str, kind: str, to, content: Content, at: datetime, not_before: datetime | None = None, thread=""
) -> Letter | None:
    """Queue one letter to a member; None when a letter with this key exists already or the member has no address.

    Call it inside the transaction of the fact that causes the letter.
    """
    if not to.email:
        return None
    letter = Letter(
        key=key,
        kind=kind,
        recipient=to,
        address=to.email,
        subject=content.subject,
        text=content.text,
        html=content.html,
        thread=thread,
        queued_at=at,
        not_before=not_before or at,
    )
    Letter.objects.bulk_create([letter], ignore_conflicts=True)
    return Letter.objects.filter(key=key, queued_at=at, recipient=to).first()


@transaction.atomic
def claim(*, at: datetime, limit: int = 20) -> list[Letter]:
    """Lease a batch to this worker; rows another worker holds are skipped, not waited for.

    A lease counts as a try, so a letter that kills its worker each time is given up in the end.
    """
    batch = list(
        Letter.objects.waiting(at).select_for_update(skip_locked=True).order_by("not_before", "pk")[:limit]
    )
    Letter.objects.filter(pk__in=[letter.pk for letter in batch]).update(
        state=LetterState.SENDING, claimed_until=at + LEASE, tries=F("tries") + 1
    )
    for letter in batch:
        letter.state, letter.claimed_until, letter.tries = LetterState.SENDING, at + LEASE, letter.tries + 1
    return batch


@transaction.atomic
def settle(letter: Letter, *, outcome: Outcome, reply: str = "", content: Content | None = None, at: datetime) -> bool:
    """Write down how the try that `letter` was leased for ended; False when another worker took the letter over.

    The try's number fences the write: a worker that was away longer than its lease can't overwrite its successor.
    """
    held = Letter.objects.select_for_update().filter(
        pk=letter.pk, tries=letter.tries, state=LetterState.SENDING
    ).first()
    if held is None:
        return False
    Attempt.objects.get_or_create(
        letter=held, number=held.tries, defaults={"at": at, "outcome": outcome, "reply": reply[:300]}
    )
    if content is not None:
        held.subject, held.text, held.html = content.subject, content.text, content.html
    held.claimed_until = None
    held.state = _state_after(outcome, held.tries)
    if held.state == LetterState.QUEUED:
        held.not_before = at + wait_after(held.tries)
    else:
        held.settled_at = at
    held.save()
    return True


def wait_after(tries: int) -> timedelta:
    """How long a letter rests after its n-th failed try: 30 s doubling, two hours at most."""
    return min(FIRST_WAIT * 2 ** (tries - 1), LONGEST_WAIT)


def _state_after(outcome: Outcome, tries: int) -> LetterState:
    if outcome == Outcome.DEFERRED:
        return LetterState.GIVEN_UP if tries >= MOST_TRIES else LetterState.QUEUED
    return {
        Outcome.ACCEPTED: LetterState.ACCEPTED,
        Outcome.REFUSED: LetterState.REFUSED,
        Outcome.NOT_NEEDED: LetterState.CANCELLED,
    }[outcome]


@transaction.atomic
def send_again(letter: Letter, *, by, at: datetime) -> Letter:
    """Put a letter that was refused or given up back into the queue, with its tries counted anew."""
    held = Letter.objects.select_for_update().get(pk=letter.pk)
    if held.state not in (LetterState.REFUSED, LetterState.GIVEN_UP):
        raise Refused("Only a letter that was refused or given up can be sent again.")
    held.attempts.all().delete()
    held.state, held.settled_at, held.not_before, held.tries = LetterState.QUEUED, None, at, 0
    held.address = held.recipient.email or held.address
    held.save()
    record(Verb.LETTER_RESENT, by=by, about=held, at=at)
    return held


def cancel_unsent(letters, *, at: datetime) -> int:
    """Call back queued letters of a queryset that no worker holds; returns how many."""
    return letters.filter(state=LetterState.QUEUED).update(state=LetterState.CANCELLED, settled_at=at)


def beat_pulse(name: str, *, at: datetime) -> None:
    """Write down a sign of life."""
    Pulse.objects.update_or_create(name=name, defaults={"at": at})
