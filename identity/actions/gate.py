"""The front door: each try at a question, and what is written down of it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime

import django_otp
from django.contrib.auth.hashers import check_password, make_password
from django.db import transaction

from core.letters import rendering
from core.letters.actions import enqueue
from core.letters.enums import LetterKind
from core.trail.actions import record
from core.trail.enums import Verb
from identity import queries
from identity.actions.helping import one_at_a_time, seconds
from identity.enums import Stage
from identity.models import (
    BackupSheet,
    Member,
    SignIn,
    TotpDevice,
)
from identity.passwords import normalise


@dataclass(frozen=True, slots=True)
class Answer:
    """What one try at the front door came to. `wait` is how many seconds to wait when it was not even looked at."""

    member: Member | None = None
    device: object | None = None
    wait: int = 0


# Hashed for names nobody has, so that they take as long as real ones.
_NOBODY = make_password("a password that nobody has")


@transaction.atomic
def try_password(*, email: str, password: str, network: str | None, today: date, at: datetime) -> Answer:
    """Check name and password; unknown, left and unfinished names answer and take as long as a wrong password."""
    name = queries.name_digest(email)
    one_at_a_time("password", name, network)
    waiting = queries.wait(name=name, network=network, at=at)
    if waiting:
        return Answer(wait=seconds(waiting))
    member = Member.objects.filter(email__iexact=email.strip()).first()
    right = check_password(normalise(password), member.password if member and member.password else _NOBODY)
    good = bool(right and member and member.password and member.may_enter(today))
    _note(Stage.PASSWORD, name=name, network=network, ok=good, member=member, at=at)
    return Answer(member=member if good else None)


def try_code(member: Member, *, code: str, network: str | None, at: datetime, stage: Stage = Stage.CODE) -> Answer:
    """Check a one-time code of the member's authenticator; a fresh proof counts and waits like a sign-in."""
    device = TotpDevice.objects.filter(user=member, confirmed=True).order_by("pk").first()
    return _try_device(member, device, stage, code, network=network, at=at)


@transaction.atomic
def try_backup_code(member: Member, *, code: str, network: str | None, at: datetime) -> Answer:
    """Check and burn a backup code; the person is told by letter that one was used."""
    sheet = BackupSheet.objects.filter(user=member, confirmed=True).first()
    answer = _try_device(member, sheet, Stage.BACKUP, code, network=network, at=at)
    if answer.device:
        _tell_of_backup_code(member, left=sheet.left(), at=at)
    return answer


def _try_device(member, device, stage: Stage, code: str, *, network, at) -> Answer:
    name = queries.name_digest(member.email)
    if device is None:
        return Answer()
    allowed, why = device.verify_is_allowed()
    if not allowed:
        return Answer(wait=max(1, seconds(why["locked_until"] - at)))
    accepted = django_otp.verify_token(member, device.persistent_id, code)
    _note(stage, name=name, network=network, ok=accepted is not None, member=member, at=at)
    return Answer(member=member if accepted else None, device=accepted)


@transaction.atomic
def _note(stage: Stage, *, name: str, network, ok: bool, member: Member | None, at: datetime) -> None:
    """Write the attempt down; what is known to concern a member also goes into the trail."""
    SignIn.objects.create(at=at, stage=stage, name=name, network=network, ok=ok, member=member)
    if member is not None and not ok:
        record(Verb.SIGN_IN_FAILED, by=None, about=member, at=at, address=network, stage=str(stage))


def note_failure(stage: Stage, *, name: str, network: str | None, at: datetime) -> None:
    """Count a wrong answer to a question that concerns no member."""
    _note(stage, name=name, network=network, ok=False, member=None, at=at)


@transaction.atomic
def note_signed_in(member: Member, *, device, address: str | None, at: datetime, browser: str = "") -> None:
    """The trail's line for a completed sign-in, with what the browser calls itself; `last_login` follows."""
    member.last_login = at
    member.save(update_fields=["last_login"])
    record(Verb.SIGNED_IN, by=member, about=member, at=at, address=address, factor=device.name, browser=browser)


@transaction.atomic
def note_proof(member: Member, *, address: str | None, at: datetime) -> None:
    """The trail's line for a fresh proof."""
    record(Verb.PROVED_AGAIN, by=member, about=member, at=at, address=address)


@transaction.atomic
def note_signed_out(member: Member, *, address: str | None, at: datetime) -> None:
    """The trail's line for a sign-out."""
    record(Verb.SIGNED_OUT, by=member, about=member, at=at, address=address)


@transaction.atomic
def _tell_of_backup_code(member: Member, *, left: int, at: datetime) -> None:
    record(Verb.BACKUP_CODE_USED, by=member, about=member, at=at, left=left)
    for person in {member, *Member.objects.owners()}:
        said = rendering.content(
            "backup_code_used",
            subject=f"A backup code of {member.name} was used",
            to=person,
            office=queries.office(),
            member=member,
            left=left,
            used_at=at,
            url=rendering.link("/me/"),
        )
        enqueue(
            key=f"backup-code:{member.pk}:{at.isoformat()}:{person.pk}",
            kind=LetterKind.SECURITY,
            to=person,
            content=said,
            at=at,
        )
