"""From a chosen password to an open door: authenticator, backup codes, the end of set-up or invitation."""

from __future__ import annotations

from datetime import datetime

import django_otp
from django.contrib.auth.hashers import make_password
from django.db import transaction

from core.errors import Refused
from core.trail.actions import record
from core.trail.enums import Verb
from identity import codes, queries, sealing
from identity.actions.browsers import forget_browsers
from identity.actions.sessions import end_sessions
from identity.actions.telling import tell_security
from identity.enums import Ending
from identity.models import (
    BackupCode,
    BackupSheet,
    Invitation,
    Member,
    Office,
    Passkey,
    SetupToken,
    TotpDevice,
)
from identity.models.factors import USUAL_CARRIER
from identity.passwords import normalise


@transaction.atomic
def choose_password(invitation: Invitation, *, password: str, at: datetime) -> Member:
    """Set the password of an invited person; the invitation stays open until the enrolment is finished."""
    member = Member.objects.select_for_update(no_key=True).get(pk=invitation.member_id)
    if member.joined_at is not None:
        raise Refused("You have joined already. Sign in instead.")
    member.password = make_password(normalise(password))
    member.save(update_fields=["password"])
    drop_factors(member)
    forget_browsers(member, by=member, at=at)
    end_sessions(member, why=Ending.PASSWORD, by=member, at=at)
    record(Verb.PASSWORD_CHANGED, by=member, about=member, at=at)
    return member


@transaction.atomic
def begin_authenticator(member: Member, *, at: datetime) -> TotpDevice:
    """The member's unconfirmed authenticator: the one already begun, so that a reload shows the same QR code.

    One that does not open any more, because its sealing key is lost, is replaced.
    """
    Member.objects.select_for_update(no_key=True).get(pk=member.pk)
    begun = TotpDevice.objects.filter(user=member, confirmed=False).first()
    if begun is not None:
        if queries.seed_opens(begun):
            return begun
        begun.delete()
    device = TotpDevice(user=member, name="Authenticator", confirmed=False)
    device.sealed = sealing.seal(codes.new_seed(), context=device.seal_context())
    device.save()
    return device


def confirm_authenticator(
    member: Member, *, code: str, at: datetime, carrier: str = USUAL_CARRIER, name: str = "", keep: str = ""
) -> TotpDevice:
    """Take the authenticator into use once it has shown a right code. `carrier` is the device that the app is on.

    Whoever enrols has the seed on the screen, so wrong codes are not counted.
    """
    begun = TotpDevice.objects.filter(user=member, confirmed=False).first()
    if begun is None:
        raise Refused("There is no authenticator to confirm. Start again from the beginning.")
    if django_otp.verify_token(member, begun.persistent_id, code) is None:
        raise Refused(
            "That code is not right. Wait for the next one; if codes keep failing, check that your phone sets its "
            "clock by itself."
        )
    return _take_into_use(begun, carrier=carrier, name=name, keep=keep, at=at)


@transaction.atomic
def _take_into_use(begun: TotpDevice, *, carrier: str, name: str, keep: str, at: datetime) -> TotpDevice:
    member = Member.objects.select_for_update(no_key=True).get(pk=begun.user_id)
    device = TotpDevice.objects.select_for_update(no_key=True).get(pk=begun.pk)
    device.confirmed, device.carrier = True, carrier or USUAL_CARRIER
    device.name = name or f"Authenticator on {device.carrier}"[:64]
    device.save(update_fields=["confirmed", "carrier", "name"])
    note_added(device, member, at=at, keep=keep)
    return device


def note_added(factor: TotpDevice | Passkey, member: Member, *, at: datetime, keep: str = "") -> None:
    """The trail's line for a new factor; once its person has joined also a letter, and the end of all other sessions.

    `keep` is the digest of the key of the session that stays.
    """
    record(Verb.FACTOR_ADDED, by=member, about=member, at=at, factor=factor.kind, number=factor.pk)
    if member.joined_at is not None:
        end_sessions(member, why=Ending.FACTOR, by=member, at=at, keep=keep)
        an = "An" if factor.kind[0] in "aeiou" else "A"
        tell_security(
            member,
            member.email,
            at=at,
            what=f"{an} {factor.kind} was added",
            text=f"It is called “{factor.name}”. It opens Postern for you from now on.",
        )


@transaction.atomic
def make_backup_codes(member: Member, *, at: datetime, keep: str = "") -> list[str]:
    """Ten new backup codes in clear, to be shown once; the member's earlier sheet becomes void.

    All their sessions end but the one whose key has the digest `keep`.
    """
    Member.objects.select_for_update(no_key=True).get(pk=member.pk)
    BackupSheet.objects.filter(user=member).delete()
    sheet = BackupSheet.objects.create(user=member, name="Backup codes", made_at=at)
    fresh = [codes.new_backup_code() for _ in range(codes.SHEET_SIZE)]
    BackupCode.objects.bulk_create(
        BackupCode(sheet=sheet, digest=codes.backup_digest(code, owner=member.pk)) for code in fresh
    )
    record(Verb.CODES_PRINTED, by=member, about=member, at=at, codes=len(fresh))
    if member.joined_at is not None:
        end_sessions(member, why=Ending.FACTOR, by=member, at=at, keep=keep)
        tell_security(
            member, member.email, at=at, what="You have new backup codes", text="The sheet you had before is void."
        )
    return fresh


@transaction.atomic
def finish_enrolment(member: Member, *, at: datetime, invitation: Invitation | None = None) -> Member:
    """Open the door to a member who has a password, a confirmed authenticator and a sheet of codes.

    The owner's set-up ends here too. An invitation is used up in the same transaction, so it joins once.
    """
    held = Member.objects.select_for_update(no_key=True).get(pk=member.pk)
    if held.joined_at is not None:
        raise Refused("That enrolment is finished already. Sign in instead.")
    if not held.is_active or held.is_over(at):
        raise Refused("Your access has ended. Ring the office.")
    if queries.factors(held).codes_left is None or not TotpDevice.objects.filter(user=held, confirmed=True).exists():
        raise Refused("Add your authenticator and print your backup codes first.")
    if invitation is not None and not _use_up(invitation, held, at=at):
        raise Refused("That invitation is used, revoked or too old. Ask for a new one.")
    held.joined_at = at
    held.save(update_fields=["joined_at"])
    if invitation is not None:
        record(Verb.MEMBER_JOINED, by=held, about=held, at=at)
    else:
        _finish_set_up(held, at=at)
    return held


def _use_up(invitation: Invitation, member: Member, *, at: datetime) -> bool:
    """Whether the invitation was open, and for this person at the address they have, until this very moment."""
    open_ones = Invitation.objects.filter(pk=invitation.pk, used_at=None, revoked_at=None, expires_at__gt=at)
    return open_ones.filter(member=member, address__iexact=member.email or "").update(used_at=at) == 1


def _finish_set_up(owner: Member, *, at: datetime) -> None:
    office = Office.objects.select_for_update(no_key=True).get(pk=1)
    if office.set_up_at is not None:
        raise Refused("This office is set up already. Sign in instead.")
    office.set_up_at = at
    office.save(update_fields=["set_up_at"])
    SetupToken.objects.filter(used_at=None).update(used_at=at)
    record(Verb.OFFICE_SET_UP, by=owner, about=office, at=at, name=office.name)


def drop_factors(member: Member) -> None:
    """Whoever begins an enrolment begins it whole: what an earlier link showed to somebody must open nothing."""
    TotpDevice.objects.filter(user=member).delete()
    Passkey.objects.filter(user=member).delete()
    BackupSheet.objects.filter(user=member).delete()
