"""Ending what somebody has open: sessions, factors, links."""

from __future__ import annotations

from datetime import datetime

from django.contrib.auth import SESSION_KEY
from django.contrib.sessions.models import Session

from identity.models import AddressChange, FactorReset, Invitation, Member, PasswordReset
from identity.sessions import SessionStore


def end_sessions(member: Member, *, at: datetime, but: str | None = None) -> int:
    """End every session of a person, also one that has only shown the password; returns how many.

    `but` is the key, as the browser holds it, of a session that stays.
    """
    store = SessionStore()
    ended = [
        row.pk
        for row in Session.objects.filter(expire_date__gt=at).exclude(pk=SessionStore.stored(but))
        if _belongs(store.decode(row.session_data), member.pk)
    ]
    Session.objects.filter(pk__in=ended).delete()
    return len(ended)


def _belongs(kept: dict, number: int) -> bool:
    halfway = kept.get("halfway") or {}
    return str(number) in (str(kept.get(SESSION_KEY)), str(halfway.get("member")))


def end_links(member: Member, *, at: datetime) -> None:
    """Make every link void that was sent to a person: invitation, reset, new password, new address."""
    Invitation.objects.filter(member=member, used_at=None, revoked_at=None).update(revoked_at=at)
    FactorReset.objects.filter(member=member, ended_at=None).update(ended_at=at)
    PasswordReset.objects.filter(member=member, used_at=None, revoked_at=None).update(revoked_at=at)
    AddressChange.objects.filter(member=member, confirmed_at=None, revoked_at=None).update(revoked_at=at)
