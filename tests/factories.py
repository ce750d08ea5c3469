"""Plain functions that make one row each, with the fewest facts that mean something.

Rows are made as the actions would leave them, but without trail events; a test about a deed calls the action.
"""

from __future__ import annotations

import itertools
from datetime import UTC, date, datetime, timedelta
from typing import Any

from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY
from django.contrib.auth.hashers import make_password
from django.db import transaction
from django.test import Client
from django.utils.text import slugify
from django_otp import DEVICE_ID_SESSION_KEY

from accounts.models import Account, Door, Grant, Login
from core import clock
from devices.models import Asset, Authenticator, HandOver, Validation
from identity import codes, sealing
from identity.models import (
    Away,
    BackupCode,
    BackupSheet,
    FactorReset,
    Invitation,
    KnownBrowser,
    Member,
    Office,
    OpenSession,
    Passkey,
    TotpDevice,
)
from identity.sessions import SessionStore
from notices.models import Acknowledgement, Notice
from recovery.models import AuthenticatorBackup

AT = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)
PASSWORD = "seven quiet harbours at dusk"
_numbers = itertools.count(1)


def _key(text: str) -> str:
    return f"{slugify(text)[:40]}-{next(_numbers)}"


# What most tests are not about: nobody has to add a factor, or try the ones they have.
LENIENT = {"factors_ruled_at": AT, "owner_factors": 1, "manager_factors": 1, "checkup_days": 0}


def make_office(name: str = "Hartwell Family Office", **facts: Any) -> Office:
    facts = {"timezone": "Europe/London", "set_up_at": AT, "emergency_number": "020 7946 0103"} | LENIENT | facts
    return Office.objects.update_or_create(pk=1, defaults={"name": name} | facts)[0]


def make_member(name: str = "Maria Santos", *, role: str = "trader", signs_in: bool = True, **facts: Any) -> Member:
    """A person; with `signs_in` they have joined, with a password, an authenticator and a sheet of backup codes."""
    key = facts.pop("key", _key(name))
    facts.setdefault("email", f"{key}@hartwell.test" if signs_in else None)
    facts.setdefault("timezone", "Europe/London")
    member = Member.objects.create(
        key=key,
        name=name,
        role=role,
        created_at=AT,
        joined_at=AT if signs_in else None,
        password=make_password(PASSWORD) if signs_in else "!",
        **facts,
    )
    if signs_in:
        make_totp(member)
        make_sheet(member)
    return member


def make_totp(
    member: Member, *, seed: bytes | None = None, confirmed: bool = True, carrier: str = "My phone"
) -> TotpDevice:
    device = TotpDevice(user=member, name=f"Authenticator on {carrier}", confirmed=confirmed, carrier=carrier)
    with transaction.atomic():
        device.sealed = sealing.seal(seed or codes.new_seed(), context=device.seal_context())
        device.save()
    return device


def make_passkey(member: Member, *, host: str = "localhost", carrier: str = "YubiKey", **facts: Any) -> Passkey:
    """A passkey on file whose other half nobody has; tests/identity/keys.py has devices that answer."""
    credential_id = f"passkey {next(_numbers)}".encode()
    facts = {"name": f"Passkey on {carrier}", "public_key": b"none", "aaguid": "0"} | facts
    return Passkey.objects.create(user=member, credential_id=credential_id, host=host, carrier=carrier, **facts)


def make_sheet(member: Member, fresh: list[str] | None = None) -> BackupSheet:
    sheet = BackupSheet.objects.create(user=member, name="Backup codes", made_at=AT)
    fresh = fresh or [codes.new_backup_code() for _ in range(3)]
    BackupCode.objects.bulk_create(
        BackupCode(sheet=sheet, digest=codes.backup_digest(code, owner=member.pk)) for code in fresh
    )
    return sheet


def signed_in(member: Member, client: Client | None = None, *, fresh: bool = True) -> Client:
    """A test client whose session has passed both questions, without going through the pages.

    Without `fresh` its last proof is too old for what asks for a fresh one.
    """
    client = client or Client()
    device = TotpDevice.objects.filter(user=member, confirmed=True).first() or make_totp(member)
    session = client.session
    now = int(clock.now().timestamp())
    session.update(
        {
            SESSION_KEY: str(member.pk),
            BACKEND_SESSION_KEY: "identity.backends.MemberBackend",
            HASH_SESSION_KEY: member.get_session_auth_hash(),
            DEVICE_ID_SESSION_KEY: device.persistent_id,
            "began": now,
            "seen": now,
            "ends_at": now + member.limits.idle,
            "fresh_at": now if fresh else now - 601,
        }
    )
    session.save()
    make_session(member, digest=SessionStore.stored(session.session_key))
    client.cookies["postern"] = session.session_key
    return client


def make_session(member: Member, *, digest: str = "", at: datetime | None = None, **facts: Any) -> OpenSession:
    """A session that has just begun, or the one that has this digest."""
    at = at or clock.now()
    facts = {"browser": "Firefox on Windows", "network": "127.0.0.1", "began_at": at, "seen_at": at} | facts
    digest = digest or f"{next(_numbers):040d}"
    return OpenSession.objects.update_or_create(digest=digest, defaults={"member": member} | facts)[0]


