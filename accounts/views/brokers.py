"""Pages of what is known of brokers."""

from __future__ import annotations

from django.http import Http404, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from accounts import queries
from accounts.brokers import catalogue
from accounts.policies import reads_brokers
from accounts.views.asking import (
    today,
)
from identity.access import requires


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
    page = queries.broker_page(profile, request.user, on=today(request))
    return render(request, "accounts/broker_show.html", {"page": page, "profile": profile})
