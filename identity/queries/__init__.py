"""Reading identity: the office, a person's factors; the throttle's reads are in a room of their own."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from datetime import datetime

from django.conf import settings
from django.db.models import BigIntegerField, Case, Q, QuerySet, Subquery, When
from django.utils.crypto import constant_time_compare

from core.prepared import Prepared, Slot
from identity import places, sealing
from identity.enums import Role, Stage
from identity.models import (
    GENERATION,
    BackupSheet,
    Invitation,
    KnownBrowser,
    Limits,
    Member,
    Office,
    OpenSession,
    SignIn,
    TotpDevice,
    UnsentForm,
)
from identity.models.sessions import UNSENT_LASTS

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


def opens(device: TotpDevice) -> bool:
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
    return all(opens(device) for device in one_of_each)


def open_invitation(token: str, *, at: datetime) -> Invitation | None:
    """The invitation a link's token stands for, while it is open and its person still has that address."""
    try:
        number = uuid.UUID(hex=token[:32])
    except ValueError:
        return None
    found = Invitation.objects.select_related("member").filter(uuid=number).first()
    if found is None or not constant_time_compare(found.token(), token):
        return None
    if not found.is_open(at) or not found.member.is_active:
        return None
    return found if (found.member.email or "").lower() == found.address.lower() else None


def calls_from(network: str | None, *, since: datetime) -> int:
    """How often a network has asked for a call since a moment; beyond ten over all networks everybody waits."""
    recent = SignIn.objects.filter(stage=Stage.LOST, at__gt=since)
    return max(recent.filter(network=network).count(), recent.count() - MOST_CALLS_ELSEWHERE)


def unsent_fields(member: Member, number: int, *, path: str, at: datetime) -> dict[str, list[str]] | None:
    """What this member typed on this page when their session had run out; None when there is nothing, or no more."""
    kept = UnsentForm.objects.filter(pk=number, member=member, path=path, kept_at__gt=at - UNSENT_LASTS).first()
    if kept is None:
        return None
    try:
        return kept.open()
    except sealing.CannotUnseal:  # the sealing key was changed in between
        return None


def sessions(member: Member, *, office: Office, at: datetime) -> list[OpenSession]:
    """A member’s sessions that still stand, the one used last first."""
    return list(OpenSession.objects.standing(at, office=office).filter(member=member).order_by("-seen_at", "-pk"))


def browsers(member: Member, *, at: datetime) -> list[tuple[KnownBrowser, str]]:
    """The browsers in which a member is known, the one used last first, each with where it was used last."""
    known = KnownBrowser.objects.all().visible_to(member).known(at).order_by("-last_seen_at", "-pk")
    return [(browser, places.in_words(browser.network)) for browser in known]


def knows_network(member: Member, network: str | None, *, before: OpenSession) -> bool:
    """Whether the member has had a session from there before this one."""
    earlier = OpenSession.objects.filter(member=member, network=network).exclude(pk=before.pk)
    return earlier.exists()


MEMBER_FIELDS = [field.attname for field in Member._meta.concrete_fields]


def member_of_request(number: int) -> Member | None:
    """The member of a session, with the limits of their role, in one query."""
    found = _MEMBER.rows(number=number)
    if not found:
        return None
    member = Member.from_db("default", MEMBER_FIELDS, found[0][: len(MEMBER_FIELDS)])
    idle, longest = found[0][len(MEMBER_FIELDS) :]
    if idle is not None:
        member.limits = Limits(idle * 60, longest * 3600)
    return member


def limits_of(member: Member) -> Limits:
    """The office's limits for the role of somebody who is just signing in."""
    found = member_of_request(member.pk)
    return found.limits if found else Limits()


def limits_in_words(member: Member) -> str:
    """`30 minutes of rest, 12 hours in all`."""
    hours = member.limits.longest // 3600
    return f"{member.limits.idle // 60} minutes of rest, {hours} {'hour' if hours == 1 else 'hours'} in all"


def _build_member() -> QuerySet[Member, tuple]:
    strict = Q(role__in=[Role.OWNER, Role.MANAGER])

    def limit(of_all: str, of_strict: str) -> Case:
        office = Office.objects.order_by()
        return Case(When(strict, then=Subquery(office.values(of_strict))), default=Subquery(office.values(of_all)))

    return (
        Member.objects.get_queryset()
        .filter(pk=Slot("number", BigIntegerField()))
        .annotate(
            _idle=limit("idle_minutes", "strict_idle_minutes"), _longest=limit("session_hours", "strict_session_hours")
        )
        .values_list(*MEMBER_FIELDS, "_idle", "_longest")
    )


_MEMBER = Prepared(_build_member)
