"""Authenticators and their backups: the list, and what happens to an authenticator."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_http_methods, require_safe

from accounts.models import Login
from accounts.queries.brokers import factor_line, factor_lines
from core import clock
from core.errors import Refused
from devices import actions, queries
from devices.foresight import foresight
from devices.forms import AuthenticatorForm, MomentForm, NewAuthenticatorForm
from devices.models import Authenticator
from identity.access import Request, requires
from identity.policies import any_member, is_manager, may_do_things
from identity.queries import office

PAGE = 40


@require_safe
@requires(any_member)
def list_authenticators(request: Request) -> HttpResponse:
    """Each login with its authenticators and backups; with `?alone`, only those that one loss would lock out.

    With `?login=` only that one.
    """
    rings = foresight().rings(request.user, at=clock.now(), office=office())
    if request.GET.get("login"):
        rings = [ring for ring in rings if str(ring.login.pk) == request.GET["login"]]
    alone = [ring for ring in rings if ring.is_alone]
    shown = alone if "alone" in request.GET else rings
    page = Paginator(shown, PAGE).get_page(request.GET.get("page"))
    facts = {"page": page, "alone": len(alone), "only_alone": "alone" in request.GET, "is_empty": not rings}
    return render(request, "devices/authenticator_list.html", facts)


@require_safe
@requires(any_member)
def show_authenticator(request: Request, pk: int) -> HttpResponse:
    """One authenticator: what the broker says of its kind, what carries it, and what there is when it is gone."""
    authenticator, at = _authenticator(request, pk), clock.now()
    line = foresight().line_of(authenticator.login, request.user, at=at, office=office())
    facts = {
        "authenticator": authenticator,
        "key": next((key for key in line.ring.keys if key.id == authenticator.pk), None),
        "line": line,
        "broker": factor_line(authenticator.login.profile, authenticator.factor),
        "lines": queries.history_of(authenticator, request.user),
    }
    return render(request, "devices/authenticator_show.html", facts)


@require_http_methods(["GET", "POST"])
@requires(is_manager)
def add_authenticator(request: Request) -> HttpResponse:
    """First the login, then everything else on one page that knows the broker's factors."""
    login = _login(request)
    if login is None:
        facts = {"logins": queries.logins_for(request.user), "noun": "authenticator"}
        return render(request, "devices/login_pick.html", facts)
    form = NewAuthenticatorForm(request.POST or None, login=login)
    if request.method == "POST" and form.is_valid():
        try:
            added = actions.add_authenticator(login=login, by=request.user, at=clock.now(), **form.facts())
        except Refused as no:
            form.add_error(None, str(no))
        else:
            messages.success(request, f"{added} is on file for {login.label}.")
            return redirect("devices:list_authenticators")
    facts = {"form": form, "login": login, "kinds": factor_lines(login.profile)}
    return render(request, "devices/authenticator_edit.html", facts)


@require_http_methods(["GET", "POST"])
@requires(is_manager)
def edit_authenticator(request: Request, pk: int) -> HttpResponse:
    """Change what carries an authenticator."""
    authenticator = _authenticator(request, pk)
    form = AuthenticatorForm(request.POST or None, thing=authenticator)
    if request.method == "POST" and form.is_valid():
        try:
            actions.change_authenticator(authenticator, by=request.user, at=clock.now(), **form.facts())
        except Refused as no:
            form.add_error(None, str(no))
        else:
            messages.success(request, "Saved.")
            return redirect("devices:list_authenticators")
    login = authenticator.login
    kinds = [factor_line(login.profile, authenticator.factor)]
    facts = {"form": form, "authenticator": authenticator, "login": login, "kinds": kinds}
    return render(request, "devices/authenticator_edit.html", facts)


@require_http_methods(["GET", "POST"])
@requires(may_do_things)
def confirm_authenticator(request: Request, pk: int) -> HttpResponse:
    """Say that an authenticator was seen to work."""
    authenticator, at = _authenticator(request, pk), clock.now()
    form = MomentForm(request.POST or None, by=request.user, at=at)
    if request.method == "POST" and form.is_valid():
        try:
            actions.confirm_authenticator(authenticator, by=request.user, at=at, **form.facts())
        except Refused as no:
            form.add_error(None, str(no))
        else:
            messages.success(request, f"{authenticator} of {authenticator.login.label} is proven.")
            return redirect("devices:list_authenticators")
    return render(request, "devices/authenticator_confirm.html", {"form": form, "authenticator": authenticator})


@require_http_methods(["GET", "POST"])
@requires(is_manager)
def end_authenticator(request: Request, pk: int) -> HttpResponse:
    """An authenticator opens nothing any more."""
    authenticator = _authenticator(request, pk)
    if request.method == "POST":
        try:
            actions.end_authenticator(authenticator, by=request.user, at=clock.now())
        except Refused as no:
            messages.error(request, str(no))
        else:
            messages.success(request, f"{authenticator} of {authenticator.login.label} is ended.")
        return redirect("devices:list_authenticators")
    return render(request, "devices/authenticator_end.html", {"authenticator": authenticator})


def _authenticator(request: Request, pk: int) -> Authenticator:
    rows = Authenticator.objects.visible_to(request.user).select_related("login__holder")
    return get_object_or_404(rows, pk=pk)


def _login(request: Request) -> Any:
    """The login that the address names, None when it names none; 404 for one that the reader may not see."""
    number = request.GET.get("login", "")
    rows = Login.objects.visible_to(request.user).open().select_related("holder")
    return get_object_or_404(rows, pk=number) if number.isdecimal() else None
