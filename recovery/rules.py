"""Pure reasoning about backups: no query, no clock."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime, timedelta

from accounts.brokers import Factor, Profile
from core.clock import local_day, start_of_day
from devices import rules
from devices.enums import AssetKind, Outcome, Proof
from recovery.enums import BackupKind

# On what a backup of each kind lies, where it lies on a thing; the broker’s rescue on what it calls or writes to.
_CARRIERS: dict[str, tuple[str, ...]] = {
    BackupKind.SECOND_FACTOR: (
        AssetKind.PHONE,
        AssetKind.TABLET,
        AssetKind.COMPUTER,
        AssetKind.SECURITY_KEY,
        AssetKind.CARD,
        AssetKind.SIM,
        AssetKind.MAILBOX,
        AssetKind.PASSWORD_MANAGER,
        AssetKind.PAPER,
    ),
    BackupKind.SEED_COPY: (AssetKind.PASSWORD_MANAGER, AssetKind.PAPER, AssetKind.SECURITY_KEY, AssetKind.PHONE),
    BackupKind.PRINTED_CODES: (AssetKind.PAPER,),
    BackupKind.CARD: (AssetKind.CARD,),
    BackupKind.MAILBOX: (AssetKind.MAILBOX,),
    BackupKind.NUMBER: (AssetKind.SIM,),
    BackupKind.RESCUE: (AssetKind.SIM, AssetKind.MAILBOX, AssetKind.PHONE),
}


def carriers_of(kind: str) -> tuple[str, ...]:
    """The kinds of thing that a backup of this kind can lie on."""
    return _CARRIERS[kind]


def backup_refusal(
    *,
    kind: str,
    carrier_kinds: Collection[str] = (),
    place_kind: str | None = None,
    codes_left: int | None = None,
    factor: Factor | None = None,
    own: Factor | None = None,
    profile: Profile | None = None,
    standing: Collection[str] = (),
) -> str | None:
    """Why a backup cannot be so, in a sentence, or None.

    `factor` is the one it stands in for, if it is for one. `own` is the factor that a second authenticator is itself,
    at the broker of `profile`, beside the `standing` ones of the login (slugs).
    """
    allowed = _CARRIERS[kind]
    if any(one not in allowed for one in carrier_kinds):
        return _wrong_carrier(kind, allowed)
    if place_kind is not None and place_kind != AssetKind.PLACE:
        return "Choose a place to keep it in, such as a safe or a room."
    if codes_left is not None and kind != BackupKind.PRINTED_CODES:
        return "Only printed codes are counted. Leave “Codes left” empty."
    if own is not None and kind != BackupKind.SECOND_FACTOR:
        return "Only a second authenticator is a factor of the broker. Leave “Which one?” empty."
    if kind == BackupKind.SEED_COPY and factor is not None and rules.is_bound(factor):
        return rules.one_place_only(factor)
    return _second_refusal(own, factor, carrier_kinds, profile, standing) if own and profile else None


def _second_refusal(
    own: Factor, factor: Factor | None, carrier_kinds: Collection[str], profile: Profile, standing: Collection[str]
) -> str | None:
    """Why a second authenticator is none: it is what the login has already, or lives and dies with that."""
    first = [factor.slug] if factor else sorted(slug for slug in standing if profile.factor(slug).max_active == 1)
    together = rules.activated_with(profile, own.slug)
    if own.slug in first and rules.is_bound(own):
        return rules.one_place_only(own)
    if own.slug in first:
        return f"It stands in for {rules.short(own.name)} and is the same. Choose another kind, or a copy of the seed."
    if one := next((slug for slug in first if slug in together), None):
        return f"{own.name} lives and dies with {profile.factor(one).name}. Choose another kind."
    return rules.carrier_refusal(own, carrier_kinds)


def _wrong_carrier(kind: str, allowed: tuple[str, ...]) -> str:
    things = " or a ".join(AssetKind(one).label.lower() for one in allowed)
    return f"“{BackupKind(kind).label}” lies on a {things}. Choose again what carries it."


def is_placed(*, kind: str, carriers: int, has_place: bool, has_custodian: bool) -> bool:
    """Whether anybody knows what a backup rests on. The broker's rescue path rests on nothing of the office's."""
    return kind == BackupKind.RESCUE or bool(carriers) or has_place or has_custodian


def tried_before(at: datetime, *, days: int, zone: str) -> datetime:
    """What was last tried before this moment has lapsed at `at`, when a try is good for `days` days of the zone."""
    return start_of_day(local_day(at, zone) - timedelta(days=days), zone)


def proof_since(proved_at: datetime | None, *, at: datetime, days: int, warn_days: int, zone: str) -> Proof:
    """The proof state of a backup or an authenticator that was last seen to work then, and is good for `days` days."""
    if proved_at is None:
        return Proof.NEVER
    lapses_at = rules.lapse(proved_at, days, zone)
    return rules.proof_state(outcome=Outcome.PROVEN, lapses_at=lapses_at, at=at, warn_days=warn_days)
