"""Getting to know a browser at a completed sign-in, and forgetting it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from django.db import transaction

from core.trail.actions import record
from core.trail.enums import Verb
from identity import codes
from identity.actions.helping import one_at_a_time
from identity.models import KnownBrowser, Member


@dataclass(frozen=True, slots=True)
class Acquainted:
    """A browser after a completed sign-in: its row, the token its cookie gets, and what was known of it before."""

    browser: KnownBrowser
    token: str
    is_new: bool
    earlier_network: str | None = None


@transaction.atomic
def know_browser(member: Member, *, token: str, label: str, network: str | None, at: datetime) -> Acquainted:
    """Know a browser as this member's after a completed sign-in, and give it a new token for all its members.

    `token` is what its cookie held, or empty. A browser whose token is unknown, forgotten or too old is new.
    """
    fresh = codes.new_token()
    digest = KnownBrowser.digest_of(token)
    one_at_a_time("browser", digest)
    KnownBrowser.objects.known(at).of_token(token).update(digest=KnownBrowser.digest_of(fresh))
    mine = KnownBrowser.objects.of_token(fresh).filter(member=member).select_for_update(no_key=True).first()
    if mine is None:
        mine = KnownBrowser.objects.create(
            member=member,
            digest=KnownBrowser.digest_of(fresh),
            made_at=at,
            last_seen_at=at,
            label=label,
            network=network,
        )
        return Acquainted(mine, fresh, is_new=True)
    earlier, mine.network, mine.label, mine.last_seen_at = mine.network, network, label, at
    mine.save(update_fields=["network", "label", "last_seen_at"])
    return Acquainted(mine, fresh, is_new=False, earlier_network=earlier)


@transaction.atomic
def forget_browser(browser: KnownBrowser, *, by: Member | None, at: datetime) -> KnownBrowser:
    """Know a browser no longer: its next sign-in counts as one from a new browser. Forgetting twice changes nothing."""
    held = KnownBrowser.objects.select_for_update(no_key=True).get(pk=browser.pk)
    if held.forgotten_at is None:
        held.forgotten_at = at
        held.save(update_fields=["forgotten_at"])
        record(Verb.BROWSER_FORGOTTEN, by=by, about=held.member, at=at, browser=held.label)
    return held


@transaction.atomic
def forget_browsers(member: Member, *, by: Member | None, at: datetime) -> int:
    """Forget all browsers of a member, as when the password changes or somebody leaves; returns how many."""
    known = KnownBrowser.objects.filter(member=member, forgotten_at=None)
    count = known.update(forgotten_at=at)
    if count:
        record(Verb.BROWSER_FORGOTTEN, by=by, about=member, at=at, browsers=count)
    return count
