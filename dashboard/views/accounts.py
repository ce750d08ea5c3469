"""Accounts, and one account."""

from __future__ import annotations

from django import forms
from django.core.paginator import Paginator
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, render
from django.views.decorators.http import require_safe

from accounts.brokers import catalogue
from accounts.models import Account
from core import clock
from core.forms import PlainForm
from dashboard.context import frame_facts
from dashboard.queries import accounts as queries
from dashboard.queries.account import page as account_page
from identity import policies
from identity.access import Request, requires

PAGE = 50


def brokers() -> list[tuple[str, str]]:
    """Every broker by name, and the choice of none."""
    return [("", "Every broker"), *((slug, profile.name) for slug, profile in catalogue().items())]


class AccountFilter(PlainForm):
    """Which accounts to show."""

    broker = forms.ChoiceField(label="Broker", required=False, choices=brokers)
    text = forms.CharField(label="Name", required=False, max_length=60)


@require_safe
@requires(policies.any_member)
def list_accounts(request: Request) -> HttpResponse:
    """Every account with its doors."""
    form = AccountFilter(request.GET)
    narrowed = form.cleaned_data if form.is_valid() else {}
    page = Paginator(queries.found(request.user, **narrowed), PAGE).get_page(request.GET.get("page"))
    rows = queries.rows(list(page.object_list), request.user, at=clock.now(), office=frame_facts(request).office)
    return render(
        request,
        "dashboard/accounts.html",
        {"rows": rows, "page": page, "form": form, "narrowed": any(narrowed.values())},
    )


@require_safe
@requires(policies.any_member)
def show_account(request: Request, pk: int) -> HttpResponse:
    """One account: its doors and what each asks for, devices, authenticators, rights, what happened."""
    account = get_object_or_404(Account.objects.visible_to(request.user), pk=pk)
    facts = account_page(account, request.user, at=clock.now(), office=frame_facts(request).office)
    return render(request, "dashboard/account.html", {"account": account, "facts": facts})
