"""Loads the profiles of the brokers from their files."""

import tomllib
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import date
from functools import cache
from pathlib import Path
from types import MappingProxyType
from typing import Any

from accounts.brokers import checks
from accounts.brokers.entries import Source
from accounts.brokers.errors import ProfileError
from accounts.brokers.fields import Scope
from accounts.brokers.profile import Profile
from accounts.brokers.reading import Place, Reading, label_of

HERE = Path(__file__).parent
SCHEMA = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Head:
    """The outermost keys of a file."""

    schema: int
    as_of: date
    source: dict[str, Any]
    broker: list[Any]


@cache
def catalogue() -> Mapping[str, Profile]:
    """Return the profiles that ship with Postern by slug, sorted; read at first use and kept.

    Raises ProfileError with the faults of all files together.
    """
    profiles: dict[str, Profile] = {}
    lines: list[str] = []
    for path in sorted(HERE.joinpath("profiles").glob("*.toml")):
        try:
            profiles[path.stem] = load(path)
        except ProfileError as error:
            lines.extend(error.lines)
    if lines:
        raise ProfileError(lines)
    return MappingProxyType(profiles)


@cache
def vocabulary() -> Mapping[str, tuple[str, ...]]:
    """Return the lists of words that profiles may use."""
    table = tomllib.loads(HERE.joinpath("vocabulary.toml").read_text(encoding="utf-8"))
    return MappingProxyType({name: tuple(words) for name, words in table.items()})


def load(path: Path) -> Profile:
    """Read one profile. Raises ProfileError with a line for each fault, and OSError when the file cannot be opened."""
    try:
        document = tomllib.loads(path.read_bytes().decode("utf-8"))
    except UnicodeDecodeError as wrong:
        raise ProfileError([f"{path.name}: is not UTF-8 text"]) from wrong
    except tomllib.TOMLDecodeError as wrong:
        raise ProfileError([f"{path.name}: is not TOML: {wrong}"]) from wrong
    return profile_from(document, path.name)


def profile_from(document: dict[str, Any], file: str) -> Profile:
    """Build a profile from the tables of a file; raises ProfileError with a line for each fault.

    First the shape of every entry is judged, then, when all are sound, whether they make sense together. Of a file
    of another schema only that is said.
    """
    if document.get("schema", SCHEMA) != SCHEMA:
        raise ProfileError([f"{file}: schema is {document['schema']!r}, but only {SCHEMA} can be read"])
    reading = Reading(file, Scope(vocabulary(), _declared(document)))
    profile = _profile(reading, document)
    _doubles(reading, document)
    if profile and not reading.faults:
        for label, text in checks.faults(profile):
            reading.fault(label, text)
    if profile is None or reading.faults:
        raise ProfileError(reading.faults)
    return _with_doors_in_order(profile)


def _profile(reading: Reading, document: dict[str, Any]) -> Profile | None:
    reading.entry(Head, document, Place())
    sources = tuple(_sources(reading, _table(document.get("source"))))
    brokers = document.get("broker")
    if not isinstance(brokers, list):
        return None
    if len(brokers) != 1 or not isinstance(brokers[0], dict):
        reading.fault("", "must hold exactly one [[broker]]")
        return None
    label = label_of("broker", brokers[0], 1)
    if brokers[0].get("slug") != Path(reading.file).stem:
        reading.fault(label, "slug has to be the file's name")
    return reading.entry(Profile, brokers[0], Place(label), sources=sources, read_on=document.get("as_of"))


def _table(value: object) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _sources(reading: Reading, tables: Mapping[str, Any]) -> Iterator[Source]:
    for name, table in tables.items():
        label = f'source "{name}"'
        if not isinstance(table, dict):
            reading.fault(label, "must be a table")
        elif source := reading.entry(Source, table, Place(label), id=name):
            yield source


def _slugs(document: Mapping[str, Any]) -> dict[str, list[str]]:
    """Return the slugs under each noun as they stand in the file, before anything is judged."""
    brokers = document.get("broker")
    broker = _table(brokers[0]) if isinstance(brokers, list) and brokers else {}
    lists = {noun: tables for noun, tables in broker.items() if isinstance(tables, list)}
    return {noun: [str(one["slug"]) for one in tables if "slug" in _table(one)] for noun, tables in lists.items()}


def _declared(document: Mapping[str, Any]) -> dict[str, frozenset[str]]:
    slugs = _slugs(document)
    names = {noun: frozenset(slugs.get(noun, ())) for noun in ("factor", "door", "entity")}
    return {**names, "source": frozenset(_table(document.get("source")))}


def _doubles(reading: Reading, document: Mapping[str, Any]) -> None:
    slugs = _slugs(document)
    for noun, listed in slugs.items():
        for slug, count in Counter(listed).items():
            if count > 1:
                reading.fault(f'{noun} "{slug}"', f"slug is used {count} times")
    for slug in sorted({*slugs.get("door", ())} & {*slugs.get("factor", ())}):
        reading.fault(f'door "{slug}"', "slug is that of a factor too, and applies_to could mean either")


def _with_doors_in_order(profile: Profile) -> Profile:
    kinds = vocabulary()["door_kinds"]
    return replace(profile, doors=tuple(sorted(profile.doors, key=lambda door: kinds.index(door.kind))))
