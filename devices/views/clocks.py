"""Measuring a device’s clock against the server’s: open before sign-in too, because codes fail there first."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpResponse, JsonResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_safe

from core import clock
from core.errors import Refused
from devices import actions, queries
from devices.clocks import Reading
from devices.forms import ClockForm
from devices.models import Asset
from identity.access import Request, is_inside, open_to_all
from identity.policies import may_do_things

# Where the clock is set, by system.
HOW_TO_SET = (
    ("Windows", "Settings, Time & language, Date & time: switch on “Set time automatically”, then “Sync now”."),
    ("macOS", "System Settings, General, Date & Time: switch on “Set time and date automatically”."),
    ("Linux", "Switch on automatic date and time in the settings, or run timedatectl set-ntp true."),
    ("iPhone and iPad", "Settings, General, Date & Time: switch on “Set Automatically”."),
    ("Android", "Settings, System, Date & time: switch on “Set time automatically”."),
)


@require_safe
@never_cache
@open_to_all
def tell_time(request: Request) -> HttpResponse:
    """The server’s time in milliseconds since 1970, for a page to compare its own with. It says nothing else."""
    return JsonResponse({"now": round(clock.now().timestamp() * 1000)})


@require_http_methods(["GET", "POST"])
@never_cache
@open_to_all
def check_clock(request: Request) -> HttpResponse:
    """Measure this device’s clock; who is inside may write it down for one of the devices they hold.

    Without scripts, a person types what their clock shows, and the moment at which that arrives is what it is compared
    with.
    """
    at, member = clock.now(), request.user if is_inside(request.user) else None
    may_keep = member is not None and may_do_things(member)
    devices = queries.devices_with_clocks(member) if member and may_keep else []
    form = ClockForm(request.POST or None, devices=devices, at=at)
    reading = form.reading() if request.method == "POST" and form.is_valid() else None
    if reading and may_keep and form.cleaned_data.get("device"):
        kept = _keep(request, form, reading)
        if kept:
            return redirect("devices:show_asset", kept.pk)
    facts = {"form": form, "reading": reading, "devices": devices, "how_to_set": HOW_TO_SET, "inside": bool(member)}
    return render(request, "devices/clock.html" if member else "devices/clock_outside.html", facts)


def _keep(request: Request, form: ClockForm, reading: Reading) -> Asset | None:
    """Write it down; None when that was refused, which then stands on the form."""
    rows = Asset.objects.visible_to(request.user)
    asset = get_object_or_404(rows, pk=form.cleaned_data["device"])
    try:
        actions.note_clock(asset, reading, by=request.user, at=clock.now())
    except Refused as no:
        form.add_error(None, str(no))
        return None
    tell = messages.success if reading.state == "ok" else messages.warning
    tell(request, f"The clock of {asset.name} is {reading.words}.")
    return asset
