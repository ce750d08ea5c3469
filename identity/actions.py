"""Everything that changes people, factors and the office itself."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta

import django_otp
from django.contrib.auth.hashers import check_password, make_password
from django.db import IntegrityError, connection, transaction
from django.utils.text import slugify

from core.errors import Refused
from core.letters import rendering
from core.letters.actions import enqueue
from core.letters.enums import LetterKind
from core.letters.models import Letter
from core.trail.actions import changes, record, snapshot
from core.trail.enums import Verb
from identity import codes, policies, queries, rules
from identity.enums import Role, Stage
from identity.models import (
    BackupCode,
    BackupSheet,
    CallRequest,
    Invitation,
    Member,
    Office,
    SetupToken,
    SignIn,
    TotpDevice,
)
from identity.passwords import normalise

INVITATION_LASTS = timedelta(hours=24)
# What stands in a stored invitation in place of the token, which is put in on the wire only.
LINK_GOES_HERE = "your-own-link"
MEMBER_FIELDS = ["name", "email", "role", "timezone", "digest_hour", "phone", "note", "ends_on"]
OWN_FIELDS = ["timezone", "digest_hour", "phone", "theme"]
OFFICE_FIELDS = ["name", "timezone", "emergency_number", "validity_days", "warn_days", "backup_days"]


@transaction.atomic
def make_setup_token(*, at: datetime) -> str | None:
    """A fresh one-time set-up token, or None once the office is set up. Earlier unused tokens become void."""
    if queries.is_set_up():
        return None
    SetupToken.objects.filter(used_at=None).delete()
    token = codes.new_token()
    SetupToken.objects.create(digest=codes.digest(f"setup:{token}"), made_at=at)
    return token


def setup_token_is_good(token: str) -> bool:
    """Whether the token opens the set-up: issued, unused, and the office is not set up yet."""
    good = SetupToken.objects.filter(digest=codes.digest(f"setup:{token.strip()}"), used_at=None).exists()
    return good and not queries.is_set_up()


@transaction.atomic
def begin_office(
    *, office_name: str, timezone: str, name: str, email: str, password: str, emergency_number: str = "", at: datetime
) -> Member:
    """Write down office and owner; nothing opens until the owner's factor is confirmed and the set-up finished."""
    if queries.is_set_up():
        raise Refused("This office is set up already. Sign in instead.")
    Office.objects.update_or_create(
        pk=1, defaults={"name": office_name, "timezone": timezone, "emergency_number": emergency_number}
    )
    owner = Member.objects.select_for_update().filter(role=Role.OWNER).first() or Member(
        key="owner", role=Role.OWNER, created_at=at
    )
    owner.name, owner.email, owner.timezone = name, email, timezone
    owner.password = make_password(normalise(password))
    owner.save()
    _drop_factors(owner)
    return owner


@transaction.atomic
def begin_authenticator(member: Member, *, at: datetime) -> TotpDevice:
    """The member's unconfirmed authenticator: the one already begun, so that a reload shows the same QR code."""
    Member.objects.select_for_update().get(pk=member.pk)
    begun = TotpDevice.objects.filter(user=member, confirmed=False).first()
    if begun is not None:
        return begun
    device = TotpDevice(user=member, name="Authenticator", confirmed=False)
    device.sealed = codes.seal(codes.new_seed(), context=device.seal_context())
    device.save()
    return device


def confirm_authenticator(member: Member, *, code: str, at: datetime) -> TotpDevice:
    """Take the authenticator into use once it has shown a right code.

    The check is a transaction of its own, so that a wrong code counts although it is refused here.
    """
    begun = TotpDevice.objects.filter(user=member, confirmed=False).first()
    if begun is None:
        raise Refused("There is no authenticator to confirm. Start again from the beginning.")
    if django_otp.verify_token(member, begun.persistent_id, code) is None:
        raise Refused(
            "That code is not right. Wait for the next one; if codes keep failing, check that your phone sets its "
            "clock by itself."
        )
    return _take_into_use(begun, at=at)


@transaction.atomic
def _take_into_use(begun: TotpDevice, *, at: datetime) -> TotpDevice:
    device = TotpDevice.objects.select_for_update().get(pk=begun.pk)
    device.confirmed = True
    device.save(update_fields=["confirmed"])
    TotpDevice.objects.filter(user=device.user).exclude(pk=device.pk).delete()
    record(Verb.FACTOR_ADDED, by=device.user, about=device.user, at=at, factor="authenticator")
    return device


