"""What has to be true of a whole profile once each of its entries is sound by itself."""

from collections.abc import Iterator
from itertools import combinations

from accounts.brokers.profile import Profile, host_of, is_within

Fault = tuple[str, str]


def faults(profile: Profile) -> Iterator[Fault]:
    """Yield (entry, what is wrong with it) in a settled order."""
    for check in (_hosts, _contacts, _timers, _overrides, _recoveries, _lockouts, _short_names):
        yield from check(profile)


def _hosts(profile: Profile) -> Iterator[Fault]:
    for domain in profile.official_domains:
        if is_within(domain, profile.lookalikes_seen):
            yield f'broker "{profile.slug}"', f'official_domains holds "{domain}", which lookalikes_seen holds too'
    for source in profile.sources:
        if is_within(host_of(source.url), profile.lookalikes_seen):
            yield f'source "{source.id}"', f'url leads to the lookalike "{host_of(source.url)}"'


def _contacts(profile: Profile) -> Iterator[Fault]:
    for contact in profile.contacts:
        label = f'contact "{contact.slug}"'
        if contact.url and not profile.is_official(host_of(contact.url)):
            yield label, f'url leads to "{host_of(contact.url)}", which is none of official_domains'
        if not contact.url and not contact.number:
            yield label, "needs a number or a url"


def _timers(profile: Profile) -> Iterator[Fault]:
    for timer in profile.timers:
        if not (timer.rule or timer.days or timer.hours or timer.minutes):
            yield f'timer "{timer.slug}"', "needs a rule, days, hours or minutes"


def _overrides(profile: Profile) -> Iterator[Fault]:
    for first, second in combinations(profile.door_overrides, 2):
        shared = sorted(set(first.doors) & set(second.doors))
        if shared and (first.entity, first.effective) == (second.entity, second.effective):
            yield f'door_override "{first.entity}"', f'door "{shared[0]}" is overridden twice from {first.effective} on'


def _recoveries(profile: Profile) -> Iterator[Fault]:
    for recovery in profile.recoveries:
        if recovery.minutes.typical > recovery.minutes.worst:
            yield f'recovery "{recovery.slug}"', "minutes.typical is more than minutes.worst"


def _lockouts(profile: Profile) -> Iterator[Fault]:
    for lockout in profile.lockouts:
        rule = lockout.health_rule
        if rule and not rule.soft <= rule.hard <= rule.broker_limit:
            yield f'lockout "{lockout.slug}"', "health_rule has to rise from soft to hard to broker_limit"


def _short_names(profile: Profile) -> Iterator[Fault]:
    for first, second in combinations(profile.doors, 2):
        if first.short is not None and first.short == second.short:
            yield f'door "{second.slug}"', f'short is "{second.short}", as it is for door "{first.slug}"'
