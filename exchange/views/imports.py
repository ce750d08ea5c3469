"""Importing: upload, dry run, progress, result, undo."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_http_methods, require_POST, require_safe
from django_htmx.http import HttpResponseClientRefresh

from core import clock
from core.errors import Refused
from core.letters.queries import health
from exchange import actions, policies, queries
from exchange.enums import BatchState
from exchange.forms import DaysForm, PressForm, UploadForm
from exchange.models import ImportBatch
from exchange.sheets.writing import XLSX, csv_files, template_rows, workbook, zipped
from exchange.views.files import attachment
from identity.access import Request, requires


@require_safe
@requires(policies.may_see_imports)
def import_start(request: Request) -> HttpResponse:
    """Where an import begins: upload, template, demo office, and what was imported before."""
    return _start(request, UploadForm())


@require_POST
@requires(policies.may_import)
def upload_files(request: Request) -> HttpResponse:
    """Read what was uploaded and go to its dry run; what cannot be read is said on the form."""
    form = UploadForm(request.POST, request.FILES)
    if form.is_valid():
        try:
            batch = actions.upload(form.cleaned_data["file"], by=request.user, at=clock.now())
        except Refused as no:
            form.add_error(None, str(no))
        else:
            return redirect("exchange:show_batch", batch.pk)
    return _start(request, form)


def _start(request: Request, form: UploadForm) -> HttpResponse:
    facts = {
        "form": form,
        "may_import": policies.may_import(request.user),
        "may_demo": policies.may_run_demo(request.user),
        "is_empty": queries.inventory_is_empty(),
        "batches": queries.past_batches(request.user),
    }
    return render(request, "exchange/import_start.html", facts)


@require_safe
@requires(policies.may_import)
def template_workbook(request: Request) -> HttpResponse:
    """The template with its examples, as a workbook."""
    data = workbook(template_rows(), about="Replace the example rows in the sheets with your own, then upload it.")
    return attachment(data, "postern-template.xlsx", XLSX)


@require_safe
@requires(policies.may_import)
def template_tables(request: Request) -> HttpResponse:
    """The same as CSV files."""
    return attachment(zipped(csv_files(template_rows())), "postern-template.zip", "application/zip")


@require_safe
@requires(policies.may_see_imports)
def show_batch(request: Request, pk: int) -> HttpResponse:
    """One import, wherever it is: the dry run with its question, the progress, the result."""
    batch = _batch(request, pk)
    if request.htmx and batch.state != BatchState.WAITING:
        return HttpResponseClientRefresh()
    if batch.state == BatchState.WAITING:
        template = "exchange/_progress.html" if request.htmx else "exchange/batch_wait.html"
        return render(request, template, _waiting(batch))
    return render(request, "exchange/batch_show.html", _batch_facts(request, batch))


def _waiting(batch: ImportBatch) -> dict[str, Any]:
    return {
        "batch": batch,
        "rows": queries.rows_in_words(batch.writes).lower(),
        "progress": queries.progress(batch),
        "worker_away": health(clock.now()).worker_late,
    }


def _batch_facts(request: Request, batch: ImportBatch) -> dict[str, Any]:
    page = queries.batch_page(
        batch,
        verdict=request.GET.get("verdict", ""),
        sheet=request.GET.get("sheet", ""),
        number=request.GET.get("page", "1"),
    )
    may_import = policies.may_import(request.user)
    return {
        "batch": batch,
        "page": page.rows,
        "shown": page,
        "may_import": may_import,
        "may_undo": may_import and queries.may_be_undone(batch),
        "days": DaysForm(samples=queries.day_samples(batch)) if batch.must_ask else None,
    }


@require_POST
@requires(policies.may_import)
def answer_days(request: Request, pk: int) -> HttpResponse:
    """Say how days are written in the file."""
    batch = _batch(request, pk)
    form = DaysForm(request.POST, samples=queries.day_samples(batch))
    order = form.cleaned_data["order"] if form.is_valid() else ""
    return _do(request, batch, lambda: actions.answer_days(batch, order=order, by=request.user, at=clock.now()))


@require_POST
@requires(policies.may_import, step_up=True)
def apply_batch(request: Request, pk: int) -> HttpResponse:
    """Hand a checked upload to the worker."""
    batch, form = _batch(request, pk), PressForm(request.POST)
    leave_out = form.is_valid() and form.cleaned_data["leave_out"]
    return _do(request, batch, lambda: actions.press(batch, leave_out=leave_out, by=request.user, at=clock.now()))


@require_POST
@requires(policies.may_import)
def discard_batch(request: Request, pk: int) -> HttpResponse:
    """Throw a dry run away."""
    batch = _batch(request, pk)
    try:
        actions.discard(batch, by=request.user, at=clock.now())
    except Refused as no:
        messages.error(request, str(no))
        return redirect("exchange:show_batch", pk)
    messages.success(request, "Thrown away. Nothing of it was written.")
    return redirect("exchange:import_start")


@require_http_methods(["GET", "POST"])
@requires(policies.may_import, step_up=True)
def undo_batch(request: Request, pk: int) -> HttpResponse:
    """Say what undoing means, then do it."""
    batch = _batch(request, pk)
    if request.method == "POST":
        try:
            actions.undo(batch, by=request.user, at=clock.now())
        except Refused as no:
            messages.error(request, str(no))
        else:
            messages.success(request, "Undone. Everything is as it was before that import.")
        return redirect("exchange:show_batch", pk)
    return render(request, "exchange/batch_undo.html", {"batch": batch, "effects": queries.undo_effects(batch)})


def _do(request: Request, batch: ImportBatch, deed) -> HttpResponse:
    """Do it and go back to the batch, with the reason when it is refused."""
    try:
        deed()
    except Refused as no:
        messages.error(request, str(no))
    return redirect("exchange:show_batch", batch.pk)


def _batch(request: Request, pk: int) -> ImportBatch:
    rows = ImportBatch.objects.visible_to(request.user).select_related("uploaded_by", "pressed_by")
    return get_object_or_404(rows, pk=pk)
