"""Days away, and who stands in."""

from __future__ import annotations

from datetime import date, datetime

from django.db import transaction

from core.clock import local_day
from core.errors import Refused
from core.letters.rendering import short_day
from core.trail.actions import record
from core.trail.enums import Verb
from identity import policies, queries
from identity.actions.helping import acting
from identity.models import Away, Member


@transaction.atomic
def set_away(member: Member, *, stand_in: Member, from_on: date, until_on: date, by: Member, at: datetime) -> Away:
    """Write down that a person is away from one day to another, both included, and who stands in meanwhile."""
    by, absent, other = acting(by, member, stand_in, at=at)
    if not policies.may_write_away(by, absent):
        raise Refused("Only an owner writes down when an owner or a manager is away.")
    if not absent.is_active:
        raise Refused(f"{absent.name} has left.")
    today = local_day(at, absent.timezone)
    if until_on < from_on:
        raise Refused("The last day comes before the first one.")
    if until_on < today:
        raise Refused("Those days are over. Choose days that end today or later.")
    _check_free(absent, from_on, until_on, today)
    refusal = queries.why_not_stand_in(other, absent=absent, from_on=from_on, until_on=until_on, at=at)
    if refusal:
        raise Refused(refusal)
    away = Away.objects.create(
        member=absent, stand_in=other, from_on=from_on, until_on=until_on, made_by=by, made_at=at
    )
    record(Verb.AWAY_SET, by=by, about=absent, at=at, stand_in=other.pk, from_on=from_on, until_on=until_on)
    return away


def _check_free(absent: Member, from_on: date, until_on: date, today: date) -> None:
    """Nobody is away twice on one day, nor away while standing in for somebody else."""
    standing = Away.objects.standing().touching(from_on, until_on)
    own = standing.filter(member=absent).order_by("from_on").first()
    if own is not None:
        first, last = short_day(own.from_on, today), short_day(own.until_on, today)
        raise Refused(f"{absent.name} is on file as away from {first} to {last} already. Call that off first.")
    promised = standing.filter(stand_in=absent).select_related("member").order_by("from_on").first()
    if promised is not None:
        raise Refused(
            f"{absent.name} stands in for {promised.member.name} on some of these days. "
            f"Choose another stand-in for {promised.member.name} first."
        )


@transaction.atomic
def end_away(away: Away, *, by: Member, at: datetime) -> Away:
    """Call days away off: the person is back, or does not go."""
    by, absent = acting(by, away.member, at=at)
    held = Away.objects.select_for_update(no_key=True).get(pk=away.pk)
    if not policies.may_write_away(by, absent):
        raise Refused("Only an owner writes down when an owner or a manager is away.")
    if held.ended_at is not None:
        raise Refused("That was called off already.")
    held.ended_at = at
    held.save(update_fields=["ended_at"])
    record(Verb.AWAY_ENDED, by=by, about=absent, at=at, from_on=held.from_on, until_on=held.until_on)
    return held
