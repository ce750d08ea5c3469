"""Members, their factors, and every attempt at the front door."""

from identity.models.away import Away
from identity.models.factors import BackupCode, BackupSheet, CappedThrottle, TotpDevice
from identity.models.gate import CallRequest, Invitation, SetupToken, SignIn
from identity.models.members import Member, MemberManager, MemberQuerySet, Office, real_zone
from identity.models.recovery import AddressChange, FactorReset, PasswordReset

__all__ = [
    "AddressChange",
    "Away",
    "BackupCode",
    "BackupSheet",
    "CallRequest",
    "CappedThrottle",
    "FactorReset",
    "Invitation",
    "Member",
    "MemberManager",
    "MemberQuerySet",
    "Office",
    "PasswordReset",
    "SetupToken",
    "SignIn",
    "TotpDevice",
    "real_zone",
]
