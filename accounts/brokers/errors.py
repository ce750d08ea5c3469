"""What a profile says when it cannot be used."""

from collections.abc import Iterable
from difflib import get_close_matches


class ProfileError(ValueError):
    """One or more profiles cannot be used. `lines` holds one line per fault, each naming its file and entry."""

    def __init__(self, lines: Iterable[str]) -> None:
        self.lines = tuple(lines)
        super().__init__("\n".join(self.lines))


class UnknownEntryError(LookupError):
    """A profile was asked for a slug that it does not hold."""


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """Return ` (did you mean "…"?)` with the nearest known word, or nothing when none is near."""
    near = get_close_matches(word, sorted(known), n=1)
    return f' (did you mean "{near[0]}"?)' if near else ""
