"""The entries of a broker's profile. These classes are the schema: a field is a key, one without default is required.

Every text is plain English for the screen. A flag that a profile leaves out is False, "not said to be so"; where no
and not known differ, it is None. Amounts are whole US dollars; lengths of time count the unit in the field's name.
"""

from dataclasses import dataclass
from datetime import date
from typing import Annotated

from accounts.brokers.fields import (
    LONGEST_SHORT_NAME,
    AssetsNeeded,
    Basis,
    Cap,
    Confidence,
    Count,
    DoorKind,
    DoorSlug,
    EntitySlug,
    EntityState,
    FactorKind,
    FactorSlug,
    FactorsNeeded,
    Flat,
    Key,
    NetworkNeed,
    Numbers,
    PeopleNeeded,
    Power,
    Severity,
    ShortName,
    SlugText,
    SourceId,
    Tier,
    TimedSlug,
    TimerKind,
    Url,
)

ENROLLED_KINDS = frozenset({"possession", "delegated-secret"})
KIND_NAMES = {
    "desktop": "Desktop",
    "mobile": "Mobile",
    "web": "Web",
    "api": "API",
    "reports": "Reports",
    "voice": "Telephone",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """Where a statement comes from. `dated` is the source's own date, when it shows one."""

    id: SlugText
    url: Url
    tier: Tier
    dated: date | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Fact:
    """How well an entry is known: the ids of its sources, the day it was true and how sure that is.

    `as_of` is the source's own date when `as_of_basis` is "source", else ("read") the day it was read.
    """

    sources: Annotated[tuple[SourceId, ...], Key("source")]
    as_of: date
    as_of_basis: Basis
    confidence: Confidence


Provenance = Annotated[Fact, Flat()]


@dataclass(frozen=True, slots=True, kw_only=True)
class Factor:
    """A bolt: what a person or a program must hold, know or be. `carried_by` says on which kinds of thing it rests.

    `max_active`: how many enrolments one login may have at a time. `withdraw_usd_…`: most money that may leave, -1 for
    no cap, None for not known. `same_activation_as`: the factor it lives and dies with. `temporary`: a stop-gap that
    runs out by itself. `expires`: the moment at which it ends whatever is done.
    """

    slug: SlugText
    name: str
    kind: FactorKind
    phishing_resistant: bool
    offline_capable: bool
    carried_by: AssetsNeeded
    copyable: bool | None = None
    max_active: Count | None = None
    shared_by_usernames: bool = False
    same_activation_as: FactorSlug | None = None
    only_with: FactorSlug | None = None
    excludes: tuple[FactorSlug, ...] = ()
    unlock: str | None = None
    eligibility: str | None = None
    needs_clock: bool = False
    needs_network: NetworkNeed | None = None
    temporary: bool = False
    legacy: bool = False
    optional: bool = False
    bypasses_second_factor: bool = False
    never_expires: bool = False
    expires: str | None = None
    withdraw_usd_day: Cap | None = None
    withdraw_usd_5_days: Cap | None = None
    notes: str = ""
    fact: Provenance

    @property
    def enrolled(self) -> bool:
        """Whether an office records it as an authenticator: things held and delegated secrets are enrolled.

        A password, a place, a running session, a body or an answer on the telephone is not: the broker keeps no list
        of them from which one could be struck.
        """
        return self.kind in ENROLLED_KINDS


@dataclass(frozen=True, slots=True, kw_only=True)
class Door:
    """An interface of the broker, what it lets a person do and what it asks for.

    `short`: its name in a narrow row. `usual`: an office normally uses it, so it is ticked when an account is added.
    `refused`: factors that other doors take and this one does not. `also_reported`: factors that users, not the broker,
    say it takes. `optional_bolts`: factors it asks for only where somebody switched them on.
    """

    slug: SlugText
    name: str
    short: ShortName | None = None
    usual: bool = False
    kind: DoorKind
    purpose: str
    powers: tuple[Power, ...]
    requires: FactorsNeeded
    refused: tuple[FactorSlug, ...] = ()
    also_reported: tuple[FactorSlug, ...] = ()
    optional_bolts: tuple[FactorSlug, ...] = ()
    takes_session: bool = False
    switchable: bool = False
    scoped: bool = False
    needs_clock: bool = False
    network_ports: tuple[str, ...] = ()
    default_ports: Numbers = ()
    safety_settings: tuple[str, ...] = ()
    notes: str = ""
    fact: Provenance

    @property
    def short_name(self) -> str:
        """A label of at most 12 characters: `short`, else a name that is short enough, else the word for its kind."""
        if self.short:
            return self.short
        return self.name if len(self.name) <= LONGEST_SHORT_NAME else KIND_NAMES[self.kind]


@dataclass(frozen=True, slots=True, kw_only=True)
class DoorOverride:
    """What some doors ask for instead, from the day `effective` on, of clients of one legal entity."""

    entity: EntitySlug
    doors: tuple[DoorSlug, ...]
    requires: FactorsNeeded
    effective: date
    notes: str = ""
    fact: Provenance


@dataclass(frozen=True, slots=True, kw_only=True)
class Minutes:
    """How long something takes, in minutes."""

    typical: Count
    worst: Count


@dataclass(frozen=True, slots=True, kw_only=True)
class Recovery:
    """How lost factors come back and what it takes. `minutes_basis`: "estimate", or whose report the minutes are.

    `attacker_note` is the same road as a thief sees it. `named_person_only`: nobody can do it for somebody else.
    """

    slug: SlugText
    name: str
    restores: tuple[FactorSlug, ...]
    needs_factors: FactorsNeeded | None = None
    needs_assets: AssetsNeeded | None = None
    self_service: bool
    named_person_only: bool = False
    minutes: Minutes
    minutes_basis: str
    deadline_days: Count | None = None
    deposit_usd: Count | None = None
    attacker_note: str = ""
    notes: str = ""
    fact: Provenance


@dataclass(frozen=True, slots=True, kw_only=True)
class Timer:
    """Anything that runs out, recurs or keeps a door shut for a while, for the doors and factors it applies to.

    `kind` says what it means: a "session", "token" or "temporary" factor ends, "revalidation" is due again, a
    "password" change is, something has to be done before a "deadline", takes effect after a "delay", "maintenance"
    shuts the door, a "subscription" renews. `office_policy`: the length is the office's habit, not the broker's rule.
    """

    slug: SlugText
    name: str
    kind: TimerKind | None = None
    applies_to: tuple[TimedSlug, ...]
    rule: str = ""
    days: Count | None = None
    hours: Count | None = None
    minutes: Count | None = None
    remind_days_before: tuple[Count, ...] = ()
    remind_hours_before: tuple[Count, ...] = ()
    office_sets_real_value: bool = False
    office_policy: bool = False
    fact: Provenance


@dataclass(frozen=True, slots=True, kw_only=True)
class HealthRule:
    """How many failures a program may make: warn at `soft`, stop at `hard`, locked by the broker at `broker_limit`."""

    soft: Count
    hard: Count
    broker_limit: Count


@dataclass(frozen=True, slots=True, kw_only=True)
class Lockout:
    """What shuts doors although every bolt is at hand."""

    slug: SlugText
    name: str
    effect: str
    doors: tuple[DoorSlug, ...]
    hours: Count | None = None
    remedy: str = ""
    health_rule: HealthRule | None = None
    notes: str = ""
    fact: Provenance


@dataclass(frozen=True, slots=True, kw_only=True)
class Permission:
    """A right to trade something. `only_in` and `not_in` are legal entities; neither means everywhere, or not known."""

    slug: SlugText
    name: str
    levels: Count | None = None
    minimum_usd: Count | None = None
    floor_usd: Count | None = None
    only_in: tuple[EntitySlug, ...] = ()
    not_in: tuple[EntitySlug, ...] = ()
    notes: str = ""
    fact: Provenance


@dataclass(frozen=True, slots=True, kw_only=True)
class Role:
    """A role that the broker gives to people of an office. `limits` are pairs of what is counted and how many."""

    slug: SlugText
    name: str
    can: tuple[str, ...] = ()
    structures: tuple[str, ...] = ()
    single_point: bool = False
    quorum: PeopleNeeded | None = None
    limits: Numbers = ()
    notes: str = ""
    fact: Provenance


@dataclass(frozen=True, slots=True, kw_only=True)
class Entity:
    """A legal entity of the broker that books accounts."""

    slug: SlugText
    name: str
    status: EntityState = "open"
    restrictions: tuple[str, ...]
    facts: tuple[str, ...] = ()
    notes: str = ""
    fact: Provenance


@dataclass(frozen=True, slots=True, kw_only=True)
class NoticeKind:
    """A kind of news from the broker. `lead_days_seen`: days between first sight and deadline, where one was seen."""

    slug: SlugText
    name: str
    channels: tuple[str, ...]
    severity: Severity
    example: str = ""
    lead_days_seen: Count | None = None
    notes: str = ""
    fact: Provenance


@dataclass(frozen=True, slots=True, kw_only=True)
class Contact:
    """How to reach the broker; it has a telephone number, an address on the web, or both."""

    slug: SlugText
    region: str
    purpose: str
    number: str = ""
    alternate: str = ""
    url: Url | None = None
    fact: Provenance
