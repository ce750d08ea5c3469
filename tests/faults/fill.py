"""`python -m tests.faults.fill PEOPLE LETTERS`: an office in the database that the environment names.

Each person has a thing that nobody has proved, so one reminder is due for each of them; LETTERS more lie in the outbox
already. Its only output is the session key of a signed-in owner.
"""

from __future__ import annotations

import os
import sys

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
django.setup()

from accounts.models import Door, Login  # noqa: E402  # models need the set-up above
from core import clock  # noqa: E402  # likewise
from core.letters.models import Letter  # noqa: E402  # likewise
from devices.models import Asset, Validation  # noqa: E402  # likewise
from identity.models import Member  # noqa: E402  # likewise
from tests.factories import make_member, make_office, signed_in  # noqa: E402  # likewise


def fill(people: int, letters: int) -> str:
    """Make the rows; returns the owner's session key."""
    at = clock.now()
    make_office(timezone="UTC")
    owner = make_member("Eleanor Hartwell", role="owner", timezone="UTC")
    members = Member.objects.bulk_create(
        Member(
            key=f"p{n}", name=f"Person {n}", email=f"p{n}@hartwell.test", timezone="UTC", digest_hour=0,
            created_at=at, joined_at=at, password="!",
        )
        for n in range(people)
    )  # fmt: skip
    _things(members, at)
    Letter.objects.bulk_create(
        Letter(
            key=f"extra:{n}", kind="self_test", recipient=owner, address=f"extra{n}@hartwell.test",
            subject=f"Extra {n}", text="Text\n", html="<p>HTML</p>", queued_at=at, not_before=at,
        )
        for n in range(letters)
    )  # fmt: skip
    return signed_in(owner).cookies["postern"].value


def _things(members: list[Member], at) -> None:
    logins = Login.objects.bulk_create(
        Login(key=f"l{n}", label=f"Login {n}", broker="ibkr", holder=member, created_at=at)
        for n, member in enumerate(members)
    )
    doors = Door.objects.bulk_create(Door(login=login, interface="tws", created_at=at) for login in logins)
    devices = Asset.objects.bulk_create(
        Asset(key=f"d{n}", kind="computer", name=f"Laptop {n}", holder=member, created_at=at)
        for n, member in enumerate(members)
    )
    Validation.objects.bulk_create(
        Validation(door=door, device=device, outcome="expected", created_at=at)
        for door, device in zip(doors, devices, strict=True)
    )


if __name__ == "__main__":
    sys.stdout.write(fill(*map(int, sys.argv[1:])))
