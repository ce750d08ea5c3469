"""`python -m tests.bench.trail [EVENTS]`: what the trail and the history cost, on servers of its own.

Prints how long a walk along a long trail takes, what the pages of the trail pay beside it, and what writing a row costs
with history and without, in turns, so that a noisy machine is noisy for both.
"""

from __future__ import annotations

import os
import statistics
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import tests.embedded

EVENTS, ROUNDS, A_ROUND = 100_000, 30, 40


def timed(deed: Callable[[], Any]) -> tuple[float, Any]:
    """How many milliseconds of CPU a deed took in this process and the database's, and what it returned.

    Wall time would say more of the machine's other work than of ours.
    """
    begun = busy()
    answer = deed()
    return 1000 * (busy() - begun), answer


def busy() -> float:
    """Seconds of CPU that this process and the server behind its connection have used."""
    from django.db import connection

    connection.ensure_connection()
    fields = Path(f"/proc/{connection.connection.info.backend_pid}/stat").read_text().rpartition(")")[2].split()
    ticks = int(fields[11]) + int(fields[12])
    return time.process_time() + ticks / os.sysconf("SC_CLK_TCK")


def fill(events: int, owner) -> None:
    """A trail of that many good events, each fifth with a typed word, as `record` would write them but in bulk."""
    from django.db import connection, transaction

    from core.trail import chain
    from core.trail.actions import BEGIN
    from core.trail.models import GENESIS, Event, Typed
    from tests.factories import AT

    for start in range(0, events, 5000):
        with transaction.atomic():
            with connection.cursor() as cursor:
                cursor.execute(BEGIN)
                number, now, head = cursor.fetchone()
            batch, words, head = [], [], head or GENESIS
            for n in range(start, min(events, start + 5000)):
                typed = {"note": f"Note {n}"} if n % 5 == 0 else {}
                facts, said = chain.apart({"changes": {"place": [n, n + 1], **{k: ["", v] for k, v in typed.items()}}})
                event = Event(
                    at=AT, recorded_at=now, transaction=number, verb="asset.changed", actor_id=owner.pk,
                    about_type="devices.asset", about_id=n % 400, address="203.0.113.7", facts=facts, previous=head,
                )  # fmt: skip
                event.digest = head = event.link.computed_digest()
                batch.append(event)
                words += [(event, word) for word in said]
            Event.objects.bulk_create(batch)
            Typed.objects.bulk_create(
                Typed(event=event, digest=word.digest, salt=word.salt, text=word.text) for event, word in words
            )


def walks(events: int, owner) -> None:
    """Print how long the walks take, and the pages beside them."""
    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    from core import clock
    from core.trail import actions, queries
    from tests.factories import signed_in

    filling, _ = timed(lambda: fill(events, owner))
    print(f"{events:,} events written in {filling / 1000:.1f} s")
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE")
    everything = events + ROUNDS * A_ROUND * 2
    print("milliseconds and seconds of CPU, web and database together")
    whole, walk = timed(lambda: actions.walk(at=clock.now()))
    print(f"whole walk: {whole / 1000:.2f} s ({1000 * whole / everything:.1f} us an event): {queries.verdict_of(walk)}")
    fill_after, standing = timed(queries.standing)
    print(f"standing, from the kept walk: {fill_after:.0f} ms, {standing.fresh} events fresh")
    client = signed_in(owner)
    for path in ("/trail/", "/trail/?verb=asset.changed&kind=devices.asset", "/trail/?page=1500", "/trail/check/"):
        client.get(path)
        with CaptureQueriesContext(connection) as counted:
            taken = [timed(lambda path=path: client.get(path))[0] for _ in range(5)]
        print(f"{path}: {statistics.median(taken):.0f} ms, {len(counted) // 5} queries")


@contextmanager
def without_history() -> Iterator[None]:
    """The triggers of history switched off, for comparison only."""
    from django.db import connection

    tables = ("devices_asset", "devices_validation")
    with connection.cursor() as cursor:
        for table in tables:
            cursor.execute(f"ALTER TABLE {table} DISABLE TRIGGER USER")
    try:
        yield
    finally:
        with connection.cursor() as cursor:
            for table in tables:
                cursor.execute(f"ALTER TABLE {table} ENABLE TRIGGER USER")


def writes(owner) -> None:
    """Print the cost of creating and changing a thing: bare, with history, with its event too."""
    from django.db import transaction

    from core.trail.actions import record
    from core.trail.enums import Verb
    from devices.models import Asset
    from tests.factories import AT

    number = iter(range(10_000_000))

    def create(*, event: bool = False) -> list[Asset]:
        made = []
        for _ in range(A_ROUND):
            with transaction.atomic():
                n = next(number)
                row = Asset.objects.create(key=f"bench-{n}", name=f"Thing {n}", kind="computer", created_at=AT)
                if event:
                    record(Verb.ASSET_ADDED, by=owner, about=row, at=AT, name=row.name, kind="computer")
                made.append(row)
        return made

    def change(rows: list[Asset], *, event: bool = False) -> None:
        for row in rows:
            with transaction.atomic():
                row.note = f"{row.note}."
                row.save(update_fields=["note"])
                if event:
                    record(Verb.ASSET_CHANGED, by=owner, about=row, at=AT, changes={"note": ["", row.note]})

    taken: dict[str, list[float]] = {}
    for _ in range(ROUNDS):
        with without_history():
            spent, rows = timed(create)
            taken.setdefault("create, without history", []).append(spent)
            taken.setdefault("update, without history", []).append(timed(lambda rows=rows: change(rows))[0])
        spent, rows = timed(create)
        taken.setdefault("create, with history", []).append(spent)
        taken.setdefault("update, with history", []).append(timed(lambda rows=rows: change(rows))[0])
        spent, rows = timed(lambda: create(event=True))
        taken.setdefault("create, with history and event", []).append(spent)
        taken.setdefault("update, with history and event", []).append(
            timed(lambda rows=rows: change(rows, event=True))[0]
        )
    for name in sorted(taken):
        print(f"{name}: {statistics.median(taken[name]) / A_ROUND:.2f} ms")


def main(events: int = EVENTS) -> int:
    os.environ["DJANGO_SETTINGS_MODULE"] = "config.settings"
    tests.embedded.servers.start()
    try:
        import django

        django.setup()
        from django.conf import settings
        from django.core.management import call_command

        from tests.bench import house

        settings.STATIC_ROOT.mkdir(parents=True, exist_ok=True)
        settings.ALLOWED_HOSTS.append("testserver")
        call_command("migrate", verbosity=0, interactive=False)
        owner = house.fill()
        writes(owner)
        walks(events, owner)
    finally:
        tests.embedded.servers.stop()
    return 0


if __name__ == "__main__":
    sys.exit(main(*map(int, sys.argv[1:])))
