"""Ending what somebody has open beside their sessions: the links that were sent to them."""

from __future__ import annotations

from datetime import datetime

from identity.models import AddressChange, FactorReset, Invitation, Member, PasswordReset


def end_links(member: Member, *, at: datetime) -> None:
    """Make every link void that was sent to a person: invitation, reset, new password, new address."""
    Invitation.objects.filter(member=member, used_at=None, revoked_at=None).update(revoked_at=at)
    FactorReset.objects.filter(member=member, ended_at=None).update(ended_at=at)
    PasswordReset.objects.filter(member=member, used_at=None, revoked_at=None).update(revoked_at=at)
    AddressChange.objects.filter(member=member, confirmed_at=None, revoked_at=None).update(revoked_at=at)
