"""Who can be asked by letter, and who is asked in their place."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from core import clock
from identity import policies
from identity.enums import Role
from identity.models import Away, Member, Office
from identity.queries import away_at


@dataclass(frozen=True, slots=True)
class Circle:
    """The office's people as of one moment. `askable` can read a letter, sign in and act on it.

    `managers` stand in for those who can't, and hear of what is late; an office without one falls back on its owners.
    """

    office: Office
    everybody: Mapping[int, Member]
    askable: Mapping[int, Member]
    managers: tuple[Member, ...]
    owners: tuple[Member, ...]
    aways: Mapping[int, Away] = field(default_factory=dict)

    def instead_of(self, member: Member) -> tuple[Member, ...]:
        """Who is asked beside somebody who is away: the stand-in, or the managers when that one cannot any more."""
        away = self.aways.get(member.pk)
        if away is None:
            return ()
        stand_in = self.askable.get(away.stand_in_id)
        can = stand_in is not None and policies.may_stand_in(stand_in) and stand_in.pk not in self.aways
        others = (stand_in,) if stand_in is not None and can else self.managers
        return tuple(one for one in others if one.pk != member.pk)

    def asked_first(self, holder_id: int | None) -> tuple[Member, ...]:
        """The holder; the managers, who tell them in person, when the holder can't be asked."""
        holder = self.askable.get(holder_id) if holder_id else None
        return (holder,) if holder else self.managers


def circle(at: datetime) -> Circle:
    """The people of the office at `at`, in three queries."""
    everybody = {member.pk: member for member in Member.objects.get_queryset().order_by("pk")}
    askable = {pk: member for pk, member in everybody.items() if can_be_asked(member, at)}
    owners = tuple(member for member in askable.values() if member.role == Role.OWNER)
    managers = tuple(member for member in askable.values() if member.role == Role.MANAGER)
    return Circle(
        office=Office.objects.get(),
        everybody=everybody,
        askable=askable,
        managers=managers or owners,
        owners=owners,
        aways=away_at(at),
    )


def can_be_asked(member: Member, at: datetime) -> bool:
    """Has a mailbox, may sign in today, and may change what the letter is about: nobody is mailed who may not act."""
    return bool(member.email) and not member.is_auditor and member.may_enter(clock.local_day(at, member.timezone))
