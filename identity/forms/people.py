"""What may be typed about people and the office."""

from __future__ import annotations

from typing import Any

from django import forms

from core.forms import DayField, PlainForm, StaleGuard
from identity import policies
from identity.enums import Role
from identity.forms.fields import zone_field
from identity.models import Member


class MemberForm(PlainForm):
    """A person of the office, as owners and managers write them down."""

    name = forms.CharField(label="Name", max_length=80)
    email = forms.EmailField(
        label="E-mail",
        required=False,
        help_text="Leave empty for somebody without a mailbox; they can hold things all the same.",
    )
    role = forms.ChoiceField(label="Role", choices=Role.choices, initial=Role.TRADER)
    timezone = zone_field()
    digest_hour = forms.IntegerField(
        label="Daily mail at", min_value=0, max_value=23, initial=7, help_text="The hour, 0 to 23, in their own zone."
    )
    phone = forms.CharField(label="Telephone", max_length=30, required=False)
    ends_on = DayField(
        label="Last day of access",
        required=False,
        help_text="Needed for an auditor; for a leaver when it is known. The day itself still counts.",
    )
    note = forms.CharField(label="Note", max_length=300, required=False)

    def __init__(self, *args, by: Member, **kwargs):
        super().__init__(*args, **kwargs)
        own = self.initial.get("role")
        roles = [(value, label) for value, label in Role.choices if policies.may_give_role(by, value) or value == own]
        self.fields["role"] = forms.ChoiceField(label="Role", choices=roles, initial=Role.TRADER)

    def clean(self) -> dict[str, Any]:
        facts = super().clean() or self.cleaned_data
        if facts.get("role") == Role.AUDITOR and facts.get("ends_on") is None and "ends_on" not in self.errors:
            self.add_error("ends_on", "An auditor’s access has a last day. It can be moved later.")
        return facts


class EditMemberForm(StaleGuard, MemberForm):
    """The same for a person who is on file."""


class MeForm(PlainForm):
    """What a person sets for themselves."""

    timezone = zone_field()
    digest_hour = forms.IntegerField(
        label="Daily mail at", min_value=0, max_value=23, help_text="The hour, 0 to 23, in your zone."
    )
    phone = forms.CharField(label="Telephone", max_length=30, required=False)
    theme = forms.ChoiceField(
        label="Appearance", required=False, choices=[("", "As the system"), ("light", "Light"), ("dark", "Dark")]
    )


class OfficeForm(StaleGuard, PlainForm):
    """The office's own rules."""

    name = forms.CharField(label="Name of the office", max_length=80)
    timezone = zone_field()
    emergency_number = forms.CharField(
        label="Emergency number",
        max_length=30,
        required=False,
        help_text="Shown on “Lost something?” before sign-in.",
    )
    validity_days = forms.IntegerField(
        label="A validation holds, in days",
        min_value=2,
        max_value=730,
        help_text="Where the broker has no rule of its own. Holds for what is recorded from now on.",
    )
    warn_days = forms.IntegerField(label="Counts as due, days before its end", min_value=1, max_value=365)
    backup_days = forms.IntegerField(label="A tested backup counts as proven, in days", min_value=1, max_value=1100)
    idle_minutes = forms.IntegerField(
        label="Signed out after resting, in minutes",
        min_value=5,
        max_value=60,
        help_text="Traders and auditors. Two minutes before it a page asks whether to stay.",
    )
    session_hours = forms.IntegerField(label="Signed out in any case after, in hours", min_value=1, max_value=24)
    strict_idle_minutes = forms.IntegerField(
        label="Owners and managers: after resting, in minutes", min_value=5, max_value=60
    )
    strict_session_hours = forms.IntegerField(
        label="Owners and managers: in any case after, in hours", min_value=1, max_value=24
    )
    reset_hours = forms.IntegerField(
        label="A reset of an owner’s or manager’s factors waits, in hours",
        min_value=12,
        max_value=168,
        help_text="Time in which the person, or anybody who runs the office, can stop it.",
    )
    trader_reset_hours = forms.IntegerField(
        label="A reset of anybody else’s factors waits, in hours", min_value=1, max_value=168
    )

    def clean(self) -> dict[str, Any]:
        facts = super().clean() or self.cleaned_data
        for strict, name in (("strict_idle_minutes", "idle_minutes"), ("strict_session_hours", "session_hours")):
            if (facts.get(strict) or 0) > (facts.get(name) or 1000):
                self.add_error(strict, "Owners and managers may do more, so theirs may not be longer than the others’.")
        if (self.cleaned_data.get("warn_days") or 0) >= (self.cleaned_data.get("validity_days") or 1000):
            self.add_error("warn_days", "The warning has to come before the end: fewer days than a validation holds.")
        return facts


class AddressForm(PlainForm):
    """A new address of one's own."""

    email = forms.EmailField(label="Your new e-mail", widget=forms.EmailInput(attrs={"autocomplete": "email"}))


class ReasonForm(PlainForm):
    """Why something is done that cannot be undone by a press."""

    reason = forms.CharField(
        label="What happened",
        max_length=300,
        help_text="For whoever reads the trail later, such as: phone stolen, the printed codes were in the bag.",
    )


class AwayForm(PlainForm):
    """From when to when somebody is away, and who stands in."""

    from_on = DayField(label="First day away")
    until_on = DayField(label="Last day away", help_text="The day itself still counts as away.")
    stand_in = forms.ModelChoiceField(
        queryset=Member.objects.none(),
        label="Who stands in",
        empty_label="Choose somebody",
        help_text="They get the daily mail as well. Only owners and managers see what they would have to do.",
    )

    def __init__(self, *args: Any, member: Member, by: Member, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        # A trader learns no other trader's name here; whoever manages people may pick anybody and is told why not.
        people = Member.objects.present() if by.sees_everything else Member.objects.managers()
        others = people.filter(joined_at__isnull=False).exclude(pk=member.pk)
        self.fields["stand_in"].queryset = others.order_by("name", "pk")  # type: ignore[attr-defined]

    def clean(self) -> dict[str, Any]:
        facts = super().clean() or self.cleaned_data
        first, last = facts.get("from_on"), facts.get("until_on")
        if first and last and last < first:
            self.add_error("until_on", "The last day comes before the first one.")
        return facts