def make_browser(member: Member, *, at: datetime = AT, **facts: Any) -> KnownBrowser:
    """A browser in which the member has signed in once."""
    facts = {"label": "Firefox on Windows", "network": "127.0.0.1"} | facts
    digest = KnownBrowser.digest_of(codes.new_token())
    return KnownBrowser.objects.create(member=member, digest=digest, made_at=at, last_seen_at=at, **facts)


def make_account(name: str = "Global Macro", *, broker: str = "ibkr", **facts: Any) -> Account:
    facts = {"key": _key(name), "hint": "4417", "created_at": AT} | facts
    return Account.objects.create(name=name, broker=broker, **facts)


def make_login(
    holder: Member | None = None, *, label: str = "Maria at IBKR", broker: str = "ibkr", doors: Any = (), **facts: Any
) -> Login:
    """A login, with a door in use for each interface slug in `doors`."""
    facts = {"key": _key(label), "created_at": AT} | facts
    if holder is None:
        facts.setdefault("kind", "automation")
    login = Login.objects.create(label=label, broker=broker, holder=holder, **facts)
    for interface in doors:
        make_door(login, interface)
    return login


def make_door(login: Login, interface: str = "tws", *, used: bool = True) -> Door:
    return Door.objects.create(login=login, interface=interface, used=used, created_at=AT)


def make_grant(login: Login, account: Account, rights: Any = ("view", "trade"), **facts: Any) -> Grant:
    return Grant.objects.create(
        login=login, account=account, rights=list(rights), granted_on=date(2026, 1, 5), created_at=AT, **facts
    )


def make_asset(
    name: str = "ThinkPad X1", *, kind: str = "computer", holder: Member | None = None, **facts: Any
) -> Asset:
    facts = {"key": _key(name), "created_at": AT} | facts
    return Asset.objects.create(name=name, kind=kind, holder=holder, **facts)


def make_hand_over(asset: Asset, receiver: Member, *, by: Member, **facts: Any) -> HandOver:
    """A hand-over that waits for its receiver."""
    facts = {"giver": asset.holder, "offered_by": by, "offered_at": AT} | facts
    return HandOver.objects.create(asset=asset, receiver=receiver, **facts)


def make_validation(
    door: Door,
    device: Asset,
    *,
    outcome: str = "proven",
    proved_at: datetime | None = AT - timedelta(days=40),
    days: int = 90,
    **facts: Any,
) -> Validation:
    """A standing validation; by default proven 40 days before the test's Monday and good for 90 days."""
    proven = outcome == "proven"
    return Validation.objects.create(
        door=door,
        device=device,
        outcome=outcome,
        proved_at=proved_at if outcome != "expected" else None,
        lapses_at=proved_at + timedelta(days=days) if proven and proved_at else None,
        how="used" if proven else "",
        created_at=AT,
        **facts,
    )


def make_authenticator(login: Login, factor: str = "ib-key-push", *, carriers: Any = (), **facts: Any) -> Authenticator:
    facts = {"key": _key(factor), "created_at": AT} | facts
    authenticator = Authenticator.objects.create(login=login, factor=factor, **facts)
    authenticator.carriers.set(carriers)
    return authenticator


def make_backup(
    login: Login, *, kind: str = "card", label: str = "Security card 61", carriers: Any = (), **facts: Any
) -> AuthenticatorBackup:
    facts = {"key": _key(label), "created_at": AT} | facts
    backup = AuthenticatorBackup.objects.create(login=login, kind=kind, label=label, **facts)
    backup.carriers.set(carriers)
    return backup


def make_notice(owner: Member, *, title: str = "A second factor at every sign-in", broker: str = "ibkr", **facts: Any):
    facts = {"text": f"{title}, from December.", "digest": _key(title), "answer_by": date(2026, 11, 27)} | facts
    return Notice.objects.create(title=title, broker=broker, owner=owner, created_at=AT, **facts)


def make_answer(notice: Notice, member: Member, **facts: Any) -> Acknowledgement:
    return Acknowledgement.objects.create(notice=notice, member=member, **facts)


def make_invitation(member: Member, **facts: Any) -> Invitation:
    now = clock.now()
    facts = {"address": member.email, "made_at": now, "expires_at": now + timedelta(hours=24)} | facts
    return Invitation.objects.create(member=member, **facts)


def make_away(member: Member, stand_in: Member, *, days: tuple[int, int] = (0, 5), **facts: Any) -> Away:
    """Away from and until so many days after the test's Monday, both included."""
    first, last = (AT.date() + timedelta(days=number) for number in days)
    facts = {"from_on": first, "until_on": last, "made_by": stand_in, "made_at": AT} | facts
    return Away.objects.create(member=member, stand_in=stand_in, **facts)


def make_reset(member: Member, by: Member | None, **facts: Any) -> FactorReset:
    """A reset that was opened a moment ago and whose waiting time is over in a day."""
    now = clock.now()
    facts = {
        "address": member.email,
        "reason": "The phone was stolen.",
        "opened_at": now,
        "waits_until": now + timedelta(hours=24),
        "expires_at": now + timedelta(hours=48),
    } | facts
    return FactorReset.objects.create(member=member, opened_by=by, **facts)
