"""What a field of a profile may hold, beyond its type. `entries` annotates its fields with these rules."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Annotated
from urllib.parse import urlsplit

from accounts.brokers.errors import did_you_mean
from accounts.brokers.expressions import Expression, slugs


@dataclass(frozen=True, slots=True)
class Scope:
    """What the fields of one file are judged by: the vocabulary's lists, and the slugs declared, by noun."""

    words: Mapping[str, tuple[str, ...]]
    names: Mapping[str, frozenset[str]]


class Rule:
    """Judges one value, or one expression, of a field."""

    __slots__ = ()

    def faults(self, value: object, scope: Scope, /) -> Iterator[str]:
        """Yield what is wrong with the value; each text reads on from the field's name."""
        raise NotImplementedError


def _names_in(value: object) -> list[str]:
    return sorted(slugs(value)) if isinstance(value, Expression) else [str(value)]


@dataclass(frozen=True, slots=True)
class Word(Rule):
    """Only words of one list of the vocabulary; `noun` is what such a word is called."""

    vocabulary: str
    noun: str

    def faults(self, value: object, scope: Scope, /) -> Iterator[str]:
        """Yield a fault for each word that the list lacks."""
        known = scope.words[self.vocabulary]
        for word in _names_in(value):
            if word not in known:
                yield f'says "{word}", which is no {self.noun}{did_you_mean(word, known)}'


@dataclass(frozen=True, slots=True)
class Names(Rule):
    """Only slugs that this file declares for one of the nouns."""

    nouns: tuple[str, ...]

    def faults(self, value: object, scope: Scope, /) -> Iterator[str]:
        """Yield a fault for each slug that leads nowhere."""
        known = frozenset[str]().union(*(scope.names[noun] for noun in self.nouns))
        for name in _names_in(value):
            if name not in known:
                yield f'names "{name}", which is no {" or ".join(self.nouns)} of this broker{did_you_mean(name, known)}'


@dataclass(frozen=True, slots=True)
class Cited(Rule):
    """Only the id of a source at the head of this file."""

    def faults(self, value: object, scope: Scope, /) -> Iterator[str]:
        """Yield a fault when no such source exists."""
        known = scope.names["source"]
        for name in _names_in(value):
            if name not in known:
                yield f'names "{name}", but there is no [source.{name}]{did_you_mean(name, known)}'


@dataclass(frozen=True, slots=True)
class Least(Rule):
    """A number from `least` upwards."""

    least: int

    def faults(self, value: object, _scope: Scope, /) -> Iterator[str]:
        """Yield a fault when the number is too small."""
        if isinstance(value, int) and value < self.least:
            yield f"is {value}, less than {self.least}"


@dataclass(frozen=True, slots=True)
class Longest(Rule):
    """A text of at most `characters`."""

    characters: int

    def faults(self, value: object, _scope: Scope, /) -> Iterator[str]:
        """Yield a fault when the text is too long."""
        if isinstance(value, str) and len(value) > self.characters:
            yield f'is "{value}", longer than {self.characters} characters'


@dataclass(frozen=True, slots=True)
class Shape(Rule):
    """A text that matches a pattern from end to end; `noun` is what such a text is."""

    pattern: str
    noun: str

    def faults(self, value: object, _scope: Scope, /) -> Iterator[str]:
        """Yield a fault when the text has another shape."""
        if isinstance(value, str) and not re.fullmatch(self.pattern, value):
            yield f'is "{value}", which is no {self.noun}'


@dataclass(frozen=True, slots=True)
class WebAddress(Rule):
    """An http or https address with a host and without a user name in front of it."""

    def faults(self, value: object, _scope: Scope, /) -> Iterator[str]:
        """Yield a fault for any other address."""
        if isinstance(value, str) and not _is_web_address(value):
            yield f'is "{value}", which is no http or https address'


def _is_web_address(address: str) -> bool:
    try:
        parts = urlsplit(address)
    except ValueError:
        return False
    plain = address.isprintable() and not any(character.isspace() for character in address)
    return plain and parts.scheme in ("http", "https") and bool(parts.hostname) and "@" not in parts.netloc


@dataclass(frozen=True, slots=True)
class Key:
    """The key in the file, where it differs from the field's name."""

    name: str


class Flat:
    """The field's own fields lie in the same table as the field."""


class FreeNames:
    """An expression over names that are declared nowhere."""


LONGEST_SHORT_NAME = 12
SLUG = Shape(r"[a-z0-9]+(-[a-z0-9]+)*", "slug of small letters, digits and hyphens")

SlugText = Annotated[str, SLUG]
SourceId = Annotated[str, Cited()]
Domain = Annotated[str, Shape(r"[a-z0-9-]+(\.[a-z0-9-]+)+", "domain name in small letters")]
Url = Annotated[str, WebAddress()]
ShortName = Annotated[str, Longest(LONGEST_SHORT_NAME)]
Count = Annotated[int, Least(1)]
Cap = Annotated[int, Least(-1)]
Numbers = tuple[tuple[str, int], ...]

FactorSlug = Annotated[str, Names(("factor",))]
DoorSlug = Annotated[str, Names(("door",))]
TimedSlug = Annotated[str, Names(("door", "factor"))]
EntitySlug = Annotated[str, Names(("entity",))]
FactorsNeeded = Annotated[Expression, Names(("factor",))]
AssetsNeeded = Annotated[Expression, Word("asset_kinds", "asset kind")]
PeopleNeeded = Annotated[Expression, FreeNames()]

FactorKind = Annotated[str, Word("factor_kinds", "factor kind")]
DoorKind = Annotated[str, Word("door_kinds", "door kind")]
TimerKind = Annotated[str, Word("timer_kinds", "timer kind")]
Power = Annotated[str, Word("powers", "power")]
NetworkNeed = Annotated[str, Word("network_needs", "network need")]
SessionRule = Annotated[str, Word("session_rules", "session rule")]
Severity = Annotated[str, Word("severities", "severity")]
EntityState = Annotated[str, Word("entity_states", "entity state")]
Tier = Annotated[str, Word("tiers", "tier")]
Basis = Annotated[str, Word("bases", "basis")]
Confidence = Annotated[str, Word("confidence", "confidence")]
