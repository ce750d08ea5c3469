"""Who may do what with accounts, logins, doors and rights: predicates on a member, without queries."""

from __future__ import annotations

from identity.policies import any_member, is_manager


def edits_accounts(member) -> bool:
    """Owners and managers add, change and end accounts, logins, doors and rights."""
    return is_manager(member)


def reads_logins(member) -> bool:
    """Everybody opens a login that they can see: all, or for a trader the own ones."""
    return any_member(member)


def reads_brokers(member) -> bool:
    """What is known of brokers is for everybody who signs in."""
    return any_member(member)
