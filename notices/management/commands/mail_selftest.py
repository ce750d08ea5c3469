"""`manage.py mail_selftest ADDRESS`: one letter of every kind to one address, with the mail server's word on each."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from typing import Any

from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.core.validators import validate_email

from core import clock
from core.letters.actions import enqueue
from core.letters.delivery import deliver_waiting
from core.letters.enums import LetterKind, LetterState
from core.letters.kinds import Content
from core.letters.models import Letter
from identity.models import Member
from identity.queries import is_set_up, office
from notices.queries.samples import samples


class Command(BaseCommand):
    """Every kind of letter with invented facts, sent at once. They stay on the Letters page as self-tests."""

    help = "Send one letter of every kind, with invented facts, to one address, and say what the mail server said."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("address", help="where to send them")

    def handle(self, *args: Any, address: str, **options: Any) -> None:
        _check(address)
        at = clock.now()
        to = _reader(address)
        queued = {name: _queue(name, said, to, address, at) for name, said in samples(to, office=office(), at=at)}
        deliver_waiting(at=at, limit=len(queued), only=[letter.pk for letter in queued.values()])
        taken = [self._tell(name, Letter.objects.get(pk=letter.pk)) for name, letter in queued.items()]
        if not all(taken):
            raise CommandError(f"{taken.count(False)} of {len(taken)} letters were not taken. See the Letters page.")

    def _tell(self, name: str, letter: Letter) -> bool:
        """Say how one letter fared; whether it was taken."""
        last = letter.attempts.order_by("-number").first()
        words = f" ({last.reply})" if last and last.reply else ""
        self.stdout.write(f"{name}: {letter.get_state_display()}{words}")
        return letter.state == LetterState.ACCEPTED


def _check(address: str) -> None:
    try:
        validate_email(address)
    except ValidationError:
        raise CommandError(f"{address} is not a mail address.") from None
    if not is_set_up():
        raise CommandError("Set the office up first: its name stands in the letters.")


def _reader(address: str) -> Member:
    """Whose letters these are: the person with that address, else an owner."""
    person = Member.objects.present().filter(email__iexact=address).first()
    return person or Member.objects.owners().order_by("pk")[0]


def _queue(name: str, said: Content, to: Member, address: str, at: datetime) -> Letter:
    letter = enqueue(
        key=f"self-test:{at.isoformat()}:{name}",
        kind=LetterKind.SELF_TEST,
        to=to,
        content=replace(said, subject=f"[Self-test] {said.subject}"),
        at=at,
        address=address,
    )
    if letter is None:
        raise CommandError("A self-test was started at this very moment. Try again.")
    return letter
