"""Turns TOML tables into entries, and notes everything that does not fit instead of stopping at the first fault."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import MISSING, dataclass, fields, is_dataclass
from datetime import date, datetime
from functools import cache
from types import NoneType, UnionType
from typing import Annotated, Any, TypeVar, Union, get_args, get_origin, get_type_hints

from accounts.brokers.errors import did_you_mean
from accounts.brokers.expressions import Expression, ExpressionError, parse
from accounts.brokers.fields import Flat, Key, Numbers, Rule, Scope

Entry = TypeVar("Entry")
TYPE_WORDS = {
    str: "a string",
    bool: "true or false",
    int: "a whole number",
    float: "a decimal number",
    datetime: "a date with a time",
    date: "a date",
    list: "a list",
    dict: "a table",
}


class UnfitError(Exception):
    """A value is not what its field needs; the text reads on from the field's name."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where a value stands: in which entry (none: the head of the file), beneath which inline table's key."""

    label: str = ""
    path: str = ""


@dataclass(frozen=True, slots=True)
class Slot:
    """One field of an entry class: its name, its key in the file and its type with the rules on it."""

    name: str
    key: str
    hint: Any
    flat: bool
    required: bool


@cache
def slots(kind: type) -> tuple[Slot, ...]:
    """Return the fields of an entry class as they are written in a file."""
    hints = get_type_hints(kind, include_extras=True)
    return tuple(_slot(field.name, hints[field.name], field.default is MISSING) for field in fields(kind))


def _slot(name: str, hint: Any, required: bool) -> Slot:
    bare, rules = _unpacked(hint)
    keys = [rule.name for rule in rules if isinstance(rule, Key)]
    flat = any(isinstance(rule, Flat) for rule in rules)
    return Slot(name, keys[0] if keys else name, bare if flat else hint, flat, required)


def _unpacked(hint: Any) -> tuple[Any, tuple[Any, ...]]:
    """Take `| None` and Annotated off a type; return the bare type and its rules."""
    if get_origin(hint) in (Union, UnionType) and NoneType in get_args(hint):
        [hint] = [part for part in get_args(hint) if part is not NoneType]
    if get_origin(hint) is Annotated:
        bare, *rules = get_args(hint)
        return bare, tuple(rules)
    return hint, ()


def keys_of(kind: type) -> Iterator[str]:
    """Yield the keys that a table of this entry class may hold."""
    for slot in slots(kind):
        yield from keys_of(slot.hint) if slot.flat else [slot.key]


def label_of(noun: str, table: object, number: int) -> str:
    """Name an entry for a person: by its slug, its legal entity, or its number in the file."""
    known = table if isinstance(table, Mapping) else {}
    name = known.get("slug", known.get("entity"))
    return f'{noun} "{name}"' if isinstance(name, str) else f"{noun} no. {number}"


def typed(value: object, kind: type[Entry]) -> Entry:
    """Return the value when it is exactly of that type (true is no number, a time no date), else raise UnfitError."""
    if type(value) is not kind:
        raise UnfitError(f"must be {TYPE_WORDS[kind]}, not {TYPE_WORDS.get(type(value), type(value).__name__)}")
    if isinstance(value, str) and not value.strip():
        raise UnfitError("is blank")
    return value


class Reading:
    """Reads the tables of one file. `faults` gathers one line for each thing that is wrong with them."""

    def __init__(self, file: str, scope: Scope) -> None:
        self.file = file
        self.scope = scope
        self.faults: list[str] = []

    def fault(self, label: str, text: str) -> None:
        """Note a fault of an entry; without a label, of the file as a whole."""
        line = ": ".join(part for part in (self.file, label, text) if part)
        self.faults.append(" ".join(line.split()))

    def entry(self, kind: type[Entry], table: Mapping[str, Any], place: Place, **given: object) -> Entry | None:
        """Build an entry from its table, or note what is wrong with it and return None. `given` fields are not read."""
        before = len(self.faults)
        known = set(keys_of(kind)) - set(given)
        for key in table:
            if key not in known:
                self.fault(place.label, f'unknown key "{place.path}{key}"{did_you_mean(key, known)}')
        values = self._values(kind, table, place, given)
        return kind(**values) if len(self.faults) == before else None

    def _values(
        self, kind: type, table: Mapping[str, Any], place: Place, given: Mapping[str, object]
    ) -> dict[str, object]:
        values = dict(given)
        for slot in slots(kind):
            if slot.name not in given:
                self._fill(values, slot, table, place)
        return values

    def _fill(self, values: dict[str, object], slot: Slot, table: Mapping[str, Any], place: Place) -> None:
        if slot.flat:
            own = {key: table[key] for key in keys_of(slot.hint) if key in table}
            values[slot.name] = self.entry(slot.hint, own, place)
        elif slot.key in table:
            values[slot.name] = self._field(slot, table[slot.key], place)
        elif slot.required:
            self.fault(place.label, f'"{place.path}{slot.key}" is missing')

    def _field(self, slot: Slot, value: object, place: Place) -> object:
        try:
            return self._value(slot.hint, value, Place(place.label, f"{place.path}{slot.key}"))
        except UnfitError as wrong:
            self.fault(place.label, f"{place.path}{slot.key} {wrong}")
            return None

    def _value(self, hint: Any, value: object, place: Place) -> object:
        bare, rules = _unpacked(hint)
        if is_dataclass(bare) and isinstance(bare, type):
            return self.entry(bare, typed(value, dict), Place(place.label, f"{place.path}."))
        if bare == Numbers:
            return self._numbers(typed(value, dict))
        if get_origin(bare) is tuple:
            return self._list(get_args(bare)[0], typed(value, list), place)
        result = self._expression(value) if bare == Expression else typed(value, get_origin(bare) or bare)
        self._judge(rules, result, place)
        return result

    def _judge(self, rules: Sequence[Any], value: object, place: Place) -> None:
        for rule in rules:
            if isinstance(rule, Rule):
                for text in rule.faults(value, self.scope):
                    self.fault(place.label, f"{place.path} {text}")

    def _expression(self, value: object) -> Expression:
        try:
            return parse(value)
        except ExpressionError as wrong:
            raise UnfitError(str(wrong)) from wrong

    def _list(self, hint: Any, items: Sequence[object], place: Place) -> tuple[object, ...]:
        bare, rules = _unpacked(hint)
        if is_dataclass(bare) and isinstance(bare, type):
            return tuple(self._entries(bare, items, place.path))
        if rules and not items:
            raise UnfitError("lists nothing")
        for item in items:
            if items.count(item) > 1:
                raise UnfitError(f'lists "{item}" twice')
        return tuple(self._item(hint, item, place, f"item {number}") for number, item in enumerate(items, 1))

    def _numbers(self, table: Mapping[str, object]) -> Numbers:
        return tuple((key, self._item(int, number, Place(), f'"{key}"')) for key, number in table.items())

    def _item(self, hint: Any, value: object, place: Place, words: str) -> Any:
        try:
            return self._value(hint, value, place)
        except UnfitError as wrong:
            raise UnfitError(f"{words} {wrong}") from wrong

    def _entries(self, kind: type, tables: Sequence[object], noun: str) -> Iterator[object]:
        for number, table in enumerate(tables, 1):
            label = label_of(noun, table, number)
            if isinstance(table, dict):
                yield self.entry(kind, table, Place(label))
            else:
                self.fault(label, "must be a table")
