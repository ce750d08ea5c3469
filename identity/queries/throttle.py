"""Reading the tries at the front door: what the throttle counts, and what owners see of it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import Count, Max, Q

from identity import codes, throttle
from identity.enums import Stage
from identity.models import KnownBrowser, Member, SignIn
from identity.throttle import Burst, Counts, Failure, Run, Try

# The page of failures looks back so far, over so many rows at most.
LOOK_BACK = timedelta(days=7)
MOST_FAILURES = 5000
# Questions that only somebody with the password or an open session is asked.
AFTER_THE_PASSWORD = (Stage.CODE, Stage.BACKUP, Stage.STEP_UP)


def name_digest(email: str) -> str:
    """Under what the throttle counts a typed address; equal for known and unknown ones."""
    return codes.digest(f"sign-in:{email.strip().lower()}")


def known_browser(email: str, token: str, *, at: datetime) -> int | None:
    """The number of the browser with this token, if whoever has that address is known in it."""
    mine = KnownBrowser.objects.known(at).of_token(token).filter(member__email__iexact=email.strip())
    return mine.values_list("pk", flat=True).first()


def wait(stage: Stage, *, name: str, network: str | None, browser: int | None, at: datetime) -> timedelta:
    """How long the next answer to this question has to wait; zero when it is looked at."""
    return throttle.wait(
        counts(stage, name=name, network=network, browser=browser, at=at), limits=throttle.limits_of(stage), at=at
    )


def counts(stage: Stage, *, name: str, network: str | None, browser: int | None, at: datetime) -> Counts:
    """The same as `throttle.count` over the rows on file, always in three questions."""
    rows = SignIn.objects.filter(name=name, stage__in=[stage, Stage.LIFTED], at__gt=at - throttle.MONTH)
    door = Q(stage=stage, browser=browser)
    mine = door if browser else door & Q(network=network)
    right = rows.aggregate(
        lifted=Max("at", filter=Q(stage=Stage.LIFTED)),
        own=Max("at", filter=mine & Q(ok=True)),
        row=Max("at", filter=door & Q(ok=True)),
    )
    lifted = right["lifted"] or at - throttle.MONTH
    runs = {
        "own": (mine, max(lifted, right["own"] or lifted, at - throttle.DAY)),
        "day": (door, max(lifted, at - throttle.DAY)),
        "row": (door, max(lifted, right["row"] or lifted)),
    }
    asked: dict[str, Count | Max] = {}
    for run, (which, since) in runs.items():
        asked[run] = Count("pk", filter=which & Q(ok=False, at__gt=since))
        asked[f"{run}_last"] = Max("at", filter=which & Q(ok=False, at__gt=since))
    wrong = rows.aggregate(**asked)
    around = SignIn.objects.filter(network=network, browser=None, ok=False, at__gt=at - throttle.HOUR)
    nearby = around.aggregate(wrong=Count("pk"), last=Max("at"))
    own, day, row = (Run(wrong[run], wrong[f"{run}_last"]) for run in runs)
    return Counts(own, day) if browser else Counts(own, day, row, Run(**nearby))


def wrong_since(member: Member, since: datetime | None, *, at: datetime) -> list[Failure]:
    """The wrong answers in a member's name after a moment, at most a month back, oldest first."""
    month = at - throttle.MONTH
    rows = SignIn.objects.filter(member=member, ok=False, at__gt=max(since or month, month))
    return _failures(rows)


def wrong_codes(member: Member, *, at: datetime) -> int:
    """How many wrong codes, of any kind, were given in a member's name within a day and since the last right answer."""
    codes = SignIn.objects.filter(member=member, at__gt=at - throttle.DAY, stage__in=AFTER_THE_PASSWORD)
    last = codes.filter(ok=True).order_by("-at").values_list("at", flat=True).first()
    return codes.filter(ok=False, at__gt=last or at - throttle.DAY).count()


def recent_bursts(*, at: datetime) -> list[Burst]:
    """Failures of the last week that belong together, newest first, out of the newest few thousand."""
    return throttle.bursts(_failures(SignIn.objects.filter(ok=False, at__gt=at - LOOK_BACK)))


def _failures(rows) -> list[Failure]:
    newest = rows.order_by("-at").values_list("at", "stage", "network", "member", "browser")[:MOST_FAILURES]
    return [
        Failure(at=at, stage=stage, network=network, member=member, is_known_browser=browser is not None)
        for at, stage, network, member, browser in reversed(newest)
    ]


@dataclass(frozen=True, slots=True)
class Held:
    """A person whose sign-in in new browsers is held up at present. `is_shut` until an owner opens it."""

    member: Member
    wait: timedelta

    @property
    def is_shut(self) -> bool:
        return self.wait >= throttle.SHUT

    @property
    def minutes(self) -> int:
        return -(-int(self.wait.total_seconds()) // 60)


def held_up(*, at: datetime) -> list[Held]:
    """Who can at this moment be signed in only in a browser known before, because strangers were wrong so often.

    Who waits longest comes first.
    """
    rows = SignIn.objects.filter(browser=None, stage__in=[Stage.PASSWORD, Stage.LIFTED], at__gt=at - throttle.MONTH)
    often = rows.filter(ok=False).values("member").annotate(n=Count("pk")).filter(n__gte=throttle.FREE_A_DAY)
    people = Member.objects.present().filter(pk__in=often.values("member")).order_by("name")
    names = {name_digest(member.email or ""): member for member in people}
    tries: dict[str, list[Try]] = {name: [] for name in names}
    lifted: dict[str, datetime] = {}
    facts = rows.filter(name__in=names).order_by("at").values_list("name", "stage", "at", "ok", "network")
    for name, stage, moment, ok, network in facts:
        if stage == Stage.LIFTED:
            lifted[name] = moment
        else:
            tries[name].append(Try(moment, ok, network))
    found = [Held(member, _shared_wait(tries[name], lifted.get(name), at)) for name, member in names.items()]
    return sorted((held for held in found if held.wait), key=lambda held: held.wait, reverse=True)


def _shared_wait(tries: list[Try], lifted: datetime | None, at: datetime) -> timedelta:
    """What all strangers together have earned: the wait of one who comes from a network without a past."""
    counts = throttle.count(tries, network="nowhere", browser=None, at=at, lifted=lifted)
    return throttle.wait(counts, limits=throttle.limits_of(Stage.PASSWORD), at=at)


@dataclass(frozen=True, slots=True)
class Line:
    """One burst with the person whose name it was in; None when nobody here has the address."""

    burst: Burst
    member: Member | None


@dataclass(frozen=True, slots=True)
class FailuresPage:
    """What owners see of wrong answers: who is held up now, and the bursts of the last week."""

    held: list[Held]
    lines: list[Line]
    most_a_day: int = throttle.MOST_A_DAY
    most_in_a_row: int = throttle.MOST_IN_A_ROW


def failures_page(*, at: datetime) -> FailuresPage:
    bursts = recent_bursts(at=at)
    people = Member.objects.get_queryset().in_bulk({burst.member for burst in bursts if burst.member})
    lines = [Line(burst, people.get(burst.member or 0)) for burst in bursts]
    return FailuresPage(held_up(at=at), lines)
