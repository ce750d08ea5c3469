"""The front door: each try at a question, and what is written down of it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime

import django_otp
from django.contrib.auth.hashers import check_password, make_password
from django.db import transaction

from core.errors import Refused
from core.letters import rendering
from core.letters.actions import enqueue
from core.letters.enums import LetterKind
from core.trail.actions import record
from core.trail.enums import Verb
from identity import passkeys, queries
from identity.actions.helping import one_at_a_time, seconds
from identity.actions.telling import tell_security
from identity.enums import Stage
from identity.models import (
    BackupSheet,
    Member,
    Passkey,
    SignIn,
    SpentChallenge,
    TotpDevice,
)
from identity.passwords import normalise


@dataclass(frozen=True, slots=True)
class Answer:
    """What one try at the front door came to. `wait` is how many seconds to wait when it was not even looked at.

    `why` says, of a passkey, why it was not accepted.
    """

    member: Member | None = None
    device: object | None = None
    wait: int = 0
    why: str = ""


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


def try_code(member: Member, *, code: str, network: str | None, at: datetime) -> Answer:
    """Check a one-time code of one of the member's authenticators.

    A wrong code counts against the first of them, and while that one waits so do all: several apps give nobody more
    tries. A right one ends the wait of all.
    """
    devices = list(TotpDevice.objects.filter(user=member, confirmed=True).order_by("pk"))
    waiting = [why["locked_until"] - at for ok, why in (one.verify_is_allowed() for one in devices) if not ok]
    if waiting:
        return Answer(wait=seconds(max(waiting)))
    shows = next((one for one in devices if one.shows(code, at)), devices[0] if devices else None)
    answer = _try_device(member, shows, Stage.CODE, code, network=network, at=at)
    if answer.device and len(devices) > 1:
        TotpDevice.objects.filter(user=member).update(throttling_failure_count=0, throttling_failure_timestamp=None)
    return answer


@transaction.atomic
def try_passkey(
    member: Member | None,
    *,
    answer: str,
    challenge: str,
    network: str | None,
    today: date,
    at: datetime,
    only: Passkey | None = None,
) -> Answer:
    """Check what a passkey signed: one of the member's own, or with None anybody's that knew its holder by itself.

    `challenge` is what this browser was asked, "" when it was asked nothing or too long ago. It is used up by the first
    answer, right or wrong. `only` names the one passkey that is asked for.
    """
    try:
        given = passkeys.read(answer)
    except passkeys.NotAccepted:
        given = None
    key = Passkey.get_credential_id_sha256(given.raw_id) if given else ""
    found = Passkey.objects.select_related("user").filter(credential_id_sha256=key).first()
    asked = member or (found.user if found else None)
    name = queries.name_digest(asked.email if asked and asked.email else f"passkey:{key}")
    one_at_a_time("passkey", name, network)
    waiting = queries.wait(name=name, network=network, at=at)
    if waiting:
        return Answer(wait=seconds(waiting))
    try:
        used = _use(found, given, challenge, owner=member, only=only, today=today, at=at)
    except Refused as no:
        used, why = None, str(no)
    _note(Stage.PASSKEY, name=name, network=network, ok=used is not None, member=asked, at=at)
    return Answer(member=used.user, device=used) if used else Answer(why=why)


def _use(found: Passkey | None, given, challenge: str, *, owner, only, today: date, at: datetime) -> Passkey:
    """The passkey whose right answer this is, its count moved on; Refused in words for whoever showed it."""
    if not challenge or not spend(challenge, at=at):
        raise Refused("That took too long, or was answered already. Try once more.")
    if found is None or given is None:
        raise Refused("That passkey is not known here. Use another one, or a code.")
    held = Passkey.objects.select_for_update(of=("self",)).select_related("user").get(pk=found.pk)
    if owner is not None and held.user_id != owner.pk:
        raise Refused("That passkey belongs to somebody else. Use one of your own, or a code.")
    if not held.confirmed or not held.user.may_enter(today):
        raise Refused("That passkey opens nothing here any more.")
    if only is not None and held.pk != only.pk:
        raise Refused("That is another passkey than the one asked for.")
    try:
        shown = passkeys.check(held, given, challenge=challenge, alone=owner is None)
    except passkeys.NotAccepted as no:
        raise Refused("That passkey was not accepted. Try once more, or use a code.") from no
    if held.is_copied(shown.count):
        _tell_of_copy(held, count=shown.count, at=at)
        raise Refused(
            "That passkey counts its uses, and its count went back, as it does when somebody has made a copy. "
            "It was not accepted. Use another factor; a letter says what to do."
        )
    held.sign_count, held.backup_state, held.last_used_at = shown.count, shown.is_backed_up, at
    held.save(update_fields=["sign_count", "backup_state", "last_used_at"])
    return held


def spend(challenge: str, *, at: datetime) -> bool:
    """Use a challenge up; False when it was answered before, however many answer it at once."""
    _, is_new = SpentChallenge.objects.get_or_create(digest=passkeys.digest(challenge), defaults={"at": at})
    return is_new


def _tell_of_copy(passkey: Passkey, *, count: int, at: datetime) -> None:
    member = passkey.user
    record(Verb.PASSKEY_COPIED, by=None, about=member, at=at, passkey=passkey.pk, was=passkey.sign_count, said=count)
    text = (
        f"Your passkey “{passkey.name}” showed an older count of its uses than before. That happens when a copy of it "
        "exists. It was not accepted. If you do not know why, remove it, and tell whoever runs Postern at your office."
    )
    tell_security(member, member.email, at=at, what="A passkey of yours may have been copied", text=text)


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
def note_signed_in(member: Member, *, device, address: str | None, at: datetime) -> None:
    """The trail's line for a completed sign-in; `last_login` follows."""
    member.last_login = at
    member.save(update_fields=["last_login"])
    record(Verb.SIGNED_IN, by=member, about=member, at=at, address=address, factor=device.kind)


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
