"""The mail catcher: every letter becomes one whole file, and none leaves."""

import asyncio
import io
import signal
import smtplib
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from email.message import EmailMessage
from pathlib import Path

import pytest
from aiosmtpd.smtp import Envelope
from django.core.management import call_command
from django.core.management.base import CommandError

from config.catcher import Catcher, caught_letters
from config.up.ports import listen_on, number_of

AT = datetime(2026, 3, 2, 7, 30, tzinfo=UTC)


def letter(subject: str) -> EmailMessage:
    message = EmailMessage()
    message["From"] = "Postern <postern@office.example>"
    message["To"] = "Maria <maria@office.example>"
    message["Date"] = "Mon, 02 Mar 2026 07:30:00 +0000"
    message["Subject"] = subject
    message.set_content("Bitte bestätigen.\n")
    return message


@pytest.fixture
def state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("POSTERN_STATE", str(tmp_path))
    return tmp_path


@pytest.fixture
def port(state: Path) -> Iterator[int]:
    """A running `manage.py catch_mail` on a socket that is open before the program is there."""
    with listen_on(0) as listener:
        command = [sys.executable, "manage.py", "catch_mail", "--fd", str(listener.fileno())]
        with subprocess.Popen(command, pass_fds=[listener.fileno()]) as catcher:
            yield number_of(listener)
            catcher.send_signal(signal.SIGTERM)
            assert catcher.wait(10) == 0


def test_each_letter_becomes_a_file_as_it_was_sent(state: Path, port: int) -> None:
    with smtplib.SMTP("127.0.0.1", port, timeout=20) as smtp:
        smtp.send_message(letter("Confirm 3 devices by Thu 12 Mar"))
        smtp.send_message(letter("Übersicht"), to_addrs=["maria@office.example", "hidden@office.example"])

    first, second = caught_letters(state / "mail")
    text = second.file.read_bytes()
    assert (first.subject, second.subject) == ("Confirm 3 devices by Thu 12 Mar", "Übersicht")
    assert first.to == "Maria <maria@office.example>"
    assert text.startswith(b"Return-Path: <postern@office.example>\r\nDelivered-To: maria@office.example\r\n")
    assert b"Delivered-To: hidden@office.example\r\n" in text
    assert sorted(state.joinpath("mail").iterdir()) == [first.file, second.file]


def test_the_list_shows_date_recipient_and_subject_oldest_first(state: Path) -> None:
    catcher = Catcher(state / "mail", clock=iter([AT.replace(hour=9), AT.replace(hour=8)]).__next__)
    for subject in ("later", "earlier"):
        envelope = Envelope()
        envelope.mail_from, envelope.rcpt_tos = "a@office.example", ["b@office.example"]
        envelope.content = letter(subject).as_bytes()
        asyncio.run(catcher.handle_DATA(None, None, envelope))
    out = io.StringIO()

    call_command("catch_mail", list=True, stdout=out)

    line = "Mon, 02 Mar 2026 07:30:00 +0000\tMaria <maria@office.example>\t"
    assert out.getvalue().splitlines() == [f"{line}earlier", f"{line}later"]


def test_without_letters_the_list_is_empty(state: Path) -> None:
    out = io.StringIO()

    call_command("catch_mail", list=True, stdout=out)

    assert out.getvalue() == ""


def test_a_busy_port_is_said_in_words(state: Path) -> None:
    with listen_on(0) as busy:
        port = number_of(busy)
        with pytest.raises(CommandError) as refused:
            call_command("catch_mail", port=port)

    assert str(refused.value) == f"Port {port} cannot be used: Address already in use. Choose another with --port."
