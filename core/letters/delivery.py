"""Handing letters to the relay. The only place that speaks SMTP."""

from __future__ import annotations

import hashlib
import logging
import smtplib
from datetime import datetime
from urllib.parse import urlsplit

from django.conf import settings
from django.core.mail import EmailMultiAlternatives, get_connection

from core import clock
from core.letters import actions, kinds
from core.letters.enums import LetterKind, Outcome
from core.letters.models import Letter

log = logging.getLogger(__name__)


def deliver_waiting(*, at: datetime, limit: int = 20) -> dict[str, int]:
    """Send one leased batch over one connection; returns how many letters ended in each outcome.

    A letter is refreshed first: what was confirmed since it was queued does not leave. A crash between send and settle
    repeats a letter with the same Message-ID, which is what SMTP allows; nothing is ever marked before it was sent.
    """
    counts: dict[str, int] = {}
    batch = actions.claim(at=at, limit=limit)
    if not batch:
        return counts
    connection = get_connection()
    try:
        for letter in batch:
            outcome = _deliver(letter, connection)
            counts[outcome] = counts.get(outcome, 0) + 1
    finally:
        _close(connection)
    return counts


def _deliver(letter: Letter, connection) -> str:
    """One letter from lease to settled. One bad letter must not stop the rest of its batch."""
    content = kinds.refreshed(letter, clock.now())
    if content is None:
        actions.settle(letter, outcome=Outcome.NOT_NEEDED, at=clock.now())
        return Outcome.NOT_NEEDED
    outcome, reply = _send(letter, content, connection)
    if outcome != Outcome.ACCEPTED:
        log.warning("letter %s: %s (%s)", letter.key, outcome, reply)
    actions.settle(letter, outcome=outcome, reply=reply, content=content, at=clock.now())
    return outcome


def _send(letter: Letter, content: kinds.Content, connection) -> tuple[Outcome, str]:
    try:
        connection.open()
        connection.send_messages([message(letter, kinds.finished(letter, content))])
    except smtplib.SMTPRecipientsRefused as refused:
        code, reply = next(iter(refused.recipients.values()))
        _close(connection)
        return _judge(code), f"{code} {_words(reply)}"
    except smtplib.SMTPResponseException as failed:
        _close(connection)
        return _judge(failed.smtp_code), f"{failed.smtp_code} {_words(failed.smtp_error)}"
    except (smtplib.SMTPException, OSError) as failed:
        _close(connection)
        return Outcome.DEFERRED, f"{type(failed).__name__}: {failed}"
    return Outcome.ACCEPTED, ""


def _judge(code: int) -> Outcome:
    """A 5xx reply about this letter is final; authentication trouble (53x) is ours and is tried again."""
    return Outcome.REFUSED if 500 <= code < 600 and not 530 <= code < 540 else Outcome.DEFERRED


def _words(reply) -> str:
    return reply.decode(errors="replace") if isinstance(reply, bytes) else str(reply)


def _close(connection) -> None:
    try:
        connection.close()
    except (smtplib.SMTPException, OSError):
        connection.connection = None


def message(letter: Letter, content: kinds.Content) -> EmailMultiAlternatives:
    """The mail of a letter: text and HTML, headers by product.md, the same Message-ID at every try."""
    headers = {
        "Message-ID": message_id(letter.key),
        "Auto-Submitted": "auto-generated",
        "X-Postern-Key": letter.key,
    }
    if letter.thread:
        headers["References"] = message_id(f"thread:{letter.thread}")
    if letter.kind == LetterKind.REMINDER:
        headers["Precedence"] = "list"
    mail = EmailMultiAlternatives(
        subject=content.subject, body=content.text, to=[letter.address], headers=headers
    )
    mail.attach_alternative(content.html, "text/html")
    return mail


def message_id(key: str) -> str:
    """The Message-ID that belongs to a key: the same key gives the same id, and the id gives the key away to nobody."""
    host = urlsplit(settings.POSTERN_URL).hostname or "localhost"
    return f"<{hashlib.sha256(f'{settings.SECRET_KEY}:{key}'.encode()).hexdigest()[:40]}@{host}>"
