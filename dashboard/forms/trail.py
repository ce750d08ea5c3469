"""What may be asked of the trail and of a row's history."""

from __future__ import annotations

import re
from typing import Any

from django import forms

from core.forms import DayField, PlainForm
from core.trail.enums import Verb
from dashboard.queries.trail import KINDS, verb_groups
from identity.models import Member


class TrailFilter(PlainForm):
    """What of the trail to show, or to export. A field that makes no sense is as if it were empty."""

    person = forms.ModelChoiceField(Member.objects.order_by("name"), label="By", required=False, empty_label="Anybody")
    verb = forms.ChoiceField(label="Deed", required=False, choices=[("", "Every deed"), *verb_groups()])
    kind = forms.ChoiceField(
        label="About",
        required=False,
        choices=[("", "Anything"), *((label, word) for label, (word, _) in KINDS.items())],
    )
    name = forms.CharField(label="Whose name has", required=False, max_length=80)
    from_day = DayField(label="From", required=False)
    until_day = DayField(label="Until", required=False)

    @property
    def asked(self) -> dict[str, Any]:
        """What is asked for, by name; nothing that is empty."""
        self.is_valid()
        return {name: value for name, value in self.cleaned_data.items() if value}

    @property
    def in_words(self) -> list[tuple[str, str]]:
        """The same as pairs of a field's label and what was chosen or typed."""
        asked = self.asked
        said = {"verb": lambda verb: Verb(verb).label, "kind": lambda kind: KINDS[kind][0]}
        return [(str(self.fields[name].label), said.get(name, str)(value)) for name, value in asked.items()]


class HeadField(forms.Field):
    """A digest of the chain or its beginning, spaces and capitals as they come. No text, so no secret is looked for."""

    widget = forms.TextInput(attrs={"autocomplete": "off", "spellcheck": "false", "maxlength": 120, "class": "mono"})
    SHAPE = re.compile(r"[0-9a-f]{16,64}")

    def to_python(self, value: Any) -> str:
        head = "".join(str(value or "").split()).lower()
        if head and not self.SHAPE.fullmatch(head):
            raise forms.ValidationError("A head is 64 figures and letters from a to f. Type at least sixteen of them.")
        return head


class HeadForm(PlainForm):
    """A head of the chain, as an old letter has it."""

    head = HeadField(
        label="Head of the chain",
        help_text="As it stands in a weekly letter. The first sixteen characters are enough.",
    )


class OnForm(PlainForm):
    """The day a row is looked at."""

    on = DayField(label="As it was at the end of")
