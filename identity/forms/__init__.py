"""What may be typed at Postern's own door and about people."""

from identity.forms.factors import AuthenticatorForm, FactorForm, FactorRuleForm, PasskeyForm, SheetForm
from identity.forms.fields import password_field, zone_field
from identity.forms.gate import (
    BackupCodeForm,
    CodeForm,
    JoinForm,
    KeptForm,
    LostForm,
    NewPassword,
    OfficeSetUpForm,
    SignInForm,
    TokenForm,
)
from identity.forms.people import EditMemberForm, MeForm, MemberForm, OfficeForm

__all__ = [
    "AuthenticatorForm",
    "BackupCodeForm",
    "CodeForm",
    "EditMemberForm",
    "FactorForm",
    "FactorRuleForm",
    "JoinForm",
    "KeptForm",
    "LostForm",
    "MeForm",
    "MemberForm",
    "NewPassword",
    "OfficeForm",
    "OfficeSetUpForm",
    "PasskeyForm",
    "SheetForm",
    "SignInForm",
    "TokenForm",
    "password_field",
    "zone_field",
]
