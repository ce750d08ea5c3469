"""People and what opens for them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from django.db.models import Count, Max, Q, QuerySet

from accounts.models import Grant, Login
from core.trail.models import Event
from dashboard.queries.today import Ready, Task, due
from dashboard.queries.trail import Line, told
from devices.models import Asset
from identity import queries as identity
from identity.models import Away, Member, Office
from identity.rules import ENOUGH, Standing
from recovery import picture as doors

EVENTS_SHOWN = 12


@dataclass(frozen=True, slots=True)
class Row:
    """One line of People. `ready` is None for somebody without a login."""

    member: Member
    ready: Ready | None
    things: int
    sign_in: str
    until: datetime | None = None
    away: Away | None = None
    standing: Standing | None = None

    @property
    def ways_in(self) -> str:
        return f"{self.ready.open} of {self.ready.used}" if self.ready else "No login"

    @property
    def worst_way(self) -> tuple[int, int]:
        """What people are sorted by to have who has fewest ways in first, who has no login last."""
        return (0, self.ready.open) if self.ready else (1, 0)

    @property
    def weakest(self) -> tuple[bool, int, datetime]:
        """The same for factors: who lacks one first, nothing before one, and whose time is over sooner."""
        if self.standing is None or self.standing.due_at is None:
            return True, self.standing.independent if self.standing else ENOUGH, self.member.created_at
        return False, self.standing.independent, self.standing.due_at


def found(member: Member, *, at: datetime, text: str = "", role: str = "", lacking: str = "") -> QuerySet[Member]:
    """Everybody present whom `member` may see, by name, narrowed to a part of the name and to a role.

    With `lacking`, only those who sign in without what the office asks of their factors; one query more.
    """
    seen = Member.objects.visible_to(member).present()
    if lacking:
        seen = seen.filter(pk__in=[one.pk for one in identity.lacking()])
    if role:
        seen = seen.filter(role=role)
    if text:
        seen = seen.filter(name__icontains=text)
    return seen.annotate(
        things=Count("assets", filter=Q(assets__retired_at=None), distinct=True),
        invited_until=Max(
            "invitations__expires_at",
            filter=Q(invitations__used_at=None, invitations__revoked_at=None, invitations__expires_at__gt=at),
        ),
    ).order_by("name", "pk")


def rows(people: list[Member], member: Member, *, at: datetime, office: Office) -> list[Row]:
    """A line for each of these people, as `found` gives them; two queries and the picture's."""
    standings = {one.pk: one.standing for one in identity.everybody()}
    picture = doors.door_picture(member, at=at, office=office)
    by_holder, away = picture.by_holder(), identity.away_at(at)
    return [
        Row(
            member=person,
            ready=Ready.of(person, by_holder[person.pk]) if person.pk in by_holder else None,
            things=person.things,  # type: ignore[attr-defined]  # annotated
            sign_in=_sign_in(person, invited=bool(person.invited_until), is_over=person.is_over(at)),  # type: ignore[attr-defined]
            until=person.invited_until,  # type: ignore[attr-defined]
            away=away.get(person.pk),
            standing=standings.get(person.pk) if person.joined_at else None,
        )
        for person in people
    ]


def _sign_in(person: Member, *, invited: bool, is_over: bool) -> str:
    if is_over:
        return "Access ended"
    if person.joined_at:
        return "Signs in"
    if invited:
        return "Invited"
    return "Not invited" if person.email else "No mailbox"


@dataclass(frozen=True, slots=True)
class Page:
    """One person: how they sign in, their logins with doors and accounts, their things, what is due, what happened."""

    member: Member
    factors: identity.Factors
    standing: identity.Standing
    factor_standing: Standing | None
    ready: Ready | None
    logins: list[LoginRow]
    things: list[Asset]
    tasks: list[Task]
    to_do: int
    lines: list[Line]


@dataclass(frozen=True, slots=True)
class LoginRow:
    """One login of a person with how its doors stand and the accounts it reaches."""

    login: Login
    doors: list[tuple[str, str, str]]
    accounts: list


def page(person: Member, by: Member, *, at: datetime, office: Office) -> Page:
    """The page of one person as `by` may see it."""
    picture = doors.door_picture(by, at=at, office=office)
    facts = picture.by_holder().get(person.pk, [])
    tasks, to_do, _ = due(by, at=at, office=office, holder=person)
    return Page(
        member=person,
        factors=identity.factors(person),
        standing=identity.standing(person, by, at=at),
        factor_standing=identity.standing_of(person) if person.joined_at and person.is_active else None,
        ready=Ready.of(person, facts) if facts else None,
        logins=logins_of(person, by, picture),
        things=list(Asset.objects.visible_to(by).kept().filter(holder=person).order_by("kind", "name")),
        tasks=tasks,
        to_do=to_do,
        lines=told(Event.objects.visible_to(by).about(person).order_by("-pk")[:EVENTS_SHOWN]),
    )


def logins_of(person: Member, by: Member, picture: doors.Picture) -> list[LoginRow]:
    """A person's open logins in the order of their labels; two queries."""
    logins = list(Login.objects.visible_to(by).open().filter(holder=person).order_by("label", "pk"))
    grants: dict[int, list] = {}
    for grant in Grant.objects.open().filter(login__in=logins).select_related("account").order_by("account__name"):
        grants.setdefault(grant.login_id, []).append(grant.account)
    stand = picture.by_login()
    return [
        LoginRow(
            login=login,
            doors=[
                (door.state, login.profile.door(door.interface).name, login.profile.short_name(door.interface))
                for door in stand.get(login.pk, [])
                if door.state != "none"
            ],
            accounts=grants.get(login.pk, []),
        )
        for login in logins
    ]
