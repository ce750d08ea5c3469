"""Fields and boxes that several forms share."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from django import forms
from django.db.models import Q

from accounts import queries, rules
from accounts.brokers import Profile
from accounts.enums import Right
from accounts.models import Login
from core.forms import PlainForm
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


def usual(profile: Profile) -> dict[str, list[str]]:
    """What most logins of that broker use and may do, ticked from the start."""
    return {"doors": [door.slug for door in profile.usual_doors], "rights": [Right.VIEW, Right.TRADE]}


class ReasonForm(PlainForm):
    """Why something is ended that cannot be opened again."""

    reason = forms.CharField(label="Why", max_length=200, help_text="Kept in the trail, for whoever asks in a year.")
