"""The chain itself, in plain Python: how an event is digested, how typed words are kept apart, how a walk judges.

Nothing here knows the database, so that an exported file is judged by the same lines as the trail it came from.
"""

from __future__ import annotations

import hashlib
import json
import re
import secrets
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from enum import Enum
from typing import Any, NamedTuple

GENESIS = "0" * 64
# What may stand in the chain in clear: words of our own lists, and digests. Everything else somebody typed.
OURS = re.compile(r"[a-z][a-z0-9_.-]{0,39}|[0-9a-f]{64}")
# What people type whatever it looks like: a name may be one small word, a key is made of a name.
TYPED = frozenset(
    ("name", "label", "key", "email", "phone", "note", "reason", "title", "text", "files", "model", "hint", "number")
)
WORD = "word"
GONE = "(taken away)"


class Link(NamedTuple):
    """One event as it is chained. Moments are in ISO form, in UTC, so that a file and a row read the same."""

    number: int
    at: str
    recorded_at: str | None
    transaction: int | None
    verb: str
    actor: int | None
    about_type: str
    about: int | None
    address: str | None
    facts: dict[str, Any]
    previous: str
    digest: str

    def computed_digest(self) -> str:
        """The SHA-256 (hex) over the previous digest and everything the event says, in canonical JSON.

        The number is left out: the sequence gives it, and a transaction that failed leaves a gap. The oldest events
        were written before transactions were noted, and are digested without.
        """
        said = [self.previous, self.at, *(self[2:10] if self.transaction is not None else self[4:10])]
        return hashlib.sha256(_CANONICAL(said).encode()).hexdigest()


_CANONICAL = json.JSONEncoder(sort_keys=True, separators=(",", ":")).encode


class Word(NamedTuple):
    """Something that was typed, beside the event that tells of it. Taken away, only the digest is left of it."""

    digest: str
    salt: str | None
    text: str | None
    taken_by: int | None = None

    @property
    def fits(self) -> bool:
        """Whether it is what the event was written with, or was taken away by a deed."""
        if self.text is None or self.salt is None:
            return self.taken_by is not None
        return self.taken_by is None and self.digest == word_digest(self.salt, self.text)


def word_digest(salt: str, text: str) -> str:
    """What stands in the chain for a word. The salt goes with the word, so that nobody can guess it afterwards."""
    return hashlib.sha256(f"{salt}:{text}".encode()).hexdigest()


def moment(at: datetime) -> str:
    """A moment as the chain writes it."""
    return at.astimezone(UTC).isoformat()


# A head may be given by its beginning; this much of it is never met by chance.
SHORTEST_HEAD = 16


def same_head(digest: str, given: str) -> bool:
    """Whether what somebody typed is this digest or its beginning. Spaces and capitals do not matter."""
    wanted = "".join(given.split()).lower()
    return len(wanted) >= SHORTEST_HEAD and digest.startswith(wanted)


def apart(detail: Mapping[str, Any]) -> tuple[dict[str, Any], list[Word]]:
    """An event's detail as the chain holds it, with a digest in the place of each typed word, and those words."""
    words: list[Word] = []
    facts = {name: _apart(name, value, words) for name, value in detail.items()}
    return facts, words


def _apart(name: str, value: Any, words: list[Word]) -> Any:
    if isinstance(value, Enum):
        return str(value.value)
    if value is None or isinstance(value, bool | int | float):
        return value
    if isinstance(value, date):
        return moment(value) if isinstance(value, datetime) else value.isoformat()
    if isinstance(value, Mapping):
        return {str(key): _apart(str(key), each, words) for key, each in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [_apart(name, each, words) for each in value]
    return _word(name, str(value), words)


def _word(name: str, text: str, words: list[Word]) -> Any:
    if not text or (name not in TYPED and OURS.fullmatch(text)):
        return text
    salt = secrets.token_hex(16)
    words.append(Word(word_digest(salt, text), salt, text))
    return {WORD: words[-1].digest}


def together(facts: Any, words: Mapping[str, str | None]) -> Any:
    """The facts with their words put back; what was taken away says so."""
    if isinstance(facts, dict):
        if facts.keys() == {WORD}:
            text = words.get(facts[WORD])
            return GONE if text is None else text
        return {name: together(value, words) for name, value in facts.items()}
    if isinstance(facts, list):
        return [together(value, words) for value in facts]
    return facts


def digests_in(facts: Any) -> Iterator[str]:
    """The digests of the words that these facts were written with."""
    if isinstance(facts, dict):
        if facts.keys() == {WORD}:
            yield facts[WORD]
            return
        facts = list(facts.values())
    if isinstance(facts, list):
        for value in facts:
            if isinstance(value, dict | list):
                yield from digests_in(value)


def broken_words(broken_at: int | None, good: int, why: str) -> str:
    """Where a chain breaks, in words."""
    ones = "one" if good == 1 else "ones"
    return f"the chain breaks at event {broken_at}, after {good:,} good {ones}: {why}"


@dataclass(slots=True)
class Walker:
    """Goes along a chain, link by link, and stops where it breaks. It may begin behind a link that is known good."""

    head: str = GENESIS
    good: int = 0
    last: int = 0
    broken_at: int | None = None
    why: str = ""
    # For each deed that took words away: how many it says, and how many were found taken by it.
    said_taken: dict[int, int] = field(default_factory=dict)
    found_taken: dict[int, int] = field(default_factory=dict)

    def walk(self, links: Iterable[Link], words: Mapping[int, Mapping[str, Word]], takes: str) -> bool:
        """Go along these links; `words` are by event and digest, `takes` is the verb that may take words away."""
        for link in links:
            why = self._fault(link, words.get(link.number, {}))
            if why:
                self.broken_at, self.why = link.number, why
                return False
            if link.verb == takes:
                self.said_taken[link.number] = link.facts.get("words", 0)
            self.head, self.last, self.good = link.digest, link.number, self.good + 1
        return True

    def _fault(self, link: Link, words: Mapping[str, Word]) -> str:
        if link.previous != self.head:
            return "it does not follow the one before it"
        if link.digest != link.computed_digest():
            return "what it says was changed"
        return self._fault_of_words(set(digests_in(link.facts)), words)

    def _fault_of_words(self, wanted: set[str], words: Mapping[str, Word]) -> str:
        if wanted != words.keys():
            return "a word of it is missing" if wanted - words.keys() else "a word was put to it"
        for word in words.values():
            if not word.fits:
                return "a word of it was changed"
            if word.taken_by is not None:
                self.found_taken[word.taken_by] = self.found_taken.get(word.taken_by, 0) + 1
        return ""

    def settle(self) -> bool:
        """At the end of a whole chain: every word that is gone was taken by a deed that says how many it took."""
        for deed, found in sorted(self.found_taken.items()):
            if self.said_taken.get(deed) != found:
                self.broken_at, self.why = deed, "more or fewer words are gone than it says"
                return False
        return True
