"""What may be typed about things, validations and authenticators."""

from __future__ import annotations

from datetime import UTC, datetime, time
from typing import Any
from zoneinfo import ZoneInfo

from django import forms
from django.db.models import Q

from accounts.models import Door, Login
from core.forms import DayField, PlainForm, StaleGuard
from devices import queries
from devices.clocks import Reading, reading_fault
from devices.enums import VALIDATED_KINDS, AssetKind, AssetState, How, Outcome
from devices.models import Asset, Authenticator
from devices.rules import kinds_of_carriers
from identity.models import Member

_OUTCOMES = [
    (Outcome.PROVEN.value, "It worked"),
    (Outcome.FAILED.value, "It did not work"),
    (Outcome.UNKNOWN.value, "Nobody can say"),
    (Outcome.EXPECTED.value, "Nobody has tried yet: ask for it"),
]
_HOW = [(how.value, how.label) for how in (How.USED, How.BROKER_LIST, How.DRILL)]


class MomentField(forms.DateTimeField):
    """A moment on the clock of the person who types it. The present minute stands for the present moment."""

    SHAPE = "%Y-%m-%dT%H:%M"

    def __init__(self, **kwargs: Any) -> None:
        widget = forms.DateTimeInput(format=self.SHAPE, attrs={"type": "datetime-local"})
        super().__init__(widget=widget, input_formats=[self.SHAPE, "%Y-%m-%d %H:%M"], **kwargs)
        self.error_messages["invalid"] = "Write year, month, day and hour: 2026-11-23 09:00."

    def ask(self, at: datetime, zone: str) -> None:
        """Whose clock it is, and what it shows now."""
        self.now, self.zone = at, ZoneInfo(zone)
        self.initial = at.astimezone(self.zone).strftime(self.SHAPE)
        self.help_text = f"On the clock of {zone.replace('_', ' ')}."

    def to_python(self, value: Any) -> datetime | None:
        if value in self.empty_values:
            return None
        typed = str(value).strip().replace(" ", "T")
        if typed == self.initial:
            return self.now
        try:
            return datetime.strptime(typed, self.SHAPE).replace(tzinfo=self.zone).astimezone(UTC)
        except ValueError:
            raise forms.ValidationError(self.error_messages["invalid"], code="invalid") from None

    def prepare_value(self, value: Any) -> Any:
        return value


class AssetField(forms.ModelChoiceField):
    """One of the office's things, named with who holds it."""

    def label_from_instance(self, asset: Asset) -> str:
        return named(asset)


class AssetsField(forms.ModelMultipleChoiceField):
    """Some of the office's things, to be ticked."""

    widget = forms.CheckboxSelectMultiple

    def label_from_instance(self, asset: Asset) -> str:
        return named(asset)


def named(asset: Asset) -> str:
    """A thing in a list of choices: what it is called and who holds it."""
    return f"{asset.name}, {asset.holder.name}" if asset.holder else asset.name


def kept(*kinds: str, also: Any = ()) -> Any:
    """Things of these kinds that were not retired, and those `also` named already."""
    return _in_list(Q(retired_at=None, kind__in=kinds) | Q(pk__in=also))


def _in_list(wanted: Q) -> Any:
    return Asset.objects.filter(wanted).select_related("holder").order_by("name", "pk")


class PersonField(forms.ModelChoiceField):
    """Somebody of the office who is still here, or is named already."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(queryset=Member.objects.present().order_by("name"), required=False, **kwargs)

    def keep(self, member_id: int | None) -> None:
        """Leave this person in the list even when they have left."""
        self.queryset = Member.objects.filter(Q(left_at=None) | Q(pk=member_id)).order_by("name")


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


class MomentForm(PlainForm):
    """When something was seen to work."""

    proved_at = MomentField(label="When was it tried?")

    def __init__(self, *args: Any, by: Member, at: datetime, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["proved_at"].ask(at, by.timezone)  # type: ignore[attr-defined]


class NewAuthenticatorForm(PlainForm):
    """One enrolled factor of a login: that it exists, never its seed."""

    factor = forms.ChoiceField(label="Which kind?")
    label = forms.CharField(
        label="What the office calls it",
        max_length=80,
        required=False,
        help_text="The broker’s own name if left empty.",
    )
    carriers = AssetsField(
        queryset=Asset.objects.none(), label="What carries it?", required=False,
        help_text="The phone, card, SIM or password manager that it is on. Never its seed or a code.",
    )  # fmt: skip
    enrolled_on = DayField(label="Enrolled on", required=False)
    note = forms.CharField(max_length=300, required=False)

    def __init__(self, *args: Any, login: Login, **kwargs: Any) -> None:
        self.login = login
        super().__init__(*args, **kwargs)
        if "factor" in self.fields:
            enrolled = [(factor.slug, factor.name) for factor in login.profile.factors if factor.enrolled]
            self.fields["factor"].choices = enrolled  # type: ignore[attr-defined]
        self.fields["carriers"].queryset = self._things()  # type: ignore[attr-defined]

    def _things(self) -> Any:
        """Things that can carry a factor of this broker, of the login's holder or shared, and those ticked already."""
        fitting = Q(retired_at=None, kind__in=kinds_of_carriers(self.login.profile))
        mine = Q(holder=self.login.holder_id) | Q(holder=None)
        return _in_list((fitting & mine) | Q(pk__in=self._ticked()))

    def _ticked(self) -> list[int]:
        return []


class AuthenticatorForm(StaleGuard, NewAuthenticatorForm):
    """The same for an authenticator on file, whose login and kind stay."""

    factor = None  # type: ignore[assignment]  # Django's way to drop a field

    def __init__(self, *args: Any, thing: Authenticator, **kwargs: Any) -> None:
        super().__init__(*args, thing=thing, login=thing.login, **kwargs)

    def _ticked(self) -> list[int]:
        return list(self.on_file["carriers"])


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
