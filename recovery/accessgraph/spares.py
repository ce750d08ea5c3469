"""When a second way in is one: it shares nothing with the first."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Way:
    """One way to satisfy a login: an authenticator or a backup.

    `parts` are all things it falls with. `is_placed` says whether anybody knows what it rests on: where that is not on
    file, nobody can say that it shares nothing. `at_hand` is False for what lies on a lost or retired thing.
    """

    id: int
    parts: frozenset[int]
    is_placed: bool = True
    at_hand: bool = True


def independent(ways: Iterable[Way]) -> tuple[Way, ...]:
    """The ways, in their order, that share no part with one taken before.

    Two ways on one phone count once, whichever comes first; one whose place nobody knows, or that is gone, never does.
    """
    taken: set[int] = set()
    found = []
    for way in ways:
        if way.is_placed and way.at_hand and not way.parts & taken:
            found.append(way)
            taken |= way.parts
    return tuple(found)
