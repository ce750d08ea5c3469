"""Where a request comes from, and how long its session may rest."""

from __future__ import annotations

import ipaddress
from datetime import datetime
from typing import Any

from django.conf import settings
from django.contrib.auth import SESSION_KEY, logout
from django.contrib.sessions.exceptions import SessionInterrupted
from django.contrib.sessions.middleware import SessionMiddleware
from django.http import HttpRequest, HttpResponse
from django.middleware.csrf import CSRF_SESSION_KEY
from django_otp import DEVICE_ID_SESSION_KEY
from django_otp.middleware import OTPMiddleware

from core import clock
from identity import actions, limits
from identity.enums import Ending
from identity.models import Member
from identity.proof import digest_of
from identity.rules import network_of

# What a proxy says about the other side. From anybody but a trusted one it is taken off the request unread.
FORWARDED = (
    "HTTP_X_FORWARDED_FOR",
    "HTTP_X_FORWARDED_PROTO",
    "HTTP_X_FORWARDED_HOST",
    "HTTP_X_FORWARDED_PORT",
    "HTTP_FORWARDED",
)


class ClientAddress:
    """Sets `request.address`: the peer, or what a trusted proxy says it saw. A forged header changes nothing."""

    def __init__(self, get_response):
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        vars(request)["address"] = client_address(request.META)
        if not _is_ours(request.META.get("REMOTE_ADDR") or ""):
            for name in FORWARDED:
                request.META.pop(name, None)
        return self.get_response(request)


def client_address(meta) -> str | None:
    """The address nearest to us that is not one of our proxies, reading X-Forwarded-For from its right end.

    Over a unix socket the peer has no address and counts as our own proxy. A hop that is no address ends the reading:
    what counts then is the proxy that passed it on.
    """
    address = meta.get("REMOTE_ADDR") or ""
    hops = [hop.strip() for hop in meta.get("HTTP_X_FORWARDED_FOR", "").split(",")]
    while hops and _is_ours(address) and network_of(hops[-1]):
        address = hops.pop()
    return network_of(address) and address


def _is_ours(address: str) -> bool:
    if not settings.POSTERN_TRUSTED_PROXIES:
        return False
    if address == "":
        return True
    try:
        parsed = ipaddress.ip_address(address)
    except ValueError:
        return False
    return any(parsed in network for network in settings.POSTERN_TRUSTED_PROXIES)


class Sessions(SessionMiddleware):
    """Django’s, but a session that somebody ends while it asks for a page gets that page, and no more."""

    def process_response(self, request: HttpRequest, response: HttpResponse) -> HttpResponse:
        try:
            return super().process_response(request, response)
        except SessionInterrupted:  # its row is gone, so nothing was written and the next request finds no session
            return response


class SecondFactor(OTPMiddleware):
    """django-otp's, but whether the session's factor is still one of the member's own was read with the member.

    Asking for the factor itself would be a query on every page. `otp_device` is its name here.
    """

    def _verify_user_sync(self, request: HttpRequest, user: Any) -> Any:
        self._init_user_fields(user)
        shown = request.session.get(DEVICE_ID_SESSION_KEY) if user.is_authenticated else None
        if shown is not None and shown in user.factor_ids:
            user.otp_device = shown
        elif shown is not None:
            del request.session[DEVICE_ID_SESSION_KEY]
        return user


class SessionClock:
    """Ends a signed-in session for good when it has run out, or when its member may not enter any more.

    On a request whose session has run out `request.ran_out` is the member, so that what they typed can wait for them.
    """

    def __init__(self, get_response):
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        at = clock.now()
        member = request.user
        if member.is_authenticated:
            why = limits.over(request.session, member.limits, at)
            if why:
                self._run_out(request, member, why, at)
            elif limits.is_due(request.session, at):
                self._stamp(request, member, at)
        elif SESSION_KEY in request.session:
            actions.close_session(digest_of(request), why=Ending.MEMBERSHIP, at=at)
            request.session.flush()
        return self.get_response(request)

    def _run_out(self, request: HttpRequest, member: Member, why: Ending, at: datetime) -> None:
        """Sign out, but let a form that is already on its way still be recognised as one of ours."""
        vars(request)["ran_out"] = member
        token = request.session.get(CSRF_SESSION_KEY)
        actions.close_session(digest_of(request), why=why, at=at)
        logout(request)
        if token and request.method == "POST":
            request.session[CSRF_SESSION_KEY] = token

    def _stamp(self, request: HttpRequest, member: Member, at: datetime) -> None:
        if actions.note_seen(digest_of(request), at=at):
            limits.stamp(request.session, member.limits, at)
        else:
            logout(request)
