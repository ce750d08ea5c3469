"""The guard on every route: who may open it, that nobody does with a password alone, and who has to prove it anew."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from functools import wraps
from typing import Any
from urllib.parse import quote, urlsplit

from django.contrib import messages
from django.contrib.auth import SESSION_KEY
from django.contrib.auth.models import AnonymousUser
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.functional import LazyObject
from django.utils.http import url_has_allowed_host_and_scheme
from django_htmx.middleware import HtmxDetails

from core import clock
from core.forms import Unsent
from identity import actions, proof, queries
from identity.models import Member
from identity.policies import anyone
from identity.rules import network_of

Policy = Callable[..., bool]
View = Callable[..., HttpResponse]
# The name under which an address says which unsent form its page is to be filled with.
UNSENT = "unsent"
MOST_KEPT = 200_000


class Request(HttpRequest):
    """A request as views see it: past the guard, with what the middleware put on it."""

    user: Member
    address: str | None
    htmx: HtmxDetails
    ran_out: Member | None


def requires(
    policy: Policy, *, step_up: bool | Callable[[Request], bool] = False, lacking: bool = False
) -> Callable[[View], View]:
    """Let a view answer only members who have shown password and code and whom `policy` admits.

    With `step_up` they must also have shown a factor within the last ten minutes; who has not is asked for one first
    and goes on where they were (`identity.proof`). It may be a predicate that asks only for some requests. Who is late
    in meeting the office's rule on factors is led to their factors from everywhere but the few views that are for them
    too, marked `lacking`. All three are left on the view; a test walks the URL list and fails on a route without a
    policy.
    """

    def guard(view: View) -> View:
        @wraps(view)
        def guarded(request: Request, *args: Any, **kwargs: Any) -> HttpResponse:
            if not is_inside(request.user):
                return to_sign_in(request)
            request.user = _itself(request.user)
            if not policy(request.user):
                raise PermissionDenied
            request.user.came_from = network_of(request.address)
            if not lacking and lacks_a_factor(request.user, clock.now()):
                return to_own_factors(request)
            asked = prove(request) if (step_up(request) if callable(step_up) else step_up) else None
            if asked is not None:
                return asked
            return _with_unsent(view, request, *args, **kwargs)

        vars(guarded)["step_up"] = step_up
        vars(guarded)["lacking"] = lacking
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


def prove(request: Request) -> HttpResponse | None:
    """None when this session’s proof is fresh, or a code in this very POST made it so; else what asks for one."""
    at = clock.now()
    if proof.is_fresh(request, at):
        return None
    if request.method != "POST":
        return to_step_up(request)
    tried = proof.proves(request, at)
    if proof.is_fresh(request, at):
        return None
    if SESSION_KEY not in request.session:  # somebody ended it while the code was looked at
        vars(request)["user"] = AnonymousUser()
        return to_sign_in(request)
    return proof.ask(request, tried)


def lacks_a_factor(member: Member, at: datetime) -> bool:
    """Whether the time to meet the office's rule on factors is over for this member; no query."""
    return member.standing is not None and member.standing.is_late(at)


def _itself(user: Any) -> Member:
    """The member behind the lazy stand-ins that the middleware left, which cost a detour at each of many looks."""
    while isinstance(user, LazyObject):
        user = user._wrapped
    return user


def to_step_up(request: Request) -> HttpResponse:
    """Ask for a fresh proof and come back here afterwards."""
    return _go_and_come_back(request, reverse("identity:step_up"))


def to_sign_in(request: Request) -> HttpResponse:
    """Send the browser to the sign-in page and back here afterwards; a fragment makes the whole page go.

    What was typed is kept for the member whose session has run out, and fills the page again when they are back.
    """
    if vars(request).get("ran_out"):
        messages.warning(request, "This session had run out. Sign in again and go on where you were.")
    return _go_and_come_back(request, reverse("identity:sign_in"))


def to_own_factors(request: Request) -> HttpResponse:
    """Lead somebody who lacks a factor to where they add one."""
    return _go(request, reverse("identity:own_factors"))


def _go_and_come_back(request: Request, to: str) -> HttpResponse:
    return _go(request, f"{to}?next={quote(_keeping_what_was_typed(request, _back(request)))}")


def _go(request: Request, address: str) -> HttpResponse:
    if request.htmx:
        answer = HttpResponse(status=204)
        answer["HX-Redirect"] = address
        return answer
    return redirect(address)


def _back(request: Request) -> str:
    """The page that the person has before them. Behind a POST or a fragment that is the one that sent it."""
    if request.method == "GET" and not request.htmx:
        return safe_next(request, request.get_full_path())
    sender = request.headers.get("HX-Current-URL") or request.headers.get("Referer")
    return safe_next(request, _path_here(request, sender))


def _path_here(request: Request, address: str | None) -> str | None:
    """A whole address of this installation as a path; anything else as it is."""
    try:
        parts = urlsplit(address or "")
    except ValueError:
        return None
    if parts.netloc != request.get_host():
        return address
    return f"{parts.path}?{parts.query}" if parts.query else parts.path


def _keeping_what_was_typed(request: Request, back: str) -> str:
    """The same page, saying which unsent form fills it, when this request brought one and its session had run out.

    Its token was looked at before the guard is reached, so what is kept was sent by a page of ours.
    """
    member = vars(request).get("ran_out")
    if member is None or request.method != "POST":
        return back
    fields = proof.worth_keeping(request.POST)
    path, _, query = back.partition("?")
    if len(path) > 500:
        return back
    if len(str(fields)) > MOST_KEPT:  # the page then says that it was not sent, and shows none of it
        fields = {}
    kept = actions.keep_unsent(member, path=path, fields=fields, at=clock.now())
    others = [part for part in query.split("&") if part and not part.startswith(f"{UNSENT}=")]
    return f"{path}?{'&'.join([*others, f'{UNSENT}={kept.pk}'])}"


def _with_unsent(view: View, request: Request, *args: Any, **kwargs: Any) -> HttpResponse:
    """Let the view draw its form with what was typed before the session ran out; sending it is the person’s own deed.

    The request stays a GET and no form passes with such data, so nothing is done by coming back.
    """
    number = request.GET.get(UNSENT, "")
    if not number.isdecimal() or not number.isascii():
        return view(request, *args, **kwargs)
    if request.method == "GET":
        fields = queries.unsent_fields(request.user, int(number[:18]), path=request.path, at=clock.now())
        if fields is not None:
            request.POST = Unsent(fields)  # type: ignore[assignment]  # forms read either
            messages.warning(request, "This was not sent, because you were signed out. Look it over and send it again.")
        return view(request, *args, **kwargs)
    answer = view(request, *args, **kwargs)
    if 300 <= answer.status_code < 400:
        actions.drop_unsent(request.user, int(number[:18]))
    return answer


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
