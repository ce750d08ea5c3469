"""Reading factors: what a person can show, and how it stands against the office's rule."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime
from enum import Enum, auto
from typing import Any

from django.contrib.postgres.aggregates import JSONBAgg
from django.db.models import BigIntegerField, Case, CharField, Exists, OuterRef, Q, QuerySet, Subquery, Value, When
from django.db.models.functions import JSONObject

from core.prepared import Prepared, Slot
from identity import passkeys, rules
from identity.enums import Role
from identity.models import BackupSheet, Limits, Member, Office, Passkey, TotpDevice


@dataclass(frozen=True, slots=True)
class Factors:
    """What a member can show at Postern's own door. `codes_left` is None without a sheet.

    `passkeys` work at the present address; `void` ones were made for another host name.
    """

    authenticators: tuple[TotpDevice, ...]
    passkeys: tuple[Passkey, ...]
    void: tuple[Passkey, ...]
    codes_left: int | None

    @property
    def authenticator(self) -> TotpDevice | None:
        return self.authenticators[0] if self.authenticators else None

    @property
    def held(self) -> tuple[rules.Held, ...]:
        """What independence is judged by."""
        return tuple(map(held, self.authenticators + self.passkeys))

    @property
    def in_words(self) -> str:
        parts = [
            _counted(len(self.authenticators), "authenticator"),
            _counted(len(self.passkeys), "passkey"),
            _counted(self.codes_left or 0, "backup code") if self.held else "",
        ]
        return ", ".join(part for part in parts if part) or "none yet"


def held(factor: TotpDevice | Passkey) -> rules.Held:
    """One factor as independence sees it."""
    is_passkey = isinstance(factor, Passkey)
    return rules.Held(factor.carrier, is_passkey=is_passkey, is_synced=is_passkey and factor.is_synced)


def _counted(count: int, noun: str) -> str:
    if count == 1:
        return noun if noun != "backup code" else "1 backup code"
    return f"{count} {noun}s" if count else ""


def factors(member: Member) -> Factors:
    """All that is in use, in four queries."""
    apps = TotpDevice.objects.filter(user=member, confirmed=True).order_by("pk")
    keys = list(Passkey.objects.filter(user=member, confirmed=True).order_by("pk"))
    sheet = BackupSheet.objects.filter(user=member, confirmed=True).first()
    return Factors(
        authenticators=tuple(apps),
        passkeys=tuple(key for key in keys if key.host == passkeys.host()),
        void=tuple(key for key in keys if key.host != passkeys.host()),
        codes_left=sheet.left() if sheet else None,
    )


def carriers_of(member: Member) -> set[str]:
    """The devices that a member's factors are on, as they named them; two queries."""
    return {
        carrier
        for model in (TotpDevice, Passkey)
        for carrier in model.objects.filter(user=member, confirmed=True).values_list("carrier", flat=True)
    }


def has_passkey(member: Member) -> bool:
    """Whether a passkey of this member works at the present address."""
    return Passkey.objects.working(passkeys.host()).filter(user=member).exists()


def void_passkeys() -> tuple[int, str]:
    """How many passkeys do not work at the present address, and the host name of the newest of them; one query."""
    rows = Passkey.objects.void(passkeys.host()).order_by("-pk").values_list("host", flat=True)
    return len(rows), next(iter(rows), "")


# How people’s factors stand, read with the people themselves: no page pays a query for it.

_MEMBER_FIELDS = [field.attname for field in Member._meta.concrete_fields]
_RULE_FIELDS = [f"{role}_factors" for role in Role.values] + ["factor_grace_days", "factors_ruled_at", "checkup_days"]
_LIMIT_FIELDS = ["idle_minutes", "session_hours", "strict_idle_minutes", "strict_session_hours"]


class Whose(Enum):
    """Whose standings are read. Of those in doubt are all who lack a factor."""

    ONE = auto()
    ALL = auto()
    IN_DOUBT = auto()


def entering(pk: int) -> Member | None:
    """The member a session belongs to, with the limits of their role, their factors and how these stand; one query."""
    return next(map(_with_standing, _STANDINGS.rows(Whose.ONE, pk=pk, host=passkeys.host())), None)


def everybody() -> list[Member]:
    """Everybody present, by name, with how their factors stand; one query."""
    return [_with_standing(row) for row in _STANDINGS.rows(Whose.ALL, host=passkeys.host())]


