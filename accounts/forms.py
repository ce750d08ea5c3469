"""What people type about accounts, logins, doors and rights. A form judges the shape; the actions judge the rest."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from django import forms
from django.db.models import Q

from accounts import queries, rules
from accounts.brokers import Profile
from accounts.enums import LoginKind, Right
from accounts.models import Account, Grant, Login
from core.forms import DayField, PlainForm, StaleGuard
from identity.models import Member

MEANS = {
    Right.VIEW: "See positions, orders and balances.",
    Right.TRADE: "Place, change and cancel orders.",
    Right.WITHDRAW: "Move money or securities out.",
    Right.MANAGE_USERS: "Add users and change what they may do.",
    Right.REPORTS: "Fetch statements and reports.",
}


class PersonField(forms.ModelChoiceField):
    """Somebody of the office who is still here, or who is named already."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(queryset=Member.objects.present().order_by("name"), **kwargs)

    def keep(self, member_id: int | None) -> None:
        """Leave this person in the list even when they have left the office."""
        self.queryset = Member.objects.filter(Q(left_at=None) | Q(pk=member_id)).order_by("name")


class LoginField(forms.ModelChoiceField):
    """One of the logins, named with who holds it."""

    def label_from_instance(self, login: Login) -> str:
        return f"{login.label}, {login.holder.name if login.holder else 'a program'}"


class DoorsField(forms.MultipleChoiceField):
    """Doors of one broker to tick; which broker is said by the form."""

    widget = forms.CheckboxSelectMultiple

    def offer(self, profile: Profile) -> None:
        self.choices = [(door.slug, door.name) for door in profile.doors]


class HintField(forms.CharField):
    """The end of a number or a user name: a whole one is refused with a word on why."""

    def clean(self, value: Any) -> str:
        text: str = super().clean(value)
        fault = rules.hint_fault(text)
        if fault:
            raise forms.ValidationError(fault, code="hint")
        return text


class RightsForm(PlainForm):
    """A form with rights to tick."""

    rights = forms.MultipleChoiceField(choices=Right.choices, widget=forms.CheckboxSelectMultiple, label="Rights")

    def right_boxes(self) -> Iterator[tuple[Any, str, bool]]:
        """For each right its box, what it means, and whether it is a strong one."""
        for box in self["rights"]:
            right = Right(box.data["value"])
            yield box, MEANS[right], rules.is_strong(right)


class DoorBoxes(PlainForm):
    """A form with doors to tick, each beside what is known of it."""

    lines: list[queries.DoorLine]
    doors = DoorsField(required=False, label="Doors")

    def door_boxes(self) -> list[tuple[Any, queries.DoorLine]]:
        """For each door its box and its line: those that are ticked, and those that most offices use."""
        return [(box, line) for box, line in self._boxes() if _stands_out(box, line)]

    def more_door_boxes(self) -> list[tuple[Any, queries.DoorLine]]:
        """The other doors of the broker."""
        return [(box, line) for box, line in self._boxes() if not _stands_out(box, line)]

    def _boxes(self) -> Iterator[tuple[Any, queries.DoorLine]]:
        return zip(self["doors"], self.lines, strict=True)


def _stands_out(box: Any, line: queries.DoorLine) -> bool:
    return line.door.usual or box.data["selected"]


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
        self.initial = {**_usual(profile), **self.initial}
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


def _usual(profile: Profile) -> dict[str, list[str]]:
    """What most logins of that broker use and may do, ticked from the start."""
    return {"doors": [door.slug for door in profile.usual_doors], "rights": [Right.VIEW, Right.TRADE]}


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
        self.initial = {**_usual(profile), **self.initial}
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


class ReasonForm(PlainForm):
    """Why something is ended that cannot be opened again."""

    reason = forms.CharField(label="Why", max_length=200, help_text="Kept in the trail, for whoever asks in a year.")
