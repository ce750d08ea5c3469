"""Everything that changes things, validations and authenticators."""

from devices.actions.assets import add_asset, change_asset, mark_found, mark_lost, retire_asset
from devices.actions.authenticators import (
    add_authenticator,
    change_authenticator,
    confirm_authenticator,
    end_authenticator,
)
from devices.actions.clocks import note_clock
from devices.actions.handing import accept, decline, hand_over, take_note, withdraw
from devices.actions.validations import (
    confirm_validation,
    days_good,
    end_validation,
    expect_validation,
    zone_of,
)

__all__ = [
    "accept",
    "add_asset",
    "add_authenticator",
    "change_asset",
    "change_authenticator",
    "confirm_authenticator",
    "confirm_validation",
    "days_good",
    "decline",
    "end_authenticator",
    "end_validation",
    "expect_validation",
    "hand_over",
    "mark_found",
    "mark_lost",
    "note_clock",
    "retire_asset",
    "take_note",
    "withdraw",
    "zone_of",
]
