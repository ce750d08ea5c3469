"""What a door or a recovery asks for: a tree over slugs that says each one, one of, or k of n.

Expressions are monotone: holding more never takes away what was satisfied.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from accounts.brokers.errors import did_you_mean

MOST_SETS = 64
OPERATORS = ("all", "any", "atleast")
COUNTS = ("none", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten")


class ExpressionError(ValueError):
    """An expression cannot be read. The text reads on from the name of the key that holds it."""


@dataclass(frozen=True, slots=True)
class Slug:
    """One thing by its slug."""

    name: str


@dataclass(frozen=True, slots=True)
class All:
    """Every part is needed."""

    of: tuple["Expression", ...]


@dataclass(frozen=True, slots=True)
class Any:
    """One part is enough."""

    of: tuple["Expression", ...]


@dataclass(frozen=True, slots=True)
class AtLeast:
    """Any `k` of the parts are enough."""

    k: int
    of: tuple["Expression", ...]


Expression = Slug | All | Any | AtLeast


def parse(data: object) -> Expression:
    """Read a slug or a table `{all=[…]}`, `{any=[…]}`, `{atleast=k, of=[…]}`, nested as deep as need be.

    Raises ExpressionError for the first fault met. Whether a slug exists is for the caller to judge.
    """
    if isinstance(data, str):
        return Slug(data)
    if not isinstance(data, Mapping):
        raise ExpressionError(f"holds {data!r} where a slug or a table of all, any or atleast belongs")
    operator = _operator(data)
    parts = _parts(data["of" if operator == "atleast" else operator], operator)
    if operator == "atleast":
        return AtLeast(_quota(data["atleast"], len(parts)), parts)
    return All(parts) if operator == "all" else Any(parts)


def _operator(table: Mapping[str, object]) -> str:
    for key in table:
        if key not in (*OPERATORS, "of"):
            raise ExpressionError(f'uses "{key}", which is no expression op{did_you_mean(key, OPERATORS)}')
    used = [operator for operator in OPERATORS if operator in table]
    if len(used) != 1:
        raise ExpressionError("needs exactly one of all, any and atleast in each table")
    if ("of" in table) != (used == ["atleast"]):
        raise ExpressionError("needs of beside atleast, and beside nothing else")
    return used[0]


def _parts(data: object, operator: str) -> tuple[Expression, ...]:
    if not isinstance(data, list) or not data:
        raise ExpressionError(f"needs a list with at least one entry under {operator}")
    parts = tuple(parse(part) for part in data)
    for part in parts:
        if isinstance(part, Slug) and parts.count(part) > 1:
            raise ExpressionError(f'lists "{part.name}" twice under {operator}')
    return parts


def _quota(data: object, most: int) -> int:
    if type(data) is not int or not 1 <= data <= most:
        raise ExpressionError(f"asks for at least {data!r} of {most}, which has to be a whole number from 1 to {most}")
    return data


def as_data(expression: Expression) -> str | dict[str, object]:
    """Write an expression in the form that `parse` reads, fit for JSON and TOML."""
    if isinstance(expression, Slug):
        return expression.name
    parts = [as_data(part) for part in expression.of]
    if isinstance(expression, AtLeast):
        return {"atleast": expression.k, "of": parts}
    return {"all" if isinstance(expression, All) else "any": parts}


def slugs(expression: Expression) -> frozenset[str]:
    """Return every slug the expression mentions."""
    if isinstance(expression, Slug):
        return frozenset({expression.name})
    return frozenset().union(*(slugs(part) for part in expression.of))


def satisfied(expression: Expression, held: frozenset[str]) -> bool:
    """Say whether holding these slugs is enough."""
    if isinstance(expression, Slug):
        return expression.name in held
    return sum(satisfied(part, held) for part in expression.of) >= _needed(expression)


def _needed(group: All | Any | AtLeast) -> int:
    """How many of a group's parts have to be satisfied."""
    if isinstance(group, AtLeast):
        return group.k
    return len(group.of) if isinstance(group, All) else 1


