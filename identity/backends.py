"""Who a session belongs to. Passwords are checked by `identity.actions`, never here."""

from __future__ import annotations

from core import clock
from identity import queries
from identity.models import Member


class MemberBackend:
    """Gives a session its member back on each request, as long as that member may still enter."""

    def authenticate(self, request, **credentials) -> None:
        """Sign-in runs through `identity.actions`, which asks for two factors; this door is closed."""
        return

    def get_user(self, user_id: int) -> Member | None:
        member = queries.entering(user_id)
        if member is None:
            return None
        return member if member.may_enter(clock.local_day(clock.now(), member.timezone)) else None
