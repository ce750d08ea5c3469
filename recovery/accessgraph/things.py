"""What is lost together with what: a SIM goes with the phone that it is in, a sheet with the safe that it lies in."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping


def gone(lost: Collection[int], carried_by: Mapping[int, int]) -> frozenset[int]:
    """Every thing that is lost itself or is carried, through however many others, by one that is."""
    lost = frozenset(lost)
    return lost.union(thing for thing in carried_by if not lost.isdisjoint(_chain(thing, carried_by)))


def parts(things: Iterable[int], *rests_on: Mapping[int, int]) -> frozenset[int]:
    """The things and all that they rest on: losing any one of these loses at least one of the things.

    Each mapping says of a thing what it rests on: what carries it, where it is kept.
    """
    found: set[int] = set()
    waiting = list(things)
    while waiting:
        thing = waiting.pop()
        if thing not in found:
            found.add(thing)
            waiting += [relation[thing] for relation in rests_on if thing in relation]
    return frozenset(found)


def _chain(thing: int, carried_by: Mapping[int, int]) -> list[int]:
    """The thing, what carries it, what carries that; a ring is walked once."""
    chain = [thing]
    while chain[-1] in carried_by and carried_by[chain[-1]] not in chain:
        chain.append(carried_by[chain[-1]])
    return chain
