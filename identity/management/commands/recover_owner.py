"""Lets an owner in again who has lost everything, on the machine itself. Who has the console has the house."""

from __future__ import annotations

from argparse import ArgumentParser

from django.core.management.base import BaseCommand, CommandError

from core import clock
from core.errors import Refused
from core.letters import rendering
from identity import actions
from identity.models import Member

WILL_DO = """This ends the password, the factors and every session of {name} ({email}).
It shows a link that works once, for 15 minutes, and asks for a new password and a new authenticator.
The trail keeps it as done on this console, and every owner gets a letter about it."""


class Command(BaseCommand):
    help = "Start the password and factors of an owner anew; shows a link that works once, for 15 minutes."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--owner", metavar="ADDRESS", help="the e-mail address of the owner; asked for if left out")
        parser.add_argument("--yes", action="store_true", help="do not ask whether to go on")

    def handle(self, *args, owner: str | None = None, yes: bool = False, **options) -> None:
        owners = list(Member.objects.owners().filter(joined_at__isnull=False).order_by("name", "pk"))
        if not owners:
            raise CommandError("No owner has joined yet. The set-up token of a first start opens the house.")
        member = self._named(owners, owner) if owner else self._chosen(owners)
        self.stdout.write(WILL_DO.format(name=member.name, email=member.email))
        if not yes and input("Go on? Type yes: ").strip().lower() != "yes":
            raise CommandError("Nothing was changed.")
        try:
            reset = actions.recover_owner(member, at=clock.now())
        except Refused as no:
            raise CommandError(str(no)) from no
        self.stdout.write(f"Open this within 15 minutes: {rendering.link(f'/reset/link/{reset.token()}/')}")

    def _named(self, owners: list[Member], address: str) -> Member:
        found = [one for one in owners if (one.email or "").lower() == address.strip().lower()]
        if not found:
            known = ", ".join(one.email or one.name for one in owners)
            raise CommandError(f"No owner has that address. There are: {known}.")
        return found[0]

    def _chosen(self, owners: list[Member]) -> Member:
        for number, one in enumerate(owners, 1):
            self.stdout.write(f"{number}  {one.name}  {one.email}")
        typed = input("Which owner? Type the number: ").strip()
        if not typed.isdigit() or not 1 <= int(typed) <= len(owners):
            raise CommandError("That is none of the numbers. Nothing was changed.")
        return owners[int(typed) - 1]
