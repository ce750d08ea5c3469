"""Reading the trail."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import connection
from django.db.models import Count, Max, Q
from django.utils.crypto import constant_time_compare, salted_hmac

from core.trail import chain
from core.trail.chain import Link, Walker, Word
from core.trail.enums import Verb
from core.trail.guards import OF_THE_TRAIL
from core.trail.models import GENESIS, Event, Typed, Walk

AT_ONCE = 2000
# The columns of a link, in its order; plain tuples, for a walk has many.
LINK = (
    "pk",
    "at",
    "recorded_at",
    "transaction",
    "verb",
    "actor_id",
    "about_type",
    "about_id",
    "address",
    "facts",
    "previous",
    "digest",
)
# A page walks at most this many events itself; what is beyond waits for the next walk of the worker.
MOST_ON_A_PAGE = 10_000
TAKES = str(Verb.MEMBER_PSEUDONYMISED)


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a walk along the chain found. `broken_at` is the first event that does not fit, else None; `why` says how.

    `last` is the number of the last good event, `head` its digest.
    """

    events: int
    broken_at: int | None
    head: str
    last: int = 0
    why: str = ""

    @property
    def intact(self) -> bool:
        return self.broken_at is None

    def __str__(self) -> str:
        if self.intact:
            return f"{self.events:,} of {self.events:,} events, chain intact"
        return chain.broken_words(self.broken_at, self.events, self.why)


def verify() -> Verdict:
    """Walk the whole chain from its first event: every digest, every link, every typed word."""
    walker = Walker()
    for links, words in _stretches(after=0):
        if not walker.walk(links, words, TAKES):
            return _verdict(walker)
    walker.settle()
    return _verdict(walker)


def _verdict(walker: Walker) -> Verdict:
    return Verdict(walker.good, walker.broken_at, walker.head, walker.last, walker.why)


def verdict_of(walk: Walk) -> Verdict:
    """What a walk found, as a verdict."""
    return Verdict(walk.events, walk.broken_at, walk.head, walk.last, walk.why)


Words = dict[int, dict[str, Word]]


def _stretches(*, after: int, most: int | None = None) -> Iterator[tuple[list[Link], Words]]:
    """Events in order, a few thousand at a time, with their words."""
    left = most
    while left is None or left > 0:
        rows = Event.objects.filter(pk__gt=after).order_by("pk").values_list(*LINK)
        links = [_link(*row) for row in rows[: min(AT_ONCE, left or AT_ONCE)]]
        if not links:
            return
        yield links, words_between(links[0].number, links[-1].number)
        after = links[-1].number
        left = None if left is None else left - len(links)


def _link(number: int, at: datetime, recorded_at: datetime | None, *rest: Any) -> Link:
    return Link(number, chain.moment(at), chain.moment(recorded_at) if recorded_at else None, *rest)


def words_between(first: int, last: int) -> Words:
    """The typed words of a stretch of events, by event and digest."""
    found: Words = {}
    rows = Typed.objects.filter(event_id__gte=first, event_id__lte=last)
    for number, digest, salt, text, taken_by in rows.values_list("event_id", "digest", "salt", "text", "taken_by"):
        found.setdefault(number, {})[digest] = Word(digest, salt, text, taken_by)
    return found


# --- walks that were kept ---------------------------------------------------------------------------------------------
@dataclass(frozen=True, slots=True)
class Standing:
    """How the chain stands, without walking all of it: the last whole walk, and the events since, walked just now.

    `fresh` events were walked just now, `left` more wait for the next walk. `walk` is None when none was made yet.
    """

    verdict: Verdict
    walk: Walk | None
    fresh: int
    left: int

    @property
    def intact(self) -> bool:
        return self.verdict.intact


def standing() -> Standing:
    """The verdict of the newest walk whose seal is good, carried on over the events since. Six queries at most."""
    walk = last_walk()
    if walk is not None and walk.broken_at is not None:
        return Standing(verdict_of(walk), walk, 0, 0)
    walker = Walker()
    total = Event.objects.aggregate(
        all=Count("pk"), kept=Count("pk", filter=Q(pk__lte=walk.last if walk else 0)), last=Max("pk")
    )
    if walk is not None:
        if total["kept"] != walk.events or not _is_there(walk):
            why = "events that the last walk counted are gone or changed"
            return Standing(Verdict(walk.events, walk.last, walk.head, walk.last, why), walk, 0, 0)
        walker = Walker(head=walk.head, good=walk.events, last=walk.last)
    for links, words in _stretches(after=walker.last, most=MOST_ON_A_PAGE):
        if not walker.walk(links, words, TAKES):
            break
    begun = walk.events if walk else 0
    left = 0 if walker.broken_at else total["all"] - walker.good
    return Standing(_verdict(walker), walk, walker.good - begun, max(0, left))


def _is_there(walk: Walk) -> bool:
    """Whether the event at which a walk ended has the digest that it had, and what it says still makes that digest."""
    if walk.last == 0:
        return True
    event = Event.objects.filter(pk=walk.last).first()
    return event is not None and event.digest == walk.head == event.link.computed_digest()


def last_walk() -> Walk | None:
    """The newest walk, if its seal is good; one that was made up counts for nothing."""
    walk = Walk.objects.order_by("-pk").first()
    return walk if walk is not None and constant_time_compare(walk.seal, seal_of(walk)) else None


def seal_of(walk: Walk) -> str:
    """What proves that Postern itself made this walk: keyed with the secret that is not in the database."""
    said = [chain.moment(walk.at), walk.events, walk.last, walk.head, walk.broken_at, walk.why, walk.took_ms]
    return salted_hmac("trail.walk", repr(said), algorithm="sha256").hexdigest()


# --- heads from outside -----------------------------------------------------------------------------------------------
@dataclass(frozen=True, slots=True)
class Anchor:
    """Where a head from an old letter stands today. `event` is None when no event has that digest."""

    event: Event | None
    place: int = 0
    since: int = 0


def anchor(head: str) -> Anchor:
    """Whether a head is still part of the chain. At least sixteen characters; spaces do not matter.

    It vouches for all events before it only while the chain is intact, so say that beside it.
    """
    wanted = "".join(head.split()).lower()
    if len(wanted) < chain.SHORTEST_HEAD:
        return Anchor(None)
    event = Event.objects.filter(digest__startswith=wanted).order_by("pk").first()
    if event is None:
        return Anchor(None)
    counted = Event.objects.aggregate(all=Count("pk"), place=Count("pk", filter=Q(pk__lte=event.pk)))
    return Anchor(event, counted["place"], counted["all"] - counted["place"])


def head() -> str:
    """The digest of the newest event."""
    return Event.objects.order_by("-pk").values_list("digest", flat=True).first() or GENESIS


def missing_guards() -> list[str]:
    """The database's guards of the trail that are not there or were switched off, by name. None on a sound house."""
    wanted = {(guard.table, guard.name) for guard in OF_THE_TRAIL}
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT c.relname, t.tgname FROM pg_trigger t JOIN pg_class c ON c.oid = t.tgrelid "
            "WHERE c.relname = ANY(%s) AND t.tgenabled = 'A'",
            [sorted({table for table, _ in wanted})],
        )
        there = set(cursor.fetchall())
    return sorted(name for table, name in wanted - there)