def lacking() -> list[Member]:
    """Who signs in and does not meet the office’s rule on factors, by name; one query.

    Today asks on every visit, so the database leaves out those whose one factor is all that is asked for.
    """
    rows = _STANDINGS.rows(Whose.IN_DOUBT, host=passkeys.host())
    return [one for one in map(_with_standing, rows) if one.standing.due_at]


def standing_of(member: Member) -> rules.Standing:
    """How a member’s factors stand now; one query."""
    found = entering(member.pk)
    return found.standing if found else rules.Standing((), 0, None, None)


def _with_standing(row: tuple) -> Member:
    member = Member.from_db("default", _MEMBER_FIELDS, row[: len(_MEMBER_FIELDS)])
    office, apps, keys, sheets = (json.loads(text) if text else None for text in row[len(_MEMBER_FIELDS) :])
    kinds = ((TotpDevice, apps), (Passkey, keys), (BackupSheet, sheets))
    member.factor_ids = frozenset(f"{kind._meta.label_lower}/{one['pk']}" for kind, own in kinds for one in own or ())
    own = [rules.Held(app["carrier"]) for app in apps or ()]
    own += [rules.Held(key["carrier"], is_passkey=True, is_synced=key["synced"]) for key in keys or ()]
    member.standing = _standing(member, tuple(own), office or {})
    if office:
        strict = "strict_" if member.is_manager else ""
        member.limits = Limits(office[f"{strict}idle_minutes"] * 60, office[f"{strict}session_hours"] * 3600)
    return member


def _standing(member: Member, own: tuple[rules.Held, ...], office: dict[str, Any]) -> rules.Standing:
    joined_at = member.joined_at
    if joined_at is None or not office:
        return rules.Standing(own, 0, None, None)
    needed, ruled_at = office[f"{member.role}_factors"], datetime.fromisoformat(office["factors_ruled_at"])
    by = rules.must_meet_by(joined_at=joined_at, ruled_at=ruled_at, grace_days=office["factor_grace_days"])
    checked_at, every = member.factors_checked_at, office["checkup_days"]
    return rules.Standing(
        held=own,
        needed=needed,
        due_at=None if rules.independent(own) >= needed else by,
        checkup_at=rules.next_checkup(joined_at=joined_at, checked_at=checked_at, every_days=every),
    )


def _build_standings(whose: Whose) -> QuerySet[Member, tuple]:
    rule = Office.objects.values(rule=JSONObject(**{name: name for name in _RULE_FIELDS + _LIMIT_FIELDS}))
    apps = TotpDevice.objects.filter(confirmed=True)
    keys = Passkey.objects.filter(confirmed=True, host=Slot("host", CharField()))
    facts = {
        "office_rule": Subquery(rule),
        "own_apps": _all_as_json(apps, pk="pk", carrier="carrier"),
        "own_keys": _all_as_json(keys, pk="pk", carrier="carrier", synced="backup_eligible"),
        "own_sheets": _all_as_json(BackupSheet.objects.filter(confirmed=True), pk="pk"),
    }
    chosen = _chosen(whose, apps, keys).annotate(**facts)
    return chosen.order_by("name", "pk").values_list(*_MEMBER_FIELDS, *facts)


def _chosen(whose: Whose, apps: QuerySet, keys: QuerySet) -> QuerySet[Member]:
    if whose is Whose.ONE:
        return Member.objects.get_queryset().filter(pk=Slot("pk", BigIntegerField()))
    if whose is Whose.ALL:
        return Member.objects.present()
    asked = [When(role=role, then=Subquery(Office.objects.values(f"{role}_factors")[:1])) for role in Role.values]
    has_one = [Exists(rows.filter(user=OuterRef("pk"))) for rows in (apps, keys)]
    in_doubt = Q(asked__gt=1) | Q(~has_one[0], ~has_one[1], asked=1)
    return Member.objects.present().filter(joined_at__isnull=False).annotate(asked=Case(*asked)).filter(in_doubt)


def _all_as_json(rows: QuerySet, **facts: str) -> Subquery:
    """A person’s rows as one JSON list; NULL for none."""
    own = rows.filter(user=OuterRef("pk")).order_by().annotate(_one=Value(1)).values("_one")
    return Subquery(own.annotate(all=JSONBAgg(JSONObject(**facts), order_by="pk")).values("all"))


_STANDINGS = Prepared(_build_standings)
