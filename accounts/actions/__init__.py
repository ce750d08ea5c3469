"""Everything that changes accounts, logins, doors and rights."""

from accounts.actions.accounts import add_account, change_account, close_account, open_account
from accounts.actions.grants import change_grant, end_grant, give_grant
from accounts.actions.logins import add_login, change_login, end_login, set_doors
from accounts.actions.rows import MOVED

__all__ = [
    "MOVED",
    "add_account",
    "add_login",
    "change_account",
    "change_grant",
    "change_login",
    "close_account",
    "end_grant",
    "end_login",
    "give_grant",
    "open_account",
    "set_doors",
]
