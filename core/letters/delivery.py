"""Handing letters to the relay. The only place that speaks SMTP."""

from __future__ import annotations

import hashlib
import logging
import smtplib
import time
from collections import Counter
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from urllib.parse import urlsplit

from django.conf import settings
from django.core.mail import EmailMultiAlternatives, get_connection  # noqa: TID251  # this is the place it is banned for
from django.core.mail.backends.smtp import EmailBackend  # noqa: TID251  # likewise
from django.db import InterfaceError, OperationalError, connection

from core.letters import actions, kinds, rules
from core.letters.enums import LetterKind, Outcome
from core.letters.models import Letter
from core.letters.rendering import link

log = logging.getLogger(__name__)

# No letter is begun later than this into a batch, so that the whole of it ends within a task's time and its leases.
BATCH_SECONDS = 20
# How long the end of a try is kept in memory while the database restarts, and how often it is offered.
SETTLE_SECONDS, SETTLE_PAUSE = 20, 0.5
OK, SERVICE_CLOSING = 250, 421


@dataclass(frozen=True, slots=True)
class Try:
    """How one try ended, in the relay's words or ours; with `stop` the next letter would fare no better now."""

    outcome: Outcome
    reply: str = ""
    content: kinds.Content | None = None
    stop: bool = False


def deliver_waiting(*, at: datetime, limit: int = 20, only: Collection[int] | None = None) -> dict[str, int]:
    """Send up to `limit` waiting letters, or those of them that `only` names, over one connection.

    Returns how many ended in each outcome.

    Each letter is leased by itself, refreshed (what was confirmed since it was queued does not leave), sent, settled.
    A crash between send and settle repeats a letter with the same Message-ID, which is what SMTP allows; nothing is
    ever marked before it was sent. When the relay is away, one letter finds out and the others wait.
    """
    counts: Counter[str] = Counter()
    relay, begun = Relay(), time.monotonic()
    try:
        while counts.total() < limit and time.monotonic() - begun < BATCH_SECONDS:
            held = actions.claim(at=at, limit=1, only=only)
            if not held:
                break
            ended = _deliver(held[0], relay, at)
            counts[ended.outcome] += 1
            if ended.stop:
                break
    finally:
        relay.close()
    return dict(counts)


def _deliver(letter: Letter, relay: Relay, at: datetime) -> Try:
    """One letter from lease to settled. One bad letter must not stop the rest of its batch."""
    try:
        ended = _try(letter, relay, at)
    except (OperationalError, InterfaceError):
        raise  # the database is away: the lease runs out and the letter is tried again
    except Exception as bug:
        log.exception("letter %s could not be made or sent", letter.key)
        relay.close()
        ended = Try(Outcome.DEFERRED, f"Postern could not send this letter. {type(bug).__name__}: {bug}")
    else:
        if ended.outcome not in (Outcome.ACCEPTED, Outcome.NOT_NEEDED):
            log.warning("letter %s: %s (%s)", letter.key, ended.outcome, ended.reply)
    _settle(letter, ended, at)
    return ended


def _settle(letter: Letter, ended: Try, at: datetime) -> None:
    """Write down how the try ended. The relay may have the letter, so a database on its way back is waited for.

    Raises OperationalError when it stays away: then the lease runs out and the letter, perhaps sent, is sent again.
    """
    begun = time.monotonic()
    while True:
        try:
            actions.settle(letter, outcome=ended.outcome, reply=ended.reply, content=ended.content, at=at)
        except (OperationalError, InterfaceError):
            if time.monotonic() - begun > SETTLE_SECONDS:
                raise
            connection.close()
            time.sleep(SETTLE_PAUSE)
        else:
            return


def _try(letter: Letter, relay: Relay, at: datetime) -> Try:
    content = kinds.refreshed(letter, at)
    if content is None:
        return Try(Outcome.NOT_NEEDED)
    if why := kinds.stopped(letter):
        return Try(Outcome.REFUSED, why, content)
    mail = message(letter, kinds.finished(letter, content))
    sent = relay.hand_over(mail, patience=rules.patience(letter.deferrals))
    return Try(sent.outcome, sent.reply, content, sent.stop)


