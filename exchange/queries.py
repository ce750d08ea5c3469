"""Reading the office as the sheets say it, and the pages about imports."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from django.core.cache import cache
from django.core.paginator import Page, Paginator
from django.db.models import QuerySet
from redis.exceptions import RedisError

from accounts.models import Account, Door, Grant, Login
from accounts.rules import in_order
from core.clock import local_day
from devices.models import Asset, Authenticator, Validation
from exchange.enums import BatchState, DayOrder, Origin, Verdict
from exchange.models import ImportBatch
from exchange.rules.world import Facts, Known, World, zone_of
from exchange.sheets.cells import day, show
from exchange.sheets.columns import BY_NAME, SHEETS
from identity.models import Member
from identity.queries import office
from notices.models import Notice
from recovery.models import AuthenticatorBackup

ROWS_A_PAGE = 100


# --- the office as sheets --------------------------------------------------------------------------------------------
def world(at: datetime, *, lock: bool = False) -> World:
    """The whole office at this moment, in a fixed number of queries.

    `lock` holds every row of the inventory until the transaction is over, so that nothing changes between looking and
    writing. People are not held: they go on signing in.
    """
    house = office()
    reader = _Reader(at, house.timezone, lock=lock)
    rows = reader.rows()
    return World(
        at=at,
        zone=house.timezone,
        validity_days=house.validity_days,
        rows=rows,
        signs_in=frozenset(Member.objects.present().filter(joined_at__isnull=False).values_list("key", flat=True)),
        loaded=frozenset(_loaded(rows)),
    )


class _Reader:
    """Turns rows into facts, with keys in the place of numbers."""

    def __init__(self, at: datetime, zone: str, *, lock: bool) -> None:
        self.zone, self.lock = zone, lock
        self.keys: dict[type, dict[int | None, str]] = {}
        self.doors: dict[int, tuple[str, str]] = {}

    def rows(self) -> dict[str, dict[Any, Known]]:
        """In the order in which the office’s own actions take their locks."""
        people = self._keyed(Member, self._person, "left", "left_at")
        accounts = self._keyed(Account, self._account, "was closed", "closed_at")
        logins = self._keyed(Login, self._login, "was ended", "ended_at")
        doors = self._doors()
        things = self._keyed(Asset, self._thing, "was retired", "retired_at")
        self._place_things(things)
        found = {"people": people, "accounts": accounts, "logins": logins, "doors": doors, "things": things}
        found["validations"] = self._validations(found)
        found["authenticators"] = self._keyed(Authenticator, self._authenticator, "was ended", "ended_at")
        found["backups"] = self._keyed(AuthenticatorBackup, self._backup, "was ended", "ended_at")
        found["grants"] = self._grants()
        return found

    def _held(self, rows: QuerySet) -> QuerySet:
        held = self.lock and rows.model is not Member
        return rows.select_for_update(of=("self",), no_key=True) if held else rows

    def _keyed(self, model: type, facts: Callable[[Any], Facts], deed: str, ended: str) -> dict[Any, Known]:
        rows: QuerySet = model.objects.order_by("pk")  # type: ignore[attr-defined]  # every model here has objects
        if model in (Authenticator, AuthenticatorBackup):
            rows = rows.prefetch_related("carriers")
        listed = list(self._held(rows))
        self.keys[model] = {row.pk: row.key for row in listed} | {None: ""}
        return {row.key: Known(row.pk, facts(row), self._gone(deed, getattr(row, ended))) for row in listed}

    def _gone(self, deed: str, at: datetime | None) -> str:
        day = self.day(at)
        return f"{deed} on {day:%-d %B %Y}" if day else ""

    def day(self, at: datetime | None) -> date | None:
        return local_day(at, self.zone) if at else None

    def _person(self, row: Member) -> Facts:
        return {
            "key": row.key,
            "name": row.name,
            "email": row.email or "",
            "role": row.role,
            "time zone": row.timezone,
            "digest hour": row.digest_hour,
            "phone": row.phone,
            "note": row.note,
            "last day": row.ends_on,
            "left on": self.day(row.left_at),
        }

    def _account(self, row: Account) -> Facts:
        return {
            "key": row.key,
            "name": row.name,
            "broker": row.broker,
            "entity": row.entity,
            "last four": row.hint,
            "note": row.note,
            "closed on": self.day(row.closed_at),
        }

    def _login(self, row: Login) -> Facts:
        return {
            "key": row.key,
            "label": row.label,
            "broker": row.broker,
            "last four": row.hint,
            "holder": self.keys[Member][row.holder_id],
            "kind": row.kind,
            "note": row.note,
            "ended on": self.day(row.ended_at),
        }

    def _thing(self, row: Asset) -> Facts:
        return {
            "key": row.key,
            "name": row.name,
            "kind": row.kind,
            "holder": self.keys[Member][row.holder_id],
            "place": row.place_id,
            "carried by": row.carried_by_id,
            "model": row.model,
            "last four": row.hint,
            "spare": row.is_spare,
            "note": row.note,
            "lost on": self.day(row.lost_at),
            "retired on": self.day(row.retired_at),
        }

    def _place_things(self, things: Mapping[Any, Known]) -> None:
        """Things name each other, so their numbers become keys once all are read."""
        for known in things.values():
            for column in ("place", "carried by"):
                known.facts[column] = self.keys[Asset][known.facts[column]]

    def _doors(self) -> dict[Any, Known]:
        found: dict[Any, Known] = {}
        for row in self._held(Door.objects.order_by("pk")):
            login = self.keys[Login][row.login_id]
            self.doors[row.pk] = (login, row.interface)
            found[login, row.interface] = Known(row.pk, {"login": login, "door": row.interface, "used": row.used})
        return found

    def _validations(self, found: Mapping[str, Mapping[Any, Known]]) -> dict[Any, Known]:
        standing: dict[Any, Known] = {}
        for row in self._held(Validation.objects.standing().order_by("pk")):
            login, door = self.doors[row.door_id]
            thing = self.keys[Asset][row.device_id]
            zone = self._zone(found, login, thing)
            facts = {
                "login": login,
                "door": door,
                "thing": thing,
                "outcome": row.outcome,
                "proved on": local_day(row.proved_at, zone) if row.proved_at else None,
                "how": row.how,
                "proved by": self.keys[Member][row.proved_by_id],
                "note": row.note,
            }
            standing[login, door, thing] = Known(row.pk, facts)
        return standing

    def _zone(self, found: Mapping[str, Mapping[Any, Known]], login: str, thing: str) -> str:
        def person(key: str) -> Facts | None:
            known = found["people"].get(key)
            return known.facts if known else None

        held = found["things"].get(thing)
        return zone_of(found["logins"][login].facts, held.facts if held else None, person, self.zone)

    def _authenticator(self, row: Authenticator) -> Facts:
        return {
            "key": row.key,
            "login": self.keys[Login][row.login_id],
            "factor": row.factor,
            "label": row.label,
            "carriers": self._carriers(row),
            "enrolled on": row.enrolled_on,
            "proved on": self._proved(row),
            "note": row.note,
            "ended on": self.day(row.ended_at),
        }

    def _backup(self, row: AuthenticatorBackup) -> Facts:
        return {
            "key": row.key,
            "login": self.keys[Login][row.login_id],
            "authenticator": self.keys[Authenticator][row.authenticator_id],
            "kind": row.kind,
            "second factor": row.factor,
            "label": row.label,
            "carriers": self._carriers(row),
            "place": self.keys[Asset][row.place_id],
            "custodian": self.keys[Member][row.custodian_id],
            "codes left": row.codes_left,
            "proved on": self._proved(row),
            "note": row.note,
            "ended on": self.day(row.ended_at),
        }

    def _carriers(self, row: Any) -> tuple[str, ...]:
        return tuple(sorted(self.keys[Asset][thing.pk] for thing in row.carriers.all()))

    def _proved(self, row: Any) -> date | None:
        """The day on which it was seen to work, in the days of the login’s holder."""
        if row.proved_at is None:
            return None
        return local_day(row.proved_at, self.zones[row.login_id])

    @property
    def zones(self) -> Mapping[int, str]:
        """By login: the zone of its holder, or the office’s."""
        if not hasattr(self, "_zones"):
            zones = Login.objects.values_list("pk", "holder__timezone")
            self._zones = {pk: zone or self.zone for pk, zone in zones}
        return self._zones

    def _grants(self) -> dict[Any, Known]:
        found: dict[Any, Known] = {}
        for row in self._held(Grant.objects.open().order_by("pk")):
            login, account = self.keys[Login][row.login_id], self.keys[Account][row.account_id]
            facts = {
                "login": login,
                "account": account,
                "rights": tuple(in_order(row.rights)),
                "granted on": row.granted_on,
            }
            found[login, account] = Known(row.pk, facts)
        return found


def _loaded(rows: Mapping[str, Mapping[Any, Known]]) -> Iterable[str]:
    """Keys of the things on which a validation, an authenticator or another thing rests."""
    for known in rows["validations"].values():
        yield known.facts["thing"]
    for known in rows["authenticators"].values():
        if not known.gone:
            yield from known.facts["carriers"]
    for known in rows["things"].values():
        if not known.gone:
            yield from filter(None, (known.facts["place"], known.facts["carried by"]))


def office_rows(at: datetime) -> dict[str, list[dict[str, str]]]:
    """The office as an export writes it: texts by sheet and column, in the order of the keys."""
    found = world(at).rows
    return {
        sheet.name: [
            {column.name: show(known.facts[column.name]) for column in sheet.columns}
            for _, known in sorted(found[sheet.name].items())
        ]
        for sheet in SHEETS
    }


def export_counts() -> dict[str, int]:
    """How many rows an export would have now, by the titles of the sheets."""
    rows: dict[str, QuerySet] = {
        "people": Member.objects.get_queryset(),
        "accounts": Account.objects.all(),
        "logins": Login.objects.all(),
        "doors": Door.objects.all(),
        "things": Asset.objects.all(),
        "validations": Validation.objects.standing(),
        "authenticators": Authenticator.objects.all(),
        "backups": AuthenticatorBackup.objects.all(),
        "grants": Grant.objects.open(),
    }
    return {sheet.title: rows[sheet.name].count() for sheet in SHEETS}


def inventory_is_empty() -> bool:
    """Whether there is nothing yet but people, so that the demo office has room."""
    models: tuple[Any, ...] = (Account, Login, Asset, AuthenticatorBackup, Notice)
    return not any(model.objects.exists() for model in models)


def what_would_go() -> dict[str, int]:
    """What removing the demo office deletes, counted, by words for a page."""
    models: dict[str, QuerySet] = {
        "accounts": Account.objects.all(),
        "logins": Login.objects.all(),
        "doors": Door.objects.all(),
        "things": Asset.objects.all(),
        "validations": Validation.objects.all(),
        "authenticators": Authenticator.objects.all(),
        "backups": AuthenticatorBackup.objects.all(),
        "broker notices": Notice.objects.all(),
        "people who never joined": Member.objects.get_queryset().filter(joined_at=None),
    }
    return {words: rows.count() for words, rows in models.items()}


# --- imports ---------------------------------------------------------------------------------------------------------
def last_done() -> ImportBatch | None:
    """The import that could be undone: the newest that still stands."""
    return ImportBatch.objects.filter(state=BatchState.DONE).order_by("-finished_at", "-pk").first()


@dataclass(frozen=True, slots=True)
class Progress:
    """How far the worker is, as it last said; nothing is known when the cache is away."""

    done: int
    total: int
    doing: str

    @property
    def in_words(self) -> str:
        return f"{self.doing.capitalize()}, {self.done:,} of {self.total:,} rows"


def progress_key(batch: ImportBatch) -> str:
    return f"import:{batch.pk}"


def progress(batch: ImportBatch) -> Progress | None:
    """What the worker last said about a batch, None when it said nothing or nobody can be asked."""
    try:
        said = cache.get(progress_key(batch))
    except (RedisError, OSError):
        return None
    return Progress(**said) if said else None


@dataclass(frozen=True, slots=True)
class Tally:
    """One sheet of a dry run: how many rows of each verdict it has, in the order of the verdicts."""

    name: str
    title: str
    numbers: tuple[tuple[str, int], ...]


@dataclass(frozen=True, slots=True)
class BatchPage:
    """A dry run or a result as its page shows it."""

    headline: str
    rows: Page
    verdict: str
    sheet: str
    verdicts: tuple[tuple[str, str, int], ...]
    sheets: tuple[Tally, ...]

    @property
    def is_narrowed(self) -> bool:
        return bool(self.verdict or self.sheet)


def batch_page(batch: ImportBatch, *, verdict: str = "", sheet: str = "", number: str = "1") -> BatchPage:
    """The rows of a dry run, problems first, a hundred at a time, with what there is to choose from."""
    verdict = verdict if verdict in Verdict.values else ""
    sheet = sheet if sheet in BY_NAME else ""
    wanted = {name: value for name, value in (("verdict", verdict), ("sheet", sheet)) if value}
    rows = batch.rows.filter(**wanted).order_by("rank", "position")
    return BatchPage(
        headline=headline(batch),
        rows=Paginator(rows, ROWS_A_PAGE).get_page(number),
        verdict=verdict,
        sheet=sheet,
        verdicts=tuple((one.value, one.label, batch.total(one)) for one in Verdict if batch.total(one)),
        sheets=tuple(
            Tally(name, BY_NAME[name].title, tuple((verdict, found.get(verdict, 0)) for verdict in Verdict.values))
            for name, found in sorted(batch.counts.items(), key=lambda pair: list(BY_NAME).index(pair[0]))
        ),
    )


def headline(batch: ImportBatch) -> str:
    """What there is to say about an import, in one sentence."""
    if batch.state != BatchState.CHECKED:
        return _HEADLINES[batch.state].format(rows=rows_in_words(batch.writes))
    if batch.must_ask:
        return "One question first: which is the day?"
    if batch.problems:
        ready = f"{batch.writes} {'is' if batch.writes == 1 else 'are'} ready" if batch.writes else "none is ready"
        need = "One row needs you" if batch.problems == 1 else f"{rows_in_words(batch.problems)} need you"
        return f"{need}, {ready}."
    if not batch.writes:
        return f"Nothing new: {'the one row is' if batch.size == 1 else f'all {batch.size:,} rows are'} here already."
    return f"{rows_in_words(batch.writes)} to import, nothing in the way."


_HEADLINES: dict[str, str] = {
    BatchState.WAITING: "{rows} under way.",
    BatchState.DONE: "{rows} imported.",
    BatchState.FAILED: "The import stopped. Nothing was written.",
    BatchState.UNDONE: "That import was undone.",
    BatchState.DISCARDED: "That upload was thrown away.",
}


def rows_in_words(count: int) -> str:
    return "One row" if count == 1 else f"{count:,} rows"


def day_samples(batch: ImportBatch) -> list[tuple[str, str]]:
    """The two ways to read a day of this file, each with what one of its own cells would mean."""
    sample = batch.asks[0]["sample"] if batch.asks else ""
    return [
        (order.value, f"{words}: {sample} is {day(sample, order):%-d %B %Y}" if sample else words)
        for order, words in ((DayOrder.DAY_FIRST, "Day first"), (DayOrder.MONTH_FIRST, "Month first"))
    ]


def past_batches(member: Member, *, most: int = 20) -> list[ImportBatch]:
    """The newest imports that this member may see."""
    rows = ImportBatch.objects.visible_to(member).exclude(state=BatchState.DISCARDED)
    return list(rows.select_related("uploaded_by").order_by("-pk")[:most])


def may_be_undone(batch: ImportBatch) -> bool:
    """Whether it is the last import, and no demo office."""
    last = last_done()
    return last is not None and last.pk == batch.pk and batch.origin == Origin.FILE


def undo_effects(batch: ImportBatch) -> list[str]:
    """What undoing an import does, as sentences."""
    new = f"{rows_in_words(batch.new)} that it brought {'goes' if batch.new == 1 else 'go'} away."
    changed = f"{rows_in_words(batch.changed)} that it changed {'stands' if batch.changed == 1 else 'stand'} as before."
    return [
        *([new] if batch.new else []),
        *([changed] if batch.changed else []),
        "If something since rests on what it brought, nothing happens and you are told what.",
        "The trail keeps both, the import and the undo.",
    ]


def demo_effects() -> list[str]:
    """What removing the demo office does, as sentences."""
    gone = [f"{count} {words}" for words, count in what_would_go().items() if count]
    listed = f"{', '.join(gone[:-1])} and {gone[-1]}" if len(gone) > 1 else "".join(gone) or "Nothing"
    return [
        f"{listed} go, also those that you added yourself.",
        "Reminders and letters about them go with them.",
        "You stay, and so does everybody who has joined. The trail stays.",
    ]
