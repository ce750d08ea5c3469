"""Reading people: who is invited, who is away, who can stand in, and how many ways in the owners have."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from django.db.models import Count, Q

from core.clock import local_day
from identity import passkeys, policies
from identity.enums import ResetStage
from identity.models import Away, BackupSheet, FactorReset, Invitation, Member, Passkey, TotpDevice
from identity.queries.recovery import reset_of

DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Standing:
    """How a person stands at Postern's own door beside their factors, and what `by` may do about it."""

    invitation: Invitation | None
    invited: str
    reset: FactorReset | None
    stage: str
    may_open: bool
    may_confirm: bool
    may_stop: bool
    aways: list[Away]
    is_over: bool


def standing(person: Member, by: Member, *, at: datetime) -> Standing:
    """The newest invitation, the reset that runs, and the days away to come; three queries."""
    invitation = Invitation.objects.filter(member=person).order_by("-pk").first()
    reset = reset_of(person, at=at)
    aways = Away.objects.standing().filter(member=person, until_on__gte=local_day(at, person.timezone))
    comes_in = person.joined_at is not None and person.is_active and not person.is_over(at)
    return Standing(
        invitation=invitation if invitation is not None and invitation.is_open(at) else None,
        invited=_invited(invitation, at) if person.joined_at is None else "",
        reset=reset,
        stage=reset.stage(at).value if reset else "",
        may_open=reset is None and comes_in and policies.may_open_reset(by, person),
        may_confirm=reset is not None and reset.stage(at) == ResetStage.ASKS and policies.may_confirm_reset(by, reset),
        may_stop=reset is not None and policies.may_stop_reset(by, reset),
        aways=list(aways.select_related("stand_in").order_by("from_on")),
        is_over=person.is_over(at),
    )


def _invited(invitation: Invitation | None, at: datetime) -> str:
    """What became of the newest invitation of somebody who has not joined."""
    if invitation is None:
        return "Not invited"
    if invitation.revoked_at is not None:
        return "The invitation was taken back"
    return "Invited" if invitation.is_open(at) else "The invitation ran out"


def open_invitations(member: Member, *, at: datetime) -> list[Invitation]:
    """Invitations that still open something, to people whom `member` may see, what runs out first on top."""
    people = Member.objects.visible_to(member).present()
    found = Invitation.objects.filter(used_at=None, revoked_at=None, expires_at__gt=at, member__in=people)
    return list(found.select_related("member").order_by("expires_at", "pk"))


def away_at(at: datetime) -> dict[int, Away]:
    """Who is away at a moment, by number, each by the days of their own zone; one query."""
    today = at.date()
    near = Away.objects.standing().touching(today - DAY, today + DAY).select_related("member", "stand_in")
    return {one.member_id: one for one in near if one.from_on <= local_day(at, one.member.timezone) <= one.until_on}


def can_stand_in(member: Member, *, at: datetime) -> bool:
    """Whether a person can do for somebody else, at this moment, what they are reminded of."""
    return bool(member.email) and policies.may_stand_in(member) and member.may_enter(local_day(at, member.timezone))


def why_not_stand_in(member: Member, *, absent: Member, from_on: date, until_on: date, at: datetime) -> str:
    """Why a person cannot stand in for another on these days, in words; "" when they can."""
    if member.pk == absent.pk:
        return "Nobody stands in for themselves. Choose somebody else."
    return _why_not_at_all(member, absent) or _why_not_then(member, absent, from_on, until_on, at)


def _why_not_at_all(member: Member, absent: Member) -> str:
    if not member.is_active or member.joined_at is None or not member.email:
        return f"{member.name} does not sign in here. Choose somebody who does."
    if member.is_auditor:
        return f"{member.name} is an auditor, who changes nothing here. Choose an owner or a manager."
    if not policies.may_stand_in(member):
        return (
            f"{member.name} sees only their own things here, so they could not see those of {absent.name}. "
            "Choose an owner or a manager."
        )
    return ""


def _why_not_then(member: Member, absent: Member, from_on: date, until_on: date, at: datetime) -> str:
    if member.is_over(at) or (member.ends_on is not None and member.ends_on < until_on):
        return f"The last day of {member.name} comes before {absent.first_name} is back. Choose somebody else."
    if Away.objects.standing().filter(member=member).touching(from_on, until_on).exists():
        return f"{member.name} is away on some of these days too. Choose somebody else."
    return ""


def owner_routes(*, without: Member | None = None) -> dict[Member, int]:
    """By how many ways each lasting owner can get in: authenticators, passkeys, and a sheet with codes left."""
    owners = Member.objects.lasting_owners().order_by("pk")
    if without is not None:
        owners = owners.exclude(pk=without.pk)
    apps = TotpDevice.objects.filter(user__in=owners, confirmed=True).values_list("user", flat=True)
    keys = Passkey.objects.working(passkeys.host()).filter(user__in=owners).values_list("user", flat=True)
    unused = Count("codes", filter=Q(codes__used_at=None))
    sheets = BackupSheet.objects.filter(user__in=owners, confirmed=True).annotate(unused=unused).filter(unused__gt=0)
    counted = Counter([*apps, *keys, *sheets.values_list("user", flat=True)])
    return {owner: counted[owner.pk] for owner in owners}
