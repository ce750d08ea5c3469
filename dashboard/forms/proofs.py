"""What is asked when somebody goes through all their own things."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django import forms

from core.forms import PlainForm
from dashboard.queries.proofs import Item, Section
from devices.enums import How, Proof
from identity.models import Member

RIGHT, WRONG, LATER = "right", "wrong", "later"
_ANSWERS = [(RIGHT, "Still right"), (WRONG, "Not right"), (LATER, "Not now")]
_HOW = [(how, how.label) for how in (How.USED, How.BROKER_LIST, How.DRILL)]
# What nobody has seen work is not said to be still right by leaving a form as it is.
_AT_FIRST = {Proof.PROVEN: RIGHT, Proof.DUE: RIGHT, Proof.OVERDUE: RIGHT}
CAME_LATER = {"required": "This came to the page after you had opened it. Say how it is."}


class ProofsForm(PlainForm):
    """An answer for each thing, and for each sort of thing a few ticks that make a person look."""

    ANSWERS = _ANSWERS

    how = forms.ChoiceField(label="How do you know?", choices=_HOW, initial=How.USED)
    tried_by = forms.ModelChoiceField(Member.objects.none(), label="Who tried them?", empty_label=None)

    def __init__(self, *args: Any, sections: Sequence[Section], person: Member, by: Member, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.sections = sections
        if by.is_manager:
            people = Member.objects.present().order_by("name")
            self.fields["tried_by"].queryset = people  # type: ignore[attr-defined]
            self.fields["tried_by"].initial = person.pk
        else:
            del self.fields["tried_by"]
        for section in sections:
            self.fields[f"look-{section.key}"] = _looks(section)
            for item in section.items:
                self.fields.update(_asked(item))

    def parts(self) -> list[tuple[Section, Any, list[tuple[Item, Any, str, Any]]]]:
        """Each section with its ticks, and each of its items with its field, answer and the field that counts codes."""
        return [
            (
                section,
                self[f"look-{section.key}"],
                [self._part(item) for item in section.items],
            )
            for section in self.sections
        ]

    def _part(self, item: Item) -> tuple[Item, Any, str, Any]:
        field = self[item.name]
        return item, field, str(field.value()), self[_codes(item)] if item.counts_codes else None

    def clean(self) -> dict[str, Any]:
        facts = super().clean() or self.cleaned_data
        for section in self.sections:
            look, right = f"look-{section.key}", [one for one in section.items if facts.get(one.name) == RIGHT]
            if right and len(set(facts.get(look) or ())) < len(section.looks):
                self.add_error(look, "Look at each of these and tick it, or answer “Not now” below.")
            for item in right:
                if item.counts_codes and facts.get(_codes(item)) is None and _codes(item) not in self.errors:
                    self.add_error(_codes(item), "Say how many are left.")
        return facts

    def right(self) -> list[tuple[Item, int | None]]:
        """What is still right, each with how many codes are left where they are counted."""
        return [(item, self.cleaned_data.get(_codes(item))) for item in self._answered(RIGHT)]

    def wrong(self) -> list[Item]:
        return self._answered(WRONG)

    def _answered(self, answer: str) -> list[Item]:
        items = (item for section in self.sections for item in section.items)
        return [item for item in items if self.cleaned_data[item.name] == answer]


def _codes(item: Item) -> str:
    return f"codes-{item.id}"


def _looks(section: Section) -> forms.MultipleChoiceField:
    ticks = list(enumerate(section.looks))
    return forms.MultipleChoiceField(
        label="You looked", choices=ticks, required=False, widget=forms.CheckboxSelectMultiple
    )


def _asked(item: Item) -> dict[str, forms.Field]:
    answer = forms.ChoiceField(
        label=item.title,
        choices=_ANSWERS,
        widget=forms.RadioSelect,
        initial=_AT_FIRST.get(item.proof, LATER),
        error_messages=CAME_LATER,
    )
    fields: dict[str, forms.Field] = {item.name: answer}
    if item.counts_codes:
        fields[_codes(item)] = forms.IntegerField(
            label=f"Codes left of {item.title}", required=False, min_value=0, max_value=100
        )
    return fields
