"""The ceremonies of passkeys: what the browser is asked, and whether what comes back is right.

django-otp-webauthn makes the options and the credential; the rows are locked and written by `identity.actions`.
"""

from __future__ import annotations

import hashlib
import ipaddress
import json
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.db import DatabaseError, IntegrityError, transaction
from django_otp_webauthn.helpers import WebAuthnHelper
from django_otp_webauthn.models import WebAuthnUserHandle, as_credential_descriptors
from webauthn import verify_authentication_response
from webauthn.helpers import (
    base64url_to_bytes,
    bytes_to_base64url,
    parse_authentication_credential_json,
    parse_client_data_json,
)
from webauthn.helpers.structs import AuthenticationCredential, UserVerificationRequirement

from identity.models import Member, Passkey

# Longer than any real answer; a registration with a large credential is near 2 000 characters.
LONGEST = 20_000


class NotAccepted(Exception):
    """What came back is not what was asked for: malformed, signed by another key, for another page, or unverified."""


class Ceremony(WebAuthnHelper):
    """The package’s ceremony with the house’s choices: nothing about the maker of a device is asked or kept."""

    def __init__(self, *, only: Passkey | None = None, facts: dict[str, Any] | None = None) -> None:
        super().__init__(request=None)
        self.only = only
        self.facts = facts or {}

    def get_credential_name(self, user: Member) -> str:
        return user.email or user.name

    def get_credential_display_name(self, user: Member) -> str:
        return user.name

    def get_generate_authentication_options_kwargs(
        self, *, user: Member | None = None, require_user_verification: bool
    ) -> dict[str, Any]:
        """As the package has it, but only passkeys that work here are offered, and a PIN or finger is welcome."""
        options = super().get_generate_authentication_options_kwargs(
            user=None, require_user_verification=require_user_verification
        )
        if user is not None:
            rows = Passkey.objects.working(host()).filter(user=user).order_by("-last_used_at", "pk")
            options["allow_credentials"] = as_credential_descriptors(
                rows.filter(pk=self.only.pk) if self.only else rows
            )
            options["user_verification"] = UserVerificationRequirement.PREFERRED
        return options

    def create_credential(self, *args: Any) -> Passkey:
        """The package’s, with what the person said of it and the host it is bound to."""
        passkey = super().create_credential(*args)
        for name, value in (self.facts | {"host": host()}).items():
            setattr(passkey, name, value)
        return passkey

    def create_attestation(self, credential: Passkey, attestation_object: bytes, client_data_json: bytes) -> None:
        """Nothing is kept of who made the device: it was not asked for."""


@dataclass(frozen=True, slots=True)
class Shown:
    """What a passkey showed: its signature count, and whether a cloud account holds a copy now."""

    count: int
    is_backed_up: bool


def host() -> str:
    """The host name that passkeys made now are bound to: that of POSTERN_URL, without the port."""
    return urlsplit(settings.POSTERN_URL).hostname or "localhost"


def why_not(asked_host: str) -> str:
    """Why passkeys can't work at the address that a browser asked for, and what to do; "" where they can."""
    name, own = urlsplit(f"//{asked_host}").hostname or "", settings.POSTERN_URL.rstrip("/")
    if host() == "127.0.0.1":
        own = own.replace("127.0.0.1", "localhost")
        return f"Passkeys do not work at a number such as 127.0.0.1. Open {own} instead, and set POSTERN_URL to it."
    if _is_number(host()):
        return f"Passkeys do not work at a number such as {host()}. Give Postern a name, and set POSTERN_URL to it."
    if name != host():
        return f"Passkeys do not work at {name}. Open {own} instead."
    if not own.startswith("https://") and host() != "localhost":
        return f"Passkeys need a safe connection. Put Postern behind https, and set POSTERN_URL to https://{host()}."
    return ""


def _is_number(name: str) -> bool:
    try:
        ipaddress.ip_address(name)
    except ValueError:
        return False
    return True


def ask_to_make(member: Member) -> dict[str, Any]:
    """What the browser needs to make a passkey for this member, its one-time challenge included."""
    return Ceremony().register_begin(member)[0]


def make(member: Member, answer: str, *, challenge: str, **facts: Any) -> Passkey:
    """Save the passkey that was made for this challenge, with its name and where it is; raises NotAccepted."""
    state = {"challenge": challenge, "require_user_verification": False}
    try:
        with transaction.atomic():
            return Ceremony(facts=facts).register_complete(member, state, _loaded(answer))
    except IntegrityError as taken:
        raise NotAccepted("that credential is on file already") from taken
    except DatabaseError:
        raise
    except Exception as failed:  # whatever is wrong with what a browser sent means the same
        raise NotAccepted("not a passkey made for this challenge") from failed


def ask_to_show(member: Member | None, *, only: Passkey | None = None) -> dict[str, Any]:
    """What the browser needs to show a passkey of this member, or anybody’s that verifies its holder, for None."""
    return Ceremony(only=only).authenticate_begin(user=member, require_user_verification=member is None)[0]


def read(answer: str) -> AuthenticationCredential:
    """What a browser sent in answer; raises NotAccepted when it is none."""
    try:
        return parse_authentication_credential_json(_loaded(answer))
    except Exception as failed:
        raise NotAccepted("not an answer of a passkey") from failed


def check(passkey: Passkey, given: AuthenticationCredential, *, challenge: str, alone: bool) -> Shown:
    """Whether `given` is this passkey’s answer to the challenge, for this house; raises NotAccepted.

    `alone` asks for more: that the device knew its holder (PIN, finger, face) and named the same person as we do. The
    count is left to the caller, who tells its holder when it went back.
    """
    try:
        found = verify_authentication_response(
            credential=given,
            expected_challenge=base64url_to_bytes(challenge),
            expected_rp_id=host(),
            expected_origin=settings.OTP_WEBAUTHN_ALLOWED_ORIGINS,
            credential_public_key=bytes(passkey.public_key),
            credential_current_sign_count=0,
            require_user_verification=alone,
        )
    except Exception as failed:
        raise NotAccepted("not this passkey’s answer to this challenge") from failed
    named = given.response.user_handle
    if (alone or named) and named != WebAuthnUserHandle.get_handle_for_user(passkey.user):
        raise NotAccepted("the device names somebody else")
    return Shown(found.new_sign_count, found.credential_backed_up)


def challenge_in(answer: str) -> str:
    """The challenge that an answer says it answers, as the browser got it; "" when there is none to read."""
    try:
        data = parse_client_data_json(base64url_to_bytes(_loaded(answer)["response"]["clientDataJSON"]))
    except Exception:  # noqa: BLE001  a browser may send anything
        return ""
    return bytes_to_base64url(data.challenge)


def digest(challenge: str) -> str:
    """Under what a challenge that was answered is kept."""
    return hashlib.sha256(challenge.encode()).hexdigest()


def _loaded(answer: str) -> Any:
    if len(answer) > LONGEST:
        raise NotAccepted("longer than any answer")
    return json.loads(answer)
