"""Pure reasoning about things, proof and authenticators: no query, no clock.

The `…_refusal` functions say why a combination is not allowed, in a sentence for the person, or None when it is. The
actions ask them under a lock; a dry run asks them for every row beforehand.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from accounts.brokers import Factor, Lockout, Profile, UnknownEntryError, in_words, satisfied, slugs
from core.clock import end_of_day, local_day
from devices.enums import PROFILE_KINDS, VALIDATED_KINDS, AssetKind, Outcome, Proof

# How fast the same press by the same person has to come again to be taken for one.
DOUBLE_PRESS = timedelta(minutes=1)

# What no other thing carries about with it; the rest can be lost together with the device it is in.
_STAYS = {AssetKind.PLACE, AssetKind.NETWORK}

# What a factor's kinds of carrier are called in a sentence.
_KIND_WORDS = {
    "phone": "a phone",
    "sim": "a SIM or number",
    "mailbox": "a mailbox",
    "physical-card": "a card",
    "paper": "a paper",
    "security-key": "a security key",
    "computer": "a computer",
    "server": "a server",
    "network": "a network",
    "password-manager": "a password manager",
}


# Proof


def proof_state(
    *, outcome: str, lapses_at: datetime | None, at: datetime, warn_days: int, device_lost: bool = False
) -> Proof:
    """The one of the six states that a standing validation is in at `at`.

    What was proven on a thing that is lost or retired says nothing any more: `device_lost` makes everything unknown.
    `Validation.objects.with_proof` says the same in SQL.
    """
    if device_lost:
        return Proof.UNKNOWN
    if outcome != Outcome.PROVEN:
        return _UNPROVEN[Outcome(outcome)]
    if lapses_at is None:
        raise ValueError("What is proven lapses at some moment.")
    if lapses_at <= at:
        return Proof.OVERDUE
    return Proof.DUE if lapses_at <= warned_until(at, warn_days) else Proof.PROVEN


_UNPROVEN = {Outcome.EXPECTED: Proof.NEVER, Outcome.FAILED: Proof.FAILED, Outcome.UNKNOWN: Proof.UNKNOWN}


def warned_until(at: datetime, warn_days: int) -> datetime:
    """What lapses up to this moment is due at `at`."""
    return at + timedelta(days=warn_days)


def lapse(proved_at: datetime, days: int, zone: str) -> datetime:
    """The first moment after the last good day, which is `days` calendar days after the proof in the named zone."""
    return end_of_day(local_day(proved_at, zone) + timedelta(days=days), zone)


def validity_days(profile_days: int | None, office_days: int) -> int:
    """For how many days a proof holds: the broker's rule where it has one, else the office's."""
    return office_days if profile_days is None else profile_days


@dataclass(frozen=True, slots=True)
class Age:
    """How old a proof is, in whole days of a zone. `limit` is the age of its last good day, None when it has none."""

    days: int
    limit: int | None

    @property
    def left(self) -> int | None:
        """Days until the last good one; negative when it is over, None without a limit."""
        return None if self.limit is None else self.limit - self.days


def age(proved_at: datetime, lapses_at: datetime | None, at: datetime, zone: str) -> Age:
    """The age of a proof at `at`, counted in calendar days of the zone."""
    proved = local_day(proved_at, zone)
    limit = None if lapses_at is None else (last_good_day(lapses_at, zone) - proved).days
    return Age(days=(local_day(at, zone) - proved).days, limit=limit)


def last_good_day(lapses_at: datetime, zone: str) -> date:
    """The day on which what lapses at `lapses_at` still holds to its end."""
    return local_day(lapses_at - timedelta(microseconds=1), zone)


# What may be recorded


def asset_refusal(
    *, kind: str, place_kind: str | None = None, carrier_kind: str | None = None, is_own_carrier: bool = False
) -> str | None:
    """Why a thing of `kind` cannot be kept in that place or carried by that thing; kinds of None stand for neither."""
    if place_kind is not None and place_kind != AssetKind.PLACE:
        return "Choose a place to keep it in, such as a safe or a room."
    if carrier_kind is not None and kind in _STAYS:
        return f"A {AssetKind(kind).label.lower()} is not carried by another thing. Leave “Carried by” empty."
    if carrier_kind is not None and carrier_kind not in VALIDATED_KINDS:
        return f"A {AssetKind(carrier_kind).label.lower()} carries nothing. Choose the phone or computer that it is in."
    if is_own_carrier:
        return "Two things cannot carry each other. Choose another carrier."
    return None


def hand_over_refusal(*, name: str, gone: str, holder: int | None, receiver: int, receiver_name: str) -> str | None:
    """Why a thing cannot be handed to a person; `gone` is "lost" or "retired" for what no longer counts."""
    if gone:
        return f"{name} is {gone}. There is nothing to hand over."
    if holder == receiver:
        return f"{receiver_name} holds it already."
    return None


def carries_itself(thing: int, carrier: int | None, carried_by: Mapping[int, int]) -> bool:
    """Whether `thing` would, through however many others, end up carrying itself if `carrier` carried it."""
    seen = set()
    while carrier is not None and carrier not in seen:
        if carrier == thing:
            return True
        seen.add(carrier)
        carrier = carried_by.get(carrier)
    return False


def validation_refusal(
    *,
    device_kind: str,
    device_holder: object = None,
    login_holder: object = None,
    device_name: str = "It",
    device_gone: str = "",
    door_used: bool = True,
    login_ended: bool = False,
) -> str | None:
    """Why a door cannot be validated from a device. Holders are compared as they are; None is shared, or nobody.

    `device_gone` is "lost" or "retired" for a thing that no longer counts.
    """
    if device_kind not in VALIDATED_KINDS:
        kind = AssetKind(device_kind).label.lower()
        return f"{device_name} is a {kind}. Only computers, phones, tablets and servers are validated."
    if device_gone:
        return f"{device_name} is {device_gone}. What is tried on it no longer counts."
    if login_ended:
        return "That login has ended. Choose one in use."
    if not door_used:
        return "That door is not used. Switch it on for the login first."
    if device_holder is not None and login_holder is not None and device_holder != login_holder:
        return f"{device_name} and that login belong to different people, so nobody can try it."
    return None


def moment_refusal(
    *, outcome: str, proved_at: datetime | None, at: datetime, newest: datetime | None = None
) -> str | None:
    """Why a proof cannot be of that moment; `newest` is that of the one it would replace."""
    if outcome in (Outcome.PROVEN, Outcome.FAILED) and proved_at is None:
        return "Say when it was tried."
    if proved_at is not None and proved_at > at:
        return "That lies in the future. Say when it was tried."
    if proved_at is not None and newest is not None and proved_at < newest:
        return "There is a newer answer on file already. Nothing was changed."
    return None


def authenticator_refusal(
    *,
    profile: Profile,
    factor: str,
    carrier_kinds: Iterable[str] = (),
    others: Collection[str] = (),
) -> str | None:
    """Why a login cannot have this factor on things of these kinds beside its `others` (slugs, standing, once each)."""
    try:
        entry = profile.factor(factor)
    except UnknownEntryError as unknown:
        return f"{unknown}."
    if not entry.enrolled:
        return f"{profile.name} does not enrol “{entry.name}”. Choose an authenticator, a number, a card or a token."
    return (
        carrier_refusal(entry, list(carrier_kinds))
        or _quota_refusal(profile, entry, others)
        or _exclusion_refusal(profile, entry, others)
    )


def carrier_refusal(entry: Factor, kinds: Collection[str]) -> str | None:
    """Why a factor cannot lie on things of these kinds. None at all are allowed: where it lies is not known then."""
    if not kinds:
        return None
    allowed = slugs(entry.carried_by)
    fits = all(any(word in allowed for word in profile_words(kind)) for kind in kinds)
    if not fits or not satisfied(entry.carried_by, held_words(kinds)):
        wanted = in_words(entry.carried_by, _KIND_WORDS)
        return f"{short(entry.name)} needs {wanted[:1].lower()}{wanted[1:]}. Choose again what carries it."
    if is_bound(entry) and any(sum(word in profile_words(kind) for kind in kinds) > 1 for word in allowed):
        return one_place_only(entry)
    return None


def is_bound(entry: Factor) -> bool:
    """Whether it lives in one place at a time, so that a second carrier would be no copy of it."""
    return entry.max_active == 1 or entry.copyable is False


def one_place_only(entry: Factor) -> str:
    """Why a bound factor cannot have a second carrier of one kind."""
    words = [word for word in sorted(slugs(entry.carried_by)) if word in _KIND_WORDS]
    thing = _KIND_WORDS[words[0]].partition(" ")[2] if len(words) == 1 else "device"
    if entry.max_active == 1:
        return f"{short(entry.name)} is active on one {thing} at a time: a second {thing} is no backup."
    return f"{short(entry.name)} cannot be copied to a second {thing}. Record that one as an authenticator of its own."


def _quota_refusal(profile: Profile, entry: Factor, others: Collection[str]) -> str | None:
    standing = sum(1 for other in others if other == entry.slug)
    if entry.max_active is None or standing < entry.max_active:
        return None
    if entry.max_active == 1:
        return one_place_only(entry)
    return f"{profile.name} allows {entry.max_active} of {short(entry.name)} for one login. End one first."


def _exclusion_refusal(profile: Profile, entry: Factor, others: Collection[str]) -> str | None:
    for other in sorted(set(others)):
        if other in entry.excludes or entry.slug in profile.factor(other).excludes:
            return f"{profile.name} does not allow {short(entry.name)} beside {short(profile.factor(other).name)}."
    return None


def another_kind(profile: Profile, standing: Collection[str], kinds: Iterable[str]) -> Factor | None:
    """A factor that could be enrolled beside the `standing` ones (slugs) and lie on no thing of these kinds.

    What a fake page cannot get hold of comes first, what only some clients are given late, and what lies on a SIM last,
    for that is often in the phone. None when there is none.
    """
    used = held_words(kinds)
    others = [
        entry
        for entry in profile.factors
        if entry.kind == "possession"
        and not (entry.temporary or entry.legacy or entry.optional or entry.only_with)
        and not (activated_with(profile, entry.slug) | {entry.slug}) & set(standing)
        and satisfied(entry.carried_by, frozenset(_KIND_WORDS) - used)
        and _exclusion_refusal(profile, entry, standing) is None
    ]
    return min(others, key=_inconvenience, default=None)


def _inconvenience(entry: Factor) -> tuple[bool, bool, bool]:
    return "sim" in slugs(entry.carried_by), bool(entry.eligibility), not entry.phishing_resistant


def activated_with(profile: Profile, factor: str) -> frozenset[str]:
    """The other factors that live and die with this one: one activation at the broker gives them all."""
    roots = {entry.slug: entry.same_activation_as or entry.slug for entry in profile.factors}
    return frozenset(slug for slug, root in roots.items() if root == roots[factor] and slug != factor)


def activation_refusal(
    profile: Profile, factor: str, carriers: Collection[object], others: Iterable[tuple[str, Collection[object]]]
) -> str | None:
    """Why a factor cannot be on these things beside `others` (slug and carriers each): one activation, one phone."""
    together = activated_with(profile, factor)
    for other, there in others:
        if other in together and there and carriers and set(there) != set(carriers):
            names = " and ".join(short(profile.factor(slug).name) for slug in (other, factor))
            return f"{names} are one activation, so the same phone carries both."
    return None


def short(name: str) -> str:
    """A factor's name without what the profile adds in brackets or behind a comma."""
    return name.partition(",")[0].partition(" (")[0]


