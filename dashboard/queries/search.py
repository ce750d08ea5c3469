"""Finding an account, a login, a thing or a person by a piece of its name."""

from __future__ import annotations

from dataclasses import dataclass

from django.db.models import Q
from django.urls import reverse

from accounts.models import Account, Login
from devices.models import Asset
from identity.models import Member

SHOWN = 15
SHORTEST = 2


@dataclass(frozen=True, slots=True)
class Hit:
    """One thing found: where it is, its icon and name, and a word on what it is."""

    url: str
    icon: str
    name: str
    what: str


def find(member: Member, text: str) -> list[Hit]:
    """What `member` may see whose name, or last four characters, match; at most 15 of each kind, four queries."""
    if len(text) < SHORTEST:
        return []
    return [*_accounts(member, text), *_logins(member, text), *_things(member, text), *_people(member, text)]


def _accounts(member: Member, text: str) -> list[Hit]:
    accounts = Account.objects.visible_to(member).filter(Q(name__icontains=text) | Q(hint__iexact=text))
    return [
        Hit(reverse("dashboard:show_account", args=[one.pk]), "vault", str(one), one.entity_name)
        for one in accounts.order_by("name", "pk")[:SHOWN]
    ]


def _logins(member: Member, text: str) -> list[Hit]:
    logins = Login.objects.visible_to(member).filter(label__icontains=text)
    return [
        Hit(reverse("accounts:show_login", args=[one.pk]), "key-round", one.label, f"Login at {one.profile.name}")
        for one in logins.order_by("label", "pk")[:SHOWN]
    ]


def _things(member: Member, text: str) -> list[Hit]:
    things = Asset.objects.visible_to(member).filter(
        Q(name__icontains=text) | Q(model__icontains=text) | Q(hint__iexact=text)
    )
    return [
        Hit(reverse("devices:show_asset", args=[one.pk]), one.icon, one.name, one.get_kind_display())
        for one in things.order_by("name", "pk")[:SHOWN]
    ]


def _people(member: Member, text: str) -> list[Hit]:
    people = Member.objects.visible_to(member).filter(Q(name__icontains=text) | Q(email__icontains=text))
    return [
        Hit(reverse("dashboard:show_member", args=[one.pk]), "user-round", one.name, one.get_role_display())
        for one in people.order_by("name", "pk")[:SHOWN]
    ]
