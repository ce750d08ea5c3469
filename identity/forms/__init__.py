"""What may be typed at Postern's own door and about people."""

from identity.forms.factors import AuthenticatorForm, FactorForm, FactorRuleForm, PasskeyForm, SheetForm
from identity.forms.fields import password_field, zone_field
from identity.forms.gate import (
    BackupCodeForm,
    ChangePasswordForm,
    CodeForm,
    ForgottenForm,
    JoinForm,
    KeptForm,
    LostForm,
    NewPassword,
    OfficeSetUpForm,
    PasswordForm,
    SignInForm,
    TokenForm,
)
from identity.forms.people import AddressForm, AwayForm, EditMemberForm, MeForm, MemberForm, OfficeForm, ReasonForm

__all__ = [
    "AddressForm",
    "AuthenticatorForm",
    "AwayForm",
    "BackupCodeForm",
    "ChangePasswordForm",
    "CodeForm",
    "EditMemberForm",
    "FactorForm",
    "FactorRuleForm",
    "ForgottenForm",
    "JoinForm",
    "KeptForm",
    "LostForm",
    "MeForm",
    "MemberForm",
    "NewPassword",
    "OfficeForm",
    "OfficeSetUpForm",
    "PasskeyForm",
    "PasswordForm",
    "ReasonForm",
    "SheetForm",
    "SignInForm",
    "TokenForm",
    "password_field",
    "zone_field",
]