def profile_words(kind: str) -> tuple[str, ...]:
    """What the profiles call a thing of this kind."""
    return _WORDS.get(kind, ())


_WORDS: dict[str, tuple[str, ...]] = {
    kind: tuple(word for word, kinds in PROFILE_KINDS.items() if kind in kinds)
    for kind in {kind for kinds in PROFILE_KINDS.values() for kind in kinds}
}


def held_words(kinds: Iterable[str]) -> frozenset[str]:
    """The profiles' words for all these kinds together."""
    return frozenset(word for kind in kinds for word in profile_words(kind))


def kinds_of_carriers(profile: Profile) -> tuple[str, ...]:
    """The kinds of thing that can carry any factor of this broker, sorted."""
    words = {word for entry in profile.factors if entry.enrolled for word in slugs(entry.carried_by)}
    return tuple(sorted({kind.value for word in words for kind in PROFILE_KINDS.get(word, ())}))


def is_at_hand(entry: Factor, left: Collection[str], gone: int) -> bool:
    """Whether an authenticator still works when `gone` of its carriers are lost and those of kinds `left` are not.

    What cannot be copied needs all its carriers; of what can, each carrier is a copy. None recorded: taken as held.
    """
    if not gone:
        return True
    if entry.copyable is not True or not left:
        return False
    return satisfied(entry.carried_by, held_words(left))


