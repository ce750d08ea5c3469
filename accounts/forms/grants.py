"""What people type about rights."""

from __future__ import annotations

from typing import Any

from django import forms

from accounts.forms.fields import LoginField, RightsForm
from accounts.models import Account, Grant, Login
from core.forms import DayField, StaleGuard


class GrantFacts(RightsForm):
    """What a login may do in an account, and since when."""

    granted_on = DayField(label="Since", required=False)


class EditGrantForm(StaleGuard, GrantFacts):
    """Change what a login may do in an account."""


class NewGrantForm(GrantFacts):
    """Give a login rights in an account; one of the two is known when the page is opened."""

    field_order = ("login", "account", "rights", "granted_on")
    login = LoginField(label="Login", queryset=Login.objects.none(), empty_label="Choose a login")
    account = forms.ModelChoiceField(label="Account", queryset=Account.objects.none(), empty_label="Choose an account")

    def __init__(self, *args: Any, login: Login | None, account: Account | None, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        broker = (login or account).broker  # type: ignore[union-attr]
        logins = Login.objects.open().filter(broker=broker).select_related("holder").order_by("label")
        accounts = Account.objects.open().filter(broker=broker).order_by("name", "pk")
        self._choose("login", login, logins.exclude(pk__in=_paired("login", account=account)))
        self._choose("account", account, accounts.exclude(pk__in=_paired("account", login=login)))

    def _choose(self, name: str, known: Any, others: Any) -> None:
        field: Any = self.fields[name]
        field.queryset = type(known).objects.filter(pk=known.pk) if known else others
        field.error_messages["invalid_choice"] = (
            f"Choose one from the list. It leaves out each {name} with rights already."
        )
        if known:
            field.widget, field.initial = forms.HiddenInput(), known.pk


def _paired(name: str, **known: Any) -> Any:
    """The numbers of the logins, or accounts, that have rights with the known account, or login."""
    return Grant.objects.open().filter(**known).values(name)
