"""What may be typed at Postern's own door and about people."""

from __future__ import annotations

from typing import Any
from zoneinfo import available_timezones

from django import forms
from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError

from core.forms import DayField, PlainForm, StaleGuard
from identity import policies
from identity.enums import Role
from identity.models import Member

ZONES = [(name, name.replace("_", " ")) for name in sorted(available_timezones()) if "/" in name and "Etc/" not in name]


def zone_field(**kwargs) -> forms.ChoiceField:
    return forms.ChoiceField(label="Time zone", choices=[*ZONES, ("UTC", "UTC")], **kwargs)


def password_field(label: str, *, autocomplete: str, **kwargs) -> forms.CharField:
    widget = forms.PasswordInput(attrs={"autocomplete": autocomplete})
    return forms.CharField(label=label, strip=False, max_length=1000, widget=widget, **kwargs)


class NewPassword(PlainForm):
    """Two equal entries of a password that is good enough for the person it is for."""

    password = password_field(
        "Password", autocomplete="new-password", help_text="At least 15 characters. Four or five unrelated words do."
    )
    again = password_field("The same again", autocomplete="new-password")

    def person(self) -> Member | None:
        """Whose words must not be in it."""
        return None

    def clean(self) -> dict[str, Any]:
        facts = super().clean() or self.cleaned_data
        password, again = facts.get("password"), facts.get("again")
        if password and again and password != again:
            self.add_error("again", "The two differ. Type the same password twice.")
        elif password:
            try:
                validate_password(password, self.person())
            except ValidationError as weak:
                self.add_error("password", weak)
        return facts


class TokenForm(forms.Form):
    token = forms.CharField(
        label="Set-up token",
        max_length=100,
        widget=forms.TextInput(attrs={"autocomplete": "off", "spellcheck": "false"}),
    )


class OfficeSetUpForm(NewPassword):
    """Office and owner, in one form."""

    office_name = forms.CharField(label="Name of the office", max_length=80)
    timezone = zone_field(initial="Europe/Zurich")
    emergency_number = forms.CharField(
        label="Emergency number",
        max_length=30,
        required=False,
        help_text="Shown on “Lost something?” before sign-in: whom to ring when a phone is gone.",
    )
    name = forms.CharField(label="Your name", max_length=80, widget=forms.TextInput(attrs={"autocomplete": "name"}))
    email = forms.EmailField(label="Your e-mail", widget=forms.EmailInput(attrs={"autocomplete": "username"}))

    field_order = ["office_name", "timezone", "emergency_number", "name", "email", "password", "again"]

    def person(self) -> Member:
        facts = self.cleaned_data
        return Member(name=f"{facts.get('name', '')} {facts.get('office_name', '')}", email=facts.get("email", ""))


class JoinForm(NewPassword):
    """The password of an invited person."""

    def __init__(self, *args, member: Member, **kwargs):
        self.member = member
        super().__init__(*args, **kwargs)

    def person(self) -> Member:
        return self.member


class SignInForm(forms.Form):
    email = forms.CharField(
        label="E-mail", max_length=254, widget=forms.EmailInput(attrs={"autocomplete": "username", "autofocus": True})
    )
    password = password_field("Password", autocomplete="current-password")


class CodeForm(forms.Form):
    code = forms.CharField(
        label="One-time code",
        max_length=12,
        widget=forms.TextInput(
            attrs={
                "class": "input code",
                "inputmode": "numeric",
                "autocomplete": "one-time-code",
                "maxlength": "7",
                "autofocus": True,
            }
        ),
    )


class BackupCodeForm(forms.Form):
    code = forms.CharField(
        label="Backup code",
        max_length=40,
        widget=forms.TextInput(
            attrs={
                "class": "input mono",
                "autocomplete": "off",
                "autocapitalize": "none",
                "spellcheck": "false",
                "placeholder": "xxxx-xxxx-xxxx-xxxx",
                "autofocus": True,
            }
        ),
    )


class KeptForm(forms.Form):
    kept = forms.BooleanField(label="The sheet is printed and put away")


class LostForm(PlainForm):
    """Before sign-in: asks to be called. It says nothing about who is on file."""

    name = forms.CharField(label="Your name", max_length=80)
    number = forms.CharField(label="Number to call you on", max_length=30)
    lost = forms.CharField(label="What is gone", max_length=120, required=False)


class MemberForm(PlainForm):
    """A person of the office, as owners and managers write them down."""

    name = forms.CharField(label="Name", max_length=80)
    email = forms.EmailField(
        label="E-mail",
        required=False,
        help_text="Leave empty for somebody without a mailbox; they can hold things all the same.",
    )
    role = forms.ChoiceField(label="Role", choices=Role.choices, initial=Role.TRADER)
    timezone = zone_field()
    digest_hour = forms.IntegerField(
        label="Daily mail at", min_value=0, max_value=23, initial=7, help_text="The hour, 0 to 23, in their own zone."
    )
    phone = forms.CharField(label="Telephone", max_length=30, required=False)
    ends_on = DayField(
        label="Last day of access",
        required=False,
        help_text="For an auditor or a leaver. The day itself still counts.",
    )
    note = forms.CharField(label="Note", max_length=300, required=False)

    def __init__(self, *args, by: Member, **kwargs):
        super().__init__(*args, **kwargs)
        own = self.initial.get("role")
        roles = [(value, label) for value, label in Role.choices if policies.may_give_role(by, value) or value == own]
        self.fields["role"] = forms.ChoiceField(label="Role", choices=roles, initial=Role.TRADER)


class EditMemberForm(StaleGuard, MemberForm):
    """The same for a person who is on file."""


class MeForm(PlainForm):
    """What a person sets for themselves."""

    timezone = zone_field()
    digest_hour = forms.IntegerField(
        label="Daily mail at", min_value=0, max_value=23, help_text="The hour, 0 to 23, in your zone."
    )
    phone = forms.CharField(label="Telephone", max_length=30, required=False)
    theme = forms.ChoiceField(
        label="Appearance", required=False, choices=[("", "As the system"), ("light", "Light"), ("dark", "Dark")]
    )


class OfficeForm(StaleGuard, PlainForm):
    """The office's own rules."""

    name = forms.CharField(label="Name of the office", max_length=80)
    timezone = zone_field()
    emergency_number = forms.CharField(
        label="Emergency number",
        max_length=30,
        required=False,
        help_text="Shown on “Lost something?” before sign-in.",
    )
    validity_days = forms.IntegerField(
        label="A validation holds, in days",
        min_value=2,
        max_value=730,
        help_text="Where the broker has no rule of its own. Holds for what is recorded from now on.",
    )
    warn_days = forms.IntegerField(label="Counts as due, days before its end", min_value=1, max_value=365)
    backup_days = forms.IntegerField(label="A tested backup counts as proven, in days", min_value=1, max_value=1100)

    def clean(self) -> dict[str, Any]:
        facts = super().clean() or self.cleaned_data
        if (self.cleaned_data.get("warn_days") or 0) >= (self.cleaned_data.get("validity_days") or 1000):
            self.add_error("warn_days", "The warning has to come before the end: fewer days than a validation holds.")
        return facts
