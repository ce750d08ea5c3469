"""What may be typed about things."""

from __future__ import annotations

from typing import Any

from django import forms

from core.forms import PlainForm, StaleGuard
from devices.enums import VALIDATED_KINDS, AssetKind, AssetState
from devices.forms.fields import AssetField, PersonField, kept
from devices.models import Asset
from identity.models import Member


class AssetFilter(PlainForm):
    """Which things to show."""

    kind = forms.ChoiceField(label="Kind", required=False, choices=[("", "Every kind"), *AssetKind.choices])
    holder = forms.ChoiceField(label="Held by", required=False)
    state = forms.ChoiceField(label="State", required=False, choices=[("", "Kept"), *AssetState.choices])
    text = forms.CharField(label="Name, model or place", required=False, max_length=60)

    def __init__(self, *args: Any, by: Member, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        people = Member.objects.visible_to(by).present().order_by("name").values_list("pk", "name")
        self.fields["holder"].choices = [("", "Anybody"), ("none", "Nobody, shared"), *people]  # type: ignore[attr-defined]


class NewAssetForm(PlainForm):
    """A thing that ways in rest on."""

    kind = forms.ChoiceField(label="What is it?", choices=AssetKind.choices)
    name = forms.CharField(max_length=80, help_text="What the office calls it, such as Maria’s ThinkPad X1.")
    holder = PersonField(label="Held by", empty_label="Nobody: it is shared")
    place = AssetField(
        queryset=Asset.objects.none(), label="Kept at", required=False, empty_label="Nowhere in particular",
    )  # fmt: skip
    carried_by = AssetField(
        queryset=Asset.objects.none(), label="Carried by", required=False, empty_label="No other thing",
        help_text="The device it is in: a SIM in a phone is lost with the phone.",
    )  # fmt: skip
    model = forms.CharField(label="Make and model", max_length=60, required=False)
    hint = forms.CharField(
        label="Last characters of its serial or number", max_length=4, required=False,
        help_text="Four at most, to tell two apart. Never the whole number.",
    )  # fmt: skip
    is_spare = forms.BooleanField(
        label="It is a spare", required=False, help_text="It waits until another one is lost."
    )
    note = forms.CharField(max_length=300, required=False)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["place"].queryset = kept(AssetKind.PLACE, also=self._named("place"))  # type: ignore[attr-defined]
        self.fields["carried_by"].queryset = kept(*VALIDATED_KINDS, also=self._named("carried_by"))  # type: ignore[attr-defined]

    def _named(self, name: str) -> list[int]:
        """What is named there already, so that saving the form does not lose it."""
        return []


class AssetForm(StaleGuard, NewAssetForm):
    """The same for a thing on file."""

    def __init__(self, *args: Any, thing: Asset, **kwargs: Any) -> None:
        super().__init__(*args, thing=thing, **kwargs)
        self.fields["holder"].keep(thing.holder_id)  # type: ignore[attr-defined]

    def _named(self, name: str) -> list[int]:
        number = getattr(self.thing, f"{name}_id")
        return [] if number is None else [number]
