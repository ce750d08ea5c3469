"""What the pages share: what was asked, what was posted, and where it leads."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from typing import Any

from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse

from accounts import queries
from accounts.brokers import Profile, catalogue
from accounts.models import Account, Login
from accounts.rules import STRONG
from core import clock
from core.errors import Refused


def gives_strong_rights(request) -> bool:
    """Whether what was posted gives a right with which money or control can leave; who only lets view is not asked."""
    return bool(STRONG.intersection(request.POST.getlist("rights")))


def posted(request) -> Any:
    """What a form is made from: what was posted, or typed and not sent; None when the page is only being looked at."""
    return request.POST if request.method == "POST" or request.POST else None


def done(form: Any, deed: Callable[[], Any]) -> Any:
    """What the deed returns once the form is in order; None when it is not, a refusal being put on the form."""
    if not form.is_valid():
        return None
    try:
        return deed()
    except Refused as no:
        form.add_error(None, str(no))
        return None


def named(request, name: str, rows: Any) -> Any:
    """The row whose number the address gives, or None when it gives none. One that is not there is a 404."""
    number = request.GET.get(name, "")
    if not number:
        return None
    if not (number.isascii() and number.isdigit()):
        raise Http404
    return get_object_or_404(rows, pk=int(number[:20]))


def asked_broker(request) -> Profile | None:
    return catalogue().get(request.GET.get("broker", ""))


def pick_broker(request, question: str, route: str) -> HttpResponse:
    facts = {"question": question, "address": reverse(route), "lines": queries.broker_lines(request.user)}
    return render(request, "accounts/broker_pick.html", facts)


def today(request) -> date:
    return clock.local_day(clock.now(), request.user.timezone)


def to_account(account: Account) -> HttpResponse:
    return redirect(reverse("dashboard:show_account", args=[account.pk]))


def to_login(login: Login) -> HttpResponse:
    return redirect(reverse("accounts:show_login", args=[login.pk]))
