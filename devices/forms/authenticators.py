"""What may be typed about authenticators."""

from __future__ import annotations

from typing import Any

from django import forms
from django.db.models import Q

from accounts.models import Login
from core.forms import DayField, PlainForm, StaleGuard
from devices.forms.fields import AssetsField, in_list
from devices.models import Asset, Authenticator
from devices.rules import kinds_of_carriers


class NewAuthenticatorForm(PlainForm):
    """One enrolled factor of a login: that it exists, never its seed."""

    factor = forms.ChoiceField(label="Which kind?")
    label = forms.CharField(
        label="What the office calls it",
        max_length=80,
        required=False,
        help_text="The broker’s own name if left empty.",
    )
    carriers = AssetsField(
        queryset=Asset.objects.none(), label="What carries it?", required=False,
        help_text="The phone, card, SIM or password manager that it is on. Never its seed or a code.",
    )  # fmt: skip
    enrolled_on = DayField(label="Enrolled on", required=False)
    note = forms.CharField(max_length=300, required=False)

    def __init__(self, *args: Any, login: Login, **kwargs: Any) -> None:
        self.login = login
        super().__init__(*args, **kwargs)
        if "factor" in self.fields:
            enrolled = [(factor.slug, factor.name) for factor in login.profile.factors if factor.enrolled]
            self.fields["factor"].choices = enrolled  # type: ignore[attr-defined]
        self.fields["carriers"].queryset = self._things()  # type: ignore[attr-defined]

    def _things(self) -> Any:
        """Things that can carry a factor of this broker, of the login's holder or shared, and those ticked already."""
        fitting = Q(retired_at=None, kind__in=kinds_of_carriers(self.login.profile))
        mine = Q(holder=self.login.holder_id) | Q(holder=None)
        return in_list((fitting & mine) | Q(pk__in=self._ticked()))

    def _ticked(self) -> list[int]:
        return []


class AuthenticatorForm(StaleGuard, NewAuthenticatorForm):
    """The same for an authenticator on file, whose login and kind stay."""

    factor = None  # type: ignore[assignment]  # Django's way to drop a field

    def __init__(self, *args: Any, thing: Authenticator, **kwargs: Any) -> None:
        super().__init__(*args, thing=thing, login=thing.login, **kwargs)

    def _ticked(self) -> list[int]:
        return list(self.on_file["carriers"])
