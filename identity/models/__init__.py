"""Members, their factors and browsers, and every attempt at the front door."""

from identity.models.browsers import KnownBrowser
from identity.models.factors import BackupCode, BackupSheet, CappedThrottle, TotpDevice
from identity.models.gate import CallRequest, Invitation, SetupToken, SignIn
from identity.models.members import Member, MemberManager, MemberQuerySet, Office, real_zone

__all__ = [
    "BackupCode",
    "BackupSheet",
    "CallRequest",
    "CappedThrottle",
    "Invitation",
    "KnownBrowser",
    "Member",
    "MemberManager",
    "MemberQuerySet",
    "Office",
    "SetupToken",
    "SignIn",
    "TotpDevice",
    "real_zone",
]
