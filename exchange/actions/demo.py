"""The demo office: brought in by the importer like any file, and gone in one press."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.db import transaction

from accounts.models import Account, Door, Grant, Login
from core.clock import local_day
from core.errors import Refused
from core.letters.enums import LetterKind
from core.letters.models import Letter
from core.trail.actions import record
from core.trail.enums import Verb
from devices.models import Asset, Authenticator, HandOver, Validation
from exchange import queries, samples
from exchange.actions.checking import upload
from exchange.actions.running import carry_out
from exchange.enums import BatchState, Origin, Verdict
from exchange.models import ImportBatch
from exchange.sheets.reading import Reading
from identity.models import Member, Office
from notices.models import Notice, Reminder
from recovery.models import AuthenticatorBackup

PRINCIPAL = "eleanor-hartwell"
# From what hangs on others to what others hang on.
INVENTORY: tuple[Any, ...] = (HandOver, AuthenticatorBackup, Validation, Authenticator, Grant, Door, Login, Account)
ABOUT_THE_INVENTORY = (LetterKind.REMINDER, LetterKind.NOTICE, LetterKind.HAND_OVER)


@transaction.atomic
def load_demo(*, by: Member, at: datetime) -> ImportBatch:
    """Fill an empty house with an invented office, dated from today. Its owner is `by`, who keeps their own row."""
    house = Office.objects.select_for_update(no_key=True).get(pk=1)
    if house.is_demo:
        raise Refused("The demo office is here already.")
    if not queries.inventory_is_empty():
        raise Refused("There are accounts, logins or things on file already. The demo office needs an empty house.")
    batch = upload(_reading(by, house, at), by=by, at=at, origin=Origin.DEMO)
    if batch.total(Verdict.PROBLEM):
        trouble = batch.rows.filter(verdict=Verdict.PROBLEM).order_by("position").first()
        address, words = trouble.troubles[0] if trouble else ("", "")
        raise Refused(f"The demo office does not fit into this house. {address}: {words}")
    batch.state, batch.pressed_by, batch.pressed_at = BatchState.WAITING, by, at
    batch.save(update_fields=["state", "pressed_by", "pressed_at"])
    house.is_demo = True
    house.save(update_fields=["is_demo"])
    done = carry_out(batch, by=by, at=at)
    record(Verb.DEMO_LOADED, by=by, about=house, at=at, rows=done.writes)
    return done


def _reading(by: Member, house: Office, at: datetime) -> Reading:
    """The demo’s rows with `by` in the principal’s place."""
    today = local_day(at, house.timezone)
    rows = samples.office("demo", today=today, words={"me": by.key, "first": by.first_name})
    if by.name.casefold() == "eleanor hartwell":
        rows["people"] = [row for row in rows["people"] if row["key"] != PRINCIPAL]
    return samples.read_back(rows, name="Demo office")


@transaction.atomic
def remove_demo(*, by: Member, at: datetime) -> dict[str, int]:
    """Empty the house: the whole inventory, notices, their letters, and people who never joined. Returns what went.

    Who joined stays, and so does the trail.
    """
    house = Office.objects.select_for_update(no_key=True).get(pk=1)
    if not house.is_demo:
        raise Refused("This is not the demo office. Nothing was removed.")
    strangers = _strangers()
    gone = {sheet: count for sheet, count in queries.what_would_go().items() if count}
    Reminder.objects.all().delete()
    Letter.objects.filter(kind__in=ABOUT_THE_INVENTORY).delete()
    Letter.objects.filter(recipient__in=strangers).delete()
    Notice.objects.all().delete()
    for model in INVENTORY:
        model.objects.all().delete()
    Asset.objects.update(place=None, carried_by=None)
    Asset.objects.all().delete()
    ImportBatch.objects.all().delete()
    Member.objects.get_queryset().filter(pk__in=strangers).delete()
    house.is_demo = False
    house.save(update_fields=["is_demo"])
    record(Verb.DEMO_REMOVED, by=by, about=house, at=at, gone=gone)
    return gone


def _strangers() -> list[int]:
    """People who never joined: the demo’s, and any that were written down beside them."""
    return list(Member.objects.get_queryset().filter(joined_at=None).values_list("pk", flat=True))
