"""Where a request comes from, and how long its session may rest."""

from __future__ import annotations

import ipaddress
from datetime import datetime

from django.conf import settings
from django.contrib.auth import SESSION_KEY, logout
from django.contrib.sessions.exceptions import SessionInterrupted
from django.contrib.sessions.middleware import SessionMiddleware
from django.http import HttpRequest, HttpResponse
from django.middleware.csrf import CSRF_SESSION_KEY

from core import clock
from identity import actions, limits
from identity.enums import Ending
from identity.models import Member
from identity.proof import digest_of
from identity.rules import network_of


class ClientAddress:
    """Sets `request.address`: the peer, or what a trusted proxy says it saw. A forged header changes nothing."""

    def __init__(self, get_response):
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        vars(request)["address"] = client_address(request.META)
        return self.get_response(request)


def client_address(meta) -> str | None:
    """The address nearest to us that is not one of our proxies, reading X-Forwarded-For from its right end.

    Over a unix socket the peer has no address and counts as our own proxy.
    """
    address = meta.get("REMOTE_ADDR") or ""
    hops = [hop.strip() for hop in meta.get("HTTP_X_FORWARDED_FOR", "").split(",")]
    while hops and _is_ours(address):
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
