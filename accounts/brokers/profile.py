"""One broker's profile, and what can be asked of it."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from typing import Annotated, TypeVar
from urllib.parse import urlsplit

from accounts.brokers.entries import (
    Contact,
    Door,
    DoorOverride,
    Entity,
    Fact,
    Factor,
    Lockout,
    NoticeKind,
    Permission,
    Provenance,
    Recovery,
    Role,
    Source,
    Timer,
)
from accounts.brokers.errors import UnknownEntryError, did_you_mean
from accounts.brokers.expressions import Expression
from accounts.brokers.fields import Domain, Key, SessionRule, SlugText

Named = TypeVar("Named", Factor, Door, Entity)


@dataclass(frozen=True, slots=True)
class SourceLink:
    """A source as a page shows it. Only an `official` one may become a link; the others are shown as text."""

    host: str
    url: str
    tier: str
    dated: date | None
    official: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Profile:
    """What is known of one broker. Doors stand in the order desktop, mobile, web, api, reports, voice.

    `official_domains` are the only hosts that may ever be linked to or fetched, `lookalikes_seen` never. `read_on` is
    the day on which the file as a whole was last gone through.
    """

    slug: SlugText
    name: str
    aliases: tuple[str, ...] = ()
    official_domains: tuple[Domain, ...]
    official_domains_unverified: tuple[Domain, ...] = ()
    lookalikes_seen: tuple[Domain, ...] = ()
    session_rule: SessionRule
    second_factor_mandatory: bool
    usernames_are_personal: bool | None = None
    notes: str = ""
    fact: Provenance
    read_on: date
    sources: tuple[Source, ...]
    factors: Annotated[tuple[Factor, ...], Key("factor")]
    doors: Annotated[tuple[Door, ...], Key("door")]
    door_overrides: Annotated[tuple[DoorOverride, ...], Key("door_override")] = ()
    recoveries: Annotated[tuple[Recovery, ...], Key("recovery")] = ()
    timers: Annotated[tuple[Timer, ...], Key("timer")] = ()
    lockouts: Annotated[tuple[Lockout, ...], Key("lockout")] = ()
    permissions: Annotated[tuple[Permission, ...], Key("permission")] = ()
    roles: Annotated[tuple[Role, ...], Key("role")] = ()
    entities: Annotated[tuple[Entity, ...], Key("entity")] = ()
    notices: Annotated[tuple[NoticeKind, ...], Key("notice")] = ()
    contacts: Annotated[tuple[Contact, ...], Key("contact")] = ()

    def factor(self, slug: str) -> Factor:
        """Return that factor, or raise UnknownEntryError."""
        return self._named("factor", slug, self.factors)

    def door(self, slug: str) -> Door:
        """Return that door, or raise UnknownEntryError."""
        return self._named("door", slug, self.doors)

    def entity(self, slug: str) -> Entity:
        """Return that legal entity, or raise UnknownEntryError."""
        return self._named("entity", slug, self.entities)

    def _named(self, noun: str, slug: str, entries: Iterable[Named]) -> Named:
        for entry in entries:
            if entry.slug == slug:
                return entry
        near = did_you_mean(slug, [entry.slug for entry in entries])
        raise UnknownEntryError(f'{self.name} has no {noun} "{slug}"{near}')

    def override_for(self, door_slug: str, entity_slug: str | None, on: date) -> DoorOverride | None:
        """Return the override that holds for a door and a legal entity on a day: the last to have come into effect.

        No entity, no override: an account whose entity is not recorded is judged by the broker's general rule.
        """
        door = self.door(door_slug)
        if entity_slug is None:
            return None
        entity = self.entity(entity_slug)
        standing = [
            override
            for override in self.door_overrides
            if override.entity == entity.slug and door.slug in override.doors and override.effective <= on
        ]
        return max(standing, key=lambda override: override.effective, default=None)

    def requirement(self, door_slug: str, entity_slug: str | None, on: date) -> Expression:
        """Return what a door asks for on a day of a client of that legal entity, or of any when it is None.

        Raises UnknownEntryError for a door or an entity that the profile lacks.
        """
        override = self.override_for(door_slug, entity_slug, on)
        return override.requires if override else self.door(door_slug).requires

    def timers_for(self, slug: str) -> tuple[Timer, ...]:
        """Return the timers that name a door, or a factor, in the profile's order."""
        return tuple(timer for timer in self.timers if slug in timer.applies_to)

    def validity_days(self, door_slug: str) -> int | None:
        """Return after how many days the broker itself wants a login or a device proven again at a door, or None.

        Only a timer of kind "revalidation" counts, the shortest with whole days. The ends of sessions and tokens do
        not: a weekly log-out asks for the factors a person has anyway and says nothing about whether the office
        proved that this way in works. Nor do advised password changes, monthly data feeds, or what a person has to
        do by a deadline. None means that the broker names no such period, so that the office's own rule applies;
        that is the case for every door of the seven brokers known so far.
        """
        days = [timer.days for timer in self.timers_for(door_slug) if timer.kind == "revalidation" and timer.days]
        return min(days, default=None)

    def short_name(self, door_slug: str) -> str:
        """Return a label of at most 12 characters for a door in a narrow row."""
        return self.door(door_slug).short_name

    @property
    def usual_doors(self) -> tuple[Door, ...]:
        """The doors that an office normally uses, to be ticked when an account is added."""
        return tuple(door for door in self.doors if door.usual)

    @property
    def factor_names(self) -> dict[str, str]:
        """The factors' names by slug, for `in_words`."""
        return {factor.slug: factor.name for factor in self.factors}

    @property
    def assumed(self) -> frozenset[str]:
        """Slugs of the factors to take as held, since no office enrols them: password, place, session, answers.

        A temporary code is not among them although nobody enrols it: it is a stop-gap that somebody has to ask for,
        and taking it as held would call every door open that accepts it.
        """
        return frozenset(factor.slug for factor in self.factors if not factor.enrolled and not factor.temporary)

    def source_links(self, fact: Fact) -> tuple[SourceLink, ...]:
        """Return what to show about the sources of a fact, in the order in which it cites them."""
        known = {source.id: source for source in self.sources}
        return tuple(self._link(known[name]) for name in fact.sources)

    def _link(self, source: Source) -> SourceLink:
        host = host_of(source.url)
        return SourceLink(host, source.url, source.tier, source.dated, self.is_official(host))

    def is_official(self, host: str) -> bool:
        """Say whether a host, without port, is one of the broker's own domains or lies beneath one."""
        return is_within(host, self.official_domains)


def is_within(host: str, domains: Iterable[str]) -> bool:
    """Say whether a host is one of the domains, or lies beneath one, whatever its case and with or without last dot."""
    plain = host.lower().removesuffix(".")
    return any(plain == domain or plain.endswith(f".{domain}") for domain in domains)


def host_of(url: str) -> str:
    """Return the host of a web address, in small letters."""
    return urlsplit(url).hostname or ""
