"""Validations: recording what came of trying a door from a device."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_http_methods, require_POST

from accounts.brokers import Lockout
from accounts.models import Door
from core import clock
from core.errors import Refused
from devices import actions, rules
from devices.enums import How, Outcome
from devices.forms import ValidationForm
from devices.models import Asset, Validation
from identity.access import Request, requires, safe_next
from identity.policies import is_manager, may_do_things


@require_http_methods(["GET", "POST"])
@requires(may_do_things)
def add_validation(request: Request) -> HttpResponse:
    """Record a proof from a device or a door, or one that is on file already, named in the address."""
    at = clock.now()
    door = _named(request, Door.objects.visible_to(request.user).select_related("login__holder"), "door")
    device = _named(request, Asset.objects.visible_to(request.user), "device")
    form = ValidationForm(request.POST or None, by=request.user, at=at, door=door, device=device)
    if request.method == "POST" and form.is_valid():
        answer = _record(request, form, at)
        if answer is not None:
            return answer
    facts = {"form": form, "door": door, "device": device, "lockouts": _lockouts(door)}
    return render(request, "devices/validation_add.html", facts)


def _record(request: Request, form: ValidationForm, at: datetime) -> HttpResponse | None:
    """Act on a good form; None when the answer was no and stands on the form."""
    facts = form.facts()
    door = get_object_or_404(Door.objects.visible_to(request.user).select_related("login"), pk=facts.pop("door"))
    device = get_object_or_404(Asset.objects.visible_to(request.user), pk=facts.pop("device"))
    try:
        validation = _act(request, door, device, facts, at)
    except Refused as no:
        form.add_error(None, str(no))
        return None
    _tell(request, validation, door, device, at)
    return redirect("devices:show_asset", device.pk)


def _act(request: Request, door: Door, device: Asset, facts: dict[str, Any], at: datetime) -> Validation:
    if facts["outcome"] == Outcome.EXPECTED:
        return actions.expect_validation(door, device, note=facts["note"], by=request.user, at=at)
    return actions.confirm_validation(door, device, proved_by=request.user, by=request.user, at=at, **facts)


def _tell(request: Request, validation: Validation, door: Door, device: Asset, at: datetime) -> None:
    where = f"{door.name} from {device.name}"
    if validation.created_at != at:
        messages.info(request, f"{where} was recorded a moment ago. Nothing was added.")
    elif validation.outcome == Outcome.PROVEN:
        messages.success(request, f"{where} is proven.")
    elif validation.outcome == Outcome.FAILED:
        messages.error(
            request, f"{where} is recorded as failed. Before you try again, read when the broker locks a login."
        )
    elif validation.outcome == Outcome.EXPECTED:
        messages.success(request, f"{where} is asked for. It counts as never proven until somebody has tried.")
    else:
        messages.warning(request, f"{where} is not known to work.")


@require_POST
@requires(may_do_things)
def confirm_validation(request: Request, pk: int) -> HttpResponse:
    """It still works, seen just now: one press from a list, then back to it."""
    rows = Validation.objects.visible_to(request.user).select_related("door__login", "device")
    validation, at = get_object_or_404(rows, pk=pk), clock.now()
    door, device = validation.door, validation.device
    try:
        proven = actions.confirm_validation(
            door, device, how=How.USED, proved_at=at, proved_by=request.user, by=request.user, at=at
        )
    except Refused as no:
        messages.error(request, str(no))
    else:
        _tell(request, proven, door, device, at)
    return redirect(safe_next(request, request.POST.get("next") or f"/devices/{device.pk}/"))


@require_http_methods(["GET", "POST"])
@requires(is_manager)
def end_validation(request: Request, pk: int) -> HttpResponse:
    """Stop asking for a door from a device."""
    rows = Validation.objects.visible_to(request.user).select_related("door__login", "device")
    validation = get_object_or_404(rows, pk=pk)
    if request.method == "POST":
        try:
            actions.end_validation(validation, by=request.user, at=clock.now())
        except Refused as no:
            messages.error(request, str(no))
        else:
            messages.success(request, f"{validation.door.name} from {validation.device.name} is no longer asked for.")
        return redirect("devices:show_asset", validation.device_id)
    return render(request, "devices/validation_end.html", {"validation": validation})


def _lockouts(door: Door | None) -> tuple[Lockout, ...]:
    return rules.lockouts(door.login.profile, door.interface) if door else ()


def _named(request: Request, rows: Any, name: str) -> Any:
    """The row that the address names, None when it names none; 404 for one that the reader may not see."""
    number = request.GET.get(name, "")
    return get_object_or_404(rows, pk=number) if number.isdecimal() else None
