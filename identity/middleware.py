"""Where a request comes from, and how long its session may rest."""

from __future__ import annotations

import ipaddress

from django.conf import settings
from django.contrib.auth import logout
from django.http import HttpRequest, HttpResponse

from core import clock
from identity.rules import network_of

# A session's time stamps are written at most this often, so that reading pages costs no write.
STAMP_EVERY = 60


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


class SessionClock:
    """Ends a signed-in session that rested longer than the idle limit or is older than the absolute one."""

    def __init__(self, get_response):
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if request.user.is_authenticated:
            now = int(clock.now().timestamp())
            began, seen = request.session.get("began", 0), request.session.get("seen", 0)
            if now - began > settings.SESSION_COOKIE_AGE or now - seen > settings.SESSION_IDLE_SECONDS:
                logout(request)
            elif now - seen > STAMP_EVERY:
                request.session["seen"] = now
        return self.get_response(request)
