"""What people type about notices. A form judges the shape; the actions judge the rest."""

from __future__ import annotations

from typing import Any

from django import forms

from accounts.brokers import catalogue
from core.forms import DayField, PlainForm, StaleGuard
from core.letters.enums import LetterState


def _brokers() -> list[tuple[str, str]]:
    """Every broker by name, and the choice of none."""
    named = sorted((profile.name, slug) for slug, profile in catalogue().items())
    return [("", "Choose a broker"), *((slug, name) for name, slug in named)]


class NoticeForm(PlainForm):
    """A broker's notice, as somebody who received it puts it on file."""

    broker = forms.ChoiceField(label="Broker", choices=_brokers)
    title = forms.CharField(label="Title", max_length=120, help_text="What changes, in a few words.")
    text = forms.CharField(
        label="The broker’s text",
        max_length=20_000,
        widget=forms.Textarea(attrs={"rows": 10}),
        help_text="Copy it as it is. It is shown as plain text; links in it are not followed.",
    )
    answer_by = DayField(
        label="Answer by", help_text="Everybody concerned is reminded 7 days and 1 day before, and on the day."
    )
    effective_on = DayField(label="In force from", required=False)

    def clean(self) -> dict[str, Any]:
        super().clean()
        _check_order(self)
        return self.cleaned_data


class EditNoticeForm(StaleGuard, PlainForm):
    """What may change about a notice on file; its broker and text are what they were."""

    title = forms.CharField(label="Title", max_length=120, help_text="What changes, in a few words.")
    answer_by = DayField(label="Answer by", help_text="Reminders follow the new day.")
    effective_on = DayField(label="In force from", required=False)

    def clean(self) -> dict[str, Any]:
        super().clean()
        _check_order(self)
        return self.cleaned_data


def _check_order(form: forms.BaseForm) -> None:
    answer_by, effective_on = form.cleaned_data.get("answer_by"), form.cleaned_data.get("effective_on")
    if answer_by and effective_on and effective_on < answer_by:
        form.add_error("answer_by", "Ask for answers before the change is in force, or on that day.")


class DeclineForm(PlainForm):
    """Why somebody can't do what a notice asks."""

    reason = forms.CharField(
        label="Why",
        max_length=300,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text="Whoever put the notice on file gets this by letter.",
    )


class LetterFilter(forms.Form):
    """Which letters to show."""

    state = forms.ChoiceField(
        label="State",
        required=False,
        choices=[("", "All"), *((state, label.capitalize()) for state, label in LetterState.choices)],
    )
