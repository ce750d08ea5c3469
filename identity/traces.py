"""Where a person stands in clear, in every column of every table, and how their name is taken out of all of them.

The columns come from the models themselves, so a new one is looked through without being told. What is looked for is
the whole name, the address, the telephone, the note, a key that is made of the name, and the names of things and logins
that have a part of the name in them (“Maria’s telephone”). Parts of a name alone are replaced in such names only: in a
sentence, “Will” or “May” may be no person.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from django.apps import apps
from django.db import connection, models
from django.utils.html import escape
from django.utils.text import slugify

from core.trail.models import Event, Typed
from identity.models import AddressChange, Member

# Django's own, and the trail, whose words are taken away in their own manner.
NOT_LOOKED_THROUGH = frozenset(("trail", "contenttypes", "auth", "sessions"))
# Shorter columns hold words of our lists and last four characters.
SHORTEST_COLUMN, SHORTEST_NEEDLE = 13, 3
CALLED = ("name", "label", "key")
NOT_WORDS = frozenset(("entity", "pgh_label", "digest", "salt", "password", "seal"))


@dataclass(frozen=True, slots=True)
class Column:
    """One column that text may stand in."""

    model: type[models.Model]
    field: models.Field[Any, Any]

    @property
    def is_json(self) -> bool:
        return isinstance(self.field, models.JSONField)

    @property
    def table(self) -> str:
        return connection.ops.quote_name(self.model._meta.db_table)

    @property
    def name(self) -> str:
        return connection.ops.quote_name(self.field.column or "")

    @property
    def text(self) -> str:
        """The expression by which PostgreSQL sees it as text."""
        return f"{self.name}::text" if self.is_json else self.name

    @property
    def is_called(self) -> bool:
        """Whether it holds what a thing, a login or their like is called, now or in its history."""
        return self.field.name in CALLED and self.model is not Member and not _is_of_people(self.model)


def _is_of_people(model: type[models.Model]) -> bool:
    return model._meta.app_label in ("identity", "letters", "notices", "exchange")


def columns() -> Iterator[Column]:
    """Every column of the house that holds typed text."""
    for model in apps.get_models():
        meta = model._meta
        if meta.app_label in NOT_LOOKED_THROUGH or not meta.managed or meta.proxy:
            continue
        for field in meta.local_concrete_fields:
            if _holds_text(field):
                yield Column(model, field)


def _holds_text(field: models.Field[Any, Any]) -> bool:
    if field.name in NOT_WORDS or field.choices:
        return False
    if isinstance(field, models.SlugField):
        return field.name == "key"
    if isinstance(field, models.CharField):
        return (field.max_length or SHORTEST_COLUMN) >= SHORTEST_COLUMN
    return isinstance(field, models.TextField | models.JSONField)


@dataclass(frozen=True, slots=True)
class Swap:
    """What is looked for, as whole words, and what comes in its place."""

    needle: str
    instead: str


def pseudonym(member: Member) -> str:
    """What a person is called once the name is gone."""
    return f"Person {member.pk}"


def key_of(member: Member) -> str:
    return f"person-{member.pk}"


def address_of(member: Member) -> str:
    """An address that can't exist, so that nothing is ever sent there."""
    return f"person-{member.pk}@pseudonym.invalid"


def own_swaps(member: Member) -> list[Swap]:
    """What stands for the person anywhere, longest first."""
    swaps = [Swap(member.name, pseudonym(member))]
    if member.email:
        swaps.append(Swap(member.email, address_of(member)))
    former = AddressChange.objects.filter(member=member).values_list("old", "new")
    others = {address for pair in former for address in pair if address} - {member.email}
    swaps += [Swap(address, address_of(member)) for address in sorted(others)]
    if len(re.sub(r"\D", "", member.phone)) >= 6:
        swaps.append(Swap(member.phone, "no number"))
    if len(member.note) > SHORTEST_NEEDLE:
        swaps.append(Swap(member.note, "no note"))
    if _tells(member.key, member):
        swaps.append(Swap(member.key, key_of(member)))
    return sorted(swaps, key=lambda swap: -len(swap.needle))


def _tells(key: str, member: Member) -> bool:
    """Whether a key says who it is: `owner` or `t5` do not, and stand for other things too."""
    return bool(set(key.split("-")) & {slugify(part) for part in parts(member)})


def parts(member: Member) -> list[str]:
    """The single words of the name, those too short to mean anybody left out."""
    return [word for word in re.split(r"[\s.]+", member.name) if len(word) >= SHORTEST_NEEDLE]


