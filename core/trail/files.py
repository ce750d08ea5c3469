"""The trail as JSON lines: written for an export, read again by whoever wants to check it without the house.

The first line says what the file is. Each further line is one event with everything its digest is made of, and the
words typed with it. docs/trail.md says how to check one with a few lines of Python and nothing of ours.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from core.trail.chain import GENESIS, Link, Walker, Word, broken_words

FORM = 2
NAME = "trail"
EVENT = (*Link._fields,)


class NotATrailError(Exception):
    """The file is no export of a trail, or one of its lines can't be read. The text says which and why."""


@dataclass(frozen=True, slots=True)
class Head:
    """The first line. `whole` says that nothing was left out between the beginning of the trail and its last event."""

    office: str
    exported_at: str
    events: int
    head: str
    whole: bool
    chosen: dict[str, Any]

    def line(self) -> str:
        return _line({"postern": NAME, "form": FORM} | {name: getattr(self, name) for name in self.__slots__})


def event_line(link: Link, words: Iterable[Word], *, who: str, about: str) -> str:
    """One event as a line. `who` and `about_what` are for the reader; no digest covers them."""
    kept = [{name: value for name, value in word._asdict().items() if value is not None} for word in words]
    return _line(link._asdict() | {"words": kept, "who": who, "about_what": about})


def _line(facts: dict[str, Any]) -> str:
    return json.dumps(facts, ensure_ascii=False, separators=(",", ":")) + "\n"


@dataclass(frozen=True, slots=True)
class FileVerdict:
    """What a file shows by itself. `whole` is what the links show, whatever the first line says.

    `numbers` gives an event's number by its digest, for a head to be looked up.
    """

    events: int
    head: str
    whole: bool
    broken_at: int | None
    why: str
    numbers: dict[str, int]

    @property
    def intact(self) -> bool:
        return self.broken_at is None

    def __str__(self) -> str:
        if not self.intact:
            return broken_words(self.broken_at, self.events, self.why)
        if self.whole:
            return f"{self.events:,} of {self.events:,} events, chain intact"
        return (
            f"{self.events:,} events, each as it was written; the file is a selection, so nothing is said of the others"
        )


def verify(lines: Iterable[str], *, takes: str) -> FileVerdict:
    """Judge an exported file by itself; `takes` is the verb that may take words away. Raises NotATrailError.

    A file that says it is whole is held to it. One that says it is a selection has its events judged one by one.
    """
    numbered = enumerate(lines, start=1)
    head = _head(numbered)
    walker, numbers = Walker(), {}
    for link, words in _events(numbered):
        if not head.whole:
            walker.head = link.previous
        if not walker.walk([link], {link.number: words}, takes):
            break
        numbers[link.digest] = link.number
    if walker.broken_at is None and head.whole:
        walker.settle()
        _hold_to(head, walker)
    return FileVerdict(
        events=walker.good,
        head=walker.head if numbers else GENESIS,
        whole=head.whole,
        broken_at=walker.broken_at,
        why=walker.why,
        numbers=numbers,
    )


def _hold_to(head: Head, walker: Walker) -> None:
    """A file cut short at its end would otherwise pass."""
    if walker.broken_at is None and (head.events, head.head) != (walker.good, walker.head):
        walker.broken_at, walker.why = walker.last + 1, f"the file says it holds {head.events:,} events"


def _head(numbered: Iterator[tuple[int, str]]) -> Head:
    facts = _read(*next(numbered, (1, "")))
    if facts.get("postern") != NAME:
        raise NotATrailError("This is no export of Postern’s trail: its first line does not say so.")
    if facts.get("form") != FORM:
        raise NotATrailError(f"This export has form {facts.get('form')}; this version reads form {FORM}.")
    try:
        return Head(**{name: facts[name] for name in Head.__slots__})
    except KeyError as missing:
        raise NotATrailError(f"The first line lacks {missing}.") from None


def _events(numbered: Iterator[tuple[int, str]]) -> Iterator[tuple[Link, dict[str, Word]]]:
    for number, line in numbered:
        facts = _read(number, line)
        try:
            link = Link(**{name: facts[name] for name in EVENT})
            words = [
                Word(word["digest"], word.get("salt"), word.get("text"), word.get("taken_by"))
                for word in facts["words"]
            ]
        except (KeyError, TypeError):
            raise NotATrailError(f"Line {number} is not an event as it was exported.") from None
        yield link, {word.digest: word for word in words}


def _read(number: int, line: str) -> dict[str, Any]:
    try:
        facts = json.loads(line)
    except ValueError:
        raise NotATrailError(f"Line {number} is not JSON.") from None
    if not isinstance(facts, dict):
        raise NotATrailError(f"Line {number} is not an event as it was exported.")
    return facts
