"""Who may record proof: predicates on a member and a row, without queries."""

from __future__ import annotations


def may_record(member, *, login_holder: int | None, device_holder: int | None = None) -> bool:
    """Managers for everybody; a trader for an own login or on an own device; an auditor never. Holders by number."""
    if member.is_auditor:
        return False
    return member.is_manager or member.pk in (login_holder, device_holder)
