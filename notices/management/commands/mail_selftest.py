"""`manage.py mail_selftest ADDRESS`: one letter of every kind to one address, with the mail server's word on each."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.core.validators import validate_email

from core import clock
from core.letters.actions import enqueue
from core.letters.delivery import deliver_letters
from core.letters.enums import LetterKind
from core.letters.kinds import Content
from core.letters.models import Letter
from identity.models import Member
from identity.queries import is_set_up, office
from notices.queries.samples import samples


class Command(BaseCommand):
    """Every kind of letter with invented facts, sent at once. The letters stay on the Letters page."""

    help = "Send one letter of every kind, with invented facts, to one address."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("address", help="Where to send them.")

    def handle(self, *args: Any, address: str, **options: Any) -> None:
        try:
            validate_email(address)
        except ValidationError:
            raise CommandError(f"{address} is not a mail address.") from None
        if not is_set_up():
            raise CommandError("Set the office up first: its name and its owner stand in the letters.")
        at = clock.now()
        to = _reader(address)
        queued = [self._queue(name, said, to, address, at) for name, said in samples(to, office=office(), at=at)]
        deliver_letters(queued, at=clock.now())
        failed = sum(not self._tell(name, Letter.objects.get(pk=letter.pk)) for name, letter in queued)
        if failed:
            raise CommandError(f"{failed} of {len(queued)} letters were not taken. They are tried again; see Letters.")

    def _queue(self, name: str, said: Content, to: Member, address: str, at: datetime) -> Letter:
        raise NotImplementedError

    def _tell(self, name: str, letter: Letter) -> bool:
        raise NotImplementedError


def _reader(address: str) -> Member:
    raise NotImplementedError
