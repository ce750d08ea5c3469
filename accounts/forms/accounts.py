"""What people type about accounts."""

from __future__ import annotations

from typing import Any

from django import forms

from accounts import queries
from accounts.brokers import Profile
from accounts.forms.fields import DoorBoxes, HintField, LoginField, PersonField, RightsForm, usual
from accounts.models import Login
from core.forms import PlainForm, StaleGuard


class AccountFacts(PlainForm):
    """What is on file about an account."""

    name = forms.CharField(
        label="Name", max_length=80, help_text="What the office calls it: Global Macro, Family reserve."
    )
    entity = forms.ChoiceField(
        label="Legal entity",
        required=False,
        help_text="Which firm of the broker books it. The first page of a statement says so.",
    )
    hint = HintField(label="End of its number", required=False, help_text="The last four characters at most.")
    note = forms.CharField(label="Note", max_length=300, required=False, widget=forms.Textarea(attrs={"rows": 3}))

    def __init__(self, *args: Any, profile: Profile, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        closed = {"closed": " (takes no new clients)"}
        entities = [(one.slug, f"{one.name}{closed.get(one.status, '')}") for one in profile.entities]
        self.fields["entity"].choices = [("", "Not known"), *entities]  # type: ignore[attr-defined]
        if not entities:
            del self.fields["entity"]


class EditAccountForm(StaleGuard, AccountFacts):
    """Correct what is on file about an account."""


class NewAccountForm(AccountFacts, RightsForm, DoorBoxes):
    """An account and, if there is one, the login that reaches it: one that is on file, or a new one with its doors."""

    login = LoginField(
        label="A login you have already", required=False, queryset=Login.objects.none(), empty_label="None of them"
    )
    label = forms.CharField(
        label="A new login",
        max_length=60,
        required=False,
        help_text="What you call it: Maria at IBKR. Never the user name itself.",
    )
    holder = PersonField(label="Who holds it", required=False, empty_label="Choose a person")

    def __init__(self, *args: Any, profile: Profile, lines: list[queries.DoorLine], **kwargs: Any) -> None:
        super().__init__(*args, profile=profile, **kwargs)
        self.lines = lines
        self.fields["doors"].offer(profile)  # type: ignore[attr-defined]
        self.fields["rights"].required = False
        self.initial = {**usual(profile), **self.initial}
        known = Login.objects.open().filter(broker=profile.slug).select_related("holder").order_by("label")
        self.fields["login"].queryset = known  # type: ignore[attr-defined]
        if not known.exists():
            del self.fields["login"]

    def clean(self) -> dict[str, Any]:
        facts = super().clean() or self.cleaned_data
        given, label = facts.get("login"), facts.get("label")
        if given and label:
            self.add_error("label", "Choose a login you have, or name a new one. Not both.")
        elif label and not facts.get("holder") and "holder" not in self.errors:
            self.add_error("holder", "Say who holds the new login.")
        elif facts.get("holder") and not given and not label and "label" not in self.errors:
            self.add_error("label", "Say what you call this person’s login.")
        if (given or label) and not facts.get("rights") and "rights" not in self.errors:
            self.add_error("rights", "Choose what the login may do in this account.")
        return facts

    def facts(self) -> dict[str, Any]:
        """The arguments of `open_account`."""
        said = self.cleaned_data
        account = {name: said[name] for name in ("name", "entity", "hint", "note") if name in said}
        login = {"label": said["label"], "holder": said["holder"], "doors": said["doors"]} if said["label"] else None
        return {"account": account, "login": said.get("login") or login, "rights": said["rights"]}
