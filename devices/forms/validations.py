"""What may be typed about validations."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django import forms

from accounts.models import Door
from core.forms import PlainForm
from devices import queries
from devices.enums import How, Outcome
from devices.forms.fields import MomentField
from devices.models import Asset
from identity.models import Member

_OUTCOMES = [
    (Outcome.PROVEN.value, "It worked"),
    (Outcome.FAILED.value, "It did not work"),
    (Outcome.UNKNOWN.value, "Nobody can say"),
    (Outcome.EXPECTED.value, "Nobody has tried yet: ask for it"),
]
_HOW = [(how.value, how.label) for how in (How.USED, How.BROKER_LIST, How.DRILL)]


class ValidationForm(PlainForm):
    """What came of trying a door from a device."""

    door = forms.TypedChoiceField(label="Door", coerce=int)
    device = forms.TypedChoiceField(label="From which device", coerce=int)
    outcome = forms.ChoiceField(label="What came of it?", choices=_OUTCOMES, widget=forms.RadioSelect, initial="proven")
    how = forms.ChoiceField(label="How do you know?", choices=_HOW, initial=How.USED)
    proved_at = MomentField(label="When was it tried?")
    note = forms.CharField(max_length=300, required=False)

    def __init__(
        self, *args: Any, by: Member, at: datetime, door: Door | None, device: Asset | None, **kwargs: Any
    ) -> None:
        kwargs["initial"] = {"door": door and door.pk, "device": device and device.pk}
        super().__init__(*args, **kwargs)
        self.fields["door"].choices = [("", "Choose a door"), *queries.door_choices(by, device)]  # type: ignore[attr-defined]
        self.fields["device"].choices = [("", "Choose a device"), *queries.device_choices(by, door)]  # type: ignore[attr-defined]
        self.fields["proved_at"].ask(at, by.timezone)  # type: ignore[attr-defined]

    @property
    def lacks(self) -> str:
        """What must be on file before anything can be recorded: "door", "device", or nothing more."""
        return next((name for name in ("door", "device") if len(self.fields[name].choices) == 1), "")  # type: ignore[attr-defined]
