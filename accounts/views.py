"""Pages on which accounts, logins, doors and rights are kept, and what is known of brokers."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_safe

from accounts import actions, queries
from accounts.brokers import Profile, catalogue
from accounts.forms import (
    EditAccountForm,
    EditDoorsForm,
    EditGrantForm,
    EditLoginForm,
    NewAccountForm,
    NewGrantForm,
    NewLoginForm,
    ReasonForm,
)
from accounts.models import Account, Grant, Login
from accounts.policies import edits_accounts, reads_brokers, reads_logins
from accounts.rules import STRONG
from core import clock
from core.errors import Refused
from core.forms import PlainForm
from identity.access import requires


def gives_strong_rights(request) -> bool:
    """Whether what was posted gives a right with which money or control can leave; who only lets view is not asked."""
    return bool(STRONG.intersection(request.POST.getlist("rights")))


def account_with_strong_rights(request) -> bool:
    """The same for a new account, which gives rights only when a login comes with it."""
    return gives_strong_rights(request) and bool(request.POST.get("login") or request.POST.get("label"))


def login_with_strong_rights(request) -> bool:
    """The same for a new login, which gives rights only when it reaches an account."""
    return gives_strong_rights(request) and bool(request.POST.get("account"))


# --- accounts ---------------------------------------------------------------------------------------------------------
@require_http_methods(["GET", "POST"])
@requires(edits_accounts, step_up=account_with_strong_rights)
def add_account(request) -> HttpResponse:
    """First the broker, then everything else on one page that knows the broker’s entities and usual doors."""
    profile = _broker(request)
    if profile is None:
        return _pick_broker(request, "Which broker holds the account?", "accounts:add_account")
    lines = queries.door_lines(profile, on=_today(request))
    form = NewAccountForm(_posted(request), profile=profile, lines=lines)
    account = _done(form, lambda: actions.open_account(by=request.user, at=clock.now(), **_with_broker(form, profile)))
    if account:
        messages.success(request, f"{account} is on file.")
        return _to_account(account)
    return render(request, "accounts/account_add.html", {"form": form, "profile": profile})


def _with_broker(form: NewAccountForm, profile: Profile) -> dict[str, Any]:
    facts = form.facts()
    return facts | {"account": facts["account"] | {"broker": profile.slug}}


@require_http_methods(["GET", "POST"])
@requires(edits_accounts)
def edit_account(request, pk: int) -> HttpResponse:
    account = get_object_or_404(Account.objects.visible_to(request.user), pk=pk)
    form = EditAccountForm(_posted(request), thing=account, profile=account.profile)
    if _done(form, lambda: actions.change_account(account, by=request.user, at=clock.now(), **form.facts())):
        messages.success(request, "The account is changed.")
        return _to_account(account)
    return render(request, "accounts/account_edit.html", {"form": form, "account": account})


@require_http_methods(["GET", "POST"])
@requires(edits_accounts)
def close_account(request, pk: int) -> HttpResponse:
    account = get_object_or_404(Account.objects.visible_to(request.user), pk=pk)
    form = ReasonForm(_posted(request))
    if _done(form, lambda: actions.close_account(account, by=request.user, at=clock.now(), **form.facts())):
        messages.success(request, f"{account} is closed.")
        return _to_account(account)
    effects = queries.closing(account)
    return render(request, "accounts/account_close.html", {"form": form, "account": account, "effects": effects})


# --- logins -----------------------------------------------------------------------------------------------------------
@require_safe
@requires(reads_logins)
def show_login(request, pk: int) -> HttpResponse:
    login = get_object_or_404(Login.objects.visible_to(request.user).select_related("holder"), pk=pk)
    page = queries.login_page(login, on=_today(request))
    return render(request, "accounts/login_show.html", {"page": page, "login": login})


@require_http_methods(["GET", "POST"])
@requires(edits_accounts, step_up=login_with_strong_rights)
def add_login(request) -> HttpResponse:
    """For an account (`?account=7`), or alone at a broker (`?broker=ibkr`), which is asked for first."""
    account = _named(request, "account", Account.objects.visible_to(request.user).open())
    profile = account.profile if account else _broker(request)
    if profile is None:
        return _pick_broker(request, "At which broker is the login?", "accounts:add_login")
    lines = queries.door_lines(profile, entity=account.entity if account else "", on=_today(request))
    form = NewLoginForm(_posted(request), profile=profile, lines=lines, initial={"account": account})
    login = _done(form, lambda: _add_login(request, form, profile))
    if login:
        messages.success(request, f"{login} is on file.")
        return _to_account(account) if account else _to_login(login)
    return render(request, "accounts/login_add.html", {"form": form, "profile": profile, "account": account})


def _add_login(request, form: NewLoginForm, profile: Profile) -> Login:
    return actions.add_login(broker=profile.slug, by=request.user, at=clock.now(), **form.facts())


@require_http_methods(["GET", "POST"])
@requires(edits_accounts)
def edit_login(request, pk: int) -> HttpResponse:
    login = get_object_or_404(Login.objects.visible_to(request.user), pk=pk)
    form = EditLoginForm(_posted(request), thing=login)
    if _done(form, lambda: actions.change_login(login, by=request.user, at=clock.now(), **form.facts())):
        messages.success(request, "The login is changed.")
        return _to_login(login)
    return render(request, "accounts/login_edit.html", {"form": form, "login": login})


@require_http_methods(["GET", "POST"])
@requires(edits_accounts)
def end_login(request, pk: int) -> HttpResponse:
    login = get_object_or_404(Login.objects.visible_to(request.user).select_related("holder"), pk=pk)
    form = ReasonForm(_posted(request))
    if _done(form, lambda: actions.end_login(login, by=request.user, at=clock.now(), **form.facts())):
        messages.success(request, f"{login} is ended.")
        return _to_login(login)
    effects = queries.ending(login)
    return render(request, "accounts/login_end.html", {"form": form, "login": login, "effects": effects})


@require_http_methods(["GET", "POST"])
@requires(edits_accounts)
def edit_doors(request, pk: int) -> HttpResponse:
    login = get_object_or_404(Login.objects.visible_to(request.user), pk=pk)
    lines = queries.all_doors(login, on=_today(request))
    form = EditDoorsForm(_posted(request), thing=login, lines=lines)
    if _done(form, lambda: _set_doors(request, form, login)):
        messages.success(request, f"The doors of {login} are set.")
        return _to_login(login)
    return render(request, "accounts/login_doors.html", {"form": form, "login": login, "profile": login.profile})


def _set_doors(request, form: EditDoorsForm, login: Login) -> bool:
    actions.set_doors(login, form.cleaned_data["doors"], by=request.user, at=clock.now())
    return True


# --- rights -----------------------------------------------------------------------------------------------------------
@require_http_methods(["GET", "POST"])
@requires(edits_accounts, step_up=gives_strong_rights)
def give_grant(request) -> HttpResponse:
    """Rights of a login in an account; the address names one of the two (`?account=7` or `?login=3`)."""
    login = _named(request, "login", Login.objects.visible_to(request.user).open())
    account = _named(request, "account", Account.objects.visible_to(request.user).open())
    if login is None and account is None:
        raise Http404
    form = NewGrantForm(_posted(request), login=login, account=account)
    grant = _done(form, lambda: actions.give_grant(by=request.user, at=clock.now(), **form.facts()))
    if grant:
        messages.success(request, f"{grant.rights_in_words()} for {grant.login}.")
        return _to_account(grant.account)
    return render(request, "accounts/grant_give.html", {"form": form, "login": login, "account": account})


@require_http_methods(["GET", "POST"])
@requires(edits_accounts, step_up=gives_strong_rights)
def edit_grant(request, pk: int) -> HttpResponse:
    grant = get_object_or_404(Grant.objects.visible_to(request.user).select_related("login", "account"), pk=pk)
    form = EditGrantForm(_posted(request), thing=grant)
    if _done(form, lambda: actions.change_grant(grant, by=request.user, at=clock.now(), **form.facts())):
        messages.success(request, f"The rights of {grant.login} are changed.")
        return _to_account(grant.account)
    return render(request, "accounts/grant_edit.html", {"form": form, "grant": grant})


@require_http_methods(["GET", "POST"])
@requires(edits_accounts)
def end_grant(request, pk: int) -> HttpResponse:
    rows = Grant.objects.visible_to(request.user).select_related("login__holder", "account")
    grant = get_object_or_404(rows, pk=pk)
    form = PlainForm(_posted(request))
    if _done(form, lambda: actions.end_grant(grant, by=request.user, at=clock.now())):
        messages.success(request, f"{grant.login} has no rights in {grant.account} any more.")
        return _to_account(grant.account)
    effects = queries.taking_away(grant)
    return render(request, "accounts/grant_end.html", {"form": form, "grant": grant, "effects": effects})


# --- brokers ----------------------------------------------------------------------------------------------------------
@require_safe
@requires(reads_brokers)
def list_brokers(request) -> HttpResponse:
    return render(request, "accounts/broker_list.html", {"lines": queries.broker_lines(request.user)})


@require_safe
@requires(reads_brokers)
def show_broker(request, slug: str) -> HttpResponse:
    profile = catalogue().get(slug)
    if profile is None:
        raise Http404
    page = queries.broker_page(profile, request.user, on=_today(request))
    return render(request, "accounts/broker_show.html", {"page": page, "profile": profile})


# --- what the pages share ---------------------------------------------------------------------------------------------
def _posted(request) -> Any:
    """What a form is made from: what was posted, or typed and not sent; None when the page is only being looked at."""
    return request.POST if request.method == "POST" or request.POST else None


def _done(form: Any, deed: Callable[[], Any]) -> Any:
    """What the deed returns once the form is in order; None when it is not, a refusal being put on the form."""
    if not form.is_valid():
        return None
    try:
        return deed()
    except Refused as no:
        form.add_error(None, str(no))
        return None


def _named(request, name: str, rows: Any) -> Any:
    """The row whose number the address gives, or None when it gives none. One that is not there is a 404."""
    number = request.GET.get(name, "")
    if not number:
        return None
    if not (number.isascii() and number.isdigit()):
        raise Http404
    return get_object_or_404(rows, pk=int(number[:20]))


def _broker(request) -> Profile | None:
    return catalogue().get(request.GET.get("broker", ""))


def _pick_broker(request, question: str, route: str) -> HttpResponse:
    facts = {"question": question, "address": reverse(route), "lines": queries.broker_lines(request.user)}
    return render(request, "accounts/broker_pick.html", facts)


def _today(request) -> date:
    return clock.local_day(clock.now(), request.user.timezone)


def _to_account(account: Account) -> HttpResponse:
    return redirect(reverse("dashboard:show_account", args=[account.pk]))


def _to_login(login: Login) -> HttpResponse:
    return redirect(reverse("accounts:show_login", args=[login.pk]))
