"""`manage.py catch_mail`: keep every letter as a file instead of delivering it; `--list` shows what was kept."""

import asyncio
import os
import socket
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from config.catcher import Catcher, caught_letters, serve
from config.env import Settings, load
from config.up.ports import listen_on
from core import clock


class Command(BaseCommand):
    help = "A mail server on this machine that writes each letter into POSTERN_STATE/mail and sends none."
    requires_system_checks = ()

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--list", action="store_true", help="print date, recipient and subject of what was kept")
        parser.add_argument("--port", type=int, help="where to listen on 127.0.0.1")
        parser.add_argument("--fd", type=int, help="an open listening socket to use instead")

    def handle(self, **options: Any) -> None:
        settings = load(os.environ)
        if options["list"]:
            for letter in caught_letters(settings.caught_mail):
                self.stdout.write(f"{letter.date}\t{letter.to}\t{letter.subject}")
            return
        with _listener(settings, options) as listener:
            asyncio.run(serve(listener, Catcher(settings.caught_mail, clock=clock.now)))


def _listener(settings: Settings, options: dict[str, Any]) -> socket.socket:
    if options["fd"] is not None:
        return socket.socket(fileno=options["fd"])
    port = options["port"] or settings.mail.port
    try:
        return listen_on(port)
    except OSError as busy:
        raise CommandError(f"Port {port} cannot be used: {busy.strerror}. Choose another with --port.") from busy
