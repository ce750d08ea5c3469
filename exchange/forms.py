"""What a person uploads and chooses."""

from __future__ import annotations

from typing import Any

from django import forms
from django.core.files.uploadedfile import UploadedFile

from core.forms import PlainForm
from exchange.enums import DayOrder
from exchange.sheets.files import Unreadable, Upload
from exchange.sheets.reading import Reading, read_uploads

XLSX, CSV = "xlsx", "csv"
LINES = "jsonl"
MOST_FILES = 20


class FilesInput(forms.ClearableFileInput):
    """A file field that takes several at once."""

    allow_multiple_selected = True


class FilesField(forms.FileField):
    """Several files; the value is the list of them."""

    widget = FilesInput

    def clean(self, data: Any, initial: Any = None) -> list[UploadedFile]:
        files = data if isinstance(data, list) and data else [data or None]
        return [super(FilesField, self).clean(one, initial) for one in files]


class UploadForm(PlainForm):
    """One workbook, a set of CSV files, or a zip of them. Reading them is part of judging the form."""

    file = FilesField(
        label="Workbook or tables",
        help_text="One XLSX workbook, or CSV files together, or a zip of them. At most 5 MB each.",
        error_messages={"required": "Choose a file.", "empty": "That file is empty."},
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["file"].widget.attrs["accept"] = ".xlsx,.csv,.tsv,.txt,.zip"

    def clean_file(self) -> Reading:
        """What was read."""
        files = self.cleaned_data["file"]
        if len(files) > MOST_FILES:
            raise forms.ValidationError(f"At most {MOST_FILES} files at once.")
        try:
            return read_uploads([Upload(one.name or "file", one.read()) for one in files])
        except Unreadable as no:
            raise forms.ValidationError(str(no)) from no


class DaysForm(PlainForm):
    """How 04/03/2026 is meant."""

    order = forms.ChoiceField(
        label="How are days written in this file?",
        choices=[(DayOrder.DAY_FIRST, ""), (DayOrder.MONTH_FIRST, "")],
        widget=forms.RadioSelect,
    )

    def __init__(self, *args: Any, samples: list[tuple[str, str]], **kwargs: Any) -> None:
        """`samples` are pairs of an order and what one of the file’s own cells means in it."""
        super().__init__(*args, **kwargs)
        self.fields["order"].choices = samples  # type: ignore[attr-defined]  # a ChoiceField has choices


class PressForm(PlainForm):
    """Whether rows with problems are left out."""

    leave_out = forms.BooleanField(required=False)


class TrailExportForm(PlainForm):
    """In which form the trail is taken out."""

    form = forms.ChoiceField(
        label="Form",
        choices=[(LINES, "JSON lines, which can be checked anywhere"), (CSV, "CSV, for a spreadsheet")],
        widget=forms.RadioSelect,
        initial=LINES,
    )


class ExportForm(PlainForm):
    """In which form the office is taken out."""

    form = forms.ChoiceField(
        label="Form",
        choices=[(XLSX, "One workbook (XLSX)"), (CSV, "CSV files in a zip")],
        widget=forms.RadioSelect,
        initial=XLSX,
    )
