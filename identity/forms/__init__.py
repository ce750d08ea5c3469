"""What may be typed at Postern's own door and about people."""

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
    "BackupCodeForm",
    "CodeForm",
    "EditMemberForm",
    "JoinForm",
    "KeptForm",
    "LostForm",
    "MeForm",
    "MemberForm",
    "NewPassword",
    "OfficeForm",
    "OfficeSetUpForm",
    "SignInForm",
    "TokenForm",
    "password_field",
    "zone_field",
]
