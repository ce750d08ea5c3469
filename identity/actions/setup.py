"""Setting the office up: the token from the terminal, office and owner."""

from __future__ import annotations

from datetime import datetime

from django.contrib.auth.hashers import make_password
from django.db import transaction

from core.errors import Refused
from identity import codes, passkeys, queries
from identity.actions.enrolment import drop_factors
from identity.enums import Role
from identity.models import (
    Member,
    Office,
    SetupToken,
)
from identity.passwords import normalise


@transaction.atomic
def make_setup_token(*, at: datetime) -> str | None:
    """A fresh one-time set-up token, or None once the office is set up. Earlier unused tokens become void."""
    if queries.is_set_up():
        return None
    SetupToken.objects.filter(used_at=None).delete()
    token = codes.new_token()
    SetupToken.objects.create(digest=codes.digest(f"setup:{token}"), made_at=at)
    return token


def setup_token_is_good(token: str) -> bool:
    """Whether the token opens the set-up: issued, unused, and the office is not set up yet."""
    good = SetupToken.objects.filter(digest=codes.digest(f"setup:{token.strip()}"), used_at=None).exists()
    return good and not queries.is_set_up()


@transaction.atomic
def begin_office(
    *, office_name: str, timezone: str, name: str, email: str, password: str, emergency_number: str = "", at: datetime
) -> Member:
    """Write down office and owner; nothing opens until the owner's factor is confirmed and the set-up finished."""
    if queries.is_set_up():
        raise Refused("This office is set up already. Sign in instead.")
    Office.objects.update_or_create(
        pk=1,
        defaults={
            "name": office_name,
            "timezone": timezone,
            "emergency_number": emergency_number,
            "passkey_host": passkeys.host(),
            "factors_ruled_at": at,
        },
    )
    owner = Member.objects.select_for_update(no_key=True).filter(role=Role.OWNER).first() or Member(
        key="owner", role=Role.OWNER, created_at=at
    )
    owner.name, owner.email, owner.timezone = name, email, timezone
    owner.password = make_password(normalise(password))
    owner.save()
    drop_factors(owner)
    return owner
