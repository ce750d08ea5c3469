"""Pure reasoning about backups: no query, no clock."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime

from accounts.brokers import Factor
from devices import rules
from devices.enums import AssetKind, Outcome, Proof
from recovery.enums import BackupKind

# On what a backup of each kind lies, where it lies on a thing. Kinds left out lie on anything.
_CARRIERS: dict[str, tuple[str, ...]] = {
    BackupKind.SEED_COPY: (AssetKind.PASSWORD_MANAGER, AssetKind.PAPER, AssetKind.SECURITY_KEY, AssetKind.PHONE),
    BackupKind.PRINTED_CODES: (AssetKind.PAPER,),
    BackupKind.CARD: (AssetKind.CARD,),
    BackupKind.MAILBOX: (AssetKind.MAILBOX,),
    BackupKind.NUMBER: (AssetKind.SIM,),
    BackupKind.RESCUE: (),
}


def backup_refusal(
    *,
    kind: str,
    carrier_kinds: Collection[str] = (),
    place_kind: str | None = None,
    codes_left: int | None = None,
    factor: Factor | None = None,
) -> str | None:
    """Why a backup cannot be so, in a sentence, or None. `factor` is the one it stands in for, if it is for one."""
    allowed = _CARRIERS.get(kind)
    if allowed is not None and any(one not in allowed for one in carrier_kinds):
        return _wrong_carrier(kind, allowed)
    if place_kind is not None and place_kind != AssetKind.PLACE:
        return "Choose a place to keep it in, such as a safe or a room."
    if codes_left is not None and kind != BackupKind.PRINTED_CODES:
        return "Only printed codes are counted. Leave “Codes left” empty."
    if kind == BackupKind.SEED_COPY and factor is not None and rules.is_bound(factor):
        return rules.one_place_only(factor)
    return None


def _wrong_carrier(kind: str, allowed: tuple[str, ...]) -> str:
    label = BackupKind(kind).label
    if not allowed:
        return f"“{label}” lies on no thing. Leave “Carried by” empty."
    things = " or a ".join(AssetKind(one).label.lower() for one in allowed)
    return f"“{label}” lies on a {things}. Choose again what carries it."


def is_placed(*, kind: str, carriers: int, has_place: bool, has_custodian: bool) -> bool:
    """Whether anybody knows what a backup rests on. The broker's rescue path rests on nothing of the office's."""
    return kind == BackupKind.RESCUE or bool(carriers) or has_place or has_custodian


def proof_since(proved_at: datetime | None, *, at: datetime, days: int, warn_days: int, zone: str) -> Proof:
    """The proof state of a backup or an authenticator that was last seen to work then, and is good for `days` days."""
    if proved_at is None:
        return Proof.NEVER
    lapses_at = rules.lapse(proved_at, days, zone)
    return rules.proof_state(outcome=Outcome.PROVEN, lapses_at=lapses_at, at=at, warn_days=warn_days)
