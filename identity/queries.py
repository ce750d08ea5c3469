"""Reading identity: the office, the throttle, a person's factors."""

from __future__ import annotations

import json
import uuid
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.contrib.postgres.aggregates import JSONBAgg
from django.db.models import BigIntegerField, CharField, Count, Max, OuterRef, QuerySet, Subquery, Value
from django.db.models.functions import JSONObject
from django.utils.crypto import constant_time_compare

from core.prepared import Prepared, Slot
from identity import codes, passkeys, rules
from identity.enums import Role, Stage
from identity.models import BackupSheet, Invitation, Member, Office, Passkey, SignIn, TotpDevice

MOST_CALLS_ELSEWHERE = 20


def office() -> Office:
    """The office; ask `is_set_up` first where there may be none yet."""
    return Office.objects.get(pk=1)


def office_if_any() -> Office | None:
    """The office, or None before set-up, for pages that open in both cases."""
    return Office.objects.first()


def is_set_up() -> bool:
    """Whether an owner has finished the set-up."""
    return Office.objects.filter(set_up_at__isnull=False).exists()


def name_digest(email: str) -> str:
    """Under what the throttle counts a typed address; equal for known and unknown ones."""
    return codes.digest(f"sign-in:{email.strip().lower()}")


def wait(*, name: str, network: str | None, at: datetime) -> timedelta:
    """How long this name from this network, or this network with any name, must wait; zero when it need not."""
    since = at - rules.WINDOW
    mine = SignIn.objects.filter(name=name, network=network, at__gt=since)
    last_good = mine.filter(ok=True).aggregate(last=Max("at"))["last"]
    bad = mine.filter(ok=False, at__gt=last_good or since).aggregate(n=Count("pk"), last=Max("at"))
    all_bad = SignIn.objects.filter(network=network, ok=False, at__gt=since).aggregate(n=Count("pk"), last=Max("at"))
    own = rules.still_to_wait(bad["n"], bad["last"], at)
    shared = rules.still_to_wait(all_bad["n"] - rules.NETWORK_TRIES, all_bad["last"], at)
    return max(own, shared)


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


def entering(pk: int) -> Member | None:
    """The member a session belongs to, with how their factors stand; one query."""
    return next(map(_with_standing, _STANDINGS.rows(False, pk=pk, host=passkeys.host())), None)  # noqa: FBT003


def everybody() -> list[Member]:
    """Everybody present, by name, with how their factors stand; one query."""
    return [_with_standing(row) for row in _STANDINGS.rows(True, host=passkeys.host())]  # noqa: FBT003


def lacking() -> list[Member]:
    """Who signs in and does not meet the office’s rule on factors, by name; one query."""
    return [one for one in everybody() if one.joined_at and one.standing.due_at]


def standing_of(member: Member) -> rules.Standing:
    """How a member’s factors stand now; one query."""
    found = entering(member.pk)
    return found.standing if found else rules.Standing((), 0, None, None)


def _with_standing(row: tuple) -> Member:
    member = Member.from_db("default", _MEMBER_FIELDS, row[: len(_MEMBER_FIELDS)])
    office, apps, keys = (json.loads(text) if text else None for text in row[len(_MEMBER_FIELDS) :])
    own = [rules.Held(app["carrier"]) for app in apps or ()]
    own += [rules.Held(key["carrier"], is_passkey=True, is_synced=key["synced"]) for key in keys or ()]
    member.standing = _standing(member, tuple(own), office or {})
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


def _build_standings(of_all: bool) -> QuerySet[Member, tuple]:
    chosen = (
        Member.objects.present() if of_all else Member.objects.get_queryset().filter(pk=Slot("pk", BigIntegerField()))
    )
    rule = Office.objects.values(rule=JSONObject(**{name: name for name in _RULE_FIELDS}))
    apps = TotpDevice.objects.filter(confirmed=True)
    keys = Passkey.objects.filter(confirmed=True, host=Slot("host", CharField()))
    facts = {
        "office_rule": Subquery(rule),
        "own_apps": _all_as_json(apps, carrier="carrier"),
        "own_keys": _all_as_json(keys, carrier="carrier", synced="backup_eligible"),
    }
    return chosen.annotate(**facts).order_by("name", "pk").values_list(*_MEMBER_FIELDS, *facts)


def _all_as_json(rows: QuerySet, **facts: str) -> Subquery:
    """A person’s rows as one JSON list; NULL for none."""
    own = rows.filter(user=OuterRef("pk")).order_by().annotate(_one=Value(1)).values("_one")
    return Subquery(own.annotate(all=JSONBAgg(JSONObject(**facts), order_by="pk")).values("all"))


_STANDINGS = Prepared(_build_standings)


def open_invitation(token: str, *, at: datetime) -> Invitation | None:
    """The invitation a link's token stands for, while it is open and its person still has that address."""
    try:
        number = uuid.UUID(hex=token[:32])
    except ValueError:
        return None
    found = Invitation.objects.select_related("member").filter(uuid=number).first()
    if found is None or not constant_time_compare(found.token(), token):
        return None
    if not found.is_open(at) or not found.member.is_active:
        return None
    return found if (found.member.email or "").lower() == found.address.lower() else None


def calls_from(network: str | None, *, since: datetime) -> int:
    """How often a network has asked for a call since a moment; beyond ten over all networks everybody waits."""
    recent = SignIn.objects.filter(stage=Stage.LOST, at__gt=since)
    return max(recent.filter(network=network).count(), recent.count() - MOST_CALLS_ELSEWHERE)
