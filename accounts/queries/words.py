"""The facts of a broker’s profile as a person says them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import date

from accounts.brokers import Expression, Factor, Profile, Recovery, Timer, in_words, slugs

NO_CAP = -1
POWERS = {
    "view": "view",
    "trade": "trade",
    "withdraw": "withdraw",
    "manage-users": "manage users",
    "reports": "fetch reports",
}
ASSETS = {
    "phone": "phone",
    "sim": "SIM",
    "mailbox": "mailbox",
    "physical-card": "card",
    "paper": "paper",
    "security-key": "security key",
    "computer": "computer",
    "server": "server",
    "network": "network",
    "password-manager": "password manager",
    "person": "the person",
    "registered-post": "registered post",
}
FACTOR_KINDS = {
    "knowledge": "Something known",
    "possession": "Something held",
    "inherence": "Part of the body",
    "location": "A place or a network",
    "delegated-secret": "A key for a program",
    "session": "A running session",
    "identity-proof": "Proof of who you are",
}
TIMER_KINDS = {
    "session": "Session",
    "token": "Token",
    "temporary": "Stop-gap",
    "revalidation": "To be proven again",
    "password": "Password",
    "deadline": "Deadline",
    "delay": "Takes effect late",
    "maintenance": "Maintenance",
    "subscription": "Subscription",
}
SESSION_RULES = {
    "one-trading-session-per-username": "One trading session per user name at a time",
    "one-primary-session": "Only the primary session may trade",
    "unknown": "Not known",
}
NETWORKS = {"phone-internet": "Needs the phone’s internet", "cellular": "Needs a mobile signal"}


def listed(words: Iterable[str]) -> str:
    """“view, trade and withdraw”; empty for none."""
    words = list(words)
    return " and ".join([", ".join(words[:-1]), words[-1]]) if len(words) > 1 else "".join(words)


def sentence(words: str) -> str:
    """The words with a capital at the beginning, and a full stop unless they end in one."""
    stop = "" if words.endswith((".", "?", ":")) else "."
    return f"{words[:1].upper()}{words[1:]}{stop}" if words else ""


def span(minutes: int) -> str:
    """A length of time in its largest whole unit: `45 minutes`, `4 hours`, `3 days`."""
    for size, unit in ((1440, "day"), (60, "hour")):
        if minutes >= size and minutes % size == 0:
            return counted(minutes // size, unit)
    return counted(minutes, "minute")


def counted(number: int, noun: str) -> str:
    """`1 day`, `2 days`."""
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def long_day(day: date) -> str:
    """`31 August 2026`."""
    return f"{day.day} {day:%B %Y}"


def dollars(amount: int) -> str:
    return f"USD {amount:,}"


def asks(profile: Profile, requires: Expression) -> str:
    """What a door or a way back asks for, by the names of the broker’s factors."""
    return in_words(requires, profile.factor_names)


def rests_on(carriers: Expression) -> str:
    """“One of: phone or computer”."""
    words = in_words(carriers, ASSETS)
    return words[:1].upper() + words[1:]


def names(profile: Profile, slugs: Iterable[str]) -> tuple[str, ...]:
    """The names of doors, by their short ones, and of factors."""
    known = profile.factor_names | {door.slug: door.short_name for door in profile.doors}
    return tuple(known[slug] for slug in slugs)


def factor_limits(factor: Factor, profile: Profile) -> Iterator[str]:
    """Sentences on how far one factor goes: in how many places, together with what, up to which amounts."""
    if factor.max_active:
        places = "one place" if factor.max_active == 1 else f"{factor.max_active} places"
        yield f"Active in {places} per login at most."
    if factor.same_activation_as:
        yield f"Lives and dies with {profile.factor(factor.same_activation_as).name}."
    if factor.only_with:
        yield f"Only together with {profile.factor(factor.only_with).name}."
    if factor.excludes:
        yield f"Not together with {listed(names(profile, factor.excludes))}."
    yield from _cap_words(factor)


def factor_traits(factor: Factor, profile: Profile) -> Iterator[tuple[str, str]]:
    """What one has to know of a factor before one relies on it, as pairs of a question and its answer.

    What the profile does not say is “Not known”, or left out where nobody would ask.
    """
    yield "Rests on", rests_on(factor.carried_by)
    yield "Active at a time", _activation_words(factor)
    yield "Without a connection", "Works." if factor.offline_capable else "Does not work."
    yield "Signal", f"{NETWORKS[factor.needs_network]}." if factor.needs_network else _no_signal(factor)
    yield "Clock", "Needs one that is right." if factor.needs_clock else "Does not matter."
    yield "Copies", _KNOWN[factor.copyable]
    yield "Withdrawals", " ".join(_cap_words(factor)) or "Not known."
    yield "A fake page", "Cannot get hold of it." if factor.phishing_resistant else "Can get hold of it."
    if factor.shared_by_usernames:
        yield "Several user names", "One can serve them all."
    if factor.same_activation_as:
        yield "Together with", f"Lives and dies with {profile.factor(factor.same_activation_as).name}."
    if factor.only_with:
        yield "Together with", f"Only beside {profile.factor(factor.only_with).name}."
    if factor.excludes:
        yield "Not beside", f"{listed(names(profile, factor.excludes))}."
    yield from ((term, sentence(text)) for term, text in _more_traits(factor) if text)


def _more_traits(factor: Factor) -> tuple[tuple[str, str | None], ...]:
    stop_gap = "A stop-gap that runs out by itself" if factor.temporary else None
    legacy = "From earlier days, given out no more" if factor.legacy else None
    return (
        ("Unlocked by", factor.unlock),
        ("Given to", factor.eligibility),
        ("Ends", factor.expires or stop_gap or legacy),
        ("Second factor", "Gets past it" if factor.bypasses_second_factor else None),
    )


def factor_in_short(factor: Factor) -> str:
    """The same in one line: what limits it and what it needs, as “Active in one place, works offline”."""
    said = [
        _activation_words(factor).rstrip(".") if factor.max_active else "",
        "works offline" if factor.offline_capable else "needs a connection",
        "needs a clock that is right" if factor.needs_clock else "",
        "cannot be copied" if factor.copyable is False and factor.max_active is None else "",
        " ".join(_cap_words(factor)).rstrip(".").replace("Withdrawals", "withdrawals").replace("No cap", "no cap"),
        "no fake page can get hold of it" if factor.phishing_resistant else "",
    ]
    return sentence(", ".join(filter(None, said)))


_KNOWN = {True: "Can be made.", False: "Cannot be made.", None: "Not known."}


def _activation_words(factor: Factor) -> str:
    if factor.max_active is None:
        return "Not known."
    if factor.max_active > 1:
        return f"In {factor.max_active} places at most."
    carriers = sorted(slugs(factor.carried_by))
    if len(carriers) > 1:
        return "One alone: a new one ends the one before."
    return f"On one {ASSETS[carriers[0]]}: a second {ASSETS[carriers[0]]} is no backup."


def _no_signal(factor: Factor) -> str:
    return "Needs none." if factor.offline_capable else "Not known."


def factor_facts(factor: Factor) -> Iterator[str]:
    """Sentences on how one factor behaves: offline, by its clock, when copied, when it ends."""
    yield "Works offline." if factor.offline_capable else "Does not work offline."
    if factor.needs_network:
        yield f"{NETWORKS[factor.needs_network]}."
    yield from _flag_words(factor)
    for words in (_led("Unlocked by", factor.unlock), _led("For", factor.eligibility), _led("Ends", factor.expires)):
        yield from words


def _led(lead: str, text: str | None) -> tuple[str, ...]:
    return (sentence(f"{lead} {text}"),) if text else ()


def _cap_words(factor: Factor) -> Iterator[str]:
    caps = {"a day": factor.withdraw_usd_day, "in 5 days": factor.withdraw_usd_5_days}
    known = {when: cap for when, cap in caps.items() if cap is not None}
    if known and set(known.values()) == {NO_CAP}:
        yield "No cap on withdrawals."
    elif known:
        said = [f"{'no cap' if cap == NO_CAP else dollars(cap)} {when}" for when, cap in known.items()]
        yield f"Withdrawals up to {listed(said)}."


def _flag_words(factor: Factor) -> Iterator[str]:
    flags = {
        "Needs a clock that is right.": factor.needs_clock,
        "A fake page cannot get hold of it.": factor.phishing_resistant,
        "Can be copied.": factor.copyable is True,
        "Cannot be copied.": factor.copyable is False,
        "One can serve several user names.": factor.shared_by_usernames,
        "Gets past the second factor.": factor.bypasses_second_factor,
        "Never ends by itself.": factor.never_expires,
        "A stop-gap that runs out.": factor.temporary,
        "From earlier days, given out no more.": factor.legacy,
        "Asked for only where you switched it on.": factor.optional,
    }
    yield from (words for words, holds in flags.items() if holds)


def how_long(recovery: Recovery) -> str:
    """`10 minutes, at worst 1 hour (estimate)`; the basis says whose figures these are."""
    minutes = recovery.minutes
    return f"{sentence(span(minutes.typical))[:-1]}, at worst {span(minutes.worst)} ({recovery.minutes_basis})."


def recovery_facts(recovery: Recovery, profile: Profile) -> Iterator[str]:
    """Sentences on what a way back takes: how long, who, with what."""
    yield how_long(recovery)
    yield "You do it yourself." if recovery.self_service else "Somebody at the broker does it."
    if recovery.named_person_only:
        yield "Only the named person can ask for it."
    if recovery.needs_factors:
        yield f"With: {asks(profile, recovery.needs_factors)}."
    if recovery.needs_assets:
        yield f"At hand: {in_words(recovery.needs_assets, ASSETS)}."
    if recovery.deadline_days:
        yield f"Within {counted(recovery.deadline_days, 'day')}."
    if recovery.deposit_usd:
        yield f"Deposit: {dollars(recovery.deposit_usd)}."
    if recovery.attacker_note:
        yield sentence(f"As a thief sees it: {recovery.attacker_note}")


def timer_facts(timer: Timer) -> Iterator[str]:
    """Sentences on when something runs out or recurs."""
    lengths = ((timer.days, "day"), (timer.hours, "hour"), (timer.minutes, "minute"))
    length = " ".join(counted(number, unit) for number, unit in lengths if number)
    yield from (sentence(words) for words in (length, timer.rule) if words)
    if timer.office_policy:
        yield "Your own rule, not the broker’s."
    if timer.office_sets_real_value:
        yield "The real length is what you chose when you made it."
