"""What people type about logins and their doors."""

from __future__ import annotations

from typing import Any

from django import forms

from accounts import queries, rules
from accounts.brokers import Profile
from accounts.enums import LoginKind
from accounts.forms.fields import DoorBoxes, HintField, PersonField, RightsForm, usual
from accounts.models import Account, Login
from core.forms import PlainForm, StaleGuard


class LoginFacts(PlainForm):
    """What is on file about a login."""

    label = forms.CharField(
        label="What you call it", max_length=60, help_text="Maria at IBKR, Rebalancer. Never the user name itself."
    )
    kind = forms.ChoiceField(
        label="Who types it in", choices=LoginKind.choices, widget=forms.RadioSelect, initial=LoginKind.PERSON
    )
    holder = PersonField(
        label="Who holds it", required=False, empty_label="Nobody", help_text="For a program: who looks after it."
    )
    hint = HintField(label="End of the user name", required=False, help_text="The last four characters at most.")
    note = forms.CharField(label="Note", max_length=300, required=False, widget=forms.Textarea(attrs={"rows": 3}))

    def clean(self) -> dict[str, Any]:
        facts = super().clean() or self.cleaned_data
        if {"kind", "holder"} <= set(facts):
            fault = rules.holder_fault(facts["kind"], facts["holder"] is not None)
            if fault:
                self.add_error("holder", fault)
        return facts


class EditLoginForm(StaleGuard, LoginFacts):
    """Correct what is on file about a login."""

    def __init__(self, *args: Any, thing: Login, **kwargs: Any) -> None:
        super().__init__(*args, thing=thing, **kwargs)
        self.fields["holder"].keep(thing.holder_id)  # type: ignore[attr-defined]


class NewLoginForm(LoginFacts, RightsForm, DoorBoxes):
    """A login with its doors, and what it may do in one account of the same broker, if it reaches one already."""

    account = forms.ModelChoiceField(
        label="Account it reaches", required=False, queryset=Account.objects.none(), empty_label="None yet"
    )

    def __init__(self, *args: Any, profile: Profile, lines: list[queries.DoorLine], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.lines = lines
        self.fields["doors"].offer(profile)  # type: ignore[attr-defined]
        self.fields["rights"].required = False
        self.initial = {**usual(profile), **self.initial}
        known = Account.objects.open().filter(broker=profile.slug).order_by("name", "pk")
        self.fields["account"].queryset = known  # type: ignore[attr-defined]

    def clean(self) -> dict[str, Any]:
        facts = super().clean()
        if facts.get("account") and not facts.get("rights") and "rights" not in self.errors:
            self.add_error("rights", "Choose what the login may do in that account.")
        return facts

    def facts(self) -> dict[str, Any]:
        """The arguments of `add_login`, save the broker."""
        said = super().facts()
        account, rights = said.pop("account"), said.pop("rights")
        return said | {"accounts": {account: rights} if account else {}}


class EditDoorsForm(StaleGuard, DoorBoxes):
    """Which doors a login uses."""

    def __init__(self, *args: Any, thing: Login, lines: list[queries.DoorLine], **kwargs: Any) -> None:
        self.lines = lines
        super().__init__(*args, thing=thing, **kwargs)
        self.fields["doors"].offer(thing.profile)  # type: ignore[attr-defined]

    def standing(self) -> dict[str, Any]:
        return {"doors": [line.door.slug for line in self.lines if line.used]}
