"""Every route names who may open it; the open list is short and known."""

from __future__ import annotations

from pathlib import Path

from config import permissions
from identity.policies import anyone

OPEN = {
    "healthz",
    "readyz",
    "csp-report/",
    "clock/",
    "clock/now/",
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
    "forgotten/",
    "password/<str:token>/",
    "reset/link/<str:token>/",
    "reset/stop/<str:token>/",
    "reset/authenticator/",
    "reset/codes/",
    "reset/finish/",
}


def all_routes() -> dict[str, object]:
    """Every route of the installation with its view."""
    return dict(permissions.routes())


def test_every_route_has_a_policy():
    without = [route for route, view in all_routes().items() if not hasattr(view, "policy")]
    assert without == []


def test_only_the_open_list_is_open():
    assert {route for route, view in all_routes().items() if view.policy is anyone} == OPEN


def test_there_is_no_admin():
    assert [route for route in all_routes() if route.startswith("admin")] == []


def test_the_page_on_permissions_is_made_from_the_guards():
    page = Path(permissions.__file__).parents[1] / "docs" / "permissions.md"

    assert page.read_text() == permissions.page(), "run `python manage.py make_permissions`"
