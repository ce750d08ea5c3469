"""Exporting the office, and files that a browser saves."""

from __future__ import annotations

from urllib.parse import quote

from django.http import HttpResponse
from django.shortcuts import render
from django.utils.text import slugify
from django.views.decorators.http import require_POST, require_safe

from core import clock
from exchange import actions, policies, queries
from exchange.forms import XLSX as WORKBOOK
from exchange.forms import ExportForm
from exchange.sheets.writing import XLSX, csv_files, workbook, zipped
from identity.access import Request, requires
from identity.queries import office


def attachment(data: bytes, name: str, kind: str) -> HttpResponse:
    """A file to be saved under this name, never shown in the browser."""
    answer = HttpResponse(data, content_type=kind)
    answer["Content-Disposition"] = f"attachment; filename*=UTF-8''{quote(name)}"
    return answer


@require_safe
@requires(policies.may_export, step_up=True)
def export(request: Request) -> HttpResponse:
    """What an export holds, and the two forms it comes in."""
    facts = {"form": ExportForm(), "counts": queries.export_counts()}
    return render(request, "exchange/export.html", facts)


@require_POST
@requires(policies.may_export, step_up=True)
def download(request: Request) -> HttpResponse:
    """The whole office as a file that imports to the same office. The trail says who took it."""
    form, at = ExportForm(request.POST), clock.now()
    chosen = form.cleaned_data["form"] if form.is_valid() else WORKBOOK
    rows, house = queries.office_rows(at), office()
    day = clock.local_day(at, request.user.timezone).isoformat()
    if chosen == WORKBOOK:
        data, suffix, kind = workbook(rows, about=f"{house.name}, as it was on {day}."), "xlsx", XLSX
    else:
        data, suffix, kind = zipped(csv_files(rows)), "zip", "application/zip"
    counted = {sheet: len(found) for sheet, found in rows.items()}
    actions.note_export(rows=counted, form=chosen, by=request.user, at=at)
    return attachment(data, f"{slugify(house.name) or 'office'}-{day}.{suffix}", kind)
