"""Who may open what, as a table made from the guards on the routes themselves."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from django.urls import get_resolver
from django.urls.resolvers import URLPattern, URLResolver

from identity.enums import Role
from identity.models import Member
from identity.policies import anyone

ROLES = (Role.OWNER, Role.MANAGER, Role.TRADER, Role.AUDITOR)
ABOUT = """# Who may open what

Made from the guards on the routes by `python manage.py make_permissions`; a test notices when they differ.

- **open**: before sign-in. Everything else asks for a password and a second factor, whoever asks.
- **yes**: the route answers this role. Which rows it shows is a second question, asked of every row: a trader reaches
  their own logins with what hangs on them, their own things, notices and letters to them; to everything else the answer
  is “not found”. Owners, managers and auditors see every row.
- **proof**: yes, after a code or a passkey shown within the last ten minutes.
- Where a deed asks more than its route (only an owner makes owners; nobody confirms their own request; the last owner
  stays), the action refuses it in words.
- Fields: a person sets their own zone, hour of mail, telephone and appearance; name, address and role are set by a
  manager, the roles of owner and manager by an owner. Proof dates, states, keys and who did it are never taken from a
  form. Account numbers and user names are four characters for everybody.

| route | owner | manager | trader | auditor |
|---|---|---|---|---|
"""


@dataclass(frozen=True, slots=True)
class Permission:
    """One route and the word for each role, in the order of ROLES."""

    route: str
    words: tuple[str, ...]

    def __str__(self) -> str:
        return f"| `/{self.route}` | {' | '.join(self.words)} |"


def routes(patterns: Any = None, prefix: str = "") -> Iterator[tuple[str, Callable[..., Any]]]:
    """Every route of the installation with its view, in the order in which they are looked up."""
    for pattern in get_resolver().url_patterns if patterns is None else patterns:
        route = prefix + str(pattern.pattern)
        if isinstance(pattern, URLResolver):
            yield from routes(pattern.url_patterns, route)
        elif isinstance(pattern, URLPattern):
            yield route, pattern.callback


def permissions() -> list[Permission]:
    """The whole table, by route."""
    return [Permission(route, tuple(_word(view, role) for role in ROLES)) for route, view in sorted(routes())]


def page() -> str:
    """The table as docs/permissions.md."""
    return ABOUT + "".join(f"{line}\n" for line in permissions())


def _word(view: Any, role: str) -> str:
    if view.policy is anyone:
        return "open"
    if not view.policy(Member(role=role)):
        return "–"
    return "proof" if view.step_up else "yes"
