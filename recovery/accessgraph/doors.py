"""How one door stands, and why, in a sentence short enough for its plate."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from typing import Literal, get_args

from accounts.brokers.expressions import Expression, missing, satisfied, slugs

State = Literal["open", "bolted", "shut", "unknown", "none"]
Proof = Literal["proven", "due", "overdue", "never", "failed", "unknown"]
InSum = Literal["fresh", "spent", "none"]

STATES: tuple[State, ...] = get_args(State)

_NUMBERS = ("No", "One", "Two", "Three", "Four", "Five", "Six", "Seven", "Eight", "Nine", "Ten")


@dataclass(frozen=True, slots=True)
class Held:
    """One enrolled factor of a login.

    `also` are the slugs that live and die with it. `gone` reads on from its name when it is not at hand: "is on a lost
    phone". `proven` says that somebody has seen it work.
    """

    slug: str
    name: str
    gone: str = ""
    proven: bool = False
    also: frozenset[str] = frozenset()

    @property
    def slugs(self) -> frozenset[str]:
        return self.also | {self.slug}


@dataclass(frozen=True, slots=True)
class Seen:
    """What is on file about one device at one door.

    `noun` is what several such devices are called together ("computers"). `days_left` counts to the last good day,
    negative when it is over. `at_hand` is False for a lost or retired thing, and for one that is carried by such.
    """

    device: str
    proof: Proof
    at_hand: bool = True
    days_left: int | None = None
    noun: str = "devices"


@dataclass(frozen=True, slots=True)
class Verdict:
    """A door's state and the sentence that says why."""

    state: State
    reason: str


def door_state(
    requirement: Expression,
    factors: Sequence[Held],
    validations: Sequence[Seen],
    *,
    assumed: Collection[str] = (),
    used: bool = True,
    asks_device: bool = True,
) -> Verdict:
    """How a door stands that asks for `requirement`, given what its login holds and what is on file about devices.

    `assumed` are the factors to take as held. `asks_device` is False for doors that recognise none and for programs:
    without a validation on file they are proven by their authenticators. `Seen.proof` is the state it would be in were
    its device at hand; whether it is counts separately.
    """
    if not used:
        return Verdict("none", "Not used.")
    base = frozenset(assumed)
    now = satisfied(requirement, base.union(*(held.slugs for held in factors if not held.gone)))
    before = now or satisfied(requirement, base.union(*(held.slugs for held in factors)))
    proof = proof_in_sum(
        fresh=any(seen.at_hand and seen.proof in ("proven", "due") for seen in validations),
        spent=any(seen.proof in ("proven", "due", "overdue", "failed") for seen in validations),
    )
    by_factors = not asks_device and not validations
    if by_factors:
        proven = base.union(*(held.slugs for held in factors if held.proven and not held.gone))
        proof = proof_in_sum(fresh=satisfied(requirement, proven), spent=False)
    state = judge(now=now, before=before, proof=proof)
    return Verdict(state, _reason(state, requirement, factors, validations, base, now=now, by_factors=by_factors))


def proof_in_sum(*, fresh: bool, spent: bool) -> InSum:
    """What all of a door's proofs come to: one good proof is enough; one that is no longer good is better than none."""
    return "fresh" if fresh else "spent" if spent else "none"


def judge(*, now: bool, before: bool, proof: InSum) -> State:
    """A used door: is it satisfied `now`, was it `before` things were lost, and how is it proven."""
    if not now:
        return "shut" if before else "unknown"
    if proof == "fresh":
        return "open"
    return "bolted" if proof == "spent" else "unknown"


def _reason(
    state: State,
    requirement: Expression,
    factors: Sequence[Held],
    validations: Sequence[Seen],
    assumed: frozenset[str],
    *,
    now: bool,
    by_factors: bool,
) -> str:
    if state == "shut":
        return _why_shut(requirement, factors)
    if not now:
        return _what_lacks(requirement, factors, assumed)
    if by_factors:
        return _why_by_factors(state, requirement, factors)
    if state == "open":
        return _who_opens(validations)
    if state == "bolted":
        return _why_bolted(validations)
    return _why_unproven(validations)


def _why_shut(requirement: Expression, factors: Sequence[Held]) -> str:
    asked = slugs(requirement)
    lost = [held for held in factors if held.gone and held.slugs & asked]
    more = f", and {len(lost) - 1} more with it" if len(lost) > 1 else ""
    return f"{lost[0].name} {lost[0].gone}{more}."


def _what_lacks(requirement: Expression, factors: Sequence[Held], assumed: frozenset[str]) -> str:
    held = assumed.union(*(one.slugs for one in factors))
    fewest = min(map(len, missing(requirement, held)))
    return (
        "No authenticator on file opens it."
        if fewest == 1
        else f"{_counted(fewest)} things it asks for are not on file."
    )


def _why_by_factors(state: State, requirement: Expression, factors: Sequence[Held]) -> str:
    if state != "open":
        return "Nobody has proven this door yet."
    asked = slugs(requirement)
    proven = [held.name for held in factors if held.proven and not held.gone and held.slugs & asked]
    return f"{proven[0]} is known to work." if proven else "Asks for nothing that could be lost."


def _who_opens(validations: Sequence[Seen]) -> str:
    """How many devices are known, and the one thing to look at, if there is one."""
    known = [seen for seen in validations if seen.at_hand and seen.proof in ("proven", "due")]
    late = [seen for seen in validations if seen.at_hand and seen.proof in ("overdue", "failed")]
    if late:
        return _trouble(late)
    soon = [seen for seen in known if seen.proof == "due"]
    if soon:
        return _trouble(soon)
    nouns = {seen.noun for seen in known}
    noun = nouns.pop() if len(nouns) == 1 else "devices"
    return f"{_counted(len(known))} {noun if len(known) > 1 else noun.removesuffix('s')} known."


def _why_bolted(validations: Sequence[Seen]) -> str:
    late = [seen for seen in validations if seen.at_hand and seen.proof in ("overdue", "failed")]
    if late:
        return _trouble(late)
    lost = [seen for seen in validations if not seen.at_hand and seen.proof not in ("never", "unknown")]
    if len(lost) > 1:
        return "The devices that proved it are gone."
    return f"{lost[0].device} proved it, and is gone."


def _trouble(seen: Sequence[Seen]) -> str:
    """The sentence about the device that needs the least to be right again."""
    one = max(seen, key=_closeness)
    if one.proof == "failed":
        return f"It did not work from {one.device}."
    if one.proof == "due":
        return (
            f"{one.device} has {_days(one.days_left or 0)} left."
            if one.days_left
            else f"{one.device} has its last day."
        )
    return f"{one.device} is {_days(-(one.days_left or 0))} late."


def _closeness(seen: Seen) -> tuple[bool, int]:
    soonest: Callable[[int], int] = (lambda left: -left) if seen.proof == "due" else (lambda left: left)
    return (seen.proof == "failed", soonest(seen.days_left or 0))


def _why_unproven(validations: Sequence[Seen]) -> str:
    if any(seen.proof == "unknown" and seen.at_hand for seen in validations):
        return "Nobody can say whether it works."
    return "Nobody has proven this door yet."


def _counted(number: int) -> str:
    return _NUMBERS[number] if number < len(_NUMBERS) else str(number)


def _days(number: int) -> str:
    return "1 day" if number == 1 else f"{number} days"
