"""What is asked when somebody's access ends."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, datetime
from typing import Any

from django import forms

from core.forms import DayField, PlainForm
from dashboard.queries.leaving import Held
from identity.models import Member

STAYS = "stays"
UNANSWERED = {
    "required": "Say who holds it next, or that it stays with the office.",
    "invalid_choice": "Choose one from the list.",
}


class LeavingForm(PlainForm):
    """When somebody's access ends, and who holds next what they hold now."""

    when = forms.ChoiceField(
        label="When does it end?",
        choices=[("now", "At once"), ("day", "With the end of a day")],
        widget=forms.RadioSelect,
        initial="now",
    )
    last_day = DayField(
        label="Last day", required=False, help_text="Only for the second choice. The day itself still counts."
    )

    def __init__(self, *args: Any, person: Member, held: Iterable[Held], at: datetime, **kwargs: Any) -> None:
        self.held, self.people = list(held), self._others(person, at)
        super().__init__(*args, **kwargs)
        self.fields.update({one.name: self._field(one) for one in self.held})

    @staticmethod
    def _others(person: Member, at: datetime) -> dict[str, Member]:
        present = Member.objects.present().exclude(pk=person.pk).order_by("name", "pk")
        return {str(one.pk): one for one in present if not one.is_over(at)}

    def _field(self, one: Held) -> forms.ChoiceField:
        people = [(number, person.name) for number, person in self.people.items()]
        choices = [("", "Choose who holds it next"), *people, (STAYS, "Stays with the office until handed over")]
        return forms.ChoiceField(label=one.label, choices=choices, help_text=one.text, error_messages=UNANSWERED)

    def clean(self) -> dict[str, Any]:
        facts = super().clean() or self.cleaned_data
        if facts.get("when") == "day" and facts.get("last_day") is None and "last_day" not in self.errors:
            self.add_error("last_day", "Say which day is the last one.")
        return facts

    def last(self) -> date | None:
        """The last day, or None for at once."""
        return self.cleaned_data["last_day"] if self.cleaned_data["when"] == "day" else None

    def to(self) -> dict[str, Member | None]:
        """Who holds each thing next; None where it stays."""
        return {one.name: self.people.get(self.cleaned_data[one.name]) for one in self.held}
