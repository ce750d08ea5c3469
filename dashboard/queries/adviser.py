"""Which door for which job, for one person: ready, or what is missing."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from accounts.enums import LoginKind, Right
from accounts.models import Door, Grant
from identity.models import Member, Office
from recovery.queries import DoorCard, load


@dataclass(frozen=True, slots=True)
class Job:
    """Something a person wants done: the right it takes, and the kinds of door for it, the fittest first."""

    slug: str
    name: str
    why: str
    right: Right
    kinds: tuple[str, ...]


JOBS = (
    Job(
        "look",
        "A quick look",
        "Positions and prices at a glance: the telephone is at hand, and looking asks for least.",
        Right.VIEW,
        ("mobile", "web", "desktop"),
    ),
    Job(
        "trade",
        "An ordinary order",
        "The desktop has most to check an order with; the browser does when it is not at hand.",
        Right.TRADE,
        ("desktop", "web", "mobile"),
    ),
    Job(
        "complex",
        "Complex options and algorithms",
        "Orders with several legs and the broker’s algorithms are built on the desktop.",
        Right.TRADE,
        ("desktop",),
    ),
    Job(
        "program",
        "A program that trades",
        "Programs come in by doors of their own, which run without a person before the screen.",
        Right.TRADE,
        ("api",),
    ),
    Job(
        "papers",
        "Statements and tax papers",
        "The browser has all of them; reports by file need nobody to sign in.",
        Right.REPORTS,
        ("web", "reports", "mobile"),
    ),
    Job(
        "money",
        "Moving money out",
        "It is asked for in the browser, and may wait for somebody who approves it.",
        Right.WITHDRAW,
        ("web", "mobile", "desktop"),
    ),
    Job(
        "users",
        "Adding users and changing rights",
        "Only the browser has the page for it.",
        Right.MANAGE_USERS,
        ("web",),
    ),
    Job(
        "close",
        "Closing positions in an emergency",
        "Whatever opens first. When no door opens, the broker’s desk takes the order by telephone.",
        Right.TRADE,
        ("mobile", "web", "desktop", "voice"),
    ),
)
_TO = {
    Right.VIEW: "look into an account",
    Right.TRADE: "trade",
    Right.WITHDRAW: "move money out",
    Right.MANAGE_USERS: "manage users",
    Right.REPORTS: "fetch reports",
}
# From the door that opens to the one that does not, and what to do about it in between.
_READY_FIRST = ("open", "unknown", "bolted", "shut")


@dataclass(frozen=True, slots=True)
class Advice:
    """The answer for one job: the doors that would do, the readiest first, and what is missing when none is ready."""

    job: Job
    doors: tuple[DoorCard, ...]
    missing: str

    @property
    def is_ready(self) -> bool:
        return bool(self.doors) and self.doors[0].state == "open"

    @property
    def state(self) -> str:
        """ok, due, late or unknown: ready, not without doing something, shut, or nothing this person is set up for."""
        if not self.doors:
            return "unknown"
        if self.is_ready:
            return "ok"
        return "due" if any(card.state in ("unknown", "bolted") for card in self.doors) else "late"

    @property
    def words(self) -> str:
        return {"ok": "Ready", "due": "Not ready yet", "late": "Shut", "unknown": "Not set up"}[self.state]

    @property
    def says(self) -> str:
        """The answer in a sentence."""
        if not self.doors:
            return self.missing
        first = self.doors[0]
        where = f"{first.name}, with {first.login}"
        return f"Use {where}." if self.is_ready else f"{where} comes nearest. {first.reason}"


def advice(person: Member, reader: Member, *, at: datetime, office: Office) -> list[Advice]:
    """An answer for every job, from the doors and rights of a person’s logins that the reader sees. Six queries."""
    doors = Door.objects.visible_to(reader).filter(login__holder=person, login__ended_at=None)
    cards = [card for card in load(doors, reader, at=at, office=office).cards() if card.state != "none"]
    rights, programs = _rights(person, reader)
    return [_advice(job, cards, rights, programs) for job in JOBS]


def _rights(person: Member, reader: Member) -> tuple[dict[int, set[str]], set[int]]:
    """What each login may do in any account, and which logins are a program’s; one query."""
    rights: dict[int, set[str]] = {}
    programs: set[int] = set()
    grants = Grant.objects.visible_to(reader).open().filter(login__holder=person, login__ended_at=None)
    for login, kind, given in grants.values_list("login_id", "login__kind", "rights"):
        rights.setdefault(login, set()).update(given)
        if kind == LoginKind.AUTOMATION:
            programs.add(login)
    return rights, programs


def _advice(job: Job, cards: list[DoorCard], rights: dict[int, set[str]], programs: set[int]) -> Advice:
    allowed = [card for card in cards if job.right in rights.get(card.login_id, ())]
    if "api" not in job.kinds:
        allowed = [card for card in allowed if card.login_id not in programs]
    fitting = [card for card in allowed if card.entry.kind in job.kinds and job.right in card.entry.powers]
    return Advice(job, tuple(sorted(fitting, key=lambda card: _rank(job, card))), _missing(job, cards, allowed))


def _rank(job: Job, card: DoorCard) -> tuple[int, int, str, int]:
    return _READY_FIRST.index(card.state), job.kinds.index(card.entry.kind), card.login, card.id


def _missing(job: Job, cards: list[DoorCard], allowed: list[DoorCard]) -> str:
    if not cards:
        return "No login with a door in use is on file."
    if not allowed:
        return f"No login here has the right to {_TO[job.right]}."
    return "No door for it is in use: it can be switched on at the broker, and put on file here."
