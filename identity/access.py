"""The guard on every route: who may open it, and that nobody does with a password alone."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from functools import wraps
from typing import Any
from urllib.parse import quote, urlsplit, urlunsplit

from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.functional import LazyObject
from django.utils.http import url_has_allowed_host_and_scheme
from django_htmx.middleware import HtmxDetails

from core import clock
from identity.models import Member
from identity.policies import anyone

# How long a proof with a factor counts as fresh; it is not prolonged by use.
FRESH_FOR = timedelta(minutes=10)
Policy = Callable[..., bool]
View = Callable[..., HttpResponse]


class Request(HttpRequest):
    """A request as views see it: past the guard, with what the middleware put on it."""

    user: Member
    address: str | None
    htmx: HtmxDetails


def requires(policy: Policy, *, step_up: bool = False) -> Callable[[View], View]:
    """Let a view answer only members who have shown password and code and whom `policy` admits.

    With `step_up` they must also have shown a factor within the last ten minutes; who has not is asked for one first
    and comes back here. Both are left on the view as `.policy` and `.step_up`; a test walks the URL list and fails on a
    route without a policy.
    """

    def guard(view: View) -> View:
        @wraps(view)
        def guarded(request: Request, *args: Any, **kwargs: Any) -> HttpResponse:
            if not is_inside(request.user):
                return to_sign_in(request)
            request.user = _itself(request.user)
            if not policy(request.user):
                raise PermissionDenied
            if step_up and not is_fresh(request, clock.now()):
                return to_step_up(request)
            return view(request, *args, **kwargs)

        vars(guarded)["step_up"] = step_up
        return _with_policy(guarded, policy)

    return guard


def open_to_all(view: View) -> View:
    """Mark a view as open before sign-in. The list of such routes is a test’s."""
    return _with_policy(view, anyone)


def takes_files(view: View) -> View:
    """Mark a view as one to which files may be sent; everywhere else a body larger than a form's is refused unread."""
    vars(view)["takes_files"] = True
    return view


def _with_policy(view: View, policy: Policy) -> View:
    vars(view)["policy"] = policy
    return view


def is_inside(user: Any) -> bool:
    """Whether this user has shown password and second factor in this session."""
    return bool(user.is_authenticated and user.is_verified())


def is_fresh(request: HttpRequest, at: datetime) -> bool:
    """Whether this session showed a factor within the last ten minutes."""
    return at.timestamp() - request.session.get("fresh_at", 0) < FRESH_FOR.total_seconds()


def mark_fresh(request: HttpRequest, at: datetime) -> None:
    """This session has just shown a factor: count from here, under a new session key."""
    request.session.cycle_key()
    request.session["fresh_at"] = int(at.timestamp())


def _itself(user: Any) -> Member:
    """The member behind the lazy stand-ins that the middleware left, which cost a detour at each of many looks."""
    while isinstance(user, LazyObject):
        user = user._wrapped
    return user


def to_step_up(request: Request) -> HttpResponse:
    """Ask for a fresh proof and come back here afterwards."""
    return _go_and_come_back(request, "identity:step_up")


def to_sign_in(request: Request) -> HttpResponse:
    """Send the browser to the sign-in page and back here afterwards; a fragment makes the whole page go."""
    return _go_and_come_back(request, "identity:sign_in")


def _go_and_come_back(request: Request, route: str) -> HttpResponse:
    back = _page_of_fragment(request) if request.htmx else request.get_full_path() if request.method == "GET" else "/"
    address = f"{reverse(route)}?next={quote(safe_next(request, back))}"
    if request.htmx:
        answer = HttpResponse(status=204)
        answer["HX-Redirect"] = address
        return answer
    return redirect(address)


def _page_of_fragment(request: Request) -> str:
    """The page that htmx asked from, as a path: it names the whole address, of which another host makes nothing."""
    try:
        current = urlsplit(request.headers.get("HX-Current-URL", ""))
    except ValueError:
        return "/"
    return urlunsplit(("", "", current.path, current.query, "")) if current.netloc == request.get_host() else "/"


def safe_next(request: HttpRequest, address: str | None) -> str:
    """`address` when it is a path of this installation without control characters, else Today."""
    if not address or not address.isprintable():
        return "/"
    here = url_has_allowed_host_and_scheme(
        address, allowed_hosts={request.get_host()}, require_https=request.is_secure()
    )
    if not here or not address.startswith("/") or "\\" in address or address.startswith("//"):
        return "/"
    return address
