"""Taking the trail out, whole or a part of it."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from urllib.parse import quote

from django.http import HttpResponse, StreamingHttpResponse
from django.shortcuts import render
from django.utils.text import slugify
from django.views.decorators.http import require_http_methods

from core import clock
from core.trail.files import Head
from core.trail.models import GENESIS, Event, EventQuerySet
from core.trail.queries import words_between
from dashboard.forms import TrailFilter
from dashboard.queries.trail import Line, asked_for, told
from exchange import actions
from exchange.forms import LINES, TrailExportForm
from exchange.sheets.trail import AT_ONCE, as_csv, as_lines
from identity import policies
from identity.access import Request, requires
from identity.queries import office


@require_http_methods(["GET", "POST"])
@requires(policies.sees_everything, step_up=True)
def export_trail(request: Request) -> HttpResponse:
    """What an export holds; POST makes it. The filter is in the address, as the trail's page has it.

    The export is in the trail itself, before a byte has left, and so not in its own file.
    """
    wanted, at = TrailFilter(request.GET), clock.now()
    events = asked_for(Event.objects.visible_to(request.user), zone=request.user.timezone, **wanted.asked)
    form = TrailExportForm(request.POST or None, initial={"form": LINES})
    if request.method == "POST" and form.is_valid():
        return _file(request, events, wanted, form.cleaned_data["form"], at)  # type: ignore[return-value]  # a stream
    facts = {"form": form, "count": events.count(), "asked": wanted.in_words}
    return render(request, "exchange/trail_export.html", facts)


def _file(
    request: Request, events: EventQuerySet, wanted: TrailFilter, form: str, at: datetime
) -> StreamingHttpResponse:
    last = Event.objects.order_by("-pk").first()
    events = events.filter(pk__lte=last.pk if last else 0)
    newest = events.order_by("-pk").first()
    head = Head(
        office=office().name,
        exported_at=at.isoformat(),
        events=events.count(),
        head=newest.digest if newest else GENESIS,
        whole=not wanted.asked,
        chosen=dict(wanted.in_words),
    )
    actions.note_trail_export(head=head, form=form, by=request.user, at=at)
    if form == LINES:
        data, suffix, kind = as_lines(head, _with_words(events)), "jsonl", "application/x-ndjson"
    else:
        data, suffix, kind = as_csv(_stretches(events)), "csv", "text/csv; charset=utf-8"
    day = clock.local_day(at, request.user.timezone).isoformat()
    name = f"{slugify(head.office) or 'office'}-trail-{day}.{suffix}"
    return StreamingHttpResponse(
        data, content_type=kind, headers={"Content-Disposition": f"attachment; filename*=UTF-8''{quote(name)}"}
    )


def _stretches(events: EventQuerySet) -> Iterator[list[Line]]:
    """The events in order with names put to them, some at a time, so that the size of a trail costs no memory."""
    after = 0
    while batch := list(events.filter(pk__gt=after).order_by("pk")[:AT_ONCE]):
        yield told(batch)
        after = batch[-1].pk


def _with_words(events: EventQuerySet) -> Iterator[tuple[list[Line], dict]]:
    for lines in _stretches(events):
        yield lines, words_between(lines[0].event.pk, lines[-1].event.pk)
