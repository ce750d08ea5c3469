"""What is lost together with what: a SIM goes with the phone that it is in."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping


def gone(lost: Collection[int], carried_by: Mapping[int, int]) -> frozenset[int]:
    """Every thing that is lost itself or is carried, through however many others, by one that is."""
    lost = frozenset(lost)
    return lost.union(thing for thing in carried_by if not lost.isdisjoint(_chain(thing, carried_by)))


def parts(carriers: Iterable[int], carried_by: Mapping[int, int]) -> frozenset[int]:
    """The carriers and all that carries them in turn: losing any one of these loses at least one of the carriers."""
    return frozenset(part for thing in carriers for part in _chain(thing, carried_by))


def _chain(thing: int, carried_by: Mapping[int, int]) -> list[int]:
    """The thing, what carries it, what carries that; a ring is walked once."""
    chain = [thing]
    while chain[-1] in carried_by and carried_by[chain[-1]] not in chain:
        chain.append(carried_by[chain[-1]])
    return chain
