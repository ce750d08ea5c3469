"""Reading identity: the office, a person's factors. People, ways back, sessions and the throttle have a file each."""

from __future__ import annotations

import uuid
from datetime import datetime

from django.conf import settings
from django.utils.crypto import constant_time_compare

from core.prepared import Prepared
from identity import sealing
from identity.enums import Stage
from identity.models import GENERATION, Invitation, Office, SignIn, TotpDevice
from identity.queries.factors import (
    Factors,
    carriers_of,
    entering,
    everybody,
    factors,
    has_passkey,
    held,
    lacking,
    standing_of,
    void_passkeys,
)
from identity.queries.people import (
    Standing,
    away_at,
    can_stand_in,
    open_invitations,
    owner_routes,
    standing,
    why_not_stand_in,
)
from identity.queries.recovery import (
    addresses_of,
    can_be_stopped,
    changed_lately,
    forgotten_wait,
    open_address_change,
    open_password_reset,
    opens,
    ran_lately,
    reset_of,
    reset_to_stop,
    reset_to_use,
    runs_since,
)
from identity.queries.sessions import (
    browsers,
    knows_network,
    limits_in_words,
    limits_of,
    sessions,
    unsent_fields,
)

__all__ = [
    "Factors",
    "Standing",
    "addresses_of",
    "away_at",
    "browsers",
    "calls_from",
    "can_be_stopped",
    "can_stand_in",
    "carriers_of",
    "changed_lately",
    "entering",
    "everybody",
    "factors",
    "forgotten_wait",
    "has_passkey",
    "held",
    "is_set_up",
    "knows_network",
    "lacking",
    "limits_in_words",
    "limits_of",
    "office",
    "office_if_any",
    "open_address_change",
    "open_invitation",
    "open_invitations",
    "open_password_reset",
    "opens",
    "owner_routes",
    "ran_lately",
    "reset_of",
    "reset_to_stop",
    "reset_to_use",
    "runs_since",
    "sealing_key_fits",
    "seed_opens",
    "sessions",
    "standing",
    "standing_of",
    "unsent_fields",
    "void_passkeys",
    "why_not_stand_in",
]

MOST_CALLS_ELSEWHERE = 20


def office() -> Office:
    """The office; ask `is_set_up` first where there may be none yet."""
    found = _OFFICE.rows()
    if not found:
        raise Office.DoesNotExist
    return Office.from_db("default", _OFFICE_FIELDS, found[0])


_OFFICE_FIELDS = [field.attname for field in Office._meta.concrete_fields]
_OFFICE = Prepared(lambda: Office.objects.filter(pk=1).values_list(*_OFFICE_FIELDS))


def office_if_any() -> Office | None:
    """The office, or None before set-up, for pages that open in both cases."""
    return Office.objects.first()


def is_set_up() -> bool:
    """Whether an owner has finished the set-up."""
    return Office.objects.filter(set_up_at__isnull=False).exists()


def seed_opens(device: TotpDevice) -> bool:
    """Whether the authenticator's seed opens with the key that is here."""
    try:
        device.seed()
    except sealing.CannotUnseal:
        return False
    return True


def sealing_key_fits() -> bool:
    """Whether the sealing key's file is there and opens what is sealed; one row of each generation is tried."""
    try:
        settings.POSTERN_SEALING_KEYS.ring_on_disk()
    except (OSError, ValueError):
        return False
    one_of_each = (
        TotpDevice.objects.annotate(generation=GENERATION).order_by("generation", "-pk").distinct("generation")
    )
    return all(seed_opens(device) for device in one_of_each)


def open_invitation(token: str, *, at: datetime) -> Invitation | None:
    """The invitation a link's token stands for, while it is open and its person still has that address."""
    try:
        number = uuid.UUID(hex=token[:32])
    except ValueError:
        return None
    found = Invitation.objects.select_related("member").filter(uuid=number).first()
    if found is None or not constant_time_compare(found.token(), token):
        return None
    member = found.member
    if not found.is_open(at) or not member.is_active or member.is_over(at):
        return None
    return found if (member.email or "").lower() == found.address.lower() else None


def calls_from(network: str | None, *, since: datetime) -> int:
    """How often a network has asked for a call since a moment; beyond ten over all networks everybody waits."""
    recent = SignIn.objects.filter(stage=Stage.LOST, at__gt=since)
    return max(recent.filter(network=network).count(), recent.count() - MOST_CALLS_ELSEWHERE)
