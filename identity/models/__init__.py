"""Members, their factors, and every attempt at the front door."""

from identity.models.factors import GENERATION, BackupCode, BackupSheet, CappedThrottle, TotpDevice
from identity.models.gate import CallRequest, Invitation, SetupToken, SignIn
from identity.models.members import Member, MemberManager, MemberQuerySet, Office, real_zone

__all__ = [
    "GENERATION",
    "BackupCode",
    "BackupSheet",
    "CallRequest",
    "CappedThrottle",
    "Invitation",
    "Member",
    "MemberManager",
    "MemberQuerySet",
    "Office",
    "SetupToken",
    "SignIn",
    "TotpDevice",
    "real_zone",
]
