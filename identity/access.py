"""The guard on every route: who may open it, and that nobody does with a password alone."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any
from urllib.parse import quote

from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme
from django_htmx.middleware import HtmxDetails

from identity.models import Member
from identity.policies import anyone
from identity.rules import network_of

Policy = Callable[..., bool]
View = Callable[..., HttpResponse]


class Request(HttpRequest):
    """A request as views see it: past the guard, with what the middleware put on it."""

    user: Member
    address: str | None
    htmx: HtmxDetails


def requires(policy: Policy) -> Callable[[View], View]:
    """Let a view answer only members who have shown password and code and whom `policy` admits.

    The policy is left on the view as `.policy`; a test walks the URL list and fails on a route without one.
    """

    def guard(view: View) -> View:
        @wraps(view)
        def guarded(request: Request, *args: Any, **kwargs: Any) -> HttpResponse:
            if not is_inside(request.user):
                return to_sign_in(request)
            if not policy(request.user):
                raise PermissionDenied
            request.user.came_from = network_of(request.address)
            return view(request, *args, **kwargs)

        return _with_policy(guarded, policy)

    return guard


def open_to_all(view: View) -> View:
    """Mark a view as open before sign-in. The list of such routes is a test’s."""
    return _with_policy(view, anyone)


def _with_policy(view: View, policy: Policy) -> View:
    vars(view)["policy"] = policy
    return view


def is_inside(user: Any) -> bool:
    """Whether this user has shown password and second factor in this session."""
    return bool(user.is_authenticated and user.is_verified())


def to_sign_in(request: Request) -> HttpResponse:
    """Send the browser to the sign-in page and back here afterwards; a fragment makes the whole page go."""
    back = request.get_full_path() if request.method == "GET" else request.headers.get("HX-Current-URL", "/")
    address = f"{reverse('identity:sign_in')}?next={quote(safe_next(request, back))}"
    if request.htmx:
        answer = HttpResponse(status=204)
        answer["HX-Redirect"] = address
        return answer
    return redirect(address)


def safe_next(request: HttpRequest, address: str | None) -> str:
    """`address` when it is a path of this installation, else Today."""
    here = url_has_allowed_host_and_scheme(
        address, allowed_hosts={request.get_host()}, require_https=request.is_secure()
    )
    if not address or not here or not address.startswith("/") or "\\" in address or address.startswith("//"):
        return "/"
    return address
