"""Accounts, and one account."""

from __future__ import annotations

from django import forms
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_safe

from accounts.brokers import catalogue
from accounts.models import Account
from core import clock
from core.forms import PlainForm
from core.tables import Column, Table, export, in_words
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


COLUMNS = (
    Column("name", "Account", lambda row: row.account.name, order=("name",)),
    Column("number", "Number", lambda row: row.account.masked, order=("hint",)),
    Column("doors", "Doors", lambda row: row.doors_in_words, key=lambda row: row.worst),
    Column("who", "Who reaches it", lambda row: row.people, key=lambda row: row.people),
)


@require_safe
@requires(policies.any_member)
def list_accounts(request: Request) -> HttpResponse:
    """Every account with its doors."""
    form, table = _accounts(request)
    facts = {"form": form, "table": table, "page": table.page, "rows": table.rows, "narrowed": bool(in_words(form))}
    return render(request, "dashboard/accounts.html", facts)


@require_http_methods(["GET", "POST"])
@requires(policies.any_member, step_up=True)
def export_accounts(request: Request) -> HttpResponse:
    """The same list as a file."""
    form, table = _accounts(request)
    return export(request, table, name="Accounts", back=reverse("dashboard:list_accounts"), asked=in_words(form))


def _accounts(request: Request) -> tuple[AccountFilter, Table]:
    form, at = AccountFilter(request.GET), clock.now()
    wanted = form.cleaned_data if form.is_valid() else {}

    def rows(accounts: list[Account]) -> list[queries.Row]:
        return queries.rows(accounts, request.user, at=at, office=frame_facts(request).office)

    return form, Table(COLUMNS, queries.found(request.user, **wanted), rows, asked=request.GET, size=PAGE)


@require_safe
@requires(policies.any_member)
def show_account(request: Request, pk: int) -> HttpResponse:
    """One account: its doors and what each asks for, devices, authenticators, rights, what happened."""
    account = get_object_or_404(Account.objects.visible_to(request.user), pk=pk)
    facts = account_page(account, request.user, at=clock.now(), office=frame_facts(request).office)
    return render(request, "dashboard/account.html", {"account": account, "facts": facts})
