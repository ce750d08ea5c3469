"""Pages on which brokerage accounts are kept."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, render
from django.views.decorators.http import require_http_methods

from accounts import actions, queries
from accounts.brokers import Profile
from accounts.forms import (
    EditAccountForm,
    NewAccountForm,
    ReasonForm,
)
from accounts.models import Account
from accounts.policies import edits_accounts
from accounts.views.asking import (
    asked_broker,
    done,
    gives_strong_rights,
    pick_broker,
    posted,
    to_account,
    today,
)
from core import clock
from identity.access import requires


def account_with_strong_rights(request) -> bool:
    """The same for a new account, which gives rights only when a login comes with it."""
    return gives_strong_rights(request) and bool(request.POST.get("login") or request.POST.get("label"))


@require_http_methods(["GET", "POST"])
@requires(edits_accounts, step_up=account_with_strong_rights)
def add_account(request) -> HttpResponse:
    """First the broker, then everything else on one page that knows the broker’s entities and usual doors."""
    profile = asked_broker(request)
    if profile is None:
        return pick_broker(request, "Which broker holds the account?", "accounts:add_account")
    lines = queries.door_lines(profile, on=today(request))
    form = NewAccountForm(posted(request), profile=profile, lines=lines)
    account = done(form, lambda: actions.open_account(by=request.user, at=clock.now(), **_with_broker(form, profile)))
    if account:
        messages.success(request, f"{account} is on file.")
        return to_account(account)
    return render(request, "accounts/account_add.html", {"form": form, "profile": profile})


def _with_broker(form: NewAccountForm, profile: Profile) -> dict[str, Any]:
    facts = form.facts()
    return facts | {"account": facts["account"] | {"broker": profile.slug}}


@require_http_methods(["GET", "POST"])
@requires(edits_accounts)
def edit_account(request, pk: int) -> HttpResponse:
    account = get_object_or_404(Account.objects.visible_to(request.user), pk=pk)
    form = EditAccountForm(posted(request), thing=account, profile=account.profile)
    if done(form, lambda: actions.change_account(account, by=request.user, at=clock.now(), **form.facts())):
        messages.success(request, "The account is changed.")
        return to_account(account)
    return render(request, "accounts/account_edit.html", {"form": form, "account": account})


@require_http_methods(["GET", "POST"])
@requires(edits_accounts)
def close_account(request, pk: int) -> HttpResponse:
    account = get_object_or_404(Account.objects.visible_to(request.user), pk=pk)
    form = ReasonForm(posted(request))
    if done(form, lambda: actions.close_account(account, by=request.user, at=clock.now(), **form.facts())):
        messages.success(request, f"{account} is closed.")
        return to_account(account)
    effects = queries.closing(account)
    return render(request, "accounts/account_close.html", {"form": form, "account": account, "effects": effects})
