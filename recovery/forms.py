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
from recovery.rules import carriers_of

# What is asked of each kind, in this order, and what its carriers are called.
_ASKED: dict[str, tuple[str, ...]] = {
    BackupKind.SECOND_FACTOR: ("factor", "label", "authenticator", "carriers", "place", "custodian", "note"),
    BackupKind.SEED_COPY: ("label", "authenticator", "carriers", "place", "custodian", "note"),
    BackupKind.PRINTED_CODES: ("label", "authenticator", "carriers", "place", "custodian", "codes_left", "note"),
    BackupKind.CARD: ("label", "authenticator", "carriers", "place", "custodian", "note"),
    BackupKind.MAILBOX: ("label", "authenticator", "carriers", "custodian", "note"),
    BackupKind.NUMBER: ("label", "authenticator", "carriers", "custodian", "note"),
    BackupKind.RESCUE: ("label", "carriers", "custodian", "note"),
}
_CARRIERS: dict[str, tuple[str, str]] = {
    BackupKind.SECOND_FACTOR: ("What carries it?", "What also carries the first authenticator is no backup of it."),
    BackupKind.SEED_COPY: ("Where is the copy?", "A vault that is opened only on the same phone falls with it."),
    BackupKind.PRINTED_CODES: ("Which sheet?", "Leave it open where the place below says enough."),
    BackupKind.CARD: ("Which card?", "One that lies in the same place as another way counts once with it."),
    BackupKind.MAILBOX: ("Which mailbox?", "One that is opened only on the phone falls with the phone."),
    BackupKind.NUMBER: ("Which number?", "A SIM that is in the phone falls with the phone."),
    BackupKind.RESCUE: ("What does the broker call or write to?", "Nothing, where questions to the person are enough."),
}
_KEEPERS: dict[str, str] = {
    BackupKind.MAILBOX: "Who can open it",
    BackupKind.NUMBER: "Who answers it",
    BackupKind.RESCUE: "Who has to call",
}


class NewBackupForm(PlainForm):
    """A second way of one kind for a login, or for one authenticator of it; only what fits the kind is asked."""

    factor = forms.ChoiceField(label="Which one?", required=False, help_text="What the broker calls it.")
    label = forms.CharField(label="What the office calls it", max_length=80, help_text="Such as Security card 61.")
    authenticator = forms.ModelChoiceField(
        queryset=Authenticator.objects.none(), label="Stands in for", required=False, empty_label="The whole login"
    )
    carriers = AssetsField(queryset=Asset.objects.none(), required=False)
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

    def __init__(self, *args: Any, login: Login, kind: str, **kwargs: Any) -> None:
        self.kind = kind
        super().__init__(*args, **kwargs)
        fields: Any = self.fields
        fields["factor"].choices = [("", "Not written down"), *_factors(login)]
        fields["authenticator"].queryset = login.authenticators.standing().select_related("login").order_by("pk")
        fields["carriers"].queryset = _things(Q(kind__in=carriers_of(kind)), self._named("carriers"))
        fields["carriers"].label, fields["carriers"].help_text = _CARRIERS[kind]
        fields["place"].queryset = _things(Q(kind=AssetKind.PLACE), self._named("place"))
        fields["custodian"].label = _KEEPERS.get(kind, "Kept by")
        for name in set(NewBackupForm.base_fields).difference(_ASKED[kind]):
            del fields[name]

    def _named(self, name: str) -> list[int]:
        """What is named there already, so that saving the form does not lose it."""
        return []


class BackupForm(StaleGuard, NewBackupForm):
    """The same for a backup on file, whose login and kind stay."""

    def __init__(self, *args: Any, thing: AuthenticatorBackup, **kwargs: Any) -> None:
        super().__init__(*args, thing=thing, login=thing.login, kind=thing.kind, **kwargs)
        self.fields["custodian"].keep(thing.custodian_id)  # type: ignore[attr-defined]
        if "authenticator" in self.fields:
            named = Authenticator.objects.filter(Q(ended_at=None) | Q(pk=thing.authenticator_id), login=thing.login)
            self.fields["authenticator"].queryset = named.select_related("login").order_by("pk")  # type: ignore[attr-defined]

    def _named(self, name: str) -> list[int]:
        standing = self.on_file[name]
        return standing if isinstance(standing, list) else [standing] if standing else []


def _factors(login: Login) -> list[tuple[str, str]]:
    return [(factor.slug, factor.name) for factor in login.profile.factors if factor.kind == "possession"]


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
