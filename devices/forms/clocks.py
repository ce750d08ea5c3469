"""What may be typed about a clock."""

from __future__ import annotations

from datetime import datetime, time
from typing import Any

from django import forms

from core.forms import PlainForm
from devices.clocks import Reading, reading_fault
from devices.forms.fields import named
from devices.models import Asset


class ClockForm(PlainForm):
    """How far a clock is off: measured by the page’s script, or typed from the clock itself."""

    # A person takes about so long to read a clock and to press a button.
    BY_HAND_MS = 4000
    # No zone differs from another by less than a quarter of an hour, so nobody has to say in which they are.
    QUARTER_MS = 15 * 60 * 1000

    offset_ms = forms.IntegerField(required=False, widget=forms.HiddenInput)
    margin_ms = forms.IntegerField(required=False, widget=forms.HiddenInput)
    shown = forms.CharField(
        label="What this device’s clock shows",
        required=False,
        max_length=8,
        help_text="With seconds, as 09:41:23. Type it, wait until the clock shows it, and press at once.",
    )
    device = forms.TypedChoiceField(label="Which device are you at?", coerce=int, empty_value=None, required=False)

    def __init__(self, *args: Any, devices: list[Asset], at: datetime, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.at = at
        if devices:
            choices = [("", "Only look, write nothing down"), *((one.pk, named(one)) for one in devices)]
            self.fields["device"].choices = choices  # type: ignore[attr-defined]
        else:
            del self.fields["device"]

    def clean_shown(self) -> str:
        typed: str = self.cleaned_data["shown"]
        if typed and _of_day(typed) is None:
            raise forms.ValidationError("Type hours, minutes and seconds: 09:41:23.")
        return typed

    def clean(self) -> dict[str, Any]:
        facts = super().clean() or self.cleaned_data
        measured = [facts.get(name) is not None for name in ("offset_ms", "margin_ms")]
        if not all(measured) and not facts.get("shown") and "shown" not in self.errors:
            self.add_error("shown", "Type what the clock shows, with seconds: 09:41:23.")
        if all(measured):
            fault = reading_fault(facts["offset_ms"], facts["margin_ms"])
            if fault:
                self.add_error(None, fault)
        return facts

    def reading(self) -> Reading:
        """What was measured; of a typed time, how far it is from now within a quarter of an hour."""
        facts = self.cleaned_data
        if facts["offset_ms"] is not None and facts["margin_ms"] is not None:
            return Reading(facts["offset_ms"], facts["margin_ms"])
        now = round(self.at.timestamp() * 1000)
        ahead = ((_of_day(facts["shown"]) or 0) - now) % self.QUARTER_MS
        return Reading(ahead if ahead <= self.QUARTER_MS // 2 else ahead - self.QUARTER_MS, self.BY_HAND_MS)


def _of_day(typed: str) -> int | None:
    """Milliseconds since midnight of 09:41:23; None for what is no time of day."""
    try:
        shown = time.fromisoformat(typed.strip().zfill(8))
    except ValueError:
        return None
    return ((shown.hour * 60 + shown.minute) * 60 + shown.second) * 1000