class Relay:
    """One conversation with the mail server, opened when the first letter needs it and used for those after it."""

    def __init__(self) -> None:
        self.backend = _backend()
        self.is_used = False

    @property
    def talk(self) -> _Talk | None:
        """The open conversation; None when there is none, or when a test's backend talks to nobody."""
        return getattr(self.backend, "connection", None)

    def hand_over(self, mail: EmailMultiAlternatives, *, patience: int) -> Try:
        """Send one mail; says how it ended, and never raises for what the mail server or the network did."""
        was_used = self.is_used
        if opening := self._open(patience):
            return opening
        try:
            self.backend.send_messages([mail])
        except smtplib.SMTPNotSupportedError:
            raise  # about this letter's own address, not the relay
        except (smtplib.SMTPRecipientsRefused, smtplib.SMTPResponseException) as refused:
            if was_used and isinstance(refused, smtplib.SMTPSenderRefused) and refused.smtp_code == SERVICE_CLOSING:
                self.close()  # a relay that takes so many letters a connection
                return self.hand_over(mail, patience=patience)
            return self._refused(refused)
        except OSError as lost:
            return self._lost(lost)
        return Try(Outcome.ACCEPTED)

    def _open(self, patience: int) -> Try | None:
        """Make sure of a connection that answers; how the try ended when there is none to be had."""
        if self.is_used and not self._answers():
            self.close()
        try:
            self.backend.open()
            if self.talk is not None:
                self.talk.ehlo_or_helo_if_needed()
        except smtplib.SMTPResponseException as refused:
            self.close()
            return Try(Outcome.AWAY, _words(refused.smtp_code, refused.smtp_error), stop=True)
        except OSError as lost:  # smtplib's own exceptions are of this kind too
            self.close()
            return Try(Outcome.AWAY, _broken(lost), stop=True)
        if self.talk is not None:
            self.talk.begin(self.backend.timeout, patience)
        self.is_used = True
        return None

    def _answers(self) -> bool:
        """Whether the connection kept from the letter before is still there."""
        try:
            return self.talk is not None and self.talk.noop()[0] == OK
        except OSError:
            return False

    def _refused(self, refused: smtplib.SMTPRecipientsRefused | smtplib.SMTPResponseException) -> Try:
        """What a reply means: 5xx about this letter is final; about us (53x, the sender, good-bye) it is not."""
        code, words = _reply_of(refused)
        if code == SERVICE_CLOSING or 530 <= code < 540 or isinstance(refused, smtplib.SMTPSenderRefused):
            self.close()
            return Try(Outcome.AWAY, _words(code, words), stop=True)
        return Try(Outcome.REFUSED if 500 <= code < 600 else Outcome.DEFERRED, _words(code, words))

    def _lost(self, lost: Exception) -> Try:
        """The conversation broke off; after the whole letter was given away nobody knows whether it arrived."""
        is_handed_over = self.talk is not None and self.talk.is_handed_over
        self.close()
        # smtplib says "disconnected" for a silence too, and keeps the silence as the cause.
        is_silence = TimeoutError in (type(lost), type(lost.__context__))
        return Try(Outcome.UNANSWERED if is_handed_over else Outcome.AWAY, _broken(lost), stop=is_silence)

    def close(self) -> None:
        self.is_used = False
        try:
            self.backend.close()
        except OSError:
            self.backend.connection = None


class _Talk(smtplib.SMTP):
    """smtplib's conversation, which knows whether it gave the whole letter away and listens longer after that."""

    is_handed_over = False
    patience = 0

    def begin(self, timeout: int, patience: int) -> None:
        """Get ready for one letter: seconds to listen for each reply, and for the last one."""
        self._listen_for(timeout)
        self.is_handed_over, self.patience = False, max(timeout, patience)

    def send(self, s):
        super().send(s)
        if isinstance(s, bytes):  # commands are text; bytes are the letter itself, with its final dot
            self.is_handed_over = True
            self._listen_for(self.patience)

    def _listen_for(self, seconds: int) -> None:
        if self.sock is not None:
            self.sock.settimeout(seconds)


class _SecretTalk(_Talk, smtplib.SMTP_SSL):
    """The same over TLS from the first byte."""


class _Backend(EmailBackend):
    """Django's, speaking our way."""

    @property
    def connection_class(self):
        return _SecretTalk if self.use_ssl else _Talk


def _backend():
    """The configured backend, SMTP with our own way of talking; a test's stays as it is."""
    configured = get_connection()
    return _Backend() if type(configured) is EmailBackend else configured


def _reply_of(refused: smtplib.SMTPRecipientsRefused | smtplib.SMTPResponseException) -> tuple[int, bytes | str]:
    if isinstance(refused, smtplib.SMTPRecipientsRefused):
        return next(iter(refused.recipients.values()))
    return refused.smtp_code, refused.smtp_error


def _words(code: int, reply: object) -> str:
    return f"{code} {reply.decode(errors='replace') if isinstance(reply, bytes) else reply}"


def _broken(lost: Exception) -> str:
    return f"{type(lost).__name__}: {lost}"


def message(letter: Letter, content: kinds.Content) -> EmailMultiAlternatives:
    """The mail of a letter: text and HTML, headers by product.md, the same Message-ID at every try."""
    headers = {
        "Message-ID": message_id(letter.key),
        "Auto-Submitted": "auto-generated",
        "X-Auto-Response-Suppress": "All",
        "X-Postern-Key": letter.key,
    }
    if letter.thread:
        headers["References"] = message_id(f"thread:{letter.thread}")
    if letter.kind == LetterKind.REMINDER:
        # The page where a person sets the hour; nothing is changed by opening it, so there is no one-click header.
        headers["List-Unsubscribe"] = f"<{link('/me/')}>"
    mail = EmailMultiAlternatives(subject=content.subject, body=content.text, to=[letter.address], headers=headers)
    mail.attach_alternative(content.html, "text/html")
    return mail


def message_id(key: str) -> str:
    """The Message-ID that belongs to a key: the same key gives the same id, and the id gives the key away to nobody."""
    host = urlsplit(settings.POSTERN_URL).hostname or "localhost"
    return f"<{hashlib.sha256(f'{settings.SECRET_KEY}:{key}'.encode()).hexdigest()[:40]}@{host}>"
