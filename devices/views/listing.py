"""The list of things, as a page and as a file."""

from __future__ import annotations

from django.http import HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_safe

from core import clock
from core.tables import Column, Table, export, in_words
from devices import queries
from devices.foresight import foresight
from devices.forms import AssetFilter
from devices.models import Asset
from identity.access import Request, requires
from identity.policies import any_member
from identity.queries import office

PAGE = 50
COLUMNS = (
    Column("name", "Thing", lambda row: row[0].name, order=("name",)),
    Column("holder", "Held by", lambda row: row[0].holder.name if row[0].holder else "Shared", order=("holder__name",)),
    Column("opens", "Helps open", lambda row: row[1].opens, key=lambda row: row[1].doors),
    Column("proof", "Most pressing proof", lambda row: row[1].proof_in_words, key=lambda row: row[1].pressing),
    Column("spare", "Spare", lambda row: row[1].spare_in_words, key=lambda row: row[1].spare_in_words),
)


@require_safe
@requires(any_member)
def list_assets(request: Request) -> HttpResponse:
    """Every thing, what it helps open, and what stands in for it."""
    form, table = _things(request)
    facts = {"form": form, "table": table, "page": table.page, "rows": table.rows, "narrowed": bool(in_words(form))}
    return render(request, "devices/asset_list.html", facts)


@require_http_methods(["GET", "POST"])
@requires(any_member, step_up=True)
def export_assets(request: Request) -> HttpResponse:
    """The same list as a file."""
    form, table = _things(request)
    return export(request, table, name="Devices", back=reverse("devices:list_assets"), asked=in_words(form))


def _things(request: Request) -> tuple[AssetFilter, Table]:
    """What is asked for, and the things that are like that. A filter that makes no sense is as if it were empty."""
    form, at = AssetFilter(request.GET, by=request.user), clock.now()
    wanted = form.cleaned_data if form.is_valid() else {}

    def rows(things: list[Asset]) -> list[tuple[Asset, object]]:
        told = foresight().summaries(things, request.user, at=at, office=office())
        return [(asset, told[asset.pk]) for asset in things]

    return form, Table(COLUMNS, queries.found(request.user, **wanted), rows, asked=request.GET, size=PAGE)
