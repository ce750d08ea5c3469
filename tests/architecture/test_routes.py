"""Every route names who may open it; the open list is short and known."""

from __future__ import annotations

from django.urls import get_resolver
from django.urls.resolvers import URLPattern, URLResolver

from identity.policies import anyone

OPEN = {
    "healthz",
    "readyz",
    "signin/",
    "signin/code/",
    "signin/backup/",
    "signin/passkey/",
    "signin/alone/",
    "signout/",
    "setup/",
    "setup/office/",
    "join/<str:token>/",
    "enrol/authenticator/",
    "enrol/codes/",
    "enrol/finish/",
    "lost/",
}


def all_routes(patterns=None, prefix="") -> dict[str, object]:
    """Every route of the installation with its view."""
    found: dict[str, object] = {}
    for pattern in patterns if patterns is not None else get_resolver().url_patterns:
        route = prefix + str(pattern.pattern)
        if isinstance(pattern, URLResolver):
            found |= all_routes(pattern.url_patterns, route)
        elif isinstance(pattern, URLPattern):
            found[route] = pattern.callback
    return found


def test_every_route_has_a_policy():
    without = [route for route, view in all_routes().items() if not hasattr(view, "policy")]
    assert without == []


def test_only_the_open_list_is_open():
    assert {route for route, view in all_routes().items() if view.policy is anyone} == OPEN


def test_there_is_no_admin():
    assert [route for route in all_routes() if route.startswith("admin")] == []
