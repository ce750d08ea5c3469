"""Reading sessions: who is on the other side of a request, where a member is signed in, what they had typed."""

from __future__ import annotations

from datetime import datetime

from django.db.models import BigIntegerField, Case, Q, QuerySet, Subquery, When

from core.prepared import Prepared, Slot
from identity import places, sealing
from identity.enums import Role
from identity.models import KnownBrowser, Limits, Member, Office, OpenSession, UnsentForm
from identity.models.sessions import UNSENT_LASTS


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
