"""For whoever runs the machine: a person may try to sign in again at once."""

from __future__ import annotations

from django.core.management.base import BaseCommand, CommandError

from core import clock
from identity import actions
from identity.models import Member


class Command(BaseCommand):
    help = "Lift every wait that wrong answers have earned a person; it is written into the trail."

    def add_arguments(self, parser) -> None:
        parser.add_argument("email", help="The address with which the person signs in.")

    def handle(self, *args, **options) -> None:
        member = Member.objects.present().filter(email__iexact=options["email"].strip()).first()
        if member is None:
            raise CommandError("Nobody here signs in with that address.")
        actions.lift_waits(member, by=None, at=clock.now())
        self.stdout.write(f"{member.name} may try again at once. Password and factors are as they were.")
