"""What people type about accounts, logins, doors and rights. A form judges the shape; the actions judge the rest."""

from accounts.forms.accounts import EditAccountForm, NewAccountForm
from accounts.forms.fields import ReasonForm
from accounts.forms.grants import EditGrantForm, NewGrantForm
from accounts.forms.logins import EditDoorsForm, EditLoginForm, NewLoginForm

__all__ = [
    "EditAccountForm",
    "EditDoorsForm",
    "EditGrantForm",
    "EditLoginForm",
    "NewAccountForm",
    "NewGrantForm",
    "NewLoginForm",
    "ReasonForm",
]
