"""Who may record proof and hand things over: predicates on a member and a row, without queries."""

from __future__ import annotations


def may_record(member, *, login_holder: int | None, device_holder: int | None = None) -> bool:
    """Managers for everybody; a trader for an own login or on an own device; an auditor never. Holders by number."""
    if member.is_auditor:
        return False
    return member.is_manager or member.pk in (login_holder, device_holder)


def may_hand_over(member, *, holder: int | None) -> bool:
    """Managers hand over everything; everybody else what they hold, an auditor nothing. The holder by number."""
    return not member.is_auditor and (member.is_manager or member.pk == holder)


def may_hand_to(member, receiver) -> bool:
    """Managers hand to anybody; everybody else to who runs the office, for no trader learns who the others are."""
    return member.is_manager or receiver.is_manager


def answers_themselves(receiver) -> bool:
    """Whether a person can say at Postern that they have a thing: whoever is here, signs in and changes things."""
    return receiver.is_active and receiver.joined_at is not None and not receiver.is_auditor


def may_answer_hand_over(member, receiver) -> bool:
    """The receiver; for somebody who can't answer themselves, whoever runs the office."""
    return member.pk == receiver.pk if answers_themselves(receiver) else member.is_manager


def may_withdraw(member, *, offered_by: int) -> bool:
    """Whoever offered it, and whoever runs the office; the same take note of what was declined."""
    return not member.is_auditor and (member.is_manager or member.pk == offered_by)
