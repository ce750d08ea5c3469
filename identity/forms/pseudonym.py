"""What is asked before a name is taken away."""

from __future__ import annotations

from django import forms

from core.forms import PlainForm


class PseudonymForm(PlainForm):
    """Why a person's name is taken away."""

    reason = forms.CharField(
        label="Why",
        min_length=10,
        max_length=300,
        help_text="Without the name. It stays in the trail, for example: asked for by letter of 3 March.",
    )
