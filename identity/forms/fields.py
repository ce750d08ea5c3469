"""Fields that several forms share."""

from __future__ import annotations

from zoneinfo import available_timezones

from django import forms

ZONES = [(name, name.replace("_", " ")) for name in sorted(available_timezones()) if "/" in name and "Etc/" not in name]


def zone_field(**kwargs) -> forms.ChoiceField:
    return forms.ChoiceField(label="Time zone", choices=[*ZONES, ("UTC", "UTC")], **kwargs)


def password_field(label: str, *, autocomplete: str, **kwargs) -> forms.CharField:
    widget = forms.PasswordInput(attrs={"autocomplete": autocomplete})
    return forms.CharField(label=label, strip=False, max_length=1000, widget=widget, **kwargs)
