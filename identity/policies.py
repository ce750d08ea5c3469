"""Who may do what: predicates on a member, without queries. `@requires` names one on every route."""

from __future__ import annotations


def anyone(member) -> bool:
    """Open before sign-in; the list of such routes is short and tested."""
    return True


def any_member(member) -> bool:
    return member.is_active


def is_owner(member) -> bool:
    return member.is_owner


def is_manager(member) -> bool:
    """Owners and managers run the inventory."""
    return member.is_manager


def sees_everything(member) -> bool:
    """Owners, managers and auditors read the whole house."""
    return member.sees_everything


def may_do_things(member) -> bool:
    """Everybody but an auditor, who changes nothing."""
    return not member.is_auditor


def may_give_role(member, role: str) -> bool:
    """Only an owner makes owners and managers; a manager may add traders and auditors."""
    return member.is_owner or (member.is_manager and role in ("trader", "auditor"))


def may_change_member(member, other) -> bool:
    """Nobody manages somebody above them."""
    return member.is_owner or (member.is_manager and other.role in ("trader", "auditor"))


def may_open_reset(member, other) -> bool:
    """Owners and managers open a reset of anybody’s factors but their own."""
    return member.is_manager and member.pk != other.pk


def may_confirm_reset(member, reset) -> bool:
    """See `may_be_the_second`."""
    return may_be_the_second(member, reset.member_id, reset.opened_by_id)


def may_be_the_second(member, whose: int, opener: int | None) -> bool:
    """The second person of a reset is an owner or manager, and neither who opened it nor whom it is for."""
    return member.is_manager and member.pk not in (opener, whose)


def may_stop_reset(member, reset) -> bool:
    """Any owner or manager, and the person it is for."""
    return member.is_manager or member.pk == reset.member_id


def may_stand_in(member) -> bool:
    """Only who sees everything and may act can do for somebody else what they are reminded of."""
    return member.sees_everything and not member.is_auditor


def may_write_away(member, other) -> bool:
    """One's own days; those of others by whoever manages them."""
    return member.pk == other.pk or may_change_member(member, other)
