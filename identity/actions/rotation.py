"""A new sealing key in place of the old one, while people go on signing in.

Three steps, each safe to run again after a death at any moment, because what is left to do can be read off the key file
and the rows: a file with two generations is a rotation under way.
"""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.conf import settings
from django.db import connection, transaction

from core.errors import Refused
from core.trail.actions import record
from core.trail.enums import Verb
from identity import sealing
from identity.models import GENERATION, TotpDevice, UnsentForm

# One rotation at a time, over all machines; held by the connection and so gone when the process is.
ROTATION_LOCK = 0x726F7461
KEY_BYTES = 32
BATCH = 50


@dataclass(frozen=True, slots=True)
class Begun:
    """The key that seals from now on, the ones still needed, and whether an earlier run had begun it."""

    newest: int
    older: tuple[int, ...]
    is_resumed: bool


@dataclass(frozen=True, slots=True)
class Step:
    """After one batch: how many rows were sealed anew so far, and which do not open with any key here."""

    resealed: int
    shut: tuple[int, ...]


@contextmanager
def one_rotation() -> Iterator[None]:
    """Refused while another process rotates the key."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_lock(%s)", [ROTATION_LOCK])
        if not cursor.fetchone()[0]:
            raise Refused("The sealing key is being changed by another run already. Let that one finish.")
    try:
        yield
    finally:
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_unlock(%s)", [ROTATION_LOCK])


def begin_rotation() -> Begun:
    """Put a new key first into the file, or take up a rotation that was broken off. From here on both keys open.

    Waits for those who are just sealing with the old key, so that `reseal` sees what they wrote.
    """
    keys = settings.POSTERN_SEALING_KEYS
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [sealing.LOCK])
        try:
            ring = keys.ring_on_disk()
        except (OSError, ValueError) as away:
            raise Refused(f"There is no sealing key in {keys.path} ({away}). Put your copy back first.") from away
        if ring.older:
            return Begun(newest=ring.newest, older=ring.older, is_resumed=True)
        wider = ring.with_new(secrets.token_bytes(KEY_BYTES))
        _write(wider, so_far="Nothing was changed.")
    return Begun(newest=wider.newest, older=wider.older, is_resumed=False)


def reseal(*, newest: int) -> Iterator[Step]:
    """Seal anew, batch by batch, every row that an older key sealed; a row that does not open stays as it is.

    Unsent forms are few and last an hour, so they go first and at once; one that does not open is of no use to anybody.
    """
    _reseal_unsent(newest)
    resealed, shut, after = 0, [], 0
    while True:
        with transaction.atomic():
            batch = list(
                _older(TotpDevice, newest).filter(pk__gt=after).order_by("pk").select_for_update(no_key=True)[:BATCH]
            )
            for device in batch:
                if _reseal_one(device):
                    resealed += 1
                else:
                    shut.append(device.pk)
        if not batch:
            return
        after = batch[-1].pk
        yield Step(resealed=resealed, shut=tuple(shut))


@transaction.atomic
def _reseal_unsent(newest: int) -> None:
    for form in _older(UnsentForm, newest).select_for_update(no_key=True):
        try:
            form.close(form.open())
        except sealing.CannotUnseal:
            form.delete()
        else:
            form.save(update_fields=["sealed"])


def _older(model: Any, newest: int) -> Any:
    """Rows that another key than the newest sealed."""
    return model.objects.annotate(generation=GENERATION).exclude(generation=newest)


def _reseal_one(device: TotpDevice) -> bool:
    try:
        seed = device.seed()
    except sealing.CannotUnseal:
        return False
    device.sealed = sealing.seal(seed, context=device.seal_context())
    device.save(update_fields=["sealed"])
    return True


def finish_rotation(*, begun: Begun, resealed: int, at: datetime) -> bool:
    """Drop the older keys when no row needs them; False, and nothing is dropped, while one does.

    The event is written before the file: killed in between, the next run finds two keys and says so again.
    """
    with transaction.atomic():
        if any(_older(model, begun.newest).exists() for model in (TotpDevice, UnsentForm)):
            return False
        record(Verb.SEALING_KEY_ROTATED, by=None, at=at, key=begun.newest, retired=list(begun.older), resealed=resealed)
    ring = settings.POSTERN_SEALING_KEYS.ring_on_disk().newest_only()
    _write(ring, so_far="Everything is sealed with the new key, but the old one is still in the file.")
    return True


def _write(ring, *, so_far: str) -> None:
    keys = settings.POSTERN_SEALING_KEYS
    try:
        keys.write(ring)
    except OSError as no:
        raise Refused(
            f"The key file {keys.path} cannot be written ({no.strerror}). {so_far} Run this as the user whom the file "
            "belongs to, where its folder may be written."
        ) from no
