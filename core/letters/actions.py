"""Writing, leasing and settling letters."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime

from django.db import transaction
from django.db.models import Case, Value, When

from core.errors import Refused
from core.letters import rules
from core.letters.enums import LetterKind, LetterState, Outcome
from core.letters.kinds import Content
from core.letters.models import Attempt, Letter, Pulse
from core.trail.actions import record
from core.trail.enums import Verb

# What somebody waits for, or must hear of at once, leaves before what can wait for the rest of a backlog.
FIRST_OUT = Case(
    When(kind__in=[LetterKind.SECURITY, LetterKind.INVITATION, LetterKind.LINK], then=Value(0)), default=Value(1)
)


def enqueue(
    *,
    key: str,
    kind: str,
    to,
    content: Content,
    at: datetime,
    not_before: datetime | None = None,
    thread="",
    address: str = "",
) -> Letter | None:
    """Queue one letter to a member; None when a letter with this key exists already or there is no address.

    Call it inside the transaction of the fact that causes the letter. `address` replaces the member's own.
    """
    address = address or to.email or ""
    if not address:
        return None
    facts = {
        "kind": kind,
        "recipient": to,
        "address": address,
        "subject": content.subject,
        "text": content.text,
        "html": content.html,
        "thread": thread,
        "queued_at": at,
        "not_before": not_before or at,
    }
    letter, is_new = Letter.objects.get_or_create(key=key, defaults=facts)
    return letter if is_new else None


@transaction.atomic
def claim(*, at: datetime, limit: int = 20, only: Collection[int] | None = None) -> list[Letter]:
    """Lease letters to this worker; rows another worker holds are skipped, not waited for.

    A lease that ran out was lost with its worker. After a few of those the letter itself is suspected, and given up.
    `only` names the letters to choose from, by number.
    """
    free = (
        Letter.objects.waiting(at)
        .select_for_update(skip_locked=True, no_key=True)
        .order_by(FIRST_OUT, "not_before", "pk")
    )
    if only is not None:
        free = free.filter(pk__in=only)
    return [letter for letter in free[:limit] if _lease(letter, at)]


def _lease(letter: Letter, at: datetime) -> bool:
    letter.lost_leases += letter.state == LetterState.SENDING
    letter.tries += 1
    if letter.lost_leases < rules.MOST_LOST_LEASES:
        letter.state, letter.claimed_until = LetterState.SENDING, at + rules.LEASE
    else:
        letter.state, letter.claimed_until, letter.settled_at = LetterState.GIVEN_UP, None, at
        words = f"{letter.lost_leases} workers ended while they were sending this letter."
        Attempt.objects.create(letter=letter, number=letter.tries, at=at, outcome=Outcome.DEFERRED, reply=words)
    letter.save(update_fields=["lost_leases", "tries", "state", "claimed_until", "settled_at"])
    return letter.state == LetterState.SENDING


@transaction.atomic
def settle(letter: Letter, *, outcome: Outcome, reply: str = "", content: Content | None = None, at: datetime) -> bool:
    """Write down how the try that `letter` was leased for ended; False when another worker took the letter over.

    The try's number fences the write: a worker that was away longer than its lease can't overwrite its successor.
    """
    mine = Letter.objects.filter(pk=letter.pk, tries=letter.tries, state=LetterState.SENDING)
    held = mine.select_for_update(no_key=True).first()
    if held is None:
        return False
    if content is not None:
        held.subject, held.text, held.html = content.subject, content.text, content.html
    held.claimed_until, held.lost_leases = None, 0
    _move_on(held, outcome, at)
    _note_attempt(held, outcome, reply, at)
    held.save()
    return True


def _move_on(held: Letter, outcome: Outcome, at: datetime) -> None:
    """Set the state that follows, and when the letter is tried again or that it is over."""
    if outcome in rules.GROWING:
        held.deferrals += 1
    held.state = _state_after(outcome, held, at)
    if held.state == LetterState.QUEUED:
        failures = held.tries if outcome == Outcome.AWAY else held.deferrals
        held.not_before = at + rules.wait_after(outcome, failures, key=held.key)
    else:
        held.settled_at = at


def _state_after(outcome: Outcome, held: Letter, at: datetime) -> LetterState:
    over = {
        Outcome.ACCEPTED: LetterState.ACCEPTED,
        Outcome.REFUSED: LetterState.REFUSED,
        Outcome.NOT_NEEDED: LetterState.CANCELLED,
    }
    if outcome in over:
        return over[outcome]
    return LetterState.GIVEN_UP if at - held.queued_at > rules.KEEP_TRYING else LetterState.QUEUED


def _note_attempt(held: Letter, outcome: Outcome, reply: str, at: datetime) -> None:
    """One row a try; a relay that stays away is one row that moves along, or a long outage would fill the table."""
    facts = {"number": held.tries, "at": at, "outcome": outcome, "reply": " ".join(reply.split())[:300]}
    last = held.attempts.order_by("-number").first() if outcome == Outcome.AWAY else None
    if last is not None and last.outcome == Outcome.AWAY:
        Attempt.objects.filter(pk=last.pk).update(**facts)
    else:
        Attempt.objects.create(letter=held, **facts)


@transaction.atomic
def send_again(letter: Letter, *, by, at: datetime) -> Letter:
    """Put a letter that was refused or given up back into the queue, to the person's present address.

    A letter with a link proves that its reader has the mailbox it was written to, so it goes there or nowhere. What the
    relay said before stays on file.
    """
    held = Letter.objects.select_for_update(no_key=True).get(pk=letter.pk)
    if held.state not in (LetterState.REFUSED, LetterState.GIVEN_UP):
        raise Refused("Only a letter that was refused or given up can be sent again.")
    if not held.recipient.is_active:
        raise Refused(f"{held.recipient.name} has left, so nothing is sent to them any more.")
    held.state, held.settled_at, held.queued_at, held.not_before = LetterState.QUEUED, None, at, at
    held.deferrals = held.lost_leases = 0
    if held.kind not in (LetterKind.SELF_TEST, LetterKind.LINK):
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
