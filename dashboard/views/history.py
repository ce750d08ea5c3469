"""One row of the inventory as it was on a day, beside now."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django.http import HttpResponse
from django.shortcuts import get_object_or_404, render
from django.views.decorators.http import require_safe

from accounts.models import Account, Door, Grant, Login
from core import clock
from dashboard.forms import OnForm
from dashboard.queries import history
from devices.models import Asset, Authenticator, Validation
from identity import policies
from identity.access import Request, requires
from recovery.models import AuthenticatorBackup


def _page(request: Request, rows: Any, pk: int) -> HttpResponse:
    """The history of a row that the reader may see; without a good day, as it was yesterday."""
    row = get_object_or_404(rows, pk=pk)
    zone = request.user.timezone
    yesterday = clock.local_day(clock.now(), zone) - timedelta(days=1)
    form = OnForm(request.GET if "on" in request.GET else None, initial={"on": yesterday})
    day = form.cleaned_data["on"] if form.is_bound and form.is_valid() else yesterday
    facts = {"row": row, "form": form, "page": history.page(row, day=day, zone=zone)}
    return render(request, "dashboard/history.html", facts)


@require_safe
@requires(policies.sees_everything)
def show_account(request: Request, pk: int) -> HttpResponse:
    return _page(request, Account.objects.visible_to(request.user), pk)


@require_safe
@requires(policies.sees_everything)
def show_login(request: Request, pk: int) -> HttpResponse:
    return _page(request, Login.objects.visible_to(request.user), pk)


@require_safe
@requires(policies.sees_everything)
def show_door(request: Request, pk: int) -> HttpResponse:
    return _page(request, Door.objects.visible_to(request.user).select_related("login"), pk)


@require_safe
@requires(policies.sees_everything)
def show_grant(request: Request, pk: int) -> HttpResponse:
    return _page(request, Grant.objects.visible_to(request.user).select_related("login", "account"), pk)


@require_safe
@requires(policies.sees_everything)
def show_asset(request: Request, pk: int) -> HttpResponse:
    return _page(request, Asset.objects.visible_to(request.user), pk)


@require_safe
@requires(policies.sees_everything)
def show_validation(request: Request, pk: int) -> HttpResponse:
    return _page(request, Validation.objects.visible_to(request.user).select_related("door__login", "device"), pk)


@require_safe
@requires(policies.sees_everything)
def show_authenticator(request: Request, pk: int) -> HttpResponse:
    return _page(request, Authenticator.objects.visible_to(request.user).select_related("login"), pk)


@require_safe
@requires(policies.sees_everything)
def show_backup(request: Request, pk: int) -> HttpResponse:
    return _page(request, AuthenticatorBackup.objects.visible_to(request.user).select_related("login"), pk)