def lockouts(profile: Profile, interface: str) -> tuple[Lockout, ...]:
    """The broker's rules on what shuts this door after failed tries, or although every bolt is at hand."""
    return tuple(rule for rule in profile.lockouts if interface in rule.doors)


# The timeline of a page


@dataclass(frozen=True, slots=True)
class Proved:
    """One proof as the timeline sees it: from when, good until when, and when it was ended, if it was."""

    proved_at: datetime
    lapses_at: datetime
    ended_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Stretch:
    """A piece of a row of the timeline, in per cent of its width."""

    start: float
    width: float

    @property
    def end(self) -> float:
        return round(self.start + self.width, 2)


@dataclass(frozen=True, slots=True)
class Row:
    """When a door knew a device: good stretches, stretches past the limit, and the marks of the proofs."""

    good: tuple[Stretch, ...]
    late: tuple[Stretch, ...]
    marks: tuple[float, ...]


def timeline(proofs: Iterable[Proved], *, start: datetime, end: datetime, at: datetime) -> Row:
    """Lay proofs of one door from one device out between `start` and `end`; nothing is drawn beyond `at`."""
    ordered = sorted(proofs, key=lambda proof: proof.proved_at)
    good, late, marks = [], [], []
    for number, proof in enumerate(ordered):
        following = ordered[number + 1].proved_at if number + 1 < len(ordered) else proof.ended_at or at
        until = min(following, at)
        good.append(_stretch(proof.proved_at, min(proof.lapses_at, until), start, end))
        late.append(_stretch(proof.lapses_at, until, start, end))
        if start <= proof.proved_at <= end:
            marks.append(percent(proof.proved_at, start, end))
    return Row(tuple(filter(None, good)), tuple(filter(None, late)), tuple(marks))


def _stretch(begin: datetime, until: datetime, start: datetime, end: datetime) -> Stretch | None:
    begin, until = max(begin, start), min(until, end)
    if until <= begin:
        return None
    left = percent(begin, start, end)
    return Stretch(left, round(percent(until, start, end) - left, 2))


def percent(moment: datetime, start: datetime, end: datetime) -> float:
    """Where a moment lies between `start` and `end`, from 0 to 100."""
    return round(100 * (moment - start) / (end - start), 2)
