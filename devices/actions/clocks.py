"""What a device’s clock showed."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction

from core.errors import Refused
from core.trail.actions import record
from core.trail.enums import Verb
from devices import policies
from devices.actions.assets import held_asset
from devices.clocks import Reading, reading_fault
from devices.enums import CLOCKED_KINDS
from devices.models import Asset
from identity.models import Member


@transaction.atomic
def note_clock(asset: Asset, reading: Reading, *, by: Member, at: datetime) -> Asset:
    """Keep how far a device’s clock is off, as its own browser measured it. The last measurement counts."""
    held = held_asset(asset)
    if not policies.may_record(by, login_holder=None, device_holder=held.holder_id):
        raise Refused("You can measure your own devices. Ask who runs the office about this one.")
    if held.kind not in CLOCKED_KINDS:
        raise Refused(f"{held.name} has no clock that anybody looks at.")
    if held.gone_word:
        raise Refused(f"{held.name} is {held.gone_word}. Measure the device that you are at.")
    fault = reading_fault(reading.offset_ms, reading.margin_ms)
    if fault:
        raise Refused(fault)
    held.clock_offset_ms, held.clock_margin_ms, held.clock_checked_at = reading.offset_ms, reading.margin_ms, at
    held.save(update_fields=["clock_offset_ms", "clock_margin_ms", "clock_checked_at"])
    offset, margin = reading.offset_ms, reading.margin_ms
    record(Verb.CLOCK_CHECKED, by=by, about=held, at=at, offset_ms=offset, margin_ms=margin)
    return held
