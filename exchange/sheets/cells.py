"""One cell: from what somebody typed to a value, and from a value to what a file says. Pure."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterable, Mapping
from datetime import date, timedelta
from functools import lru_cache
from typing import Any, Protocol
from zoneinfo import available_timezones

from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.utils.text import slugify

from accounts.brokers import catalogue
from accounts.brokers.errors import did_you_mean
from core.secrets import find
from exchange.enums import DayOrder
from exchange.sheets.columns import Column, Kind

NOTHING = frozenset({"", "-", "–", "—", "n/a", "na", "none", "nobody", "nil", "null"})
# For what may itself be a key or the end of a number: nothing but signs.
NO_SIGN = frozenset({"", "-", "–", "—", "n/a"})
NO_DAY = NOTHING | {"never", "not yet", "unknown", "?", "tbd", "nie", "open"}
YES = frozenset("yes y true t 1 x ✓ ✔ on ja j oui si sí sim active used".split())  # noqa: SIM905  # reads as a list of words
NO = frozenset("no n false f 0 off nein non não inactive unused".split())  # noqa: SIM905  # reads as a list of words


class BadCell(ValueError):
    """What a cell says cannot be. The text says why and what to write instead."""


class Entry(Protocol):
    """A door, factor or legal entity of a profile."""

    @property
    def slug(self) -> str: ...
    @property
    def name(self) -> str: ...


# --- reading ---------------------------------------------------------------------------------------------------------
def read(column: Column, text: str, order: str = DayOrder.UNKNOWN) -> Any:
    """The value that `text` stands for in this column; raises BadCell. Empty is "", None or () by the column’s kind.

    Doors, factors and entities come back as they were typed, for they can be known only beside their broker: `entry`.
    """
    if column.kind == Kind.DAY:
        return day(text, order)
    return _READERS[column.kind](column, text)


def _key(column: Column, text: str) -> str:
    key = slugify(text)
    if text and not key:
        raise BadCell("A key is made of letters, figures and hyphens, for example lena-brandt.")
    return _not_longer(column, key)


def _text(column: Column, text: str) -> str:
    return _not_longer(column, text)


def _not_longer(column: Column, text: str) -> str:
    if len(text) > column.longest:
        raise BadCell(f"Write at most {column.longest} characters; these are {len(text)}.")
    return text


def _hint(column: Column, text: str) -> str:
    hint = "" if text.lower() in NO_SIGN else bare_hint(text)
    if len(hint) > column.longest:
        raise BadCell("Write only the last four characters. Postern keeps no whole number and no whole user name.")
    return hint


def bare_hint(text: str) -> str:
    """The end of a number without what masks the rest, and without the point a spreadsheet adds to a number."""
    if len(text) <= 4:
        return text
    return text.lstrip("•*… ").removesuffix(".0")


def _email(column: Column, text: str) -> str:
    address = text.removeprefix("mailto:").strip("<>")
    if address.lower() in NOTHING:
        return ""
    try:
        validate_email(address)
    except ValidationError as no:
        raise BadCell("That is not an e-mail address. Write it like lena@brandt.example.") from no
    return _not_longer(column, address)


def _ref(column: Column, text: str) -> str:
    return "" if text.lower() in NO_SIGN else slugify(text)


def _refs(column: Column, text: str) -> tuple[str, ...]:
    parts = (part.strip() for part in re.split(r"[,;|\n]| \+ | & ", text))
    return tuple(sorted({slugify(part) for part in parts if part.lower() not in NO_SIGN}))


def _choice(column: Column, text: str) -> str:
    if not text:
        return ""
    return _word(column, text)


def _choices(column: Column, text: str) -> tuple[str, ...]:
    parts = (part.strip() for part in re.split(r"[,;|/\n+&]|\band\b|\bund\b", text))
    words = {_word(column, part) for part in parts if part}
    return tuple(word for word in column.choices if word in words)


def _word(column: Column, text: str) -> str:
    known = _synonyms(column.name, tuple((word, *also) for word, also in column.choices.items()))
    found = known.get(plain_word(text))
    if found is None:
        near = did_you_mean(text.lower(), known)
        raise BadCell(f"“{text}” is not known here{near}. Write one of: {', '.join(column.choices)}.")
    return found


@lru_cache(maxsize=64)
def _synonyms(name: str, groups: tuple[tuple[str, ...], ...]) -> Mapping[str, str]:
    also = {plain_word(word): group[0] for group in groups for word in group}
    return also | {plain_word(group[0]): group[0] for group in groups}


def plain_word(text: str) -> str:
    """The word without case, spaces, hyphens, underscores and points, by which headers and choices are compared."""
    return re.sub(r"[\W_]+", "", text.casefold()) or text.strip()


def _broker(column: Column, text: str) -> str:
    if not text:
        return ""
    found = _brokers().get(plain_word(text))
    if found is None:
        near = did_you_mean(text.lower(), catalogue())
        raise BadCell(f"There is no broker “{text}” here{near}. Write one of: {', '.join(catalogue())}.")
    return found


@lru_cache(maxsize=1)
def _brokers() -> Mapping[str, str]:
    words = ((word, slug) for slug, one in catalogue().items() for word in (one.name, *one.aliases))
    return {plain_word(word): slug for word, slug in words} | {plain_word(slug): slug for slug in catalogue()}


def entry(entries: Iterable[Entry], text: str, noun: str, broker: str) -> str:
    """The slug of the profile’s entry that the text names, by slug, name or short name; raises BadCell."""
    known: dict[str, str] = {}
    for one in entries:
        for word in (getattr(one, "short_name", one.slug), one.name, one.slug):
            known.setdefault(plain_word(word), one.slug)
        known[plain_word(one.slug)] = one.slug
    found = known.get(plain_word(text))
    if found is None:
        slugs = sorted(set(known.values()))
        listed = f"Write one of: {', '.join(slugs)}." if slugs else "Leave it empty."
        raise BadCell(f"{broker} has no {noun} “{text}”{did_you_mean(slugify(text), slugs)}. {listed}")
    return found


def _yes_no(column: Column, text: str) -> bool | None:
    word = text.casefold().strip(".! ")
    if word in NOTHING:
        return None
    if word in YES or word in NO:
        return word in YES
    raise BadCell("Write yes or no.")


def _number(column: Column, text: str) -> int | None:
    if text.lower() in NOTHING:
        return None
    if not re.fullmatch(r"\d{1,4}(?:\.0+)?", text):
        raise BadCell("Write a whole number, for example 8.")
    return int(float(text))


def _hour(column: Column, text: str) -> int | None:
    if text.lower() in NOTHING:
        return None
    found = re.fullmatch(r"(\d{1,2})(?:[:.h]0?0(?::00)?)?", text)
    if found is None or int(found[1]) > 23:
        raise BadCell("Write the hour as a number from 0 to 23.")
    return int(found[1])


def _zone(column: Column, text: str) -> str:
    if text.lower() in NOTHING:
        return ""
    zones, word = _zones(), plain_word(text)
    if text in available_timezones():
        return text
    found = zones.get(word) or zones.get(plain_word(text.rpartition("/")[2]))
    if found is None:
        raise BadCell(f"There is no time zone “{text}”. Write one like Europe/Zurich.")
    return found


@lru_cache(maxsize=1)
def _zones() -> Mapping[str, str]:
    names = sorted(available_timezones(), key=lambda name: (name.count("/") != 1, name), reverse=True)
    cities = {plain_word(name.rpartition("/")[2]): name for name in names if "/" in name}
    return cities | {plain_word(name): name for name in names}


_READERS: dict[Kind, Callable[[Column, str], Any]] = {
    Kind.KEY: _key,
    Kind.TEXT: _text,
    Kind.HINT: _hint,
    Kind.EMAIL: _email,
    Kind.REF: _ref,
    Kind.REFS: _refs,
    Kind.CHOICE: _choice,
    Kind.CHOICES: _choices,
    Kind.BROKER: _broker,
    Kind.ENTITY: _text,
    Kind.DOOR: _text,
    Kind.FACTOR: _text,
    Kind.YES_NO: _yes_no,
    Kind.NUMBER: _number,
    Kind.HOUR: _hour,
    Kind.ZONE: _zone,
}


# --- days ------------------------------------------------------------------------------------------------------------
_TIME = r"(?:[ t,]+\d{1,2}[:.h]\d{2}.*)?"
_YEAR_FIRST = re.compile(rf"(\d{{4}})[-/.](\d{{1,2}})[-/.](\d{{1,2}}){_TIME}")
_COMPACT = re.compile(r"((?:19|20)\d\d)(\d\d)(\d\d)")
_POINTS = re.compile(rf"(\d{{1,2}})\.\s?(\d{{1,2}})\.\s?(\d{{4}}|\d\d){_TIME}")
_STROKES = re.compile(rf"(\d{{1,2}})\s?[/-]\s?(\d{{1,2}})\s?[/-]\s?(\d{{4}}|\d\d){_TIME}")
_SERIAL = re.compile(r"(\d{5})(?:\.\d+)?")
_IN_WORDS = re.compile(r"[^\W\d_]+|\d+")
_MONTHS = {
    word: number
    for number, words in enumerate(
        (
            "jan january januar jänner janvier", "feb february februar février", "mar march märz mär mars",
            "apr april avril", "may mai", "jun june juni juin", "jul july juli juillet", "aug august août",
            "sep sept september septembre", "oct october okt oktober octobre", "nov november novembre",
            "dec december dez dezember décembre",
        ),
        start=1,
    )
    for word in words.split()
}  # fmt: skip
_EXCEL_BEGINS = date(1899, 12, 30)


def day(text: str, order: str = DayOrder.UNKNOWN) -> date | None:
    """The day a cell names, None when it is empty; raises BadCell for what is no day or, without order, two days."""
    word = text.strip().strip(".").casefold()
    if word in NO_DAY:
        return None
    if found := _YEAR_FIRST.fullmatch(word) or _COMPACT.fullmatch(word):
        return _date(int(found[1]), int(found[2]), int(found[3]), text)
    if found := _POINTS.fullmatch(word):
        return _date(_year(found[3]), int(found[2]), int(found[1]), text)
    if found := _STROKES.fullmatch(word):
        return _ordered(int(found[1]), int(found[2]), _year(found[3]), order, text)
    if (found := _SERIAL.fullmatch(word)) and 20_000 <= int(found[1]) <= 80_000:
        return _EXCEL_BEGINS + timedelta(days=int(found[1]))
    return _day_in_words(word, text)


def _ordered(first: int, second: int, year: int, order: str, text: str) -> date:
    if first > 12 or (order == DayOrder.DAY_FIRST and second <= 12) or first == second:
        return _date(year, second, first, text)
    if second > 12 or order == DayOrder.MONTH_FIRST:
        return _date(year, first, second, text)
    raise BadCell("Say at the top of the page whether the day or the month stands first.")


def _day_in_words(word: str, text: str) -> date:
    parts = _IN_WORDS.findall(word)
    months = [_MONTHS[part] for part in parts if part in _MONTHS]
    numbers = [int(part) for part in parts if part.isdecimal() and len(part) <= 4]
    if len(months) == 1 and len(numbers) == 2:
        one, other = numbers
        return _date(max(one, other), months[0], min(one, other), text) if max(one, other) > 31 else _bad_day(text)
    return _bad_day(text)


def _bad_day(text: str) -> date:
    raise BadCell(f"“{text[:30]}” is no day. Write it as year, month, day: 2026-11-23.")


def _date(year: int, month: int, day_: int, text: str) -> date:
    try:
        found = date(year, month, day_)
    except ValueError:
        return _bad_day(text)
    if not 1970 <= year <= 2100:
        raise BadCell(f"The year {year} cannot be right. Write the day as year, month, day: 2026-11-23.")
    return found


def _year(text: str) -> int:
    return int(text) if len(text) == 4 else 2000 + int(text)


def day_order(texts: Collection[str]) -> DayOrder | None:
    """What a column’s own cells say about 04/03/2026: its order, UNKNOWN when it must be asked, None when it need not.

    A column that says both is asked about too.
    """
    found = (_STROKES.fullmatch(text.strip().casefold()) for text in texts)
    pairs = [(int(one[1]), int(one[2])) for one in found if one]
    says_day, says_month = any(first > 12 for first, _ in pairs), any(second > 12 for _, second in pairs)
    if says_day != says_month:
        return DayOrder.DAY_FIRST if says_day else DayOrder.MONTH_FIRST
    return DayOrder.UNKNOWN if any(is_two_days(text) for text in texts) else None


def is_two_days(text: str) -> bool:
    """Whether a cell names one day to a Briton and another to an American."""
    found = _STROKES.fullmatch(text.strip().casefold())
    return found is not None and max(int(found[1]), int(found[2])) <= 12 and int(found[1]) != int(found[2])


# --- writing ---------------------------------------------------------------------------------------------------------


def show(value: Any) -> str:
    """A value as a cell and a page show it."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, tuple | list):
        return ", ".join(map(str, value))
    return str(value)


@lru_cache(maxsize=4096)
def secret_in(text: str) -> str | None:
    """What the secret detector says of a cell; the same words stand in many rows."""
    return find(text)
