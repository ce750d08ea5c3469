"""What a person holds: what needs a new holder before they leave."""

from __future__ import annotations

from dataclasses import dataclass

from accounts.models import Login
from devices.models import Asset, Authenticator
from identity.models import Member
from recovery.models import AuthenticatorBackup

THING, LOGIN, BACKUP = "thing", "login", "backup"


@dataclass(frozen=True, slots=True)
class Held:
    """One row in somebody's hands. `name` is the field that asks for its new holder."""

    kind: str
    row: Asset | Login | AuthenticatorBackup
    label: str
    text: str

    @property
    def name(self) -> str:
        return f"{self.kind}-{self.row.pk}"


def holdings(person: Member) -> list[Held]:
    """Things, logins and backups that a person holds, in that order; four queries, however many they are."""
    things = Asset.objects.kept().filter(holder=person).order_by("kind", "name", "pk")
    logins = list(Login.objects.open().filter(holder=person).order_by("label", "pk"))
    enrolled: dict[int, list[str]] = {}
    for one in Authenticator.objects.standing().filter(login__in=logins).select_related("login").order_by("pk"):
        enrolled.setdefault(one.login_id, []).append(str(one))
    backups = AuthenticatorBackup.objects.standing().filter(custodian=person).select_related("login")
    return [
        *(Held(THING, thing, thing.name, thing.get_kind_display()) for thing in things),
        *(Held(LOGIN, login, login.label, _goes_along(login, enrolled.get(login.pk, []))) for login in logins),
        *(Held(BACKUP, one, one.label, f"Backup for {one.login.label}") for one in backups.order_by("label", "pk")),
    ]


def _goes_along(login: Login, authenticators: list[str]) -> str:
    words = f"Login at {login.profile.name}"
    return f"{words}. With it goes: {', '.join(authenticators)}" if authenticators else words
