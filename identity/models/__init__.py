"""Members, their factors, and every attempt at the front door."""

from identity.models.factors import BackupCode, BackupSheet, CappedThrottle, TotpDevice
from identity.models.gate import CallRequest, Invitation, SetupToken, SignIn
from identity.models.members import Member, MemberManager, MemberQuerySet, Office, real_zone
from identity.models.passkeys import Passkey, SpentChallenge

__all__ = [
    "BackupCode",
    "BackupSheet",
    "CallRequest",
    "CappedThrottle",
    "Invitation",
    "Member",
    "MemberManager",
    "MemberQuerySet",
    "Office",
    "Passkey",
    "SetupToken",
    "SignIn",
    "SpentChallenge",
    "TotpDevice",
    "real_zone",
]
