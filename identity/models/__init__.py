"""Members, their factors, browsers and sessions, and every attempt at the front door."""

from identity.models.browsers import KnownBrowser
from identity.models.factors import BackupCode, BackupSheet, CappedThrottle, TotpDevice
from identity.models.gate import CallRequest, Invitation, SetupToken, SignIn
from identity.models.members import Limits, Member, MemberManager, MemberQuerySet, Office, real_zone
from identity.models.sessions import OpenSession, UnsentForm

__all__ = [
    "BackupCode",
    "BackupSheet",
    "CallRequest",
    "CappedThrottle",
    "Invitation",
    "KnownBrowser",
    "Limits",
    "Member",
    "MemberManager",
    "MemberQuerySet",
    "Office",
    "OpenSession",
    "SetupToken",
    "SignIn",
    "TotpDevice",
    "UnsentForm",
    "real_zone",
]
