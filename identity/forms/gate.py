"""What may be typed at Postern's own door."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError

from core.forms import PlainForm
from identity.forms.fields import password_field, zone_field
from identity.models import Member


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


class ForgottenForm(forms.Form):
    """Before sign-in: asks for a link to a new password. It says nothing about who is on file."""

    email = forms.CharField(
        label="E-mail", max_length=254, widget=forms.EmailInput(attrs={"autocomplete": "username", "autofocus": True})
    )


class PasswordForm(forms.Form):
    """The password that a person has."""

    password = password_field("Password", autocomplete="current-password")


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


class ChangePasswordForm(JoinForm):
    """The password a person has, and the one they want."""

    old = password_field("Your present password", autocomplete="current-password")

    field_order = ["old", "password", "again"]

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.fields["password"].label = "The new one"
        self.fields["again"].label = "The new one again"
