"""A mail server that delivers nothing: each letter becomes one .eml file in a folder."""

import asyncio
import email
import email.policy
import os
import secrets
import signal
import socket
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from email.message import EmailMessage
from pathlib import Path

from aiosmtpd.smtp import SMTP, Envelope, Session

SIZE_LIMIT = 25_000_000


@dataclass(frozen=True)
class CaughtLetter:
    """What the list shows of one letter."""

    file: Path
    date: str
    to: str
    subject: str


class Catcher:
    """aiosmtpd's handler. A letter is acknowledged only once its file is whole under its final name."""

    def __init__(self, folder: Path, *, clock: Callable[[], datetime]):
        self.folder = folder
        self.clock = clock
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)

    async def handle_DATA(self, _server: SMTP, _session: Session, envelope: Envelope) -> str:  # noqa: N802 (aiosmtpd's name)
        recipients = "".join(f"Delivered-To: {address}\r\n" for address in envelope.rcpt_tos)
        content = envelope.content if isinstance(envelope.content, bytes) else str(envelope.content).encode()
        self._keep(f"Return-Path: <{envelope.mail_from}>\r\n{recipients}".encode() + content)
        return "250 Kept"

    def _keep(self, content: bytes) -> None:
        name = f"{self.clock():%Y%m%dT%H%M%S.%f}-{secrets.token_hex(3)}.eml"
        half = self.folder / f".{name}"
        with half.open("wb") as out:
            out.write(content)
            out.flush()
            os.fsync(out.fileno())
        half.rename(self.folder / name)


async def serve(listener: socket.socket, catcher: Catcher) -> None:
    """Take letters on an open socket until SIGTERM or SIGINT."""
    loop = asyncio.get_running_loop()
    done = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, done.set)
    server = await loop.create_server(
        lambda: SMTP(catcher, data_size_limit=SIZE_LIMIT, enable_SMTPUTF8=True, ident="Postern mail catcher"),
        sock=listener,
    )
    try:
        await done.wait()
    finally:
        server.close()


def caught_letters(folder: Path) -> list[CaughtLetter]:
    """All letters kept so far, oldest first."""
    return [_read(file) for file in sorted(folder.glob("[0-9]*.eml"))]


def _read(file: Path) -> CaughtLetter:
    message = email.message_from_bytes(file.read_bytes(), _class=EmailMessage, policy=email.policy.default)
    return CaughtLetter(file, str(message["Date"]), str(message["To"]), str(message["Subject"]))
