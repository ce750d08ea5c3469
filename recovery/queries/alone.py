"""Who has no independent backup: every login with how many it has, why no more of them count, and what to do next."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from itertools import combinations

from accounts.models import Login
from devices import rules as device_rules
from devices.enums import Proof
from identity.models import Member, Office
from recovery.accessgraph import Way, common
from recovery.enums import BackupKind, Standing
from recovery.queries.keys import Key, Keys, Ring, Spare, logins_of, named_keys, ring, second_of

_NUMBERS = ("no", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten")
_RANK = {standing: number for number, standing in enumerate(Standing)}
_SHOWN = 3


@dataclass(frozen=True, slots=True)
class Line:
    """One login in the answer. `to_test` is the backup or authenticator that `step` asks somebody to try."""

    ring: Ring
    standing: Standing
    why: str
    step: str
    to_test: Key | Spare | None = None

    @property
    def login(self) -> Login:
        return self.ring.login

    @property
    def holder(self) -> str:
        return self.login.holder.name if self.login.holder else "A program"

    @property
    def on_file(self) -> int:
        """Authenticators and backups together, whether they count or not."""
        return len(self.ring.keys) + len(self.ring.spares)

    @property
    def independent(self) -> int:
        return len(self.ring.second_ways)

    @property
    def counted(self) -> str:
        """“0, with 2 on file”."""
        return f"{self.independent}, with {self.on_file} on file"

    @property
    def rank(self) -> tuple[int, int, bool, str, str]:
        """Sorts what is worst first, and people before programs."""
        of_a_program = self.login.holder is None
        return _RANK[self.standing], self.independent, of_a_program, self.holder, self.login.label


def lines(member: Member, *, at: datetime, office: Office) -> list[Line]:
    """Every login in use that a member sees, the worst first. Five queries."""
    logins = logins_of(member)
    keys = named_keys([login.pk for login in logins], member, at=at, office=office)
    return sorted((_line(login, keys) for login in logins), key=lambda line: line.rank)


def line_of(login: Login, member: Member, *, at: datetime, office: Office) -> Line:
    """The same for one login, which the member is known to see. Four queries."""
    return _line(login, named_keys([login.pk], member, at=at, office=office))


def _line(login: Login, keys: Keys) -> Line:
    ways = keys.ways(login.pk)
    found = ring(login, keys, second_of(ways))
    counted = [pair for pair in ways if pair[1].counts]
    if not found.keys and not found.spares:
        return Line(found, Standing.NOTHING, "Nothing is on file.", "Put its authenticator on file.")
    if not counted:
        return _without_a_way(found, keys)
    if not found.second_ways:
        return Line(found, Standing.ALONE, _why_alone(found, keys, counted), _what_else(found))
    return _with_backups(found)


def _without_a_way(found: Ring, keys: Keys) -> Line:
    """No way counts: all that is on file is gone, or nobody wrote down where it is."""
    lost = keys.gone
    gone = [one.name for one in found.keys if not one.at_hand(lost)] + [
        spare.name for spare, why in found.spares if spare.is_placed and why
    ]
    every: list[Key | Spare] = [*found.keys, *(spare for spare, _ in found.spares)]
    unplaced = [one.name for one in every if not one.is_placed]
    if unplaced:
        why = f"Nobody wrote down where {_named(unplaced)} {'is' if len(unplaced) == 1 else 'are'}."
        return Line(found, Standing.UNPLACED, why, "Write down what carries it.")
    why = f"{_named(gone)} {'is' if len(gone) == 1 else 'are'} lost, retired or used up."
    return Line(found, Standing.GONE, why, "Bring it back at the broker, then put it on file on another thing.")


def _why_alone(found: Ring, keys: Keys, counted: list[tuple[Key | Spare, Way]]) -> str:
    names = list(dict.fromkeys(one.name for one, _ in counted))
    if len(counted) == 1:
        one, way = counted[0]
        where = f", {keys.nearest(way.parts).where}" if way.parts else ""
        others = [
            f"{spare.name}: {why[:1].lower()}{why[1:]}" for spare, why in found.spares if why and spare is not one
        ]
        unplaced = [f"{key.name}: nobody wrote down where it is." for key in found.keys if not key.is_placed]
        return " ".join([f"Only {names[0]}{where}.", *others, *unplaced])
    together = common(way for _, way in counted)
    if together:
        many = "both" if len(counted) == 2 else f"all {_number(len(counted))}"
        return f"{_named(names)}: {many} are {keys.nearest(together).where}."
    return f"Each falls with another: {_a_pair(keys, counted)}."


def _a_pair(keys: Keys, counted: list[tuple[Key | Spare, Way]]) -> str:
    pairs = combinations(counted, 2)
    one, other = next((one, other) for one, other in pairs if one[1].parts & other[1].parts)
    return f"{_named([one[0].name, other[0].name])} are both {keys.nearest(one[1].parts & other[1].parts).where}"


def _what_else(found: Ring) -> str:
    """The next step of a login that one loss would lock out: what its broker would enrol beside what it has."""
    if found.login.holder is None:
        return "Write down where a second copy lies, or how it is made anew."
    standing = [key.factor for key in found.keys]
    kinds = {carrier.kind for key in found.keys for carrier in key.carriers}
    other = device_rules.another_kind(found.login.profile, standing, kinds)
    if other is None:
        return "Put a backup on file that lies on another thing."
    return f"Enrol {device_rules.short(other.name)} on another thing, or put another backup on file."


def _with_backups(found: Ring) -> Line:
    ways = found.second_ways
    why = f"{_named([_placed(one) for one in ways[:_SHOWN]])}{_and_more(len(ways) - _SHOWN)}."
    own = [one for one in ways if not (isinstance(one, Spare) and one.kind == BackupKind.RESCUE)]
    if not own:
        return Line(found, Standing.RESCUE, why, _what_else(found))
    if any(one.proof in (Proof.PROVEN, Proof.DUE) for one in own):
        return Line(found, Standing.TESTED, why, "")
    return Line(found, Standing.UNTESTED, why, f"Test {own[0].name}.", own[0])


def _placed(one: Key | Spare) -> str:
    if isinstance(one, Spare):
        kept = "" if one.kind == BackupKind.RESCUE else one.kept
    else:
        kept = ", ".join(carrier.name for carrier in one.carriers)
    return f"{one.name} ({kept})" if kept and kept not in one.name else one.name


def _named(names: Iterable[str]) -> str:
    names = list(names)
    return " and ".join([", ".join(names[:-1]), names[-1]]) if len(names) > 1 else "".join(names)


def _and_more(number: int) -> str:
    return f", and {_number(number)} more" if number > 0 else ""


def _number(count: int) -> str:
    return _NUMBERS[count] if count < len(_NUMBERS) else str(count)