@transaction.atomic
def make_backup_codes(member: Member, *, at: datetime) -> list[str]:
    """Ten new backup codes in clear, to be shown once; the member's earlier sheet becomes void."""
    Member.objects.select_for_update().get(pk=member.pk)
    BackupSheet.objects.filter(user=member).delete()
    sheet = BackupSheet.objects.create(user=member, name="Backup codes", made_at=at)
    fresh = [codes.new_backup_code() for _ in range(codes.SHEET_SIZE)]
    BackupCode.objects.bulk_create(
        BackupCode(sheet=sheet, digest=codes.backup_digest(code, owner=member.pk)) for code in fresh
    )
    record(Verb.CODES_PRINTED, by=member, about=member, at=at, codes=len(fresh))
    if member.joined_at is not None:
        _tell_security(
            member, member.email, at=at, what="You have new backup codes", text="The sheet you had before is void."
        )
    return fresh


@transaction.atomic
def finish_enrolment(member: Member, *, at: datetime, invitation: Invitation | None = None) -> Member:
    """Open the door to a member who has a password, a confirmed authenticator and a sheet of codes.

    The owner's set-up ends here too. An invitation is used up in the same transaction, so it joins once.
    """
    held = Member.objects.select_for_update().get(pk=member.pk)
    if held.joined_at is not None:
        raise Refused("That enrolment is finished already. Sign in instead.")
    if queries.factors(held).codes_left is None or not TotpDevice.objects.filter(user=held, confirmed=True).exists():
        raise Refused("Add your authenticator and print your backup codes first.")
    if invitation is not None and not _use_up(invitation, at=at):
        raise Refused("That invitation is used, revoked or too old. Ask for a new one.")
    held.joined_at = at
    held.save(update_fields=["joined_at"])
    if invitation is not None:
        record(Verb.MEMBER_JOINED, by=held, about=held, at=at)
    else:
        _finish_set_up(held, at=at)
    return held


def _use_up(invitation: Invitation, *, at: datetime) -> bool:
    open_ones = Invitation.objects.filter(pk=invitation.pk, used_at=None, revoked_at=None, expires_at__gt=at)
    return open_ones.update(used_at=at) == 1


def _finish_set_up(owner: Member, *, at: datetime) -> None:
    office = Office.objects.select_for_update().get(pk=1)
    if office.set_up_at is not None:
        raise Refused("This office is set up already. Sign in instead.")
    office.set_up_at = at
    office.save(update_fields=["set_up_at"])
    SetupToken.objects.filter(used_at=None).update(used_at=at)
    record(Verb.OFFICE_SET_UP, by=owner, about=office, at=at, name=office.name)


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
    _one_at_a_time("password", name, network)
    waiting = queries.wait(name=name, network=network, at=at)
    if waiting:
        return Answer(wait=_seconds(waiting))
    member = Member.objects.filter(email__iexact=email.strip()).first()
    right = check_password(normalise(password), member.password if member and member.password else _NOBODY)
    good = bool(right and member and member.password and member.may_enter(today))
    _note(Stage.PASSWORD, name=name, network=network, ok=good, member=member, at=at)
    return Answer(member=member if good else None)


def try_code(member: Member, *, code: str, network: str | None, at: datetime) -> Answer:
    """Check a one-time code of the member's authenticator."""
    device = TotpDevice.objects.filter(user=member, confirmed=True).order_by("pk").first()
    return _try_device(member, device, Stage.CODE, code, network=network, at=at)


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
        return Answer(wait=max(1, _seconds(why["locked_until"] - at)))
    accepted = django_otp.verify_token(member, device.persistent_id, code)
    _note(stage, name=name, network=network, ok=accepted is not None, member=member, at=at)
    return Answer(member=member if accepted else None, device=accepted)


@transaction.atomic
def _note(stage: Stage, *, name: str, network, ok: bool, member: Member | None, at: datetime) -> None:
    """Write the attempt down; what is known to concern a member also goes into the trail."""
    SignIn.objects.create(at=at, stage=stage, name=name, network=network, ok=ok, member=member)
    if member is not None and not ok:
        record(Verb.SIGN_IN_FAILED, by=None, about=member, at=at, address=network, stage=str(stage))


def _one_at_a_time(*names: str | None) -> None:
    """Let one transaction at a time pass that names the same things, so that a limit counts all before it."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))", [" ".join(map(str, names))])


def note_failure(stage: Stage, *, name: str, network: str | None, at: datetime) -> None:
    """Count a wrong answer to a question that concerns no member."""
    _note(stage, name=name, network=network, ok=False, member=None, at=at)


@transaction.atomic
def note_signed_in(member: Member, *, device, address: str | None, at: datetime) -> None:
    """The trail's line for a completed sign-in; `last_login` follows."""
    member.last_login = at
    member.save(update_fields=["last_login"])
    record(Verb.SIGNED_IN, by=member, about=member, at=at, address=address, factor=device.name)


