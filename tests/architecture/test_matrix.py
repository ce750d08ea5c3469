"""Every route × every role × own and somebody else's rows, GET and POST, page and fragment.

Addresses are made from the URL list itself, so a new route joins by itself; one whose address can't be made, because
nobody said below what its number stands for, fails the suite.
"""

from __future__ import annotations

import re
from functools import cached_property

import pytest

from core.letters.models import Letter
from exchange.models import ImportBatch
from identity.models import CallRequest
from tests import factories
from tests.architecture.test_routes import OPEN, all_routes
from tests.factories import AT

pytestmark = pytest.mark.django_db
ROLES = ("owner", "manager", "trader", "auditor")
# What an auditor may post: their own settings, and taking the inventory home, which changes nothing but the trail.
OF_AUDITORS = {
    "stepup/",
    "me/",
    "me/codes/",
    "me/sessions/end/",
    "me/stay/",
    "sessions/<int:pk>/end/",
    "browsers/<int:pk>/forget/",
    "office/export/download/",
    "trail/check/",
    "trail/export/",
    "devices/export/",
    "accounts/export/",
    "people/export/",
    "findings/export/",
    "backups/export/",
    "me/password/",
    "me/address/",
    "me/address/revoke/",
    "me/address/<str:token>/",
    "me/checkup/",
    "me/passkeys/new/",
    "me/passkeys/<int:pk>/edit/",
    "me/passkeys/<int:pk>/remove/",
    "me/authenticators/new/",
    "me/authenticators/<int:pk>/edit/",
    "me/authenticators/<int:pk>/remove/",
}


class Rows:
    """One trader's whole house: a row of every kind that an address can name."""

    def __init__(self, name: str, owner):
        self.member = factories.make_member(f"{name} Holder", role="trader")
        self.account = factories.make_account(f"{name}’s account")
        self.login = factories.make_login(self.member, label=f"{name}’s login", doors=["tws"])
        self.door = self.login.doors.get()
        self.grant = factories.make_grant(self.login, self.account)
        self.asset = factories.make_asset(f"{name}’s laptop", holder=self.member)
        self.phone = factories.make_asset(f"{name}’s phone", kind="phone", holder=self.member)
        self.validation = factories.make_validation(self.door, self.asset)
        self.authenticator = factories.make_authenticator(self.login, carriers=[self.phone], label=f"{name}’s key")
        self.backup = factories.make_backup(self.login, label=f"{name}’s card")
        self.notice = factories.make_notice(owner, title=f"Notice to {name}")
        self.answer = factories.make_answer(self.notice, self.member)
        self.letter = Letter.objects.create(
            key=f"letter:{name}", kind="reminder", recipient=self.member, address=self.member.email,
            subject=f"Letter to {name}", text=".", html=".", queued_at=AT, not_before=AT,
        )  # fmt: skip
        self.session = factories.make_session(self.member)
        self.browser = factories.make_browser(self.member)
        self.invited = factories.make_member(
            f"{name}’s newcomer", signs_in=False, email=f"new-{self.member.pk}@hartwell.test"
        )
        self.invitation = factories.make_invitation(self.invited)
        self.away = factories.make_away(self.member, owner)
        self.hand_over = factories.make_hand_over(self.phone, self.invited, by=owner)
        self.reset = factories.make_reset(self.member, owner)
        self.passkey = factories.make_passkey(self.member, carrier=f"{name}’s YubiKey")
        self.totp = factories.make_totp(self.member, carrier=f"{name}’s tablet")
        self.call = CallRequest.objects.create(at=AT, name="Somebody", number="1")
        self.batch = ImportBatch.objects.create(**self.batch_facts(owner))

    @staticmethod
    def batch_facts(owner) -> dict:
        """The fewest facts of an import."""
        return {"uploaded_by": owner, "uploaded_at": AT, "file_name": "office.xlsx"}

    @cached_property
    def numbers(self) -> dict[str, int]:
        """What the number in an address of each kind stands for."""
        return {
            "accounts": self.account.pk,
            "logins": self.login.pk,
            "doors": self.door.pk,
            "grants": self.grant.pk,
            "devices": self.asset.pk,
            "validations": self.validation.pk,
            "authenticators": self.authenticator.pk,
            "backups": self.backup.pk,
            "people": self.member.pk,
            "notices": self.notice.pk,
            "answers": self.answer.pk,
            "letters": self.letter.pk,
            "lost": self.call.pk,
            "sessions": self.session.pk,
            "browsers": self.browser.pk,
            "invitations": self.invitation.pk,
            "away": self.away.pk,
            "resets": self.reset.pk,
            "hand-overs": self.hand_over.pk,
            "me/passkeys": self.passkey.pk,
            "me/authenticators": self.totp.pk,
            "office": self.batch.pk,
        }

    def address(self, route: str) -> str:
        """The route with this house's numbers in it."""
        noun = route.partition("/<")[0]
        while noun not in self.numbers and "/" in noun:
            noun = noun.rpartition("/")[0]
        filled = re.sub(r"<int:\w+>", lambda _: str(self.numbers[noun]), route)
        return "/" + filled.replace("<slug:slug>", "ibkr").replace("<str:token>", "no-such-token")

    @property
    def names(self) -> list[str]:
        """Words that must never reach another trader."""
        things = [self.member, self.account.name, self.login, self.asset, self.phone, self.authenticator, self.backup]
        own = [self.notice.title, self.letter.subject, self.passkey.name, self.totp.name]
        return [str(thing) for thing in things] + own


