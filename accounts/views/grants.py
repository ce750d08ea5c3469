"""Pages on which rights are kept."""

from __future__ import annotations

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.views.decorators.http import require_http_methods

from accounts import actions, queries
from accounts.forms import (
    EditGrantForm,
    NewGrantForm,
)
from accounts.models import Account, Grant, Login
from accounts.policies import edits_accounts
from accounts.views.asking import (
    done,
    gives_strong_rights,
    named,
    posted,
    to_account,
)
from core import clock
from core.forms import PlainForm
from identity.access import requires


@require_http_methods(["GET", "POST"])
@requires(edits_accounts, step_up=gives_strong_rights)
def give_grant(request) -> HttpResponse:
    """Rights of a login in an account; the address names one of the two (`?account=7` or `?login=3`)."""
    login = named(request, "login", Login.objects.visible_to(request.user).open())
    account = named(request, "account", Account.objects.visible_to(request.user).open())
    if login is None and account is None:
        raise Http404
    form = NewGrantForm(posted(request), login=login, account=account)
    grant = done(form, lambda: actions.give_grant(by=request.user, at=clock.now(), **form.facts()))
    if grant:
        messages.success(request, f"{grant.rights_in_words()} for {grant.login}.")
        return to_account(grant.account)
    return render(request, "accounts/grant_give.html", {"form": form, "login": login, "account": account})


@require_http_methods(["GET", "POST"])
@requires(edits_accounts, step_up=gives_strong_rights)
def edit_grant(request, pk: int) -> HttpResponse:
    grant = get_object_or_404(Grant.objects.visible_to(request.user).select_related("login", "account"), pk=pk)
    form = EditGrantForm(posted(request), thing=grant)
    if done(form, lambda: actions.change_grant(grant, by=request.user, at=clock.now(), **form.facts())):
        messages.success(request, f"The rights of {grant.login} are changed.")
        return to_account(grant.account)
    return render(request, "accounts/grant_edit.html", {"form": form, "grant": grant})


@require_http_methods(["GET", "POST"])
@requires(edits_accounts)
def end_grant(request, pk: int) -> HttpResponse:
    rows = Grant.objects.visible_to(request.user).select_related("login__holder", "account")
    grant = get_object_or_404(rows, pk=pk)
    form = PlainForm(posted(request))
    if done(form, lambda: actions.end_grant(grant, by=request.user, at=clock.now())):
        messages.success(request, f"{grant.login} has no rights in {grant.account} any more.")
        return to_account(grant.account)
    effects = queries.taking_away(grant)
    return render(request, "accounts/grant_end.html", {"form": form, "grant": grant, "effects": effects})
