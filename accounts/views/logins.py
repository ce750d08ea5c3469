"""Pages on which logins and their doors are kept."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, render
from django.views.decorators.http import require_http_methods, require_safe

from accounts import actions, queries
from accounts.brokers import Profile
from accounts.forms import (
    EditDoorsForm,
    EditLoginForm,
    NewLoginForm,
    ReasonForm,
)
from accounts.models import Account, Login
from accounts.policies import edits_accounts, reads_logins
from accounts.views.asking import (
    asked_broker,
    done,
    gives_strong_rights,
    named,
    pick_broker,
    posted,
    to_account,
    to_login,
    today,
)
from core import clock
from identity.access import requires


def login_with_strong_rights(request) -> bool:
    """The same for a new login, which gives rights only when it reaches an account."""
    return gives_strong_rights(request) and bool(request.POST.get("account"))


@require_safe
@requires(reads_logins)
def show_login(request, pk: int) -> HttpResponse:
    login = get_object_or_404(Login.objects.visible_to(request.user).select_related("holder"), pk=pk)
    page = queries.login_page(login, on=today(request))
    return render(request, "accounts/login_show.html", {"page": page, "login": login})


@require_http_methods(["GET", "POST"])
@requires(edits_accounts, step_up=login_with_strong_rights)
def add_login(request) -> HttpResponse:
    """For an account (`?account=7`), or alone at a broker (`?broker=ibkr`), which is asked for first."""
    account = named(request, "account", Account.objects.visible_to(request.user).open())
    profile = account.profile if account else asked_broker(request)
    if profile is None:
        return pick_broker(request, "At which broker is the login?", "accounts:add_login")
    lines = queries.door_lines(profile, entity=account.entity if account else "", on=today(request))
    form = NewLoginForm(posted(request), profile=profile, lines=lines, initial={"account": account})
    login = done(form, lambda: _add_login(request, form, profile))
    if login:
        messages.success(request, f"{login} is on file.")
        return to_account(account) if account else to_login(login)
    return render(request, "accounts/login_add.html", {"form": form, "profile": profile, "account": account})


def _add_login(request, form: NewLoginForm, profile: Profile) -> Login:
    return actions.add_login(broker=profile.slug, by=request.user, at=clock.now(), **form.facts())


@require_http_methods(["GET", "POST"])
@requires(edits_accounts)
def edit_login(request, pk: int) -> HttpResponse:
    login = get_object_or_404(Login.objects.visible_to(request.user), pk=pk)
    form = EditLoginForm(posted(request), thing=login)
    if done(form, lambda: actions.change_login(login, by=request.user, at=clock.now(), **form.facts())):
        messages.success(request, "The login is changed.")
        return to_login(login)
    return render(request, "accounts/login_edit.html", {"form": form, "login": login})


@require_http_methods(["GET", "POST"])
@requires(edits_accounts)
def end_login(request, pk: int) -> HttpResponse:
    login = get_object_or_404(Login.objects.visible_to(request.user).select_related("holder"), pk=pk)
    form = ReasonForm(posted(request))
    if done(form, lambda: actions.end_login(login, by=request.user, at=clock.now(), **form.facts())):
        messages.success(request, f"{login} is ended.")
        return to_login(login)
    effects = queries.ending(login)
    return render(request, "accounts/login_end.html", {"form": form, "login": login, "effects": effects})


@require_http_methods(["GET", "POST"])
@requires(edits_accounts)
def edit_doors(request, pk: int) -> HttpResponse:
    login = get_object_or_404(Login.objects.visible_to(request.user), pk=pk)
    lines = queries.all_doors(login, on=today(request))
    form = EditDoorsForm(posted(request), thing=login, lines=lines)
    if done(form, lambda: _set_doors(request, form, login)):
        messages.success(request, f"The doors of {login} are set.")
        return to_login(login)
    return render(request, "accounts/login_doors.html", {"form": form, "login": login, "profile": login.profile})


def _set_doors(request, form: EditDoorsForm, login: Login) -> bool:
    actions.set_doors(login, form.cleaned_data["doors"], by=request.user, at=clock.now())
    return True