def names_with_parts(member: Member) -> list[Swap]:
    """What things, logins and their like are called after the person, each with what they are called afterwards."""
    others = Member.objects.get_queryset().exclude(pk=member.pk).filter(pseudonymised_at=None)
    taken = {word for name in others.values_list("name", flat=True) for word in name.split()}
    own = [word for word in parts(member) if word not in taken]
    if not own:
        return []
    found: dict[str, str] = {}
    for column in filter(lambda one: one.is_called, columns()):
        is_key = column.field.name == "key"
        words = [slugify(word) for word in own] if is_key else [member.name, *own]
        instead = key_of(member) if is_key else pseudonym(member)
        for value in _values(column, _any_of(words, keys=is_key)):
            found[value] = re.sub(_in_python(words, keys=is_key), instead, value)
    return [Swap(old, new) for old, new in sorted(found.items(), key=lambda pair: -len(pair[0])) if old != new]


def _values(column: Column, pattern: str) -> list[str]:
    name = column.field.name
    rows = column.model._base_manager.filter(**{f"{name}__regex": pattern})
    return list(rows.order_by().values_list(name, flat=True).distinct())


def _any_of(needles: Iterable[str], *, keys: bool = False) -> str:
    """A regular expression of PostgreSQL for any of these as whole words.

    In a key, words are parted by dashes, and “Maria’s” has become “marias”.
    """
    alternatives = "|".join(re.sub(r"([^\w\s])", r"\\\1", needle) for needle in needles)
    edge, tail = ("[A-Za-z0-9_]", "s?") if keys else (r"\w", "")
    return f"(?<!{edge})(?:{alternatives}){tail}(?!{edge})"


def _in_python(words: Iterable[str], *, keys: bool) -> str:
    edge, tail = ("[A-Za-z0-9_]", "s?") if keys else (r"\w", "")
    return f"(?<!{edge})(?:{'|'.join(map(re.escape, words))}){tail}(?!{edge})"


def forms_of(needle: str) -> set[str]:
    """A needle as it stands in text, in HTML, in JSON."""
    in_json = {json.dumps(one, ensure_ascii=False)[1:-1] for one in (needle, escape(needle))}
    return {needle, str(escape(needle)), *in_json}


def replace_everywhere(swaps: Iterable[Swap]) -> int:
    """Put what comes instead in the place of every needle, in every column. Returns how many values were changed."""
    swaps, changed = list(swaps), 0
    with connection.cursor() as cursor:
        for column in columns():
            for swap in swaps:
                cursor.execute(*_update(column, swap))
                changed += cursor.rowcount
    return changed


def _update(column: Column, swap: Swap) -> tuple[str, list[str]]:
    """The statement for one column, and its values. Names of tables and columns are the models' own."""
    made = f"regexp_replace({column.text}, %s, %s, 'g')"
    longest = getattr(column.field, "max_length", None)
    if column.is_json:
        made = f"{made}::jsonb"
    elif longest:
        made = f"left({made}, {int(longest)})"
    pattern = _any_of(forms_of(swap.needle))
    instead = swap.instead.replace("\\", "\\\\")
    sql = f"UPDATE {column.table} SET {column.name} = {made} WHERE {column.text} ~ %s"  # noqa: S608  # names of ours
    return sql, [pattern, instead, pattern]


def count_everywhere(swaps: Iterable[Swap]) -> dict[str, int]:
    """How many values hold one of the needles, by the plural name of what they stand in. For a page beforehand."""
    pattern = _any_of({form for swap in swaps for form in forms_of(swap.needle)})
    found: dict[str, int] = {}
    with connection.cursor() as cursor:
        for column in columns():
            cursor.execute(f"SELECT count(*) FROM {column.table} WHERE {column.text} ~ %s", [pattern])  # noqa: S608
            if count := cursor.fetchone()[0]:
                words = _words_for(column.model)
                found[words] = found.get(words, 0) + count
    return found


def _words_for(model: type[models.Model]) -> str:
    if model._meta.model_name and model._meta.model_name.endswith("history"):
        return "history"
    return str(model._meta.verbose_name_plural)


def words_of(member: Member, swaps: Iterable[Swap]) -> models.QuerySet[Typed]:
    """The words of the trail that are about the person or hold one of the needles, and still stand."""
    pattern = _any_of([swap.needle for swap in swaps])
    about = models.Q(member_id=member.pk) | models.Q(text__regex=pattern)
    return Typed.objects.filter(about, taken_by=None)


def old_events(swaps: Iterable[Swap]) -> int:
    """Events from before typed words stood beside the chain that hold a needle in themselves. Nothing changes those."""
    pattern = _any_of({form for swap in swaps for form in forms_of(swap.needle)})
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT count(*) FROM {Event._meta.db_table} WHERE facts::text ~ %s", [pattern])  # noqa: S608
        return cursor.fetchone()[0]
