"""Reading identity: the office, the throttle, a person's factors."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import Count, Max
from django.utils.crypto import constant_time_compare

from identity import codes, rules
from identity.enums import Stage
from identity.models import BackupSheet, Invitation, Member, Office, SignIn, TotpDevice
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
    reset_of,
    reset_to_stop,
    reset_to_use,
)

__all__ = [
    "Factors",
    "Standing",
    "addresses_of",
    "away_at",
    "calls_from",
    "can_be_stopped",
    "can_stand_in",
    "changed_lately",
    "factors",
    "forgotten_wait",
    "is_set_up",
    "name_digest",
    "office",
    "office_if_any",
    "open_address_change",
    "open_invitation",
    "open_invitations",
    "open_password_reset",
    "opens",
    "owner_routes",
    "reset_of",
    "reset_to_stop",
    "reset_to_use",
    "standing",
    "wait",
    "why_not_stand_in",
]

MOST_CALLS_ELSEWHERE = 20


def office() -> Office:
    """The office; ask `is_set_up` first where there may be none yet."""
    return Office.objects.get(pk=1)


def office_if_any() -> Office | None:
    """The office, or None before set-up, for pages that open in both cases."""
    return Office.objects.first()


def is_set_up() -> bool:
    """Whether an owner has finished the set-up."""
    return Office.objects.filter(set_up_at__isnull=False).exists()


def name_digest(email: str) -> str:
    """Under what the throttle counts a typed address; equal for known and unknown ones."""
    return codes.digest(f"sign-in:{email.strip().lower()}")


def wait(*, name: str, network: str | None, at: datetime) -> timedelta:
    """How long this name from this network, or this network with any name, must wait; zero when it need not."""
    since = at - rules.WINDOW
    mine = SignIn.objects.filter(name=name, network=network, at__gt=since)
    last_good = mine.filter(ok=True).aggregate(last=Max("at"))["last"]
    bad = mine.filter(ok=False, at__gt=last_good or since).aggregate(n=Count("pk"), last=Max("at"))
    all_bad = SignIn.objects.filter(network=network, ok=False, at__gt=since).aggregate(n=Count("pk"), last=Max("at"))
    own = rules.still_to_wait(bad["n"], bad["last"], at)
    shared = rules.still_to_wait(all_bad["n"] - rules.NETWORK_TRIES, all_bad["last"], at)
    return max(own, shared)


@dataclass(frozen=True, slots=True)
class Factors:
    """What a member can show at Postern's own door. `codes_left` is None without a sheet."""

    authenticator: TotpDevice | None
    codes_left: int | None

    @property
    def in_words(self) -> str:
        if self.authenticator is None:
            return "none yet"
        if self.codes_left is None:
            return "authenticator"
        return f"authenticator, {self.codes_left} backup codes"


def factors(member: Member) -> Factors:
    device = TotpDevice.objects.filter(user=member, confirmed=True).order_by("pk").first()
    sheet = BackupSheet.objects.filter(user=member, confirmed=True).first()
    return Factors(authenticator=device, codes_left=sheet.left() if sheet else None)


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