@transaction.atomic
def note_signed_out(member: Member, *, address: str | None, at: datetime) -> None:
    """The trail's line for a sign-out."""
    record(Verb.SIGNED_OUT, by=member, about=member, at=at, address=address)


def _tell_security(member: Member, address: str | None, *, what: str, text: str, at: datetime) -> None:
    """Tell a person, at one of their addresses, that something about their sign-in changed."""
    said = rendering.content(
        "security",
        subject=what,
        to=member,
        office=queries.office(),
        what=what,
        said=text,
        url=rendering.link("/me/"),
        at=at,
    )
    letter = enqueue(
        key=f"security:{member.pk}:{at.isoformat()}:{what}:{address}"[:200],
        kind=LetterKind.SECURITY, to=member, content=said, at=at,
    )  # fmt: skip
    if letter is not None and address:
        Letter.objects.filter(pk=letter.pk).update(address=address)


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


def _seconds(span: timedelta) -> int:
    return max(1, round(span.total_seconds()))


@transaction.atomic
def add_member(*, by: Member, at: datetime, key: str = "", **facts) -> Member:
    """Add a person; they sign in once invited, or never, and can hold things either way."""
    _check_role(by, facts.get("role", Role.TRADER))
    member = Member(key=key or free_key(Member, facts["name"]), created_at=at, **facts)
    member.email = member.email or None
    member.set_unusable_password()
    _save_member(member)
    record(Verb.MEMBER_ADDED, by=by, about=member, at=at, name=member.name, role=member.role)
    return member


@transaction.atomic
def change_member(member: Member, *, by: Member, at: datetime, **facts) -> Member:
    """Change a person's facts; a role only by those who may give both the old and the new one."""
    held = Member.objects.select_for_update().get(pk=member.pk)
    if by.pk != held.pk and not policies.may_change_member(by, held):
        raise Refused("Only an owner can change an owner or a manager.")
    before = snapshot(held, MEMBER_FIELDS)
    role = facts.get("role", held.role)
    if role != held.role:
        _check_role(by, role)
        if held.role == Role.OWNER:
            _keep_an_owner(held)
    for name, value in facts.items():
        setattr(held, name, value)
    held.email = held.email or None
    _save_member(held)
    what = changes(held, before, MEMBER_FIELDS)
    if what:
        record(Verb.ROLE_CHANGED if "role" in what else Verb.MEMBER_CHANGED, by=by, about=held, at=at, changes=what)
    if held.joined_at is not None and "email" in what:
        for address in dict.fromkeys(what["email"]):
            _tell_security(
                held,
                address,
                at=at,
                what="Your e-mail address was changed",
                text=f"{by.name} changed it to {held.email}.",
            )
    return held


def _save_member(member: Member) -> None:
    try:
        with transaction.atomic():
            member.save()
    except IntegrityError as clash:
        if "an_address_belongs_to_one_person" in str(clash):
            raise Refused("Somebody else has that address already.") from clash
        if "who_joined_has_an_address" in str(clash):
            raise Refused("Who signs in needs an e-mail address.") from clash
        raise


def _check_role(by: Member, role: str) -> None:
    if not policies.may_give_role(by, role):
        raise Refused("Only an owner can make somebody owner or manager.")


def _keep_an_owner(leaving: Member) -> None:
    others = Member.objects.owners().select_for_update().exclude(pk=leaving.pk).filter(joined_at__isnull=False)
    if not others:
        raise Refused("This is the last owner who can sign in. Make somebody else owner first.")


@transaction.atomic
def change_own_settings(member: Member, *, at: datetime, **facts) -> Member:
    """A person's own zone, hour, phone and appearance; no role, name or address can be changed this way."""
    held = Member.objects.select_for_update().get(pk=member.pk)
    before = snapshot(held, OWN_FIELDS)
    for name in OWN_FIELDS:
        setattr(held, name, facts.get(name, getattr(held, name)))
    held.save(update_fields=OWN_FIELDS)
    what = changes(held, before, OWN_FIELDS)
    if what:
        record(Verb.MEMBER_CHANGED, by=member, about=held, at=at, changes=what)
    return held


@transaction.atomic
def end_membership(member: Member, *, by: Member, at: datetime) -> Member:
    """End a person's access; what they hold stays on file under their name until it is handed over."""
    held = Member.objects.select_for_update().get(pk=member.pk)
    if not policies.may_change_member(by, held):
        raise Refused("Only an owner can end the membership of an owner or a manager.")
    if held.pk == by.pk:
        raise Refused("Nobody ends their own membership. Ask another owner.")
    if held.left_at is not None:
        raise Refused(f"{held.name} has left already.")
    if held.role == Role.OWNER:
        _keep_an_owner(held)
    held.left_at = at
    held.save(update_fields=["left_at"])
    Invitation.objects.filter(member=held, used_at=None, revoked_at=None).update(revoked_at=at)
    record(Verb.MEMBER_LEFT, by=by, about=held, at=at)
    return held


