"""What may be typed at Postern's own door and about people."""

from __future__ import annotations

from zoneinfo import available_timezones

from django import forms
from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError

from core.forms import PosternForm, StaleGuard
from identity import policies
from identity.enums import Role
from identity.models import Member, Office

ZONES = [(name, name.replace("_", " ")) for name in sorted(available_timezones()) if "/" in name and "Etc/" not in name]


def zone_field(**kwargs) -> forms.ChoiceField:
    return forms.ChoiceField(label="Time zone", choices=[*ZONES, ("UTC", "UTC")], **kwargs)


def password_field(label: str, *, autocomplete: str, **kwargs) -> forms.CharField:
    widget = forms.PasswordInput(attrs={"autocomplete": autocomplete})
    return forms.CharField(label=label, strip=False, max_length=1000, widget=widget, **kwargs)


class NewPassword(forms.Form):
    """Two equal entries of a password that is good enough for the person it is for."""

    password = password_field(
        "Password", autocomplete="new-password", help_text="At least 15 characters. Four or five unrelated words do."
    )
    again = password_field("The same again", autocomplete="new-password")

    def person(self) -> Member | None:
        """Whose words must not be in it."""
        return None

    def clean(self) -> dict:
        facts = super().clean()
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
        label="Set-up token", max_length=100, widget=forms.TextInput(attrs={"autocomplete": "off", "spellcheck": "false"})
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

    field_order = ["office_name", "timezone", "emergency_number", "name", "email", "password", "again"]  # noqa: RUF012  Django's own way to order fields

    def person(self) -> Member:
        facts = self.cleaned_data
        person = Member(name=facts.get("name", ""), email=facts.get("email", ""))
        person.office_name = facts.get("office_name", "")
        return person


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


class LostForm(PosternForm):
    """Before sign-in: asks to be called. It says nothing about who is on file."""

    name = forms.CharField(label="Your name", max_length=80)
    number = forms.CharField(label="Number to call you on", max_length=30)
    lost = forms.CharField(label="What is gone", max_length=120, required=False)


class MemberForm(StaleGuard, PosternForm, forms.ModelForm):
    """A person of the office, as owners and managers write them down."""

    timezone = zone_field()

    class Meta:
        model = Member
        fields = ["name", "email", "role", "timezone", "digest_hour", "phone", "ends_on", "note"]
        labels = {"email": "E-mail", "digest_hour": "Daily mail at", "ends_on": "Last day of access", "note": "Note"}
        help_texts = {
            "email": "Leave empty for somebody without a mailbox; they can hold things all the same.",
            "digest_hour": "The hour, 0 to 23, in their own zone.",
            "ends_on": "For an auditor or a leaver. The day itself still counts.",
        }
        widgets = {"ends_on": forms.DateInput(attrs={"type": "date"})}

    def __init__(self, *args, by: Member, **kwargs):
        super().__init__(*args, **kwargs)
        own = self.instance.role if self.instance.pk else None
        self.fields["role"].choices = [
            (value, label) for value, label in Role.choices if policies.may_give_role(by, value) or value == own
        ]

    def clean_email(self) -> str | None:
        return self.cleaned_data["email"] or None


class MeForm(PosternForm, forms.ModelForm):
    """What a person sets for themselves."""

    timezone = zone_field()

    class Meta:
        model = Member
        fields = ["timezone", "digest_hour", "phone", "theme"]
        labels = {"digest_hour": "Daily mail at", "theme": "Appearance"}
        help_texts = {"digest_hour": "The hour, 0 to 23, in your zone."}


class OfficeForm(PosternForm, forms.ModelForm):
    """The office's own rules."""

    timezone = zone_field()

    class Meta:
        model = Office
        fields = ["name", "timezone", "emergency_number", "validity_days", "warn_days", "backup_days"]
        labels = {
            "emergency_number": "Emergency number",
            "validity_days": "A validation holds, in days",
            "warn_days": "Counts as due, days before its end",
            "backup_days": "A tested backup counts as proven, in days",
        }
        help_texts = {
            "emergency_number": "Shown on “Lost something?” before sign-in.",
            "validity_days": "Where the broker has no rule of its own.",
        }
