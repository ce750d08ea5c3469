"""Members, their factors, browsers and sessions, and every attempt at the front door."""

from identity.models.away import Away
from identity.models.browsers import KnownBrowser
from identity.models.factors import GENERATION, BackupCode, BackupSheet, TotpDevice
from identity.models.gate import CallRequest, Invitation, SetupToken, SignIn
from identity.models.members import Limits, Member, MemberManager, MemberQuerySet, Office, real_zone
from identity.models.passkeys import Passkey, SpentChallenge
from identity.models.recovery import AddressChange, FactorReset, PasswordReset
from identity.models.sessions import OpenSession, UnsentForm

__all__ = [
    "GENERATION",
    "AddressChange",
    "Away",
    "BackupCode",
    "BackupSheet",
    "CallRequest",
    "FactorReset",
    "Invitation",
    "KnownBrowser",
    "Limits",
    "Member",
    "MemberManager",
    "MemberQuerySet",
    "Office",
    "OpenSession",
    "Passkey",
    "PasswordReset",
    "SetupToken",
    "SignIn",
    "SpentChallenge",
    "TotpDevice",
    "UnsentForm",
    "real_zone",
]
