"""Fields that several forms have: a moment, things, a person."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

from django import forms
from django.db.models import Q

from core.forms import PlainForm
from devices.models import Asset
from identity.models import Member


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
    return in_list(Q(retired_at=None, kind__in=kinds) | Q(pk__in=also))


def in_list(wanted: Q) -> Any:
    return Asset.objects.filter(wanted).select_related("holder").order_by("name", "pk")


class PersonField(forms.ModelChoiceField):
    """Somebody of the office who is still here, or is named already."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(queryset=Member.objects.present().order_by("name"), required=False, **kwargs)

    def keep(self, member_id: int | None) -> None:
        """Leave this person in the list even when they have left."""
        self.queryset = Member.objects.filter(Q(left_at=None) | Q(pk=member_id)).order_by("name")


class MomentForm(PlainForm):
    """When something was seen to work."""

    proved_at = MomentField(label="When was it tried?")

    def __init__(self, *args: Any, by: Member, at: datetime, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["proved_at"].ask(at, by.timezone)  # type: ignore[attr-defined]
