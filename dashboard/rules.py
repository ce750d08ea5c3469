"""What is odd about the rights of an office: findings with their reason and next step. Pure."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from accounts.enums import LoginKind, Right
from dashboard.enums import FindingKind
from devices.enums import AssetKind

# A right that nobody used or proved for so long is looked at: a quarter of a year, as for most reviews.
UNUSED = timedelta(days=90)
HANDS_ON = frozenset({AssetKind.COMPUTER, AssetKind.PHONE, AssetKind.TABLET})


@dataclass(frozen=True, slots=True)
class HeldRight:
    """One open grant as the findings look at it. `powers` are what the doors in use of its login can do."""

    grant_id: int
    login_id: int
    login: str
    account_id: int
    account: str
    holder: str
    kind: str
    rights: tuple[str, ...]
    given_at: datetime
    proved_at: datetime | None
    powers: frozenset[str]


@dataclass(frozen=True, slots=True)
class LoginSeen:
    """One open login: who holds it, and the kinds of device from which it was proven to work."""

    login_id: int
    login: str
    holder: str
    kind: str
    kinds: frozenset[str]


@dataclass(frozen=True, slots=True)
class Finding:
    """Something odd, about whom, why it matters, and what to do next; `route` with `number` is where."""

    kind: FindingKind
    about: str
    holder: str
    why: str
    step: str
    route: str
    number: int


def findings(held: Collection[HeldRight], logins: Iterable[LoginSeen], *, whole: bool, at: datetime) -> list[Finding]:
    """Every finding, by kind in the order of the enum, then by what it is about.

    `whole` says that these are all rights of the office: only then can anybody be said to be alone.
    """
    found = [
        *(one for right in held for one in _of_right(right, at)),
        *(one for login in logins for one in _of_login(login)),
        *(_single(held) if whole else ()),
    ]
    kinds = list(FindingKind)
    return sorted(found, key=lambda one: (kinds.index(one.kind), one.about, one.why))


def _of_right(right: HeldRight, at: datetime) -> Iterator[Finding]:
    about = f"{right.login} in {right.account}"
    last = max(filter(None, (right.given_at, right.proved_at)))
    if at - last > UNUSED:
        days = (at - last).days
        seen = "last proven" if right.proved_at == last else "given, and nobody has proven it since,"
        yield Finding(
            FindingKind.UNUSED, about, right.holder,
            f"The rights were {seen} {days} days ago.",
            "Prove that they are used, or take them away.",
            "accounts:end_grant", right.grant_id,
        )  # fmt: skip
    without = [Right(one).label.lower() for one in right.rights if one not in right.powers]
    if without:
        yield Finding(
            FindingKind.NO_DOOR, about, right.holder,
            f"No door in use of this login can {_or(without)}.",
            "Put the door on file that does, or take the right away.",
            "accounts:edit_grant", right.grant_id,
        )  # fmt: skip


def _of_login(login: LoginSeen) -> Iterator[Finding]:
    if not login.holder:
        yield Finding(
            FindingKind.NO_HOLDER, login.login, "",
            "Nobody is asked when it has to be proven or renewed.",
            "Say who looks after it.",
            "accounts:edit_login", login.login_id,
        )  # fmt: skip
    by_hand, by_program = login.kinds & HANDS_ON, AssetKind.SERVER in login.kinds
    if by_program and by_hand:
        whose = "a program’s" if login.kind == LoginKind.AUTOMATION else "a person’s"
        yield Finding(
            FindingKind.SHARED, login.login, login.holder,
            f"It is {whose}, and was proven both from a server and by hand: one signs the other out.",
            "Give the program a login of its own.",
            "accounts:show_login", login.login_id,
        )  # fmt: skip


def _single(held: Collection[HeldRight]) -> Iterator[Finding]:
    """Accounts whose users only one login can manage."""
    managers: dict[int, list[HeldRight]] = {}
    for right in held:
        if Right.MANAGE_USERS in right.rights:
            managers.setdefault(right.account_id, []).append(right)
    for rights in managers.values():
        if len({one.login_id for one in rights}) == 1:
            only = rights[0]
            yield Finding(
                FindingKind.SINGLE, only.account, only.holder,
                f"Only {only.login} can manage its users. With that login gone, nobody can let anybody in.",
                "Let a second person manage users.",
                "dashboard:show_account", only.account_id,
            )  # fmt: skip


def _or(words: list[str]) -> str:
    return " or ".join([", ".join(words[:-1]), words[-1]] if len(words) > 1 else words)
