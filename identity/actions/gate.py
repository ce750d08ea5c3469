"""The front door: each try at a question, and what is written down of it."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import cache
from zoneinfo import ZoneInfo

import django_otp
from django.contrib.auth.hashers import check_password, make_password
from django.db import transaction
from django.utils.dateformat import format as in_words

from core.errors import Refused
from core.letters import rendering
from core.letters.actions import enqueue
from core.letters.enums import LetterKind
from core.trail.actions import record
from core.trail.enums import Verb
from identity import passkeys, queries, sealing, throttle
from identity.actions.failures import tell_failures
from identity.actions.helping import one_at_a_time, seconds
from identity.actions.setup import setup_token_is_good
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
from identity.queries import throttle as reading
from identity.queries.throttle import name_digest

log = logging.getLogger(__name__)

CODES_CANNOT_BE_CHECKED = (
    "Your code cannot be checked: the key that guards authenticators is not here. Use a backup code, and tell whoever "
    "runs this Postern to put its sealing key back."
)


@dataclass(frozen=True, slots=True)
class Answer:
    """What one try at the front door came to. `wait` is how many seconds to wait when it was not even looked at.

    `why` says, of a passkey, why it was not accepted.
    """

    member: Member | None = None
    device: object | None = None
    wait: int = 0
    why: str = ""

    @property
    def is_shut(self) -> bool:
        """Waiting does not help: somebody has to act first."""
        return self.wait >= seconds(throttle.SHUT)


@cache
def hash_of_nobody() -> str:
    """Checked for names nobody has, so that they take as long as real ones. The web makes it before its first request;
    worker, beat and commands never need it."""
    return make_password("a password that nobody has")


@transaction.atomic
def try_password(
    *, email: str, password: str, network: str | None, today: date, at: datetime, token: str = ""
) -> Answer:
    """Check name and password; unknown, left and unfinished names answer and take as long as a wrong password.

    `token` is what the browser's own cookie holds: strangers' failures never hold up a browser that the member is known
    in. While a try has to wait it is not looked at, right or wrong, and does not count.
    """
    member = Member.objects.of_address(email)
    name = name_digest(member.email if member and member.email else email)
    browser = reading.known_browser(email, token, at=at)
    waiting = _stand_in_line(Stage.PASSWORD, name=name, network=network, browser=browser, at=at)
    if waiting:
        return Answer(wait=seconds(waiting))
    usable = member.password if member and member.has_usable_password() else ""
    right = check_password(normalise(password), usable or hash_of_nobody())
    good = bool(right and member and usable and member.may_enter(today))
    _note(Stage.PASSWORD, name=name, network=network, browser=browser, ok=good, member=member, at=at)
    return Answer(member=member if good else None)


def try_code(
    member: Member, *, code: str, network: str | None, at: datetime, token: str = "", stage: Stage = Stage.CODE
) -> Answer:
    """Check a one-time code of one of the member's authenticators; a fresh proof counts and waits like a sign-in.

    Several apps give nobody more tries. Refused, and not counted, when a seed does not open.
    """
    devices = list(TotpDevice.objects.filter(user=member, confirmed=True).order_by("pk"))
    try:
        shows = next((one for one in devices if one.shows(code, at)), devices[0] if devices else None)
        return _try_device(member, shows, stage, code, network=network, token=token, at=at)
    except sealing.CannotUnseal as lost:
        log.critical("an authenticator of member %s can't be opened: %s", member.pk, lost)
        raise Refused(CODES_CANNOT_BE_CHECKED) from lost


@transaction.atomic
def try_passkey(
    member: Member | None,
    *,
    answer: str,
    challenge: str,
    network: str | None,
    today: date,
    at: datetime,
    token: str = "",
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
    email = (asked.email if asked else "") or f"passkey:{key}"
    name, browser = name_digest(email), reading.known_browser(email, token, at=at)
    waiting = _stand_in_line(Stage.PASSKEY, name=name, network=network, browser=browser, at=at)
    if waiting:
        return Answer(wait=seconds(waiting))
    try:
        used = _use(found, given, challenge, owner=member, only=only, today=today, at=at)
    except Refused as no:
        used, why = None, str(no)
    _note(Stage.PASSKEY, name=name, network=network, browser=browser, ok=used is not None, member=asked, at=at)
    return Answer(member=used.user, device=used) if used else Answer(why=why)


def _use(found: Passkey | None, given, challenge: str, *, owner, only, today: date, at: datetime) -> Passkey:
    """The passkey whose right answer this is, its count moved on; Refused in words for whoever showed it."""
    if not challenge or not spend(challenge, at=at):
        raise Refused("That took too long, or was answered already. Try once more.")
    if found is None or given is None:
        raise Refused("That passkey is not known here. Use another one, or a code.")
    held = Passkey.objects.select_for_update(of=("self",), no_key=True).select_related("user").get(pk=found.pk)
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
def try_backup_code(member: Member, *, code: str, network: str | None, at: datetime, token: str = "") -> Answer:
    """Check and burn a backup code; the person is told by letter that one was used."""
    sheet = BackupSheet.objects.filter(user=member, confirmed=True).first()
    answer = _try_device(member, sheet, Stage.BACKUP, code, network=network, token=token, at=at)
    if answer.device:
        _tell_of_backup_code(member, left=sheet.left(), at=at)
    return answer


@transaction.atomic
def _try_device(member, device, stage: Stage, code: str, *, network, token: str, at) -> Answer:
    if device is None:
        return Answer()
    email = member.email or ""
    name, browser = name_digest(email), reading.known_browser(email, token, at=at)
    waiting = _stand_in_line(stage, name=name, network=network, browser=browser, at=at)
    if waiting:
        return Answer(wait=seconds(waiting))
    accepted = django_otp.verify_token(member, device.persistent_id, code)
    _note(stage, name=name, network=network, browser=browser, ok=accepted is not None, member=member, at=at)
    if accepted is None:
        _tell_of_wrong_codes(member, at=at)
    return Answer(member=member if accepted else None, device=accepted)


@transaction.atomic
def try_setup_token(token: str, *, network: str | None, at: datetime) -> bool:
    """Whether the token from the terminal opens the set-up now; a network that was wrong often waits."""
    name = str(Stage.SETUP)
    if _stand_in_line(Stage.SETUP, name=name, network=network, browser=None, at=at):
        return False
    good = setup_token_is_good(token)
    _note(Stage.SETUP, name=name, network=network, browser=None, ok=good, member=None, at=at)
    return good


def _stand_in_line(stage: Stage, *, name: str, network: str | None, browser: int | None, at: datetime) -> timedelta:
    """How long this try has to wait; what counts together comes one at a time until the transaction is over."""
    one_at_a_time(stage, name, str(browser or "strangers"))
    if browser is None and throttle.limits_of(stage).by_network:
        one_at_a_time("network", network)
    return reading.wait(stage, name=name, network=network, browser=browser, at=at)


def _note(
    stage: Stage, *, name: str, network, browser: int | None, ok: bool, member: Member | None, at: datetime
) -> None:
    """Write the attempt down, in one and the same way for every name. The trail gets a member's failures later."""
    SignIn.objects.create(at=at, stage=stage, name=name, network=network, browser_id=browser, ok=ok, member=member)


