"""What may be typed about backups: where a second way lies, never the secret itself."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from django import forms
from django.db.models import Q

from accounts.models import Login
from core.forms import PlainForm, StaleGuard
from devices.enums import AssetKind
from devices.forms import AssetField, AssetsField, MomentForm, PersonField
from devices.models import Asset, Authenticator
from identity.models import Member
from recovery.enums import BackupKind
from recovery.models import AuthenticatorBackup
from recovery.queries import Line

# What a backup can lie on: any thing but a place, a network or somebody's computer.
_LIES_ON = (
    AssetKind.PHONE,
    AssetKind.TABLET,
    AssetKind.SECURITY_KEY,
    AssetKind.CARD,
    AssetKind.SIM,
    AssetKind.MAILBOX,
    AssetKind.PASSWORD_MANAGER,
    AssetKind.PAPER,
)


class NewBackupForm(PlainForm):
    """A second way for a login, or for one authenticator of it."""

    kind = forms.ChoiceField(label="Which sort?", choices=BackupKind.choices)
    label = forms.CharField(label="What the office calls it", max_length=80, help_text="Such as Security card 61.")
    authenticator = forms.ModelChoiceField(
        queryset=Authenticator.objects.none(), label="Stands in for", required=False, empty_label="The whole login"
    )
    carriers = AssetsField(
        queryset=Asset.objects.none(),
        label="What carries it?",
        required=False,
        help_text="The thing it is on. What also carries the authenticator is no backup of it.",
    )
    place = AssetField(queryset=Asset.objects.none(), label="Kept at", required=False, empty_label="No place on file")
    custodian = PersonField(label="Kept by", empty_label="Nobody in particular")
    codes_left = forms.IntegerField(
        label="Codes left",
        min_value=0,
        max_value=999,
        required=False,
        help_text="How many printed codes are unused. Never the codes.",
    )
    note = forms.CharField(max_length=300, required=False)

    def __init__(self, *args: Any, login: Login, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["authenticator"].queryset = login.authenticators.standing().select_related("login").order_by("pk")  # type: ignore[attr-defined]
        self.fields["carriers"].queryset = _things(Q(kind__in=_LIES_ON), self._named("carriers"))  # type: ignore[attr-defined]
        self.fields["place"].queryset = _things(Q(kind=AssetKind.PLACE), self._named("place"))  # type: ignore[attr-defined]

    def _named(self, name: str) -> list[int]:
        """What is named there already, so that saving the form does not lose it."""
        return []


class BackupForm(StaleGuard, NewBackupForm):
    """The same for a backup on file, whose login stays."""

    def __init__(self, *args: Any, thing: AuthenticatorBackup, **kwargs: Any) -> None:
        super().__init__(*args, thing=thing, login=thing.login, **kwargs)
        self.fields["custodian"].keep(thing.custodian_id)  # type: ignore[attr-defined]
        named = Authenticator.objects.filter(Q(ended_at=None) | Q(pk=thing.authenticator_id), login=thing.login)
        self.fields["authenticator"].queryset = named.select_related("login").order_by("pk")  # type: ignore[attr-defined]

    def _named(self, name: str) -> list[int]:
        standing = self.on_file[name]
        return standing if isinstance(standing, list) else [standing] if standing else []


class AloneFilter(PlainForm):
    """Which logins to show; those without an independent backup unless more are asked for."""

    show = forms.ChoiceField(
        label="Logins", required=False, choices=[("", "Without an independent backup"), ("all", "Every login")]
    )
    person = forms.ChoiceField(label="Person", required=False)

    def __init__(self, *args: Any, lines: Iterable[Line], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        people = sorted({(line.holder, line.login.holder_id) for line in lines if line.login.holder_id is not None})
        named = [(str(number), name) for name, number in people]
        self.fields["person"].choices = [("", "Everybody"), *named, ("none", "Programs")]  # type: ignore[attr-defined]

    def found(self, lines: Iterable[Line]) -> list[Line]:
        """Those that it asks for. A filter that makes no sense is as if it were empty."""
        wanted = self.cleaned_data if self.is_valid() else {}
        person, everything = wanted.get("person"), wanted.get("show") == "all"
        return [
            line
            for line in lines
            if (everything or line.standing.is_without)
            and (not person or str(line.login.holder_id or "none") == person)
        ]


class TestForm(MomentForm):
    """When a backup was tried, and how many printed codes are left."""

    __test__ = False  # the name is the office's word, not a test's

    codes_left = forms.IntegerField(
        label="Codes left",
        min_value=0,
        max_value=999,
        required=False,
        help_text="How many are unused. Never the codes.",
    )

    def __init__(self, *args: Any, by: Member, at: datetime, backup: AuthenticatorBackup, **kwargs: Any) -> None:
        super().__init__(*args, by=by, at=at, **kwargs)
        if backup.kind != BackupKind.PRINTED_CODES:
            del self.fields["codes_left"]
        else:
            self.fields["codes_left"].initial = backup.codes_left


def _things(wanted: Q, named: list[int]) -> Any:
    things = Asset.objects.filter((wanted & Q(retired_at=None)) | Q(pk__in=named))
    return things.select_related("holder").order_by("name", "pk")
