"""What needs a fresh proof, as a list, and that each of it asks for one and does nothing before."""

from __future__ import annotations

import hashlib
from typing import Any

import pytest
from django.apps import apps

from accounts.views.accounts import account_with_strong_rights
from accounts.views.asking import gives_strong_rights
from accounts.views.logins import login_with_strong_rights
from identity.proof import asked_to_enrol
from tests.architecture.test_matrix import Rows, ask
from tests.architecture.test_routes import all_routes
from tests.identity.proofs import asks_for_proof

pytestmark = pytest.mark.django_db

# People and roles, factors, the sessions of others, exports, what an import writes or takes back, the office's own
# rules, and emptying the house. Loading the demo office is not here: it only fills a house that is empty, and one press
# takes it out again.
ALWAYS = {
    "me/codes/",
    "me/authenticators/<int:pk>/edit/",
    "me/authenticators/<int:pk>/remove/",
    "me/passkeys/<int:pk>/edit/",
    "me/passkeys/<int:pk>/remove/",
    "me/password/",
    "me/address/",
    "people/new/",
    "people/<int:pk>/edit/",
    "people/<int:pk>/invite/",
    "people/<int:pk>/end/",
    "people/<int:pk>/unlock/",
    "people/<int:pk>/reset/",
    "people/<int:pk>/pseudonymise/",
    "people/<int:pk>/sessions/end/",
    "invitations/<int:pk>/revoke/",
    "resets/<int:pk>/confirm/",
    "office/",
    "office/factors/",
    "office/export/",
    "office/export/download/",
    "office/import/<int:pk>/apply/",
    "office/import/<int:pk>/undo/",
    "office/demo/remove/",
    "trail/export/",
    "devices/export/",
    "accounts/export/",
    "people/export/",
    "findings/export/",
    "backups/export/",
}
# Not of somebody who came in with a backup code just now: they have nothing left to show.
TO_ENROL = {"me/authenticators/new/", "me/passkeys/new/"}
# Only when what is posted gives a right with which money or control can leave.
WHEN_STRONG = {
    "accounts/new/": account_with_strong_rights,
    "logins/new/": login_with_strong_rights,
    "grants/new/": gives_strong_rights,
    "grants/<int:pk>/edit/": gives_strong_rights,
}
TYPED = {"note": "typed with care", "rights": ["view"], "account": "1", "label": "A login"}


def test_the_list_is_the_whole_list():
    asks = {route: view.step_up for route, view in all_routes().items() if getattr(view, "step_up", False)}

    assert asks == dict.fromkeys(ALWAYS, True) | dict.fromkeys(TO_ENROL, asked_to_enrol) | WHEN_STRONG


def house() -> str:
    """A digest of every row of the house, to tell whether anything was changed."""
    rows: dict[str, Any] = {
        model._meta.label: list(model._default_manager.order_by("pk").values_list())
        for model in apps.get_models()
        if model._meta.label != "sessions.Session"
    }
    return hashlib.sha256(repr(rows).encode()).hexdigest()


@pytest.fixture
def stale(owner, browse):
    """An owner’s browser whose last proof is too old, and a house to do things in."""
    return browse(owner, fresh=False), Rows("Maria", owner)


@pytest.mark.parametrize("fragment", [False, True], ids=["page", "fragment"])
def test_opening_one_without_a_proof_asks_for_it(stale, fragment):
    client, rows = stale
    before, answers = house(), {}

    for route in ALWAYS | TO_ENROL:
        answer = ask(client, "get", rows.address(route), fragment=fragment)
        answers[route] = answer.status_code == 405 or asks_for_proof(answer)

    assert answers == dict.fromkeys(ALWAYS | TO_ENROL, True)
    assert house() == before


@pytest.mark.parametrize("strong", ["trade", "withdraw", "manage-users"])
@pytest.mark.parametrize("fragment", [False, True], ids=["page", "fragment"])
def test_sending_one_without_a_proof_asks_for_it_and_does_nothing(stale, fragment, strong):
    client, rows = stale
    before, missing = house(), []
    headers = {"HX-Request": "true"} if fragment else {}

    for route in [*ALWAYS, *TO_ENROL, *WHEN_STRONG]:
        answer = client.post(rows.address(route), TYPED | {"rights": ["view", strong]}, headers=headers)
        kept = b'name="note" value="typed with care"' in answer.content
        in_place = answer.get("HX-Retarget") == ("#main" if fragment else None)
        if answer.status_code != 405 and not (
            answer.status_code == 200 and asks_for_proof(answer) and kept and in_place
        ):
            missing.append(route)

    assert missing == []
    assert house() == before


@pytest.mark.parametrize("fragment", [False, True], ids=["page", "fragment"])
@pytest.mark.parametrize("method", ["get", "post"])
def test_nothing_else_asks_for_one(stale, owner, browse, method, fragment):
    _, rows = stale
    headers = {"HX-Request": "true"} if fragment else {}
    asked = set()

    for route, view in all_routes().items():
        if route in ALWAYS | TO_ENROL or route in ("stepup/", "signout/") or not hasattr(view, "step_up"):
            continue
        client = browse(owner, fresh=False)
        answer = getattr(client, method)(rows.address(route), TYPED, headers=headers)
        if not answer.streaming and asks_for_proof(answer):
            asked.add(route)

    assert asked == set()


def test_a_fresh_proof_opens_each(owner, browse):
    client, rows = browse(owner), Rows("Maria", owner)

    answers = {route: ask(client, "get", rows.address(route)) for route in ALWAYS}

    assert {route for route, answer in answers.items() if asks_for_proof(answer)} == set()