@transaction.atomic
def invite(member: Member, *, by: Member, at: datetime) -> Invitation:
    """Send a person a link, good once and for 24 hours; an earlier open one is revoked."""
    held = Member.objects.select_for_update().get(pk=member.pk)
    if not policies.may_change_member(by, held):
        raise Refused("Only an owner can invite an owner or a manager.")
    if not held.email:
        raise Refused(f"{held.name} has no e-mail address. Add one first.")
    if held.joined_at is not None or not held.is_active:
        raise Refused(f"{held.name} has joined already, or has left.")
    Invitation.objects.filter(member=held, used_at=None, revoked_at=None).update(revoked_at=at)
    invitation = Invitation.objects.create(
        member=held, address=held.email, made_at=at, expires_at=at + INVITATION_LASTS
    )
    office = queries.office()
    said = rendering.content(
        "invitation",
        subject=f"Join Postern at {office.name} by {invitation.expires_at:%a %d %b}",
        to=held,
        office=office,
        by=by,
        expires_at=invitation.expires_at,
        url=f"{rendering.link('/join/')}{LINK_GOES_HERE}/",
    )
    enqueue(key=f"invitation:{invitation.pk}", kind=LetterKind.INVITATION, to=held, content=said, at=at)
    record(Verb.MEMBER_INVITED, by=by, about=held, at=at, until=invitation.expires_at)
    return invitation


def _drop_factors(member: Member) -> None:
    """Whoever begins an enrolment begins it whole: what an earlier link showed to somebody must open nothing."""
    TotpDevice.objects.filter(user=member).delete()
    BackupSheet.objects.filter(user=member).delete()


@transaction.atomic
def choose_password(invitation: Invitation, *, password: str, at: datetime) -> Member:
    """Set the password of an invited person; the invitation stays open until the enrolment is finished."""
    member = Member.objects.select_for_update().get(pk=invitation.member_id)
    if member.joined_at is not None:
        raise Refused("You have joined already. Sign in instead.")
    member.password = make_password(normalise(password))
    member.save(update_fields=["password"])
    _drop_factors(member)
    record(Verb.PASSWORD_CHANGED, by=member, about=member, at=at)
    return member


@transaction.atomic
def change_office(*, by: Member, at: datetime, **facts) -> Office:
    """Change the office's own settings."""
    office = Office.objects.select_for_update().get(pk=1)
    before = snapshot(office, OFFICE_FIELDS)
    for name, value in facts.items():
        setattr(office, name, value)
    office.save()
    what = changes(office, before, OFFICE_FIELDS)
    if what:
        record(Verb.OFFICE_CHANGED, by=by, about=office, at=at, changes=what)
    return office


@transaction.atomic
def request_call(*, name: str, number: str, lost: str, address: str | None, at: datetime) -> CallRequest:
    """Write down that somebody without a way in wants to be called; managers see it on Today and by letter.

    Refused when enough requests have come from the same network within the hour; they are counted one at a time.
    """
    _one_at_a_time("lost")
    if queries.calls_from(address, since=at - rules.WINDOW) >= rules.MOST_CALLS:
        raise Refused("Enough requests have come from here. Ring the number above.")
    call = CallRequest.objects.create(at=at, name=name, number=number, lost=lost)
    SignIn.objects.create(at=at, stage=Stage.LOST, name="lost", network=address, ok=True)
    record(Verb.CALL_REQUESTED, by=None, about=call, at=at, address=address)
    for person in Member.objects.managers():
        said = rendering.content(
            "call_request",
            subject="Somebody asks to be called back",
            to=person,
            office=queries.office_if_any(),
            call=call,
            url=rendering.link("/"),
        )
        enqueue(key=f"call:{call.pk}:{person.pk}", kind=LetterKind.SECURITY, to=person, content=said, at=at)
    return call


@transaction.atomic
def call_done(call: CallRequest, *, by: Member, at: datetime) -> CallRequest:
    """Tick a call request off."""
    held = CallRequest.objects.select_for_update().get(pk=call.pk)
    if held.done_at is None:
        held.done_at, held.done_by = at, by
        held.save(update_fields=["done_at", "done_by"])
    return held


def free_key(model, text: str) -> str:
    """A key for a row made by hand: the text as a slug, with a number when it is taken."""
    stem = slugify(text)[:50] or model._meta.model_name
    taken = set(model.objects.filter(key__startswith=stem).values_list("key", flat=True))
    return next(key for key in [stem, *(f"{stem}-{n}" for n in range(2, len(taken) + 3))] if key not in taken)
