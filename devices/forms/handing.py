"""What may be typed when a thing is handed over."""

from __future__ import annotations

from typing import Any

from django import forms

from core.forms import PlainForm
from devices.models import Asset
from identity.models import Member


class HandOverForm(PlainForm):
    """To whom a thing goes."""

    to = forms.ModelChoiceField(queryset=Member.objects.none(), label="Who gets it?", empty_label="Choose a person")
    note = forms.CharField(
        max_length=300, required=False, help_text="What goes with it or where it is. They read it; no code, no PIN."
    )

    def __init__(self, *args: Any, thing: Asset, by: Member, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        people = Member.objects.present() if by.is_manager else Member.objects.managers()
        others = people if thing.holder is None else people.exclude(pk=thing.holder.pk)
        self.fields["to"].queryset = others.order_by("name")  # type: ignore[attr-defined]


class DeclineForm(PlainForm):
    """Why somebody does not take a thing."""

    reason = forms.CharField(label="If not, why?", max_length=300, help_text="Such as: it did not arrive.")
