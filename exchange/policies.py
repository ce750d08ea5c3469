"""Who may bring data in and take it out: predicates on a member, without queries."""

from __future__ import annotations

from identity.policies import is_manager, is_owner, sees_everything


def may_import(member) -> bool:
    """Owners and managers change the inventory, by hand and by file."""
    return is_manager(member)


def may_see_imports(member) -> bool:
    """Whoever reads the whole house reads what was imported into it."""
    return sees_everything(member)


def may_export(member) -> bool:
    """Owners, managers and auditors take the inventory out; it is what they see anyway."""
    return sees_everything(member)


def may_run_demo(member) -> bool:
    """Only an owner fills the house with invented people and empties it again."""
    return is_owner(member)