def missing(expression: Expression, held: frozenset[str]) -> tuple[frozenset[str], ...]:
    """Return the smallest sets of further slugs that would satisfy the expression, by size, then by name.

    One empty set means that nothing is missing. Every set returned is enough and none has a slug to spare.
    At most MOST_SETS come back, and no part of the tree is followed through more than that many: the answer
    is complete for every expression whose parts have no more than MOST_SETS minimal sets each.
    """
    found = _minimal_sets(expression, held)
    return _smallest(_without_spare(expression, held, extra) for extra in found)


def _minimal_sets(expression: Expression, held: frozenset[str]) -> tuple[frozenset[str], ...]:
    if isinstance(expression, Slug):
        return (frozenset({expression.name} - held),)
    needed = _needed(expression)
    # reached[j]: the smallest sets that satisfy at least j of the parts seen so far
    reached: list[tuple[frozenset[str], ...]] = [(frozenset(),)] + [()] * needed
    for part in expression.of:
        choices = _minimal_sets(part, held)
        for count in range(needed, 0, -1):
            joined = [before | choice for before in reached[count - 1] for choice in choices]
            reached[count] = _smallest([*reached[count], *joined])
    return reached[needed]


def _smallest(sets: Iterable[frozenset[str]]) -> tuple[frozenset[str], ...]:
    """Drop every set that contains another, and all beyond the first MOST_SETS."""
    kept: list[frozenset[str]] = []
    for candidate in sorted(set(sets), key=lambda one: (len(one), sorted(one))):
        if len(kept) == MOST_SETS:
            break
        if not any(smaller <= candidate for smaller in kept):
            kept.append(candidate)
    return tuple(kept)


def _without_spare(expression: Expression, held: frozenset[str], extra: frozenset[str]) -> frozenset[str]:
    """Take away what is not needed; only a family cut off at MOST_SETS leaves anything to take."""
    for name in sorted(extra):
        if satisfied(expression, held | extra - {name}):
            extra -= {name}
    return extra


def in_words(expression: Expression, names: Mapping[str, str]) -> str:
    """Put the expression into plain English, such as "User name and password, and one of: card or text message".

    A slug without a name stands for itself. Inner groups stand in brackets. Names that contain commas of their
    own are set apart by semicolons.
    """
    words = _phrase(expression, names)
    return words[:1].upper() + words[1:] if words.partition(" ")[0] in COUNTS else words


def _phrase(expression: Expression, names: Mapping[str, str]) -> str:
    expression = _unwrapped(expression)
    if isinstance(expression, Slug):
        return names.get(expression.name, expression.name)
    if not isinstance(expression, All):
        return f"{_lead(expression)}: {_choices(expression, names)}"
    plain, groups = _split(expression.of)
    if plain and len(groups) == 1 and not isinstance(groups[0], All):
        return f"{_listed([_phrase(part, names) for part in plain], 'and')}, and {_phrase(groups[0], names)}"
    return _choices(All((*plain, *groups)), names)


def _choices(group: All | Any | AtLeast, names: Mapping[str, str]) -> str:
    return _listed([_bracketed(part, names) for part in group.of], "or" if isinstance(group, Any) else "and")


def _bracketed(expression: Expression, names: Mapping[str, str]) -> str:
    expression = _unwrapped(expression)
    if isinstance(expression, Slug):
        return _phrase(expression, names)
    choices = _choices(expression, names)
    return f"({choices})" if isinstance(expression, All) else f"{_lead(expression)} ({choices})"


def _lead(group: Any | AtLeast) -> str:
    count = _needed(group)
    return f"{COUNTS[count] if count < len(COUNTS) else count} of"


def _unwrapped(expression: Expression) -> Expression:
    """A group of one is that one."""
    while not isinstance(expression, Slug) and len(expression.of) == 1:
        expression = expression.of[0]
    return expression


def _split(parts: Sequence[Expression]) -> tuple[list[Expression], list[Expression]]:
    """Sort single things before groups, so that a long list comes last in its sentence."""
    bare = [_unwrapped(part) for part in parts]
    return [part for part in bare if isinstance(part, Slug)], [part for part in bare if not isinstance(part, Slug)]


def _listed(items: Sequence[str], last: str) -> str:
    if len(items) == 1:
        return items[0]
    if any("," in item or ";" in item for item in items):
        return f"{'; '.join(items[:-1])}; {last} {items[-1]}"
    comma = "," if any(" and " in item or " or " in item for item in items) else ""
    return f"{', '.join(items[:-1])}{comma} {last} {items[-1]}"
