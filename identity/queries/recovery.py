"""Reading ways back in: which link opens what, and how long somebody who asks too often waits."""

from __future__ import annotations

import uuid
from datetime import datetime, timedelta
from typing import Any

from django.utils.crypto import constant_time_compare

from core.trail.enums import Verb
from core.trail.models import Event, with_words
from identity import rules
from identity.enums import ResetStage, Role
from identity.models import AddressChange, FactorReset, Member, PasswordReset
from identity.models.recovery import token_of

RUN_THE_OFFICE = (Role.OWNER, Role.MANAGER)


def _by_token(rows: Any, token: str, purpose: str) -> Any:
    """The row a link's token stands for, if it was made for this purpose; None for any other text."""
    try:
        number = uuid.UUID(hex=token[:32])
    except ValueError:
        return None
    if not constant_time_compare(token_of(purpose, number), token):
        return None
    return rows.filter(uuid=number).first()


def _same(first: str | None, second: str) -> bool:
    return (first or "").lower() == second.lower()


# Resets of factors


def reset_to_use(token: str, *, at: datetime) -> FactorReset | None:
    """The reset whose link this is, while it opens something."""
    rows = FactorReset.objects.select_related("member", "opened_by", "confirmed_by")
    found = _by_token(rows, token, FactorReset.LINK)
    return found if found is not None and opens(found, at) else None


def reset_to_stop(token: str) -> FactorReset | None:
    """The reset that this link leads to the stopping of, however far it is."""
    return _by_token(FactorReset.objects.select_related("member"), token, FactorReset.STOP)


def reset_of(member: Member, *, at: datetime) -> FactorReset | None:
    """The reset of a person that can still come to something."""
    running = FactorReset.objects.running(at).filter(member=member)
    return running.select_related("member", "opened_by", "confirmed_by").first()


def opens(reset: FactorReset, at: datetime) -> bool:
    """Whether a reset's link opens at this moment, judged by the roles that everybody has now.

    It counts only while those who opened and confirmed it are still owners or managers, and while the person is here
    with the address it went to.
    """
    member = reset.member
    backers = [one for one in (reset.opened_by, reset.confirmed_by) if one is not None]
    return (
        reset.stage(at) == ResetStage.OPEN
        and member.joined_at is not None
        and member.is_active
        and not member.is_over(at)
        and _same(member.email, reset.address)
        and all(one.is_manager and one.is_active and not one.is_over(at) for one in backers)
    )


def runs_since(member: Member) -> datetime | None:
    """Since when a person has run the office, as owner or manager, without a break; None when they do not."""
    since = None
    if not member.is_manager or member.joined_at is None:
        return None
    for begun, role in _roles(member):
        since = (since or begun) if role in RUN_THE_OFFICE else None
    return max(since, member.joined_at) if since is not None else None


def ran_lately(member: Member, *, at: datetime) -> bool:
    """Whether a person runs the office or did within the last 30 days, whatever was made of them since."""
    spells = _roles(member)
    ends = [begun for begun, _ in spells[1:]] + [at]
    return any(role in RUN_THE_OFFICE and end > at - rules.RECENT for (_, role), end in zip(spells, ends, strict=True))


def _roles(member: Member) -> list[tuple[datetime, str]]:
    """The roles a person has had and from when on, oldest first, as the trail tells, which nobody can rewrite."""
    told = Event.objects.about(member).filter(verb__in=[Verb.MEMBER_ADDED, Verb.ROLE_CHANGED])
    roles: list[tuple[datetime, str]] = []
    for event in with_words(told):
        before, after = event.detail.get("changes", {}).get("role", (None, event.detail.get("role")))
        if not roles and before is not None:
            roles.append((member.created_at, before))
        elif roles and before not in (None, roles[-1][1]):
            roles.append((event.at, before))  # what an undone import had made of them
        roles.append((event.at, after))
    return roles or [(member.created_at, member.role)]


def can_be_stopped(reset: FactorReset, at: datetime) -> bool:
    """Whether it can still come to something."""
    return reset.stage(at) in (ResetStage.ASKS, ResetStage.WAITS, ResetStage.OPEN)


def changed_lately(member: Member, *, at: datetime) -> list[str]:
    """Addresses that a person had within the last 30 days and has no more."""
    recent = AddressChange.objects.filter(member=member, confirmed_at__gt=at - rules.RECENT).exclude(old="")
    return [old for old in recent.order_by("pk").values_list("old", flat=True) if not _same(member.email, old)]


def addresses_of(member: Member, *, at: datetime) -> list[str]:
    """Every address at which a person can be warned: the present one, and those changed within the last 30 days."""
    present = [member.email] if member.email else []
    return list(dict.fromkeys([*present, *changed_lately(member, at=at)]))


# Passwords and addresses


def open_password_reset(token: str, *, at: datetime) -> PasswordReset | None:
    """The link to a new password, while none was used since, its person is here and still has that address."""
    found = _by_token(PasswordReset.objects.select_related("member"), token, PasswordReset.LINK)
    if found is None or not found.is_open(at) or not has_a_door(found.member, at):
        return None
    return found if _same(found.member.email, found.address) else None


def has_a_door(member: Member | None, at: datetime) -> bool:
    """Whether there is anybody for whom a new password would open a first question."""
    return member is not None and member.joined_at is not None and member.is_active and not member.is_over(at)


def open_address_change(token: str, *, member: Member, at: datetime) -> AddressChange | None:
    """The change that this link confirms, for nobody but the person who asked for it."""
    rows = AddressChange.objects.filter(member=member).select_related("member")
    found = _by_token(rows, token, AddressChange.LINK)
    return found if found is not None and found.is_open(at) else None


def forgotten_wait(*, name: str, network: str | None, at: datetime) -> timedelta:
    """How long a network, or anybody who types this name, must wait before another link is sent; zero when not."""
    asked = PasswordReset.objects.filter(made_at__gt=at - rules.WINDOW)
    mine = list(asked.filter(name=name).order_by("-made_at").values_list("made_at", flat=True)[: rules.MOST_FORGOTTEN])
    all_here = asked.filter(network=network).order_by("-made_at").values_list("made_at", flat=True)
    shared = list(all_here[: rules.MOST_FORGOTTEN_HERE])
    return max(
        rules.until_room(mine, rules.MOST_FORGOTTEN, at), rules.until_room(shared, rules.MOST_FORGOTTEN_HERE, at)
    )
