"""What becomes of failures at the front door: the trail, a letter to the owners, the end of the waits, oblivion."""

from __future__ import annotations

from collections import defaultdict
from datetime import datetime, timedelta

from django.db import transaction

from core.letters import rendering
from core.letters.actions import enqueue
from core.letters.enums import LetterKind
from core.trail.actions import record
from core.trail.enums import Verb
from identity import queries, throttle
from identity.enums import Stage
from identity.models import Member, SignIn
from identity.queries import throttle as reading

# How long a row of each try is kept. The trail keeps its summary for good.
KEPT = timedelta(days=400)
# How many rows one sweep puts into the trail; the next one goes on.
MOST_AT_ONCE = 2000


@transaction.atomic
def tell_failures(member: Member | None = None, *, at: datetime) -> int:
    """Put failures that the trail does not know yet into it, one event for each person and question.

    Of one member, or of everybody; rows that another worker is putting in are left to it. Returns how many events.
    """
    rows = SignIn.objects.filter(ok=False, told_at=None, member__isnull=False)
    if member is not None:
        rows = rows.filter(member=member)
    free = rows.select_related("member").select_for_update(of=("self",), skip_locked=True, no_key=True)
    groups = defaultdict(list)
    for row in free.order_by("at", "pk")[:MOST_AT_ONCE]:
        groups[row.member, row.stage].append(row)
    for (person, stage), failed in groups.items():
        networks = sorted({row.network or "" for row in failed})
        record(
            Verb.SIGN_IN_FAILED,
            by=None,
            about=person,
            at=at,
            address=networks[0] or None if len(networks) == 1 else None,
            stage=stage,
            wrong=len(failed),
            since=failed[0].at,
            networks=networks,
        )
        SignIn.objects.filter(pk__in=[row.pk for row in failed]).update(told_at=at)
    return len(groups)


@transaction.atomic
def tell_of_shut_doors(*, at: datetime) -> int:
    """Write to the owners whose sign-in strangers have shut to new browsers; once a month while it stays shut."""
    told = 0
    for held in reading.held_up(at=at):
        if held.is_shut:
            told += _tell_owners(held.member, at=at)
    return told


def _tell_owners(member: Member, *, at: datetime) -> int:
    lifted = SignIn.objects.filter(member=member, stage=Stage.LIFTED).order_by("-at").first()
    told = 0
    for owner in Member.objects.owners():
        said = rendering.content(
            "sign_in_shut",
            subject=f"{member.name} can no longer sign in with a new browser",
            to=owner,
            office=queries.office(),
            member=member,
            most=throttle.MOST_IN_A_ROW,
            url=rendering.link("/people/failures/"),
        )
        key = f"sign-in-shut:{member.pk}:{lifted.pk if lifted else 0}:{at:%Y-%m}:{owner.pk}"
        told += enqueue(key=key, kind=LetterKind.SECURITY, to=owner, content=said, at=at) is not None
    return told


@transaction.atomic
def lift_waits(member: Member, *, by: Member | None, at: datetime) -> None:
    """End every wait that wrong answers in this member's name have earned; the count starts anew."""
    SignIn.objects.create(
        at=at, stage=Stage.LIFTED, name=reading.name_digest(member.email or ""), ok=True, member=member
    )
    record(Verb.WAITS_LIFTED, by=by, about=member, at=at)


def forget_tries(*, at: datetime) -> int:
    """Remove the rows of tries that are older than 400 days; returns how many."""
    return SignIn.objects.filter(at__lt=at - KEPT).delete()[0]
