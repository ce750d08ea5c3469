"""A real SMTP server for tests: it keeps what it takes, and can be told to refuse, to hang, or to lose its replies.

A test says how each letter fares with `script`, a function from the number of the letter (from 0) and its recipient to
a `Fate`. It listens on a port of its own, in a thread of its own.
"""

from __future__ import annotations

import asyncio
import logging
import socket
import ssl
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email import message_from_bytes, policy
from email.message import EmailMessage
from pathlib import Path

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, AuthResult
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

TAKEN = "250 Kept"
logging.getLogger("mail.log").setLevel(logging.WARNING)


@dataclass(frozen=True)
class Fate:
    """What becomes of one letter. Empty texts let that step pass; `lose` takes it and says nothing for ever.

    `drop` takes the letter and breaks the line instead of answering; `wait` is how many seconds the answer takes.
    """

    at_sender: str = ""
    at_recipient: str = ""
    at_data: str = ""
    drop: bool = False
    lose: bool = False
    wait: float = 0


GOOD = Fate()
Script = Callable[[int, str], Fate]


@dataclass
class Kept:
    """One letter the server has: whether or not it said so."""

    recipient: str
    raw: bytes

    @property
    def mail(self) -> EmailMessage:
        return message_from_bytes(self.raw, _class=EmailMessage, policy=policy.default)  # type: ignore[return-value]

    @property
    def key(self) -> str:
        return str(self.mail["X-Postern-Key"])

    @property
    def message_id(self) -> str:
        return str(self.mail["Message-ID"])

    def part(self, kind: str) -> str:
        """The body of the given kind, `plain` or `html`."""
        return self.mail.get_body((kind,)).get_content()


@dataclass
class Sink:
    """What arrived, in order, and how the next letters fare."""

    port: int = 0
    script: Script = field(default=lambda number, recipient: GOOD)
    kept: list[Kept] = field(default_factory=list)
    seen: int = 0
    connections: int = 0
    greeting: str = ""
    hang_at_greeting: bool = False
    per_connection: int = 0
    tls: str = "none"
    password: str = ""
    lines: set[asyncio.Transport] = field(default_factory=set)

    @property
    def keys(self) -> list[str]:
        return [one.key for one in self.kept]

    def fare(self, recipient: str) -> Fate:
        number, self.seen = self.seen, self.seen + 1
        return self.script(number, recipient)


class Handler:
    """aiosmtpd's hooks; each returns a reply line."""

    def __init__(self, sink: Sink):
        self.sink = sink

    async def handle_MAIL(self, server, session, envelope, address, options):  # noqa: N802 (aiosmtpd's name)
        if self.sink.per_connection and getattr(session, "letters", 0) >= self.sink.per_connection:
            return "421 Too many letters on one line"
        envelope.mail_from = address
        envelope.mail_options.extend(options)
        return "250 OK"

    async def handle_RCPT(self, server, session, envelope, address, options):  # noqa: N802 (aiosmtpd's name)
        session.fate = self.sink.fare(address)
        if session.fate.at_recipient:
            return session.fate.at_recipient
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server, session, envelope):  # noqa: N802 (aiosmtpd's name)
        fate = session.fate
        if fate.at_data:
            return fate.at_data
        self.sink.kept.append(Kept(envelope.rcpt_tos[0], envelope.content))
        session.letters = getattr(session, "letters", 0) + 1
        if fate.lose:
            await until_closed(server.transport)
        await asyncio.sleep(fate.wait)
        if fate.drop:
            server.transport.abort()
        return TAKEN


class Server(SMTP):
    """aiosmtpd's server, which counts its callers and may keep them waiting at the door."""

    def __init__(self, sink: Sink, *args, **options):
        self.sink = sink
        super().__init__(*args, **options)

    def connection_made(self, transport):
        self.sink.lines.add(transport)
        super().connection_made(transport)

    def connection_lost(self, error):
        self.sink.lines.discard(self.transport)
        super().connection_lost(error)

    async def _handle_client(self):
        self.sink.connections += 1
        if self.sink.hang_at_greeting:
            await until_closed(self.transport)
        elif self.sink.greeting:
            await self.push(self.sink.greeting)
            self.transport.close()
        else:
            await super()._handle_client()


async def until_closed(transport: asyncio.Transport) -> None:
    """Say nothing until the other side has had enough, or the test is over."""
    while not transport.is_closing():
        await asyncio.sleep(0.02)


class SinkController(Controller):
    def __init__(self, sink: Sink, certificate: Path | None):
        self.sink = sink
        self.context = _context(certificate) if certificate else None
        implicit = self.context if sink.tls == "ssl" else None
        place = {"hostname": "127.0.0.1", "port": free_port(), "ready_timeout": 10}
        super().__init__(Handler(sink), ssl_context=implicit, **place)

    def factory(self):
        options = {"enable_SMTPUTF8": False, "ident": "Test sink", "loop": self.loop}
        if self.sink.tls == "starttls":
            options |= {"tls_context": self.context, "require_starttls": True}
        if self.sink.password:
            options |= {"auth_required": True, "authenticator": self.check}
        return Server(self.sink, self.handler, **options)

    def check(self, server, session, envelope, mechanism, given) -> AuthResult:
        return AuthResult(success=given.password == self.sink.password.encode(), handled=False)


def _context(certificate: Path) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    return context


def make_certificate(folder: Path) -> Path:
    """A key and a certificate for localhost that vouches for itself, in one file."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")])
    begins = datetime(2020, 1, 1, tzinfo=UTC)
    made = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number(), begins, begins.replace(2120))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=False)
        .sign(key, hashes.SHA256())
    )
    file = folder / "localhost.pem"
    plain = serialization.NoEncryption()
    private = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, plain)
    file.write_bytes(private + made.public_bytes(serialization.Encoding.PEM))
    return file


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@contextmanager
def running_sink(sink: Sink | None = None, certificate: Path | None = None) -> Iterator[Sink]:
    """A sink that takes everything until its script says otherwise."""
    sink = sink or Sink()
    controller = SinkController(sink, certificate)
    controller.start()
    sink.port, sink.connections = controller.port, 0
    try:
        yield sink
    finally:
        controller.loop.call_soon_threadsafe(lambda: [line.abort() for line in sink.lines])
        deadline = time.monotonic() + 5
        while sink.lines and time.monotonic() < deadline:
            time.sleep(0.01)
        time.sleep(0.03)  # for those who were waiting to notice
        controller.stop()


@pytest.fixture
def sink(settings) -> Iterator[Sink]:
    """The mail server of this test, which Postern really talks to."""
    with running_sink() as one:
        talk_to(one, settings)
        yield one


def talk_to(sink: Sink, settings, *, password: str = "") -> None:
    """Make Postern talk to this sink, by TLS and with a password where the sink asks for them."""
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_HOST, settings.EMAIL_PORT = "localhost" if sink.tls != "none" else "127.0.0.1", sink.port
    settings.EMAIL_USE_TLS, settings.EMAIL_USE_SSL = sink.tls == "starttls", sink.tls == "ssl"
    settings.EMAIL_HOST_USER, settings.EMAIL_HOST_PASSWORD = ("postern" if password else ""), password
    settings.EMAIL_TIMEOUT = 2
