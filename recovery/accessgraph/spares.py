"""When a second way in is one: it shares nothing with the first."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

# Among more ways than this that hang together, the choice takes those with the fewest parts first.
_TRIED_OUT = 16


@dataclass(frozen=True, slots=True)
class Way:
    """One way to satisfy a login: an authenticator, one copy of its seed, or a backup.

    `parts` are all things it falls with. `is_placed` says whether anybody knows what it rests on: where that is not on
    file, nobody can say that it shares nothing. `at_hand` is False for what lies on a lost or retired thing.
    """

    id: int
    parts: frozenset[int]
    is_placed: bool = True
    at_hand: bool = True

    @property
    def counts(self) -> bool:
        return self.is_placed and self.at_hand


def independent(ways: Iterable[Way]) -> tuple[Way, ...]:
    """The most ways of which no two share a part, in their order; of several such choices, the one that begins first.

    Two ways on one phone count once; one whose place nobody knows, or that is gone, never does.
    """
    usable = [way for way in ways if way.counts]
    places = {id(way): place for place, way in enumerate(usable)}
    chosen = (way for knot in _knots(usable) for way in (_most(knot) if len(knot) <= _TRIED_OUT else _some(knot)))
    return tuple(sorted(chosen, key=lambda way: places[id(way)]))


def common(ways: Iterable[Way]) -> frozenset[int]:
    """The parts that all usable ways share: the loss of any one of them takes every way. Empty without ways."""
    usable = [way.parts for way in ways if way.counts]
    return frozenset.intersection(*usable) if usable else frozenset()


def _knots(ways: Iterable[Way]) -> Iterator[list[Way]]:
    """The ways apart by what they share, directly or through others, each group in its order."""
    knots: list[tuple[list[Way], frozenset[int]]] = []
    for way in ways:
        touched = [knot for knot in knots if knot[1] & way.parts]
        together = [one for knot in touched for one in knot[0]]
        knots = [knot for knot in knots if knot not in touched]
        knots.append(([*together, way], way.parts.union(*(parts for _, parts in touched))))
    order = {id(way): place for place, way in enumerate(ways)}
    return (sorted(knot, key=lambda way: order[id(way)]) for knot, _ in knots)


def _most(knot: Sequence[Way], taken: frozenset[int] = frozenset()) -> tuple[Way, ...]:
    """The most of them that share nothing with each other or with what is taken, tried out from the first on."""
    best: tuple[Way, ...] = ()
    for place, way in enumerate(knot):
        if len(knot) - place <= len(best):
            break
        if not way.parts & taken:
            found = (way, *_most(knot[place + 1 :], taken | way.parts))
            best = max(best, found, key=len)
    return best


def _some(knot: Sequence[Way]) -> tuple[Way, ...]:
    """As many as are found by taking those with the fewest parts first."""
    taken: set[int] = set()
    found = []
    for way in sorted(knot, key=lambda way: len(way.parts)):
        if not way.parts & taken:
            found.append(way)
            taken |= way.parts
    return tuple(found)
