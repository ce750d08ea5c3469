"""What is known of brokers, as pages show it: profiles in words, with how well each statement is known."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from datetime import date

from django.db.models import Count

from accounts.brokers import Contact, Door, Fact, Factor, Lockout, Profile, Recovery, SourceLink, catalogue
from accounts.brokers.entries import KIND_NAMES, Entity
from accounts.brokers.profile import host_of
from accounts.models import Account
from accounts.queries import words
from identity.models import Member


@dataclass(frozen=True, slots=True)
class Known:
    """How well a statement is known. `is_estimate`: its figures are somebody’s guess or one person’s report."""

    sources: tuple[SourceLink, ...]
    as_of: date
    dated_by_source: bool
    confidence: str
    is_estimate: bool = False

    @property
    def is_low(self) -> bool:
        return self.confidence == "low"


@dataclass(frozen=True, slots=True)
class DoorLine:
    """One door of a broker for a list to choose from. `asks` is what it asks for, in words."""

    door: Door
    kind: str
    powers: str
    asks: str
    known: Known
    used: bool = False


@dataclass(frozen=True, slots=True)
class Link:
    """A web address of the broker’s own; one that is not official is shown and never linked."""

    url: str
    host: str
    official: bool


@dataclass(frozen=True, slots=True)
class Cell:
    """What one column says of an entry: sentences, a note below them, and for a contact its number and address."""

    label: str
    lines: tuple[str, ...]
    note: str = ""
    number: str = ""
    link: Link | None = None

    @property
    def is_empty(self) -> bool:
        return not (self.lines or self.note or self.number or self.link)


@dataclass(frozen=True, slots=True)
class Row:
    """One entry of a profile: its name, what kind it is, two cells, and how well it is known."""

    slug: str
    name: str
    kind: str
    cells: tuple[Cell, Cell]
    known: Known


@dataclass(frozen=True, slots=True)
class Section:
    """The entries of one kind under a heading; `columns` name the cells."""

    slug: str
    title: str
    lede: str
    noun: str
    rows: tuple[Row, ...]

    @property
    def columns(self) -> tuple[str, ...]:
        return tuple(cell.label for cell in self.rows[0].cells) if self.rows else ()


@dataclass(frozen=True, slots=True)
class BrokerPage:
    """Everything on a broker that its page shows, and the reader’s own accounts there."""

    profile: Profile
    facts: tuple[tuple[str, str], ...]
    known: Known
    sections: tuple[Section, ...]
    accounts: tuple[Account, ...]


@dataclass(frozen=True, slots=True)
class BrokerLine:
    """One broker in the list: what is known of it, and how many accounts the reader sees there."""

    profile: Profile
    doors: int
    factors: int
    entities: int
    accounts: int


def broker_lines(member: Member) -> list[BrokerLine]:
    """Every broker of the catalogue, those with accounts of the reader’s first, in one query."""
    seen = Account.objects.visible_to(member).open().order_by().values_list("broker").annotate(n=Count("pk"))
    counts = dict(seen)
    lines = [
        BrokerLine(
            profile=profile,
            doors=len(profile.doors),
            factors=len(profile.factors),
            entities=len(profile.entities),
            accounts=counts.get(slug, 0),
        )
        for slug, profile in catalogue().items()
    ]
    return sorted(lines, key=lambda line: (line.accounts == 0, line.profile.name.lower()))


def broker_page(profile: Profile, member: Member, *, on: date) -> BrokerPage:
    """The profile in words as it holds on that day, in one query."""
    accounts = Account.objects.visible_to(member).open().filter(broker=profile.slug).order_by("name", "pk")
    sections = (_doors(profile, on), _factors(profile), _recoveries(profile), _timers(profile), _lockouts(profile))
    rest = (_entities(profile), _contacts(profile))
    return BrokerPage(
        profile=profile,
        facts=tuple(_broker_facts(profile)),
        known=known(profile, profile.fact),
        sections=tuple(section for section in (*sections, *rest) if section.rows),
        accounts=tuple(accounts),
    )


def door_lines(profile: Profile, *, entity: str = "", used: Collection[str] = (), on: date) -> list[DoorLine]:
    """Every door of a broker, in the profile’s order, with what it asks for on that day of clients of that entity.

    `used` holds the slugs of the doors that somebody uses. Raises UnknownEntryError for an entity the profile lacks.
    """
    return [
        DoorLine(
            door=door,
            kind=KIND_NAMES[door.kind],
            powers=words.listed(words.POWERS[power] for power in door.powers),
            asks=words.asks(profile, profile.requirement(door.slug, entity or None, on)),
            known=known(profile, _door_fact(profile, door, entity, on)),
            used=door.slug in used,
        )
        for door in profile.doors
    ]


@dataclass(frozen=True, slots=True)
class FactorLine:
    """One factor of a broker: `traits` are pairs of a question and its answer, `short` is the same in one line."""

    factor: Factor
    traits: tuple[tuple[str, str], ...]
    short: str
    known: Known


def factor_line(profile: Profile, slug: str) -> FactorLine:
    """What the broker’s profile says of one factor; UnknownEntryError when it has none of that name."""
    factor = profile.factor(slug)
    traits = tuple(words.factor_traits(factor, profile))
    return FactorLine(factor, traits, words.factor_in_short(factor), known(profile, factor.fact))


def factor_lines(profile: Profile) -> list[FactorLine]:
    """The same for every factor that an office records."""
    return [factor_line(profile, factor.slug) for factor in profile.factors if factor.enrolled]


@dataclass(frozen=True, slots=True)
class RecoveryLine:
    """One way back of a broker, in sentences."""

    recovery: Recovery
    takes: tuple[str, ...]
    known: Known


def recovery_lines(profile: Profile) -> list[RecoveryLine]:
    """Every way back that the broker offers, in the profile’s order."""
    return [
        RecoveryLine(one, tuple(words.recovery_facts(one, profile)), known(profile, one.fact, is_estimate=True))
        for one in profile.recoveries
    ]


def known(profile: Profile, fact: Fact, *, is_estimate: bool = False) -> Known:
    """How well an entry of the profile is known, its sources ready to be shown."""
    return Known(
        sources=profile.source_links(fact),
        as_of=fact.as_of,
        dated_by_source=fact.as_of_basis == "source",
        confidence=fact.confidence,
        is_estimate=is_estimate,
    )


def _door_fact(profile: Profile, door: Door, entity: str, on: date) -> Fact:
    override = profile.override_for(door.slug, entity or None, on)
    return override.fact if override else door.fact


def _broker_facts(profile: Profile) -> Iterator[tuple[str, str]]:
    if profile.aliases:
        yield "Also called", words.listed(profile.aliases)
    yield "Sessions", words.SESSION_RULES[profile.session_rule]
    yield "Second factor", "Always asked for" if profile.second_factor_mandatory else "Not always asked for"
    if profile.usernames_are_personal is not None:
        yield "User names", "One per person" if profile.usernames_are_personal else "May be shared"
    yield "Its own sites", ", ".join(profile.official_domains)
    if profile.official_domains_unverified:
        yield "Not verified", ", ".join(profile.official_domains_unverified)
    if profile.lookalikes_seen:
        yield "Never open", f"{', '.join(profile.lookalikes_seen)}: copies of its pages."


# --- sections ---------------------------------------------------------------------------------------------------------
def _doors(profile: Profile, on: date) -> Section:
    return Section(
        slug="doors",
        title="Doors",
        lede="Each is a way in, and each asks for its own things.",
        noun="Door",
        rows=tuple(_door_row(profile, line) for line in door_lines(profile, on=on)),
    )


def _door_row(profile: Profile, line: DoorLine) -> Row:
    does = (words.sentence(line.door.purpose), f"Lets you {line.powers}.")
    return Row(
        slug=line.door.slug,
        name=line.door.name,
        kind=line.kind,
        cells=(Cell("What it is for", does), Cell("What it asks for", tuple(_asked(profile, line)), line.door.notes)),
        known=line.known,
    )


def _asked(profile: Profile, line: DoorLine) -> Iterator[str]:
    door = line.door
    yield words.sentence(line.asks)
    for lead, slugs in (
        ("Only where you switched it on", door.optional_bolts),
        ("Does not take", door.refused),
        ("Users say, the broker does not, that it also takes", door.also_reported),
    ):
        if slugs:
            yield f"{lead}: {words.listed(words.names(profile, slugs))}."
    if door.needs_clock:
        yield "Needs a clock that is right."
    for override in profile.door_overrides:
        if door.slug in override.doors:
            clients = f"Clients of {profile.entity(override.entity).name}, from {words.long_day(override.effective)}"
            yield words.sentence(f"{clients}: {words.asks(profile, override.requires)}")


def _factors(profile: Profile) -> Section:
    return Section(
        slug="factors",
        title="What opens them",
        lede="Factors: what a person knows, holds or is. The limits are the broker’s.",
        noun="Factor",
        rows=tuple(
            Row(
                slug=factor.slug,
                name=factor.name,
                kind=words.FACTOR_KINDS[factor.kind],
                cells=(
                    Cell("Rests on", (words.rests_on(factor.carried_by),)),
                    Cell("Good to know", tuple(_factor_lines(factor, profile)), factor.notes),
                ),
                known=known(profile, factor.fact),
            )
            for factor in profile.factors
        ),
    )


def _factor_lines(factor: Factor, profile: Profile) -> Iterator[str]:
    """Its limits, if it has any, and then how it behaves, each as one paragraph."""
    limits = " ".join(words.factor_limits(factor, profile))
    yield from filter(None, (limits, " ".join(words.factor_facts(factor))))


def _recoveries(profile: Profile) -> Section:
    return Section(
        slug="recovery",
        title="Ways back",
        lede="How something lost comes back, and how long that takes.",
        noun="Way back",
        rows=tuple(_recovery_row(profile, recovery) for recovery in profile.recoveries),
    )


def _recovery_row(profile: Profile, recovery: Recovery) -> Row:
    takes = tuple(words.recovery_facts(recovery, profile))
    return Row(
        slug=recovery.slug,
        name=recovery.name,
        kind="",
        cells=(
            Cell("Brings back", words.names(profile, recovery.restores)),
            Cell("What it takes", takes, recovery.notes),
        ),
        # What users report is a guess, too, as long as the broker itself names no time.
        known=known(profile, recovery.fact, is_estimate=True),
    )


def _timers(profile: Profile) -> Section:
    return Section(
        slug="timers",
        title="What runs out",
        lede="Sessions, tokens, deadlines, and hours in which a door is shut.",
        noun="What",
        rows=tuple(
            Row(
                slug=timer.slug,
                name=timer.name,
                kind=words.TIMER_KINDS.get(timer.kind or "", ""),
                cells=(
                    Cell("Concerns", words.names(profile, timer.applies_to)),
                    Cell("When", tuple(words.timer_facts(timer))),
                ),
                known=known(profile, timer.fact),
            )
            for timer in profile.timers
        ),
    )


def _lockouts(profile: Profile) -> Section:
    return Section(
        slug="lockouts",
        title="What shuts doors",
        lede="It happens although every key is at hand.",
        noun="What happened",
        rows=tuple(
            Row(
                slug=lockout.slug,
                name=lockout.name,
                kind="",
                cells=(
                    Cell("Shuts", words.names(profile, lockout.doors)),
                    Cell("What then", tuple(_lockout_words(lockout)), lockout.notes),
                ),
                known=known(profile, lockout.fact),
            )
            for lockout in profile.lockouts
        ),
    )


def _lockout_words(lockout: Lockout) -> Iterator[str]:
    yield words.sentence(lockout.effect)
    if lockout.hours:
        yield f"Lasts {words.counted(lockout.hours, 'hour')}."
    if lockout.remedy:
        yield words.sentence(f"Remedy: {lockout.remedy}")
    rule = lockout.health_rule
    if rule:
        yield f"Failures: warn at {rule.soft}, stop at {rule.hard}; the broker locks at {rule.broker_limit}."


def _entities(profile: Profile) -> Section:
    return Section(
        slug="entities",
        title="Legal entities",
        lede="Which of them books an account decides on some rules.",
        noun="Entity",
        rows=tuple(_entity_row(profile, entity) for entity in profile.entities),
    )


def _entity_row(profile: Profile, entity: Entity) -> Row:
    return Row(
        slug=entity.slug,
        name=entity.name,
        kind="" if entity.status == "open" else "Closed",
        cells=(
            Cell("Restrictions", _sentences(entity.restrictions)),
            Cell("Also", _sentences(entity.facts), entity.notes),
        ),
        known=known(profile, entity.fact),
    )


def _contacts(profile: Profile) -> Section:
    return Section(
        slug="contacts",
        title="Who to call",
        lede="Take numbers and addresses from here or from the broker’s own pages, never from a mail.",
        noun="Where",
        rows=tuple(_contact_row(profile, contact) for contact in profile.contacts),
    )


def _contact_row(profile: Profile, contact: Contact) -> Row:
    host = host_of(contact.url) if contact.url else ""
    reach = Cell(
        "How",
        (f"Or {contact.alternate}",) if contact.alternate else (),
        number=contact.number,
        link=Link(contact.url, host, profile.is_official(host)) if contact.url else None,
    )
    return Row(
        slug=contact.slug,
        name=words.sentence(contact.region)[:-1],
        kind="",
        cells=(Cell("For", (words.sentence(contact.purpose),)), reach),
        known=known(profile, contact.fact),
    )


def _sentences(lines: Iterable[str]) -> tuple[str, ...]:
    return tuple(words.sentence(line) for line in lines)
