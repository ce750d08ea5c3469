"""Brokerage accounts, the logins that reach them, their doors and rights."""

from accounts.models.inventory import HINT, Account, Door, DoorQuerySet, Grant, Login

__all__ = ["HINT", "Account", "Door", "DoorQuerySet", "Grant", "Login"]
