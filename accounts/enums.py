"""Words of accounts."""

from __future__ import annotations

from django.db import models


class LoginKind(models.TextChoices):
    """Who types the user name."""

    PERSON = "person", "A person"
    AUTOMATION = "automation", "A program"


class Right(models.TextChoices):
    """What a login may do in an account; the profiles’ powers. Trading, cash and users are strong."""

    VIEW = "view", "View"
    TRADE = "trade", "Trade"
    WITHDRAW = "withdraw", "Withdraw"
    MANAGE_USERS = "manage-users", "Manage users"
    REPORTS = "reports", "Reports"