@transaction.atomic
def note_signed_in(member: Member, *, device, address: str | None, at: datetime, browser: str = "a browser") -> None:
    """The trail's line for a completed sign-in, with what the browser calls itself; `last_login` follows.

    Failures before it go into the trail first, and the person is told when they were many.
    """
    tell_failures(member, at=at)
    failures = reading.wrong_since(member, member.last_login, at=at)
    if len(failures) >= throttle.FEWEST:
        before = throttle.bursts(failures, quiet=throttle.MONTH, fewest=1)
        _tell_of_burst(member, before, browser=browser, at=at)
    member.last_login = at
    member.save(update_fields=["last_login"])
    record(Verb.SIGNED_IN, by=member, about=member, at=at, address=address, factor=device.kind, browser=browser)


@transaction.atomic
def note_proof(member: Member, *, address: str | None, at: datetime) -> None:
    """The trail's line for a fresh proof."""
    record(Verb.PROVED_AGAIN, by=member, about=member, at=at, address=address)


@transaction.atomic
def note_signed_out(member: Member, *, address: str | None, at: datetime) -> None:
    """The trail's line for a sign-out."""
    record(Verb.SIGNED_OUT, by=member, about=member, at=at, address=address)


def _tell_of_wrong_codes(member: Member, *, at: datetime) -> None:
    """Tell a person, once a day, that somebody who came past the password is guessing at what comes after it."""
    wrong = reading.wrong_codes(member, at=at)
    if wrong < throttle.FEWEST:
        return
    what = f"{wrong} wrong codes were given in your name"
    text = (
        "Whoever gave them has shown your password before, or has a session of yours. If it was not you: choose a new "
        "password, end your other sessions, and tell whoever runs Postern at your office."
    )
    key = f"wrong-codes:{member.pk}:{at:%Y-%m-%d}"
    tell_security(member, member.email, what=what, text=text, at=at, key=key)


def _tell_of_burst(member: Member, before: list[throttle.Burst], *, browser: str, at: datetime) -> None:
    """Tell a person that many wrong answers came before a right one."""
    zone, said = ZoneInfo(member.timezone), []
    for burst in before:
        since = in_words(burst.since.astimezone(zone), "D j M, H:i")
        said.append(f"{burst.what} {burst.where} since {since}.")
    said.append(f"Then somebody signed in as you, with {browser}.")
    what = "Many wrong answers came before a sign-in as you"
    tell_security(member, member.email, what=what, text=" ".join(said), at=at)


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
