"""What may be typed about things, validations and authenticators."""

from devices.forms.assets import AssetFilter, AssetForm, NewAssetForm
from devices.forms.authenticators import AuthenticatorForm, NewAuthenticatorForm
from devices.forms.clocks import ClockForm
from devices.forms.fields import AssetField, AssetsField, MomentField, MomentForm, PersonField
from devices.forms.handing import DeclineForm, HandOverForm
from devices.forms.validations import ValidationForm

__all__ = [
    "AssetField",
    "AssetFilter",
    "AssetForm",
    "AssetsField",
    "AuthenticatorForm",
    "ClockForm",
    "DeclineForm",
    "HandOverForm",
    "MomentField",
    "MomentForm",
    "NewAssetForm",
    "NewAuthenticatorForm",
    "PersonField",
    "ValidationForm",
]
