"""What may be typed about factors, and the office's rule on them."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta
from typing import Any

from django import forms

from core.forms import DayField, PlainForm, StaleGuard
from identity.forms.gate import CodeForm
from identity.rules import ENOUGH

CARRIER_HELP = "Name the same device the same way each time: two factors on one device go missing together."
HOW_MANY = [(1, "One factor"), (ENOUGH, "Two independent factors")]


def carrier_field(**kwargs) -> forms.CharField:
    return forms.CharField(max_length=60, help_text=CARRIER_HELP, **kwargs)


def name_field() -> forms.CharField:
    return forms.CharField(label="What you call it", max_length=64, required=False)


class WithCarriers(PlainForm):
    """Suggests the devices that the person has named before, by a list beside the field."""

    def __init__(self, *args, carriers: Iterable[str] = (), **kwargs):
        super().__init__(*args, **kwargs)
        self.carriers = sorted(set(carriers))
        self.fields["carrier"].widget.attrs |= {"list": "carriers"} if self.carriers else {}


class PasskeyForm(WithCarriers):
    """A passkey that is about to be made."""

    carrier = carrier_field(label="Which device is it on?")
    name = name_field()


class AuthenticatorForm(WithCarriers):
    """A further authenticator app, with its first code."""

    carrier = carrier_field(label="Which device is the app on?")
    name = name_field()
    code = CodeForm.base_fields["code"]

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.fields["code"].widget.attrs.pop("autofocus", None)


class FactorForm(WithCarriers):
    """What may be changed about a factor."""

    name = forms.CharField(label="What you call it", max_length=64)
    carrier = carrier_field(label="Which device is it on?")


class SheetForm(PlainForm):
    """The printed codes are found: whoever has the sheet in hand reads off when it was made. No code is touched."""

    made_on = DayField(label="Which date is on the sheet?")

    def __init__(self, *args, made_on, **kwargs):
        super().__init__(*args, **kwargs)
        self.real = made_on

    def clean_made_on(self) -> Any:
        day = self.cleaned_data["made_on"]
        if abs(day - self.real) > timedelta(days=1):
            raise forms.ValidationError(
                "That is not the date of the sheet that works. An older sheet is void; if this is all you find, "
                "print new codes."
            )
        return day


class FactorRuleForm(StaleGuard, PlainForm):
    """What the office asks of its people at Postern's own door."""

    owner_factors = forms.TypedChoiceField(label="Owners need", choices=HOW_MANY, coerce=int)
    manager_factors = forms.TypedChoiceField(label="Managers need", choices=HOW_MANY, coerce=int)
    trader_factors = forms.TypedChoiceField(label="Traders need", choices=HOW_MANY, coerce=int)
    auditor_factors = forms.TypedChoiceField(label="Auditors need", choices=HOW_MANY, coerce=int)
    factor_grace_days = forms.IntegerField(
        label="Days to get there",
        min_value=0,
        max_value=90,
        help_text="From joining, or from when the rule became stricter. With 0 it holds at once.",
    )
    checkup_days = forms.IntegerField(
        label="Everybody tries each factor every so many days",
        min_value=0,
        max_value=366,
        help_text="The first time 28 days after joining. 0 for never.",
    )
    passkey_alone = forms.BooleanField(
        label="A passkey opens without the password",
        required=False,
        help_text="Only where the device asks for its PIN, a finger or a face.",
    )