@pytest.fixture
def house(office):
    """Two traders with all they have, and one member of each other role."""
    owner = factories.make_member("Olga Owner", role="owner")
    maria, daniel = Rows("Maria", owner), Rows("Daniel", owner)
    people = {
        "owner": owner,
        "manager": factories.make_member("Max Manager", role="manager"),
        "trader": maria.member,
        "auditor": factories.make_member("Ada Auditor", role="auditor"),
    }
    return people, maria, daniel


def guarded() -> dict[str, object]:
    return {route: view for route, view in all_routes().items() if route not in OPEN}


def ask(client, method: str, address: str, *, fragment: bool = False):
    headers = {"HX-Request": "true"} if fragment else {}
    return getattr(client, method)(address, headers=headers)


@pytest.mark.parametrize("fragment", [False, True], ids=["page", "fragment"])
@pytest.mark.parametrize("method", ["get", "post"])
def test_nothing_opens_without_a_second_factor(house, client, method, fragment):
    people, maria, _ = house
    factories.signed_in(people["owner"], client)
    session = client.session
    del session["otp_device_id"]
    session.save()

    for route in guarded():
        answer = ask(client, method, maria.address(route), fragment=fragment)
        leads_to = answer.get("HX-Redirect") or answer.get("Location", "")
        shut = answer.status_code == 405 or leads_to.startswith("/signin/?next=")
        assert shut, f"{method} {route} answers {answer.status_code}"


@pytest.mark.parametrize("fragment", [False, True], ids=["page", "fragment"])
@pytest.mark.parametrize("method", ["get", "post"])
@pytest.mark.parametrize("role", ROLES)
def test_each_role_gets_what_the_policy_says_for_its_own(house, browse, role, method, fragment):
    people, maria, _ = house
    member, wrong = people[role], {}

    for route, view in guarded().items():
        answer = ask(browse(member), method, maria.address(route), fragment=fragment)
        allowed = view.policy(member)
        good = answer.status_code != 403 if allowed else answer.status_code in (403, 405)
        if not good or answer.status_code >= 500:
            wrong[route] = answer.status_code

    assert wrong == {}


@pytest.mark.parametrize("fragment", [False, True], ids=["page", "fragment"])
@pytest.mark.parametrize("method", ["get", "post"])
def test_a_trader_reaches_no_row_of_another_by_its_address(house, browse, method, fragment):
    people, _, daniel = house
    numbered = [route for route in guarded() if "<int:" in route]
    assert len(numbered) > 15

    answers = {
        route: ask(browse(people["trader"]), method, daniel.address(route), fragment=fragment).status_code
        for route in numbered
    }

    assert {route: status for route, status in answers.items() if status not in (403, 404, 405)} == {}


@pytest.mark.parametrize("fragment", [False, True], ids=["page", "fragment"])
def test_a_trader_reads_nothing_of_another_on_any_page(house, browse, fragment):
    people, maria, daniel = house
    client, leaks, own = browse(people["trader"]), {}, set()

    for route in guarded():
        page = ask(client, "get", maria.address(route), fragment=fragment).content.decode(errors="replace")
        own |= {name for name in maria.names if name in page}
        leaks[route] = [name for name in daniel.names if name in page]

    assert own >= {str(maria.asset), str(maria.login), maria.account.name, str(maria.member)}
    assert {route: names for route, names in leaks.items() if names} == {}


def test_search_finds_a_trader_only_their_own(house, browse):
    people, maria, daniel = house

    found = {
        word: browse(people["trader"]).get("/search/", {"q": word}).content.decode()
        for word in ("Maria", "Daniel", "4417", "laptop")
    }

    assert str(maria.asset) in found["Maria"]
    assert [word for word, page in found.items() if any(name in page for name in daniel.names)] == []


def test_an_auditor_changes_nothing(house, browse):
    people, maria, _ = house
    posted = {
        route: ask(browse(people["auditor"]), "post", maria.address(route)).status_code
        for route in guarded()
        if route not in OF_AUDITORS
    }

    assert {route: status for route, status in posted.items() if status not in (403, 405)} == {}


def test_a_role_taken_away_counts_from_the_next_click(house, browse):
    people, _, _ = house
    client = browse(people["manager"])
    assert client.get("/people/new/").status_code == 200

    people["manager"].role = "trader"
    people["manager"].save()

    assert client.get("/people/new/").status_code == 403


@pytest.mark.parametrize("method", ["put", "delete", "patch", "trace", "options"])
def test_other_methods_reach_no_view(house, browse, method):
    people, _, _ = house

    assert getattr(browse(people["owner"]), method)("/").status_code == 405
